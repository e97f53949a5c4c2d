package names

// The classes of words.
const (
	Other = iota
	Person
	Location
	Organization
	Classes
)

// Buckets is how many rows of weights there are: hashed features share them.
const (
	bucketBits = 18
	Buckets    = 1 << bucketBits
)

func bucket(kind, value uint32) uint32 {
	h := uint64(value)*0x9e3779b97f4a7c15 ^ uint64(kind)*0xff51afd7ed558ccd
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return uint32(h >> (64 - bucketBits))
}

// nothing stands for a word that is not there.
var nothing = Token{shape: 31}

// at is the k-th word from i if all words up to it read on.
func at(list []Token, i, k int) *Token {
	step := 1
	if k < 0 {
		step = -1
	}
	for n := i; ; {
		if n == i+k {
			return &list[n]
		}
		next := n + step
		if next < 0 || next >= len(list) || !list[max(n, next)].near {
			return &nothing
		}
		n = next
	}
}

// run counts candidates that join onto word i, at most longRun before it and two after.
func run(list []Token, i int) (before, after uint32) {
	for k := i; k > 0 && list[k].joined && list[k-1].candidate && before < longRun; k-- {
		before++
	}
	for k := i + 1; k < len(list) && list[k].joined && list[k].candidate && after < 2; k++ {
		after++
	}
	return before, after
}

// Features appends the buckets of word i's features. last is the class of the word before it.
func Features(text string, list []Token, i, last int, into []uint32) []uint32 {
	t := &list[i]
	if !t.joined {
		last = Other
	}
	b1, b2, n1, n2 := at(list, i, -1), at(list, i, -2), at(list, i, 1), at(list, i, 2)
	before, after := run(list, i)
	starts := uint32(0)
	if !t.near || sentence(text, t) {
		starts = 1
	}
	own := uint32(t.shape)<<4 | uint32(t.lists) | starts<<8
	around := uint32(b1.lists) | uint32(n1.lists)<<4 | uint32(min(b1.shape, 7))<<8 | uint32(min(n1.shape, 7))<<11
	w := text[t.Start:t.End]
	add := func(kind, value uint32) { into = append(into, bucket(kind, value)) }
	add(1, t.hash)
	add(2, b1.hash)
	add(3, n1.hash)
	add(4, b2.hash)
	add(5, n2.hash)
	add(6, own)
	add(7, own<<14|around)
	add(8, b1.hash^uint32(t.lists)<<7^uint32(t.shape))
	add(9, n1.hash^uint32(t.lists)<<7^uint32(t.shape))
	add(10, b1.hash*31+b2.hash)
	add(11, n1.hash*31+n2.hash)
	add(12, fold(w[max(0, len(w)-3):]))
	add(13, fold(w[max(0, len(w)-2):]))
	add(14, fold(w[:min(3, len(w))]))
	add(15, before<<4|after<<1|starts)
	add(16, uint32(t.before)<<8|uint32(follows(text, t)))
	add(17, uint32(t.lists)<<8|uint32(b1.lists)<<4|uint32(n1.lists)|before<<12|after<<16)
	add(18, b1.hash*31+t.hash)
	add(19, t.hash*31+n1.hash)
	add(20, uint32(b2.shape)<<9|uint32(b1.shape)<<6|uint32(t.shape)<<3|uint32(n1.shape)|uint32(n2.shape)<<12)
	add(21, uint32(last)<<8|uint32(t.lists)<<4|uint32(t.shape))
	add(22, t.hash*31+uint32(last))
	return into
}

func fold(s string) uint32 { return Hash(s) }

func follows(text string, t *Token) byte {
	if t.End < len(text) {
		return text[t.End]
	}
	return 0
}

// sentence says whether a word begins one: a stop, a line's end or a quote is near before it.
func sentence(text string, t *Token) bool {
	for i := t.Start - 1; i >= 0 && t.Start-i <= 3; i-- {
		switch text[i] {
		case '.', '!', '?', ':', '\n', '"', '-', '*', '>':
			return true
		case ' ':
		default:
			return false
		}
	}
	return t.Start < 3
}
