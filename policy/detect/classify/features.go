package classify

import (
	"weir/policy/detect/normal"
)

// Buckets is how many weights a head of a model has: hashed features share them.
const (
	bucketBits = 18
	Buckets    = 1 << bucketBits
)

func bucket(h uint64) uint32 { return uint32((h ^ h>>31) * prime >> (64 - bucketBits)) }

// The factors that tell the kinds of features apart: odd numbers without a pattern.
const (
	prime      = 0x9e3779b97f4a7c15
	saltWord   = 0xff51afd7ed558ccd
	saltLast   = 0xc4ceb9fe1a85ec53
	saltBefore = 0x87c37b91114253d5
	saltSkip   = 0x4cf5ad432745937f
	saltPart   = 0xbf58476d1ce4e5b9
	saltMark   = 0x94d049bb133111eb
	saltMarked = 0xd6e8feb86659fd93
	saltSign   = 0xa0761d6478bd642f
	saltClass  = 0xe7037ed1a0b428db
	saltNext   = 0x8ebc6af09c88c6e3
	saltNear   = 0x589965cc75374cc3
	saltFar    = 0x1d8e4e27c47d124f
	saltThird  = 0xeb44accab455d165
)

// longWord is how many bytes a word has whose parts are read; a longer one is no word of a language.
const longWord = 32

// How many bytes of the text may lie between words that are read together.
const (
	adjacent = 20
	near     = 64
	remote   = 96
)

// mostLinks is how many features a word can have together with those before it.
const mostLinks = 8

// links are the features that a token has together with those before it, as buckets.
type links struct {
	n    int
	list [mostLinks]uint32
}

func (l *links) add(h uint64) {
	l.list[l.n] = bucket(h)
	l.n++
}

// memory is what a reader knows of the tokens before the one at hand.
type memory struct {
	last, before uint64 // words
	at, atBefore int    // where they begin in the text
	end          int    // of the last word in the normal form

	class, classBefore     uint64 // of the lexicon, of the last words that have one
	classAt, classAtBefore int
}

// mark fills in the features of a token of punctuation.
func (m *memory) mark(t *token, l *links) {
	l.n = 0
	l.add(t.hash * saltMark)
	if t.start == m.end {
		l.add(m.last*saltLast + t.hash*saltMarked)
	}
}

// word fills in what a word that begins at from in the text, and has a class, means together with those before it.
func (m *memory) word(t *token, from int, class uint64, l *links) {
	l.n = 0
	if from-m.at > near {
		m.last = 0
	}
	if from-m.atBefore > remote {
		m.before = 0
	}
	own, last, before := t.hash*saltWord, m.last*saltLast, m.before*saltBefore
	l.add(own + last)
	l.add(own + last + before)
	l.add(own + before + saltSkip)
	m.before, m.atBefore, m.last, m.at, m.end = m.last, m.at, t.hash, from, t.end
	if class != 0 {
		m.thought(class, from, l)
	}
}

// thought adds what a word of a class means together with the last words that have one, whatever stands between.
func (m *memory) thought(class uint64, from int, l *links) {
	if gap := from - m.classAt; m.class != 0 && gap <= near {
		pair := class*saltClass + m.class*saltNear
		l.add(pair)
		if gap <= adjacent {
			l.add(pair + saltNext)
		}
		if m.classBefore != 0 && from-m.classAtBefore <= remote {
			l.add(pair + m.classBefore*saltThird)
			l.add(class*saltClass + m.classBefore*saltFar)
		}
	}
	m.classBefore, m.classAtBefore, m.class, m.classAt = m.class, m.classAt, class, from
}

// alone calls add with the buckets of the features that a word has by itself.
func alone(b []byte, t *token, class uint64, add func(uint32)) {
	add(bucket(t.hash*saltWord + 1))
	if class != 0 {
		add(bucket(class * saltClass))
	}
	if !t.number && !t.char && t.end-t.start <= longWord {
		parts(b[t.start:t.end], add)
	}
}

// parts adds the runs of four letters of a word, its borders included.
func parts(w []byte, add func(uint32)) {
	if len(w) < 4 {
		return
	}
	h := uint32('^')<<24 | uint32(w[0])<<16 | uint32(w[1])<<8 | uint32(w[2])
	add(bucket(uint64(h) * saltPart))
	for _, c := range w[3:] {
		h = h<<8 | uint32(c)
		add(bucket(uint64(h) * saltPart))
	}
	add(bucket(uint64(h<<8|'$') * saltPart))
}

func signBucket(k normal.Kind) uint32 { return bucket(uint64(k) * saltSign) }
