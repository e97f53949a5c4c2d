package classify

import (
	"unicode"
	"unicode/utf8"

	"weir/policy/detect/normal"
)

// Buckets is how many weights a model has: hashed features share them.
const (
	bucketBits = 18
	Buckets    = 1 << bucketBits
)

const (
	prime  = 0x9e3779b97f4a7c15
	offset = 0xcbf29ce484222325
)

func mix(a, b uint64) uint64 {
	h := (a ^ b*prime) * 0xff51afd7ed558ccd
	return h ^ h>>29
}

func bucket(h uint64) uint32 { return uint32(h * prime >> (64 - bucketBits)) }

// The kinds of features, as salts.
const (
	saltWord = iota + 1
	saltPair
	saltSkip
	saltTriple
	saltPart
	saltMark
	saltMarked
	saltSign
	saltClass
	saltClassPair
	saltClassNext
	saltClassTriple
	saltClassSkip
)

// longWord is how many bytes a word has whose parts are read; a longer one is no word of a language.
const longWord = 32

// word is a word as features see it.
type token struct {
	start, end int
	hash       uint64
	mark       bool // punctuation
	number     bool
	char       bool // one character of a script without blanks
}

// nextToken is the token at or after i; ok is false where there is none.
func nextToken(b []byte, i int) (t token, ok bool) {
	for i < len(b) && classes[b[i]] == blank {
		i++
	}
	if i >= len(b) {
		return t, false
	}
	t.start = i
	switch classes[b[i]] {
	case letter, digit:
		return wordToken(b, i), true
	case high:
		r, n := utf8.DecodeRune(b[i:])
		if solid(r) {
			t.end, t.hash, t.char = i+n, uint64(r)*prime, true
			return t, true
		}
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return wordToken(b, i), true
		}
		t.end, t.hash, t.mark = i+n, uint64(r)*prime, true
		return t, true
	}
	c := b[i]
	for i < len(b) && b[i] == c && i-t.start < 64 {
		i++
	}
	t.end, t.mark = i, true
	t.hash = uint64(c)*prime + uint64(min(i-t.start, 4))
	return t, true
}

// wordToken reads the letters and digits at i.
func wordToken(b []byte, i int) token {
	t := token{start: i, number: true}
	h := uint64(offset)
	for i < len(b) {
		switch classes[b[i]] {
		case letter:
			t.number = false
		case digit:
		case high:
			r, n := utf8.DecodeRune(b[i:])
			if solid(r) || !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
				t.end, t.hash = i, h
				return t
			}
			t.number = false
			for range n - 1 {
				h = (h ^ uint64(b[i])) * prime
				i++
			}
		default:
			t.end, t.hash = i, finish(h, t)
			return t
		}
		h = (h ^ uint64(b[i])) * prime
		i++
	}
	t.end, t.hash = i, finish(h, t)
	return t
}

// finish makes all numbers one word.
func finish(h uint64, t token) uint64 {
	if t.number {
		return prime
	}
	return h ^ h>>31
}

// solid says whether a character is a word by itself: those of scripts written without blanks.
func solid(r rune) bool {
	return r >= 0x2e80 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0x20000 && r <= 0x3ffff || r >= 0x0e00 && r <= 0x0eff
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

// reader makes features of the tokens it is given, in order.
type reader struct {
	thought      thought
	last, before uint64 // the two words before
	at, atBefore int    // where they begin in the text
	end          int    // of the last word in the normal form
}

// read calls add with the bucket of each feature that a token brings, which begins at from in the text.
func (r *reader) read(b []byte, t token, from int, add func(uint32)) {
	if t.mark {
		add(bucket(mix(t.hash, saltMark)))
		if t.start == r.end {
			add(bucket(mix(mix(r.last, t.hash), saltMarked)))
		}
		return
	}
	if from-r.at > near {
		r.last = 0
	}
	if from-r.atBefore > remote {
		r.before = 0
	}
	h := t.hash
	add(bucket(mix(h, saltWord)))
	add(bucket(mix(mix(r.last, h), saltPair)))
	add(bucket(mix(mix(r.before, h), saltSkip)))
	add(bucket(mix(mix(mix(r.before, r.last), h), saltTriple)))
	r.thought.read(h, from, add)
	if !t.number && !t.char && t.end-t.start <= longWord {
		parts(b[t.start:t.end], add)
	}
	r.before, r.atBefore, r.last, r.at, r.end = r.last, r.at, h, from, t.end
}

// parts adds the runs of four letters of a word, its borders included.
func parts(w []byte, add func(uint32)) {
	if len(w) < 4 {
		return
	}
	h := uint32('^')<<24 | uint32(w[0])<<16 | uint32(w[1])<<8 | uint32(w[2])
	add(bucket(mix(uint64(h), saltPart)))
	for _, c := range w[3:] {
		h = h<<8 | uint32(c)
		add(bucket(mix(uint64(h), saltPart)))
	}
	add(bucket(mix(uint64(h<<8|'$'), saltPart)))
}

func signBucket(k normal.Kind) uint32 { return bucket(mix(uint64(k), saltSign)) }
