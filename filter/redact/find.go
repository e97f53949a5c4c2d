package redact

import (
	"slices"
	"sort"
	"strings"
)

// Match is an issued placeholder in a text, in whatever state a model left it, and the value it stands for.
type Match struct {
	Start, End int
	Type       string
	Value      string
}

// What a model may put into a placeholder without making it unreadable: escapes and emphasis, and blanks or dashes for
// its underscores.
const (
	noise  = "\\*`"
	joints = "_ -"
	slack  = 16 // bytes of both in a row that are put up with
)

// form is an issued placeholder as it is looked for: its letters and digits alone, in lower case.
type form struct {
	word string
	entry
}

// forms are those of all that was issued, in order, so that what begins alike stands together.
func (v *Vault) forms() []form {
	if len(v.sorted) != len(v.byTag) {
		v.sorted = v.sorted[:0]
		for core, e := range v.byTag {
			v.sorted = append(v.sorted, form{strings.ReplaceAll(core, "_", ""), e})
		}
		slices.SortFunc(v.sorted, func(a, b form) int { return strings.Compare(a.word, b.word) })
	}
	return v.sorted
}

// Find appends the issued placeholders in text that begin at from or behind it to into and returns it, in order. Case,
// brackets, backslashes and Markdown emphasis do not matter, nor what stands for the underscores; what was issued in
// another exchange, or never, is not found.
func (v *Vault) Find(text string, from int, into []Match) []Match {
	if len(v.byTag) == 0 {
		return into
	}
	for at := from; at < len(text); {
		r := v.read(text, at)
		if !r.complete {
			at = r.next
			continue
		}
		into = append(into, Match{Start: r.start, End: r.end, Type: r.entry.typ, Value: r.entry.value})
		at = r.end
	}
	return into
}

// Settled is the offset from which the end of a text could still become an issued placeholder, or go on with one; its
// length if nothing can. What begins before from has been settled.
func (v *Vault) Settled(text string, from int) int {
	if len(v.byTag) == 0 {
		return len(text)
	}
	for at := from; at < len(text); {
		r := v.read(text, at)
		switch {
		case r.open:
			return r.start
		case r.complete:
			at = r.end
		default:
			at = r.next
		}
	}
	return len(text)
}

// reading is what stands at a place of a text.
type reading struct {
	start, end int
	next       int // where to go on if there is nothing
	complete   bool
	open       bool // more text could complete or lengthen it
	entry      entry
}

// read looks for a placeholder that begins at at: an optional bracket, the words of the core in any case and with noise
// and joints between them, an optional bracket. A word that began before at is not read from its middle.
func (v *Vault) read(text string, at int) reading {
	r := reading{start: at, next: at + 1}
	i := at
	bracket := text[i] == '['
	if bracket {
		if i = skip(text, i+1); i == len(text) {
			r.open = i-at <= slack
			return r
		}
	} else if !alnum(text[i]) || at > 0 && wordByte(text[at-1]) && !emphasised(text, at) {
		return r
	}
	found, i, last := v.core(text, i)
	if i == len(text) { // however the text goes on
		r.open = true
	}
	if found == nil {
		return r
	}
	r.complete, r.entry, r.end = true, *found, last
	if bracket {
		switch j := skip(text, last); {
		case j == len(text):
			r.open = r.open || j-last <= slack
		case text[j] == ']':
			r.end = j + 1
		}
	}
	return r
}

// core reads an issued core at i: what it stands for, where it became clear, and where its last letter ended. It stops
// where no core goes on as the text does; at the end of the text if one could.
func (v *Vault) core(text string, i int) (found *entry, stop, last int) {
	left := v.forms()
	n := 0
	for {
		for i < len(text) && alnum(text[i]) {
			if left = among(left, n, lower(text[i])); len(left) == 0 {
				return nil, i, 0
			}
			n, i = n+1, i+1
		}
		if n == 0 {
			return nil, i, 0
		}
		next := skip(text, i)
		goesOn := contains(text[i:next], '_') && !contains(text[i:next], ' ')
		switch whole := len(left[0].word) == n; {
		case whole && goesOn && next < len(text) && alnum(text[next]):
			return nil, i, 0
		case whole && (i == len(text) || goesOn && next == len(text)):
			return &left[0].entry, len(text), i
		case whole:
			return &left[0].entry, i, i
		case next == i && next < len(text), next-i > slack:
			return nil, i, 0
		case next == len(text):
			return nil, next, 0
		}
		i = next
	}
}

// among are the forms whose byte at n is c.
func among(all []form, n int, c byte) []form {
	if len(all) == 1 || all[0].word == all[len(all)-1].word {
		if n < len(all[0].word) && all[0].word[n] == c {
			return all
		}
		return nil
	}
	at := func(k int) int {
		if n < len(all[k].word) {
			return int(all[k].word[n])
		}
		return -1
	}
	from := sort.Search(len(all), func(k int) bool { return at(k) >= int(c) })
	to := from + sort.Search(len(all)-from, func(k int) bool { return at(from+k) > int(c) })
	return all[from:to]
}

// emphasised says whether nothing but underscores stands between the start of a word and i.
func emphasised(text string, i int) bool {
	for i > 0 && text[i-1] == '_' {
		i--
	}
	return i == 0 || !alnum(text[i-1])
}

// skip passes noise and joints from i on.
func skip(text string, i int) int {
	for from := i; i < len(text) && i-from <= slack && (contains(noise, text[i]) || contains(joints, text[i])); {
		i++
	}
	return i
}

func contains(set string, c byte) bool { return strings.IndexByte(set, c) >= 0 }

func alnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func wordByte(c byte) bool { return alnum(c) || c == '_' }

// longestCore bounds how far before its closing bracket the form of a placeholder is looked for: a type's name and a
// tag that was lengthened, bytes.
const longestCore = 128

// Unresolved counts what looks like a placeholder of ours, names nothing of this exchange, and ends in text[from:to].
func (v *Vault) Unresolved(text string, from, to int) int {
	n := 0
	for at := from; ; {
		i := strings.IndexByte(text[at:to], ']')
		if i < 0 {
			return n
		}
		end := at + i
		if begin := strings.LastIndexByte(text[max(0, end-longestCore):end], '['); begin >= 0 && v.foreign(text[max(0, end-longestCore)+begin+1:end]) {
			n++
		}
		at = end + 1
	}
}

// foreign says whether a bracketed core has the form TYPE_tag and was not issued here.
func (v *Vault) foreign(core string) bool {
	i := strings.LastIndexByte(core, '_')
	if i < 1 || len(core)-i-1 < tagBytes || strings.HasPrefix(core, "REDACTED_") {
		return false
	}
	for _, c := range core[:i] {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	for _, c := range core[i+1:] {
		if (c < 'a' || c > 'z') && (c < '2' || c > '9') {
			return false
		}
	}
	var low [longestCore]byte
	for n := range len(core) {
		low[n] = lower(core[n])
	}
	_, issued := v.byTag[string(low[:len(core)])]
	return !issued
}
