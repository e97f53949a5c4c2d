package redact

import "strings"

// Match is an issued placeholder in a text, in whatever state a model left it, and the value it stands for.
type Match struct {
	Start, End int
	Type       string
	Value      string
}

// What a model may put into a placeholder without making it unreadable: escapes and emphasis around underscores,
// and, between the brackets and the core, blanks.
const (
	noise  = "\\*`"
	spaces = " "
	slack  = 16 // bytes of noise that are put up with
)

// Find returns the issued placeholders in a text, in order. Case, brackets, backslashes and Markdown emphasis do not
// matter; what was issued in another exchange, or never, is not found.
func (v *Vault) Find(text string) []Match {
	if len(v.byTag) == 0 {
		return nil
	}
	var out []Match
	for at := 0; at < len(text); {
		r := v.read(text, at)
		if !r.complete {
			at = r.next
			continue
		}
		out = append(out, Match{Start: r.start, End: r.end, Type: r.entry.typ, Value: r.entry.value})
		at = r.end
	}
	return out
}

// Settled is the offset from which the end of a text could still become an issued placeholder, or go on with one; its
// length if nothing can.
func (v *Vault) Settled(text string) int {
	if len(v.byTag) == 0 {
		return len(text)
	}
	for at := max(0, len(text)-v.longest-slack-2*len(" [")); at < len(text); {
		r := v.read(text, at)
		if r.open {
			return r.start
		}
		if r.complete {
			at = r.end
			continue
		}
		at = r.next
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

// read looks for a placeholder that begins at at: an optional bracket, the core in any case and with noise in it, an
// optional bracket. A word that began before at is not read from its middle.
func (v *Vault) read(text string, at int) reading {
	r := reading{start: at, next: at + 1}
	i := at
	bracket := text[i] == '['
	if bracket {
		i = skip(text, i+1, noise+spaces)
	} else if !wordByte(text[i]) || at > 0 && wordByte(text[at-1]) {
		return r
	}
	core, i, last := coreAt(text, i, v.longest)
	if core == "" {
		r.open = bracket && i == len(text)
		return r
	}
	e, found := v.byTag[core]
	if i == len(text) {
		r.open = found || v.begins(core)
		if found {
			r.complete, r.entry, r.end = true, e, last
		}
		return r
	}
	if !bracket {
		r.next = max(last, at+1)
	}
	if !found {
		return r
	}
	r.complete, r.entry, r.end = true, e, last
	if bracket {
		j := skip(text, i, noise+spaces)
		switch {
		case j == len(text):
			r.open = true
		case text[j] == ']':
			r.end = j + 1
		}
	}
	return r
}

// begins says whether an issued core starts with a folded prefix.
func (v *Vault) begins(prefix string) bool {
	for core := range v.byTag {
		if strings.HasPrefix(core, prefix) {
			return true
		}
	}
	return false
}

// coreAt reads the longest run of word characters and noise from i: the word folded, where reading stopped, and where
// the last word character ended. A run longer than any core is none.
func coreAt(text string, i, longest int) (core string, next, last int) {
	var b strings.Builder
	last = i
	noisy := 0
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case wordByte(c):
			if b.Len() == longest {
				return "", i, last
			}
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			b.WriteByte(c)
			last = i + 1
		case strings.IndexByte(noise, c) >= 0 && noisy < slack && b.Len() > 0:
			noisy++
		default:
			return b.String(), i, last
		}
	}
	return b.String(), i, last
}

func skip(text string, i int, set string) int {
	for n := 0; i < len(text) && n < slack && strings.IndexByte(set, text[i]) >= 0; n++ {
		i++
	}
	return i
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// Unresolved counts what looks like a placeholder of ours in a text and names nothing of this exchange.
func (v *Vault) Unresolved(text string) int {
	n := 0
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '[')
		if i < 0 {
			return n
		}
		at += i + 1
		end := strings.IndexByte(text[at:], ']')
		if end < 0 {
			return n
		}
		if v.foreign(text[at : at+end]) {
			n++
		}
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
	_, issued := v.byTag[strings.ToLower(core)]
	return !issued
}
