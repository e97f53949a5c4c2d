package detect

import (
	"strings"
	"unicode/utf8"
)

// What a rune is to somebody who reads words.
const (
	other     = 0xff // shows something that is no ASCII letter or digit
	invisible = 0    // shows nothing
)

// folded reads the character at i as a reader sees it: an ASCII letter in lower case, also where it is full-width or
// a Greek or Cyrillic letter that looks the same. It returns how many bytes that took.
func folded(text string, i int) (c byte, n int) {
	if text[i] < utf8.RuneSelf {
		return lower(text[i]), 1
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	switch {
	case unseen(r):
		return invisible, n
	case r >= 0xff01 && r <= 0xff5e:
		return lower(byte(r - 0xff01 + '!')), n
	}
	if k := strings.IndexRune(twins, r); k >= 0 {
		return twinOf[utf8.RuneCountInString(twins[:k])], n
	}
	return other, n
}

// twins are letters that look like the ASCII ones in twinOf, a few of Unicode's confusables (UTS 39).
const (
	twins  = "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0405\u03bf\u03b1\u03b9\u03bd\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a7\u0131"
	twinOf = "aeopcyxisjabekmhopctxisoaivabehikmnoptxi"
)

// unseen says whether a rune shows nothing: zero-width and direction marks, soft hyphen, tags, combining accents.
func unseen(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0xad, r >= 0x300 && r <= 0x36f, r == 0x61c, r == 0x180e, r >= 0x200b && r <= 0x200f,
		r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff, tag(r):
		return true
	}
	return false
}

// tag says whether a rune is one of Unicode's tag characters, which spell ASCII unseen.
func tag(r rune) bool { return r >= 0xe0000 && r <= 0xe007f }

// wordSize is how many bytes the character at i takes if it can stand inside a word, 0 if it cannot. Letters of every
// script can, and so can bytes that are no UTF-8.
func wordSize(text string, i int) int {
	if c := text[i]; c < utf8.RuneSelf {
		if alnum(c) || c == '\'' {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	if parts(r) {
		return 0
	}
	return n
}

// parts says whether a rune beyond ASCII stands between words: blanks, dashes, quotes and other punctuation.
func parts(r rune) bool {
	switch {
	case r < 0xc0 && r != 0xaa && r != 0xad && r != 0xb5 && r != 0xba, r == 0xd7, r == 0xf7:
		return true
	case r >= 0x2000 && r <= 0x200a, r >= 0x2010 && r <= 0x2029, r >= 0x202f && r <= 0x205f, r >= 0x3000 && r <= 0x303f:
		return true
	}
	return r >= 0xff01 && r <= 0xff0f || r >= 0xff1a && r <= 0xff20
}

// wordStarts says whether the byte at i begins a word.
func wordStarts(text string, i int) bool {
	if i == 0 {
		return true
	}
	c := text[i-1]
	if c < utf8.RuneSelf {
		return !alnum(c) && c != '\'' || escape(text, i-1)
	}
	if !utf8.RuneStart(text[i]) {
		return false
	}
	r, n := utf8.DecodeLastRuneInString(text[:i])
	return (r != utf8.RuneError || n > 1) && parts(r)
}

// cutShort says whether the text ends inside the character at i.
func cutShort(text string, i int) bool {
	return len(text)-i < utf8.UTFMax && !utf8.FullRuneInString(text[i:])
}
