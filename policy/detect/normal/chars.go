package normal

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// Reader brings texts into normal form. It keeps its buffers, so one Reader serves one text at a time.
type Reader struct {
	text  Text
	src   string
	raw   []byte // after the first pass
	said  []byte // what the run at hand says
	spare []byte
	tried int    // up to here in src nothing more is encoded
	signs []Sign // of the first pass
}

// Read is text in its normal form, until the next Read.
func (r *Reader) Read(text string) *Text {
	t := &r.text
	r.src, r.tried = text, 0
	t.chars.reset()
	t.words.reset()
	t.Bytes, t.Signs, r.raw, r.signs = t.Bytes[:0], t.Signs[:0], r.raw[:0], r.signs[:0]
	r.readChars(text)
	t.chars.out, t.chars.in = len(r.raw), len(text)
	r.readWords()
	t.words.out, t.words.in = len(t.Bytes), len(r.raw)
	t.Chars = r.raw
	r.src = ""
	return t
}

// lowered is ASCII in lower case; escapes, entities and all that is not plain text read as 0.
var lowered = func() (t [256]byte) {
	for c := 1; c < utf8.RuneSelf; c++ {
		t[c] = byte(c) | lowerBit(byte(c))
	}
	t['&'], t['%'], t['\\'] = 0, 0, 0
	return t
}()

// readChars is the first pass: characters.
func (r *Reader) readChars(text string) {
	last, script := 0, byte(0)
	for i := 0; i < len(text); {
		from := i
		if i = r.plain(text, from); i > from {
			script = scriptOf(r.raw[len(r.raw)-1], script)
		}
		if i == len(text) {
			return
		}
		last = i
		i, script = r.special(text, i, script)
		if i <= last {
			i = last + 1
		}
	}
}

// plain copies the ordinary ASCII at i in lower case, eight bytes at a time, and returns where it ends.
func (r *Reader) plain(text string, i int) int {
	at, from := len(r.raw), i
	for ; i+8 <= len(text); i += 8 {
		b := uint64(text[i]) | uint64(text[i+1])<<8 | uint64(text[i+2])<<16 | uint64(text[i+3])<<24 |
			uint64(text[i+4])<<32 | uint64(text[i+5])<<40 | uint64(text[i+6])<<48 | uint64(text[i+7])<<56
		if (b|zeros(b)|zeros(b^ands)|zeros(b^percents)|zeros(b^backslashes))&tops != 0 {
			break
		}
		// A capital is at least 'A' and at most 'Z': adding to each byte carries into its top bit, which is free.
		capital := (b + ones*(0x80-'A')) & ^(b + ones*(0x7f-'Z')) & tops
		r.raw = binary.LittleEndian.AppendUint64(r.raw, b|capital>>2)
	}
	for i < len(text) && lowered[text[i]] != 0 {
		r.raw = append(r.raw, lowered[text[i]])
		i++
	}
	if i > from {
		r.text.chars.add(at, from, 0)
	}
	return i
}

// Eight bytes of one kind.
const (
	ones        = 0x0101010101010101
	tops        = 0x8080808080808080
	ands        = ones * '&'
	percents    = ones * '%'
	backslashes = ones * '\\'
)

// zeros has a top bit where a byte of b is zero, and at times where one above such a byte is not.
func zeros(b uint64) uint64 { return (b - ones) & ^b }

// The scripts that are told apart inside a word.
const (
	latin = 'l'
	alien = 'a'
)

func scriptOf(c, before byte) byte {
	switch {
	case letter(c):
		return latin
	case c >= '0' && c <= '9' || c == '\'':
		return before
	}
	return 0
}

// special reads what is not ordinary ASCII at i and returns where to go on.
func (r *Reader) special(text string, i int, script byte) (next int, now byte) {
	if c := text[i]; c < utf8.RuneSelf {
		decoded, n := escape(text, i)
		r.emit(decoded, i, n)
		return i + n, scriptOf(byte(min(decoded, 0x7f)), script)
	}
	c, n := utf8.DecodeRuneInString(text[i:])
	return i + n, r.char(c, i, n, script)
}

// char writes what a character beyond ASCII becomes.
func (r *Reader) char(c rune, at, n int, script byte) byte {
	switch {
	case c >= 0xe0020 && c <= 0xe007e:
		r.sign(Tags)
		r.emit(c-0xe0000, at, n)
		return script
	case unseen(c):
		if script != 0 {
			r.sign(Unseen)
		}
		return script
	}
	b, styled := fold(c)
	if b == 0 {
		r.emit(c, at, n)
		return 0
	}
	if styled {
		r.sign(Styled)
	}
	now := byte(latin)
	if c >= 0x370 && c < 0x590 {
		if now = alien; script == latin {
			r.sign(Mixed)
		}
	} else if script == alien {
		r.sign(Mixed)
	}
	r.emit(rune(b), at, n)
	return now
}

func (r *Reader) sign(k Kind) { r.signs = append(r.signs, Sign{len(r.raw), k}) }

// emit writes one character for n bytes of the original.
func (r *Reader) emit(c rune, at, n int) {
	if c == utf8.RuneError || c == 0 {
		c = ' '
	}
	if b, _ := fold(c); b != 0 && c >= utf8.RuneSelf {
		c = rune(b)
	}
	before := len(r.raw)
	if c < utf8.RuneSelf {
		r.raw = append(r.raw, byte(c)|lowerBit(byte(c)))
	} else {
		r.raw = utf8.AppendRune(r.raw, unicode.ToLower(c))
	}
	size := n
	if n == len(r.raw)-before {
		size = 0
	}
	r.text.chars.add(before, at, size)
}

// escape reads an HTML entity, a URL's percent sequence or a backslash escape at i; where there is none, the character
// as it is. A backslash before anything else is what some put between letters, and is dropped with it.
func escape(text string, i int) (c rune, n int) {
	switch text[i] {
	case '&':
		return entity(text, i)
	case '%':
		if v, ok := hexes(text, i+1, 2); ok && v >= ' ' && v < 0x7f {
			return v, 3
		}
		return '%', 1
	}
	return backslash(text, i)
}

func backslash(text string, i int) (c rune, n int) {
	if i+1 == len(text) {
		return '\\', 1
	}
	switch e := text[i+1]; e {
	case 'n', 'r', 't':
		if !slashed(text, i) {
			return '\n', 2
		}
	case 'u':
		if v, ok := hexes(text, i+2, 4); ok {
			return v, 6
		}
	case 'x':
		if v, ok := hexes(text, i+2, 2); ok {
			return v, 4
		}
	}
	c, n = utf8.DecodeRuneInString(text[i+1:])
	return c, n + 1
}

// slashed says whether a backslash stands before each letter around i, so that the one at i is no escape.
func slashed(text string, i int) bool {
	return i >= 2 && text[i-2] == '\\' && noEscape(text[i-1]) || i+3 < len(text) && text[i+2] == '\\' && noEscape(text[i+3])
}

func noEscape(c byte) bool { return letter(c) && c != 'n' && c != 'r' && c != 't' }

// named are the entities that hide what filters look for.
var named = [...]struct {
	name string
	c    rune
}{{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}, {"nbsp;", ' '}, {"shy;", 0xad}, {"zwnj;", 0x200c}, {"zwj;", 0x200d}}

func entity(text string, i int) (c rune, n int) {
	rest := text[i+1:]
	if len(rest) > 2 && rest[0] == '#' {
		return numbered(text, i)
	}
	for _, e := range named {
		if len(rest) >= len(e.name) && rest[:len(e.name)] == e.name {
			return e.c, 1 + len(e.name)
		}
	}
	return '&', 1
}

// numbered reads a numeric entity of at most 8 digits.
func numbered(text string, i int) (c rune, n int) {
	at, base := i+2, rune(10)
	if text[at] == 'x' || text[at] == 'X' {
		at, base = at+1, 16
	}
	from, v := at, rune(0)
	for at < len(text) && at-from < 8 {
		d, ok := nibble(text[at])
		if !ok || rune(d) >= base {
			break
		}
		if v = v*base + rune(d); v > unicode.MaxRune {
			return '&', 1
		}
		at++
	}
	if at == from {
		return '&', 1
	}
	if at < len(text) && text[at] == ';' {
		at++
	}
	return v, at - i
}

// hexes reads n hexadecimal digits at i.
func hexes(text string, i, n int) (v rune, ok bool) {
	if i+n > len(text) {
		return 0, false
	}
	for k := i; k < i+n; k++ {
		d, ok := nibble(text[k])
		if !ok {
			return 0, false
		}
		v = v<<4 | rune(d)
	}
	return v, true
}

func nibble(c byte) (byte, bool) {
	switch c |= lowerBit(c); {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
