package surface

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape reads the escape sequence at the start of b: the rune it stands for and how many bytes it takes, 0 if it
// is none. A surrogate pair is one sequence; half of one is invalid.
func unescape(b []byte) (r rune, size int) {
	if len(b) < 2 || b[0] != '\\' {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, b[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	if b[1] != 'u' {
		return 0, 0
	}
	r, ok := hex4(b[2:])
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(b) < 12 || b[6] != '\\' || b[7] != 'u' {
		return 0, 0
	}
	low, ok := hex4(b[8:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// decode turns what stands between the quotes of a valid JSON string into its text.
func decode(raw []byte) string {
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			b.WriteByte(raw[i])
			i++
			continue
		}
		r, size := unescape(raw[i:])
		b.WriteRune(r)
		i += max(size, 1)
	}
	return b.String()
}

const hexDigits = "0123456789abcdef"

// encode is s as it stands between the quotes of a JSON string. Invalid UTF-8 becomes U+FFFD. The line separators
// U+2028 and U+2029 are escaped, since some readers of event streams take them for line breaks.
func encode(s string) []byte { return AppendEncoded(make([]byte, 0, len(s)+8), s) }

// AppendEncoded appends s as it stands between the quotes of a JSON string.
func AppendEncoded(out []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, '\\', 'n')
		case r == '\r':
			out = append(out, '\\', 'r')
		case r == '\t':
			out = append(out, '\\', 't')
		case r == '\u2028' || r == '\u2029':
			out = append(out, '\\', 'u', '2', '0', '2', hexDigits[r&15])
		case r < 0x20:
			out = append(out, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// Escape is how many bytes the escape sequence at the start of raw takes, 0 if it is none. open says that raw ends
// before that can be told. A surrogate pair is one sequence.
func Escape(raw string) (size int, open bool) {
	b := []byte(raw[:min(len(raw), 12)])
	if len(b) < 2 {
		return 0, true
	}
	if b[1] != 'u' {
		_, size = unescape(b)
		return size, false
	}
	digits := b[2:min(len(b), 6)]
	if !allHex(digits) {
		return 0, false
	}
	if len(digits) < 4 {
		return 0, true
	}
	if r, _ := hex4(digits); utf16.IsSurrogate(r) && len(b) < 12 {
		rest := b[6:]
		plausible := r < 0xdc00 && (len(rest) < 1 || rest[0] == '\\') && (len(rest) < 2 || rest[1] == 'u') && (len(rest) < 3 || allHex(rest[2:]))
		return 0, plausible
	}
	_, size = unescape(b)
	return size, false
}

func allHex(b []byte) bool {
	for _, c := range b {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}

// Decode is the text of what stands between the quotes of a JSON string. A byte that begins no escape, though it
// should, stands for U+0000.
func Decode(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw
	}
	return decode([]byte(raw))
}

// RawOffsets maps ascending offsets in a text to offsets in what Decode made it from.
func RawOffsets(raw string, decoded []int) []int { return rawOffsets([]byte(raw), decoded) }

// rawOffsets maps ascending offsets in the decoded text of a JSON string to offsets in its raw form. An offset inside
// what one escape stands for maps to the escape's start.
func rawOffsets(raw []byte, decoded []int) []int {
	out := make([]int, len(decoded))
	next, at := 0, 0
	for i := 0; i < len(raw) && next < len(decoded); {
		width, size := 1, 1
		if raw[i] == '\\' {
			r, n := unescape(raw[i:])
			width, size = utf8.RuneLen(r), max(n, 1)
		}
		for next < len(decoded) && decoded[next] < at+width {
			out[next] = i
			next++
		}
		at += width
		i += size
	}
	for ; next < len(decoded); next++ {
		out[next] = len(raw)
	}
	return out
}
