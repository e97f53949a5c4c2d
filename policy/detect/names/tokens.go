package names

import (
	"unicode"
	"unicode/utf8"
)

// The bounds of what a word can know about its neighbours.
const (
	longWord = 32 // bytes; a longer word is no name and parts those around it
	farSpace = 6  // bytes between two words that read on
	longRun  = 6  // words of a name before which a word can still belong to it
)

// Token is one word of a text.
type Token struct {
	Start, End int
	hash       uint32 // in lower case
	shape      uint8
	lists      uint8
	before     byte // the byte right before the word, 0 at the start
	joined     bool // nothing but a blank, an initial's full stop, a hyphen or an apostrophe parts it from the word before
	near       bool // the word before is close enough to read on
	candidate  bool
}

// The shapes of words.
const (
	lowerCase uint8 = iota
	capital         // Anna
	upperCase       // ANNA
	initial         // A
	mixedCase       // iPhone, McDonald
	numeric
	alphanumeric
)

var wordByte = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
	}
	return t
}()

// Tokens appends the words of a text.
func (g *Lists) Tokens(text string, into []Token) []Token {
	last := -1
	for i := 0; i < len(text); {
		if !wordByte[text[i]] {
			i++
			continue
		}
		t := Token{Start: i}
		i = g.word(text, i, &t)
		if t.End == t.Start {
			i++
			continue
		}
		if t.Start > 0 {
			t.before = text[t.Start-1]
		}
		if glued(text, &t) {
			t.candidate = false
		}
		t.near = last >= 0 && t.Start-last <= farSpace
		t.joined = t.near && joins(text[last:t.Start], into)
		last = t.End
		into = append(into, t)
	}
	return into
}

// glued says whether a word is a part of an identifier, an address or a path.
func glued(text string, t *Token) bool {
	switch t.before {
	case '_', '@', '/', '\\', '$', '#':
		return true
	case '.':
		if t.Start > 1 && wordByte[text[t.Start-2]] && t.shape != initial && t.shape != capital {
			return true
		}
	}
	if t.End == len(text) {
		return false
	}
	switch text[t.End] {
	case '_', '@', '/', '\\', '(':
		return true
	case '.':
		return t.shape != initial && t.End+1 < len(text) && wordByte[text[t.End+1]]
	}
	return false
}

// joins says whether what stands between two words can stand inside a name.
func joins(between string, before []Token) bool {
	switch between {
	case " ", "-", "'", "\u2019":
		return true
	case ". ", ".":
		s := before[len(before)-1].shape
		return s == initial
	}
	return false
}

// word reads one word at i and returns where it ends. Punctuation beyond ASCII is no word.
func (g *Lists) word(text string, i int, t *Token) int {
	h := uint32(2166136261)
	upper, lower, digits, n := 0, 0, 0, 0
	firstUpper := false
	for i < len(text) && wordByte[text[i]] {
		c, size := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(text[i:])
			if !unicode.IsLetter(c) && !unicode.IsMark(c) {
				if i == t.Start {
					t.End = t.Start
					return i + size
				}
				break
			}
		}
		up := c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf && unicode.IsUpper(c)
		switch {
		case up:
			upper++
			firstUpper = firstUpper || n == 0
			c = unicode.ToLower(c)
		case c >= '0' && c <= '9':
			digits++
		default:
			lower++
		}
		h = (h ^ uint32(c)) * 16777619
		n++
		i += size
	}
	t.End, t.hash = i, h
	t.shape = shapeOf(upper, lower, digits, n, firstUpper)
	if i-t.Start <= longWord && digits == 0 {
		t.lists = g.of(h)
		t.candidate = t.shape == capital || t.shape == upperCase || t.shape == initial || t.shape == mixedCase ||
			t.shape == lowerCase && n > 2 && t.lists&First != 0
	}
	return i
}

func shapeOf(upper, lower, digits, n int, firstUpper bool) uint8 {
	switch {
	case digits == n:
		return numeric
	case digits > 0:
		return alphanumeric
	case upper == 0:
		return lowerCase
	case n == 1:
		return initial
	case upper == n:
		return upperCase
	case firstUpper && upper == 1:
		return capital
	}
	return mixedCase
}

// Hash is the hash of a word in lower case, as the lists keep it.
func Hash(word string) uint32 {
	h := uint32(2166136261)
	for _, c := range word {
		h = (h ^ uint32(unicode.ToLower(c))) * 16777619
	}
	return h
}
