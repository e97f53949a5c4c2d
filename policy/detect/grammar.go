package detect

import (
	"strings"
	"unicode/utf8"
)

// The bounds of a phrase, so that looking for one takes a bounded number of steps.
const (
	maxWord  = 48 // bytes of a word, invisible characters included
	maxBreak = 24 // bytes between two words
	maxWords = 14 // words of a phrase, others between them included
)

// phraseBytes is how long a phrase can be.
const phraseBytes = maxWords * (maxWord + maxBreak)

// term is a word of a phrase: as it is, or as the beginning of others.
type term struct {
	text string
	stem bool
}

// step is one word of a phrase, any of several, with so many others allowed before it.
type step struct {
	gap int
	any []term
}

// terms reads a list of words; one that ends in an asterisk stands for all that begin so.
func terms(s string) []term {
	var out []term
	for _, w := range strings.Fields(s) {
		text, stem := strings.CutSuffix(w, "*")
		out = append(out, term{text, stem})
	}
	return out
}

// opener is a word that phrases begin with.
type opener struct {
	term
	rules []*phraseRule
}

// openers lists the words that phrases begin with by their first letter, and has an entry for it in either case.
var openers = func() (t [256][]opener) {
	for i := range phrases {
		for _, w := range phrases[i].steps[0].any {
			c := w.text[0]
			at := -1
			for k := range t[c] {
				if t[c][k].term == w {
					at = k
				}
			}
			if at < 0 {
				at = len(t[c])
				t[c] = append(t[c], opener{term: w})
			}
			t[c][at].rules = append(t[c][at].rules, &phrases[i])
		}
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c-'a'+'A'] = t[c]
	}
	return t
}()

// pairs lists the openers by their first two letters. No word that phrases begin with is shorter.
var pairs = func() (t [26][26][]opener) {
	for a := range t {
		for _, o := range openers['a'+a] {
			if b := o.text[1] - 'a'; b < 26 {
				t[a][b] = append(t[a][b], o)
			}
		}
	}
	return t
}()

// thirds are the letters that openers have behind their first two, as bits; anyThird where one has none.
var thirds = func() (t [26][26]uint32) {
	for a := range t {
		for b := range t[a] {
			for _, o := range pairs[a][b] {
				if len(o.text) < 3 || o.text[2]-'a' >= 26 {
					t[a][b] |= anyThird
				} else {
					t[a][b] |= 1 << (o.text[2] - 'a')
				}
			}
		}
	}
	return t
}()

const anyThird = 1 << 31

// fate is what became of looking for a phrase.
type fate int

const (
	failed  fate = iota
	matched      // all words were there
	open         // the text ended where a phrase could go on
)

// phrase checks the phrases that could begin with the word at i.
func phrase(text string, i int, into []Finding) []Finding {
	list := openersAt(text, i)
	if len(list) == 0 {
		return into
	}
	stop := wordEnd(text, i)
	if stop-i > maxWord {
		return into
	}
	third := byte(0) // letter, where the first three are plain
	if stop-i > 2 && letters[text[i]] && letters[text[i+1]] && letters[text[i+2]] {
		third = lower(text[i+2])
	}
	for k := range list {
		if third != 0 && len(list[k].text) > 2 && list[k].text[2] != third || !list[k].is(text[i:stop]) {
			continue
		}
		for _, r := range list[k].rules {
			if end, f := follow(text, stop, r.steps[1:], 0, true); f == matched {
				into = append(into, Finding{
					Type: r.typ, Category: CategoryOf(r.typ), Severity: r.graded(), Score: r.score, Start: i, End: end, Rule: r.id,
				})
			}
		}
	}
	return into
}

// openersAt are the openers that the first character one sees at i allows, by its second one too where that is cheap.
func openersAt(text string, i int) []opener {
	if i+1 < len(text) {
		if a, b := lower(text[i])-'a', lower(text[i+1])-'a'; a < 26 && b < 26 {
			if i+2 < len(text) && thirds[a][b]&anyThird == 0 {
				if c := lower(text[i+2]) - 'a'; c < 26 && thirds[a][b]>>c&1 == 0 {
					return nil
				}
			}
			return pairs[a][b]
		}
	}
	for k := i; k < len(text) && k-i <= maxWord; {
		c, n := folded(text, k)
		if c != invisible {
			if list := openers[c]; c != other && possible(text, k+n, list) {
				return list
			}
			return nil
		}
		k += n
	}
	return nil
}

// possible says whether any of the openers can go on with the byte at i, as far as one plain byte tells.
func possible(text string, i int, list []opener) bool {
	if i >= len(text) {
		return len(list) > 0
	}
	c := lower(text[i])
	if c >= 0x80 || digit(c) {
		return len(list) > 0
	}
	for k := range list {
		if len(list[k].text) > 1 && list[k].text[1] == c {
			return true
		}
	}
	return false
}

// follow reads the words after at along the steps, gap of the others having been passed. It takes the first way there
// is, in order: each word as the one a step asks for before taking it as one between. final says that no text will
// come after this one; otherwise a way that the end of the text cuts off wins over those after it.
func follow(text string, at int, steps []step, passed int, final bool) (end int, f fate) {
	if len(steps) == 0 {
		return at, matched
	}
	from, f := gap(text, at, final)
	if f != matched {
		return 0, f
	}
	stop := wordEnd(text, from)
	if stop-from > maxWord {
		return 0, failed
	}
	if !final && stop == len(text) {
		return 0, open
	}
	if oneOf(text[from:stop], steps[0].any) {
		if end, f = follow(text, stop, steps[1:], 0, final); f != failed {
			return end, f
		}
	}
	if passed == steps[0].gap {
		return 0, failed
	}
	return follow(text, stop, steps, passed+1, final)
}

// gap skips what stands between two words.
func gap(text string, at int, final bool) (next int, f fate) {
	if at+1 < len(text) && text[at] == ' ' && letters[text[at+1]] {
		return at + 1, matched
	}
	from := at
	for at < len(text) && at-from <= maxBreak {
		if !final && cutShort(text, at) {
			return 0, open
		}
		if wordSize(text, at) > 0 && !escape(text, at) {
			return at, matched
		}
		_, n := utf8.DecodeRuneInString(text[at:])
		at += n
	}
	if at == len(text) && !final && at-from <= maxBreak {
		return 0, open
	}
	return 0, failed
}

// wordEnd is where the word at i ends; a word that is too long is not read to its end.
func wordEnd(text string, i int) int {
	at := i
	for at < len(text) && at-i <= maxWord {
		if letters[text[at]] {
			at++
			continue
		}
		n := wordSize(text, at)
		if n == 0 {
			break
		}
		at += n
	}
	return at
}

func oneOf(w string, any []term) bool {
	if len(w) == 0 {
		return false
	}
	plain, first := letters[w[0]], lower(w[0])
	for i := range any {
		if plain && any[i].text[0] != first {
			continue
		}
		if any[i].is(w) {
			return true
		}
	}
	return false
}

// is says whether a word as it stands in a text is this term.
func (t *term) is(w string) bool {
	at, n := common(w, t.text)
	if n < len(t.text) {
		return false
	}
	return t.stem || at == len(w)
}

// couldBe says whether a word that may go on could become this term.
func (t *term) couldBe(w string) bool {
	at, n := common(w, t.text)
	return at == len(w) || n == len(t.text) && t.stem
}

// common reads w and stem as far as they agree to the eye: how much of each that was. Invisible characters of w
// behind the last one agreed on are read too.
func common(w, stem string) (at, n int) {
	for at < len(w) {
		c, size := lower(w[at]), 1
		if c >= utf8.RuneSelf {
			c, size = folded(w, at)
		}
		if c != invisible {
			if n == len(stem) || !looks(c, stem[n]) {
				return at, n
			}
			n++
		}
		at += size
	}
	return at, n
}

// looks says whether a character stands for a letter: as it is, or as the digit that is often put for it.
func looks(c, letter byte) bool {
	if c == letter {
		return true
	}
	switch c {
	case '0':
		return letter == 'o'
	case '1':
		return letter == 'i' || letter == 'l'
	case '3':
		return letter == 'e'
	case '4':
		return letter == 'a'
	case '5':
		return letter == 's'
	case '7':
		return letter == 't'
	}
	return false
}

// openPhrase is where a phrase begins that could go on.
func openPhrase(_ *reader, text string, from int) int {
	for i := max(from, len(text)-phraseBytes); i < len(text); i++ {
		if phraseDuties[text[i]]&seeksPhrase != 0 && wordStarts(text, i) && opens(text, i) {
			return i
		}
	}
	return len(text)
}

// opens says whether a phrase that begins with the word at i could go on.
func opens(text string, i int) bool {
	list := openersAt(text, i)
	if len(list) == 0 && text[i] < utf8.RuneSelf {
		return false
	}
	stop := wordEnd(text, i)
	if stop-i > maxWord {
		return false
	}
	whole := stop < len(text)
	if !whole && len(list) == 0 {
		return cutShort(text, i) || unread(text, i)
	}
	for k := range list {
		if !whole {
			if list[k].couldBe(text[i:stop]) || ragged(text[i:stop]) {
				return true
			}
			continue
		}
		if !list[k].is(text[i:stop]) {
			continue
		}
		for _, r := range list[k].rules {
			if _, f := follow(text, stop, r.steps[1:], 0, false); f == open {
				return true
			}
		}
	}
	return false
}

// unread says whether nothing is seen of the word at i yet: invisible characters up to the end of the text, or up to
// a character that is cut off.
func unread(text string, i int) bool {
	for i < len(text) {
		if cutShort(text, i) {
			return true
		}
		c, n := folded(text, i)
		if c != invisible {
			return false
		}
		i += n
	}
	return true
}

// ragged says whether a word ends inside a character.
func ragged(w string) bool {
	for i := max(0, len(w)-3); i < len(w); i++ {
		if w[i] >= 0xc0 && cutShort(w, i) {
			return true
		}
	}
	return false
}
