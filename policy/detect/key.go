package detect

import (
	"strings"

	"weir/policy/detect/check"
)

// keyForm is the grammar of one vendor's key: a prefix, then so many bytes of an alphabet, then no byte of it.
type keyForm struct {
	id, prefix string
	of         alphabet
	min, max   int // bytes behind the prefix
	owner      string
	example    string // behind the prefix
}

// alphabet is what the random part of a key is made of.
type alphabet func(c byte) bool

// openEnded is the length up to which a key whose vendor names no longest one is read.
const openEnded = 512

// keysBy lists the forms by the byte they are looked for with, the rarest of their prefix in ordinary text, and by the
// byte before it; nil where no form is looked for with a byte. at is its place in the prefix.
var keysBy = func() (t [256]*[256][]anchored) {
	for i := range keyForms {
		k := &keyForms[i]
		at := rarest(k.prefix)
		by := t[k.prefix[at]]
		if by == nil {
			by = new([256][]anchored)
			t[k.prefix[at]] = by
		}
		for before := range by {
			if at == 0 || byte(before) == k.prefix[at-1] {
				by[before] = append(by[before], anchored{k, at})
			}
		}
	}
	return t
}()

type anchored struct {
	*keyForm
	at int
}

// rarest is the place in a prefix of the byte that is rarest in ordinary text. A digit, and what follows one in the same
// word, is none, unless there is nothing else.
func rarest(prefix string) int {
	const order = "~_|.-ZXQJKVWUYGBFPzqxjkHDLMNORSTECIAvwbgypfmculdhrsnioate"
	best, rank, word := 0, len(order), true
	for i := range len(prefix) {
		c := prefix[i]
		switch {
		case digit(c):
			word = false
			continue
		case !alnum(c):
			word = true
		case !word:
			continue
		}
		if k := strings.IndexByte(order, c); k >= 0 && k < rank {
			best, rank = i, k
		}
	}
	return best
}

// keysFrom lists the forms by the byte they begin with.
var keysFrom = func() (t [256][]*keyForm) {
	for i := range keyForms {
		k := &keyForms[i]
		t[k.prefix[0]] = append(t[k.prefix[0]], k)
	}
	return t
}()

// tokenStarts says whether a key can begin at i: not inside a word, also of a Latin letter with an accent.
func tokenStarts(text string, i int) bool {
	if i > 1 && text[i-2] == 0xc3 && text[i-1] >= 0x80 {
		return false
	}
	return i == 0 || !alnum(text[i-1]) || escape(text, i-1)
}

// key checks the forms that the byte at i is looked for with. The first form in the list wins, so longer prefixes stand
// before shorter ones.
func (r *reader) key(i int) {
	by, before := keysBy[r.text[i]], byte(0)
	if by == nil {
		return
	}
	if i > 0 {
		before = r.text[i-1]
	}
	for _, k := range by[before] {
		if start := i - k.at; start >= 0 && r.text[start] == k.prefix[0] && k.starts(r.text, start) && r.keyAt(k.keyForm, start) {
			return
		}
	}
}

// inside says whether a form is known by what stands in the middle of a key.
func (k *keyForm) inside() bool { return k.prefix == "Q~" }

func (k *keyForm) starts(text string, i int) bool { return k.inside() || tokenStarts(text, i) }

// keyAt notes a key of a form at i. A longer run of an open-ended form is a key up to its longest length; of any other
// form it is none.
func (r *reader) keyAt(k *keyForm, i int) bool {
	if !r.has(i, k.prefix) {
		return false
	}
	from, n := i+len(k.prefix), 0
	for n <= k.max+1 && k.of(r.at(from+n)) {
		n++
	}
	if k.max >= openEnded {
		n = min(n, k.max)
	}
	if n > k.min && n <= k.max+1 && r.text[from+n-1] == '.' { // the end of a sentence
		n--
	}
	if n > k.max || n < k.min {
		return false
	}
	if body := r.text[from : from+n]; random(body) {
		r.found("secret."+k.id, APIKey, Critical, k.score(body), i, from+n)
		return true
	}
	return false
}

// score is lower for a token of GitHub's whose checksum is wrong.
func (k *keyForm) score(body string) float64 {
	if strings.HasPrefix(k.id, "github_") && len(body) == 36 && !check.GitHubToken(body) {
		return 0.8
	}
	return 0.99
}

// random says whether a string can have been made by chance: enough different characters for its length, and digits or
// both cases where it is made of words and dashes.
func random(s string) bool {
	var seen [4]uint64
	different := 0
	digits, lows, ups, joints := false, false, false, false
	for i := range len(s) {
		c := s[i]
		if bit := uint64(1) << (c & 63); seen[c>>6]&bit == 0 {
			seen[c>>6] |= bit
			different++
		}
		digits = digits || digit(c)
		lows = lows || c >= 'a' && c <= 'z'
		ups = ups || c >= 'A' && c <= 'Z'
		joints = joints || c == '-' || c == '_' || c == '.'
	}
	want := min(len(s)/3, 8)
	return different >= want && (digits || lows && ups || !joints && !lows)
}

// openKey is where a token at the end of the text begins that is a key, or could become one.
func (r *reader) openKey(text string, from int) int {
	r.look(text)
	at := len(text)
	for at > from && len(text)-at < keyBytes && keyByte(text[at-1]) {
		at--
	}
	for i := at; i < len(text); i++ {
		for _, k := range keysFrom[text[i]] {
			if !k.starts(text, i) {
				continue
			}
			r.past, r.into = false, r.into[:0]
			if r.keyAt(k, i); r.past {
				return i
			}
		}
	}
	return len(text)
}

// keyBytes is longer than the longest key with its prefix.
const keyBytes = 1100

// keyByte says whether a byte can stand inside any key.
func keyByte(c byte) bool { return alnum(c) || contains("_-.~+/=:", c) }

// tokenByte says whether a byte can stand inside most keys.
func tokenByte(c byte) bool { return alnum(c) || c == '_' || c == '-' }

func dotted(c byte) bool { return tokenByte(c) || c == '.' || c == '=' }

func base64Byte(c byte) bool { return alnum(c) || c == '+' || c == '/' || c == '=' }

func upper(c byte) bool { return digit(c) || c >= 'A' && c <= 'Z' }

func capitals(c byte) bool { return upper(c) || c == '-' }

func hexadecimal(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

func dashedHex(c byte) bool { return hexadecimal(c) || c == '-' }

// keyRules describe the forms of keys.
func keyRules() []Rule {
	var out []Rule
	for i := range keyForms {
		k := &keyForms[i]
		checked := ""
		if strings.HasPrefix(k.id, "github_") && k.max == 36 {
			checked = "CRC-32 in base 62"
		}
		out = append(out, Rule{
			ID: "secret." + k.id, Type: APIKey, Severity: Critical, Score: 0.99, Description: k.owner + ".", Source: "its vendor's published format", Check: checked,
			Behind: 2, Ahead: len(k.prefix) + k.max + 1, Cost: Candidate,
			Match: []string{k.prefix + k.example, "key=" + k.prefix + k.example + "."}, NoMatch: []string{k.prefix, k.prefix + "x"},
		})
		if !k.inside() {
			last := &out[len(out)-1]
			last.NoMatch = append(last.NoMatch, "x"+k.prefix+k.example)
		}
	}
	return out
}
