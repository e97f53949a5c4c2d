package detect

import "strings"

// How far before a place words are read, and how many of them.
const (
	nearby      = 72 // bytes
	nearbyWords = 8
	longestWord = 32 // bytes; a longer one says nothing
)

// clue is a word on the way back from a place.
type clue struct {
	start, end int
	low        [longestWord]byte // in lower case, as far as it fits
	n          int               // of low; 0: too long
}

func (c *clue) text() []byte { return c.low[:c.n] }

// context says what the words before i are about, and in r.nearest what the nearest of them is about. A word about orders and the like counts for the number next to it
// only, and hides words before it.
func (r *reader) context(i int) topics {
	var found topics
	r.nearest = 0
	passed := false // another number lies between
	from := max(0, i-nearby)
	after, word := &r.after, &r.word
	after.n = 0
	for n, at := 0, i; n < nearbyWords; n++ {
		at = lastWordByte(r.text, from, at)
		if at <= from {
			break
		}
		if digit(r.text[at-1]) {
			for at > from && digit(r.text[at-1]) {
				at--
			}
			passed, after.n = true, 0
			continue
		}
		word.read(r.text, from, at)
		if at = word.start; at == from && from > 0 {
			break // the word may begin before
		}
		about := word.about(r, after)
		if about&aboutOther != 0 && about&^aboutOther == 0 && !passed {
			return found | aboutOther
		}
		found |= about &^ aboutOther
		if r.nearest == 0 {
			r.nearest = found
		}
		passed = false
		word, after = after, word
	}
	return found
}

// lastWordByte is one behind the last byte before at that can stand in a word or number.
func lastWordByte(text string, from, at int) int {
	for at > from && !(alnum(text[at-1]) || text[at-1] >= 0x80) {
		at--
	}
	return at
}

// read takes the word that ends at end: letters up to what is none, or to where capitals begin a new one.
func (c *clue) read(text string, from, end int) {
	at := end
	for at > from {
		b := text[at-1]
		if !letter(b) && b < 0x80 && !(b == '\'' && at-1 > from && letter(text[at-2])) {
			break
		}
		if at < end && text[at] >= 'A' && text[at] <= 'Z' && b >= 'a' && b <= 'z' {
			break
		}
		at--
	}
	c.start, c.end, c.n = at, end, 0
	if escape(text, at) && at+1 < end {
		at++
	}
	if end-at > longestWord {
		return
	}
	for k := at; k < end; k++ {
		b := lower(text[k])
		if k > at && text[k-1] == 0xc3 && b >= 0x80 && b <= 0x9e && b != 0x97 {
			b += 0x20 // Latin letters with accents
		}
		c.low[c.n] = b
		c.n++
	}
}

// about looks a word up, alone and with the one after it.
func (c *clue) about(r *reader, after *clue) topics {
	if c.n == 0 {
		return easternTopics(r.text[c.start:c.end])
	}
	var found topics
	if topicSieve.may(c.low[0], c.low[c.n-1], c.n) {
		found = topicOf[string(c.text())]
	}
	if after.n > 0 && c.n+1+after.n <= len(r.pair) && topicSieve.may(c.low[0], after.low[after.n-1], c.n+1+after.n) {
		n := copy(r.pair[:], c.text())
		r.pair[n] = ' '
		n += 1 + copy(r.pair[n+1:], after.text())
		if both := topicOf[string(r.pair[:n])]; both != 0 {
			return both | found&^aboutOther
		}
	}
	if found == 0 && c.low[0] >= 0xe0 {
		return easternTopics(r.text[c.start:c.end])
	}
	return found
}

func easternTopics(s string) topics {
	var found topics
	for _, e := range eastern {
		for _, w := range e.list {
			if strings.Contains(s, w) {
				found |= e.about
			}
		}
	}
	if found&^aboutOther != 0 {
		return found &^ aboutOther
	}
	return found
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
