package normal

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lookalikes are letters that look like the ASCII ones below them: the part of Unicode's confusables (UTS 39) that
// whole alphabets lend themselves to, and small capitals.
const (
	lookalikes = "аеорсухіѕјԁԛԝһӏвкмнтьзпгАВЕКМНОРСТХІЅЈУЗαορικνυτχεηγβΑΒΕΖΗΙΚΜΝΟΡΤΥΧսոցօհզՏՍıɩɪɑɡɢɴʀʏʟʙʜᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜰꜱѡѵƖǀɛϲϳ∂€£¢"
	letters    = "aeopcyxisjdqwhlbkmhtbanrABEKMHOPCTXISJY3aopiknutxenybABEZHIKMNOPTYXunqohqSUiiiaggnrylbhacdejkmoptuvwzfswvliecjdelc"
)

// The tables' bounds.
const (
	lowRunes  = 0x2600
	mathFirst = 0x1d400
	mathLast  = 0x1d7ff
)

// folds are what characters become: an ASCII byte, lower case, 0 for none.
type folds struct {
	low    [lowRunes]byte
	math   [mathLast - mathFirst + 1]byte
	styled [lowRunes]bool
}

var table = makeFolds()

func makeFolds() *folds {
	f := &folds{}
	for r := rune(0x80); r < lowRunes; r++ {
		b := plain(r)
		f.low[r] = b
		f.styled[r] = b != 0 && r >= 0x2460
	}
	for r := rune(mathFirst); r <= mathLast; r++ {
		f.math[r-mathFirst] = plain(r)
	}
	to := []byte(letters)
	i := 0
	for _, r := range lookalikes {
		if r < lowRunes {
			f.low[r] = to[i] | lowerBit(to[i])
		}
		i++
	}
	return f
}

func lowerBit(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return 0x20
	}
	return 0
}

// plain is the ASCII letter or digit that compatibility decomposition leaves of a character, 0 if another is left.
func plain(r rune) byte {
	d := norm.NFKD.String(string(r))
	first, n := utf8.DecodeRuneInString(d)
	if first >= utf8.RuneSelf || first <= ' ' {
		return 0
	}
	for _, rest := range d[n:] {
		if !unicode.Is(unicode.Mn, rest) {
			return 0
		}
	}
	return byte(unicode.ToLower(first))
}

// fold is the ASCII byte a character looks like, 0 for none, and whether that was a styled letter.
func fold(r rune) (c byte, styled bool) {
	switch {
	case r < lowRunes:
		return table.low[r], table.styled[r]
	case r >= mathFirst && r <= mathLast:
		return table.math[r-mathFirst], true
	case r >= 0xff01 && r <= 0xff5e:
		c = byte(r - 0xff01 + '!')
		return c | lowerBit(c), true
	case r >= 0x1f130 && r <= 0x1f149, r >= 0x1f150 && r <= 0x1f169, r >= 0x1f170 && r <= 0x1f189:
		return byte('a' + (r-0x1f130)%0x20%26), true
	}
	return 0, false
}

// unseen says whether a character shows nothing: zero-width and direction marks, soft hyphen, combining accents,
// variation selectors, fillers.
func unseen(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0xad, r >= 0x300 && r <= 0x36f, r == 0x61c, r == 0x115f, r == 0x1160, r == 0x180e, r >= 0x200b && r <= 0x200f,
		r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff, r == 0x3164,
		r >= 0xe0100 && r <= 0xe01ef:
		return true
	}
	return false
}
