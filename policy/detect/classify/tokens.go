package classify

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// token is a word or a run of punctuation.
type token struct {
	start, end int
	hash       uint64
	mark       bool // punctuation
	number     bool
	char       bool // one character of a script without blanks
}

const (
	blank = iota
	letter
	digit
	punct
	high
)

var classes = func() (t [256]byte) {
	for c := range t {
		switch {
		case c <= ' ' || c == 0x7f:
			t[c] = blank
		case c >= 'a' && c <= 'z' || c == '\'':
			t[c] = letter
		case c >= '0' && c <= '9':
			t[c] = digit
		case c >= 0x80:
			t[c] = high
		default:
			t[c] = punct
		}
	}
	return t
}()

// next reads the token at or after i; ok is false where there is none.
func (t *token) next(b []byte, i int) (ok bool) {
	for i < len(b) && classes[b[i]] == blank {
		i++
	}
	if i >= len(b) {
		return false
	}
	*t = token{start: i}
	switch classes[b[i]] {
	case letter, digit:
		t.word(b, i)
		return true
	case high:
		t.foreign(b, i)
		return true
	}
	c := b[i]
	for i < len(b) && b[i] == c && i-t.start < 64 {
		i++
	}
	t.end, t.mark = i, true
	t.hash = uint64(c)*prime + uint64(min(i-t.start, 4))
	return true
}

// foreign reads what a character beyond ASCII begins.
func (t *token) foreign(b []byte, i int) {
	r, n := utf8.DecodeRune(b[i:])
	switch {
	case solid(r):
		t.end, t.hash, t.char = i+n, uint64(r)*prime, true
	case wordly(r):
		t.word(b, i)
	default:
		t.end, t.hash, t.mark = i+n, uint64(r)*prime, true
	}
}

// word reads the letters and digits at i.
func (t *token) word(b []byte, i int) {
	letters := false
	for i < len(b) {
		switch classes[b[i]] {
		case letter:
			letters = true
		case digit:
		case high:
			r, n := utf8.DecodeRune(b[i:])
			if solid(r) || !wordly(r) {
				t.finish(b, i, letters)
				return
			}
			letters = true
			i += n - 1
		default:
			t.finish(b, i, letters)
			return
		}
		i++
	}
	t.finish(b, i, letters)
}

// finish hashes a word that ends at end. All numbers are one word.
func (t *token) finish(b []byte, end int, letters bool) {
	t.end, t.number = end, !letters
	if t.number {
		t.hash = prime
		return
	}
	w := b[t.start:end]
	h := uint64(len(w)) * saltNext
	for len(w) >= 8 {
		h = (h ^ binary.LittleEndian.Uint64(w)) * prime
		h ^= h >> 29
		w = w[8:]
	}
	var rest uint64
	for k := len(w) - 1; k >= 0; k-- {
		rest = rest<<8 | uint64(w[k])
	}
	h = (h ^ rest) * prime
	t.hash = h ^ h>>31
}

func wordly(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }

// solid says whether a character is a word by itself: those of scripts written without blanks.
func solid(r rune) bool {
	return r >= 0x2e80 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0x20000 && r <= 0x3ffff || r >= 0x0e00 && r <= 0x0eff
}
