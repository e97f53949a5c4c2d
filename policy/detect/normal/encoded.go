package normal

import (
	"encoding/base64"
	"unicode/utf8"
)

// The runs that are decoded, in bytes.
const (
	minRun = 16
	maxRun = 4096
	deep   = 3 // encodings inside encodings that are undone
)

// decode reads the encoded run that the word at i of the first pass begins, into r.said. It returns how long the run
// is, 0 if it says nothing. No run is tried twice.
func (r *Reader) decode(i int) int {
	from, _ := r.text.chars.span(i, i+1)
	if from < r.tried {
		return 0
	}
	run := runOf(r.src[from:])
	r.tried = from + len(run)
	if n := len(run); n < minRun || n > maxRun || i+n > len(r.raw) {
		return 0
	}
	if _, to := r.text.chars.span(i, i+len(run)); to-from != len(run) {
		return 0
	}
	r.said = append(r.said[:0], run...)
	done := false
	for range deep {
		out, ok := decoded(r.spare[:0], r.said)
		r.spare = out[:0]
		if !ok {
			break
		}
		r.said, r.spare, done = append(r.said[:0], out...), out, true
	}
	if !done {
		return 0
	}
	return len(run)
}

// write puts r.said in place of n bytes of the first pass at i, between blanks.
func (r *Reader) write(i, n int) {
	t := &r.text
	t.Signs = append(t.Signs, Sign{len(t.Bytes), Decoded})
	t.words.add(len(t.Bytes), i, n)
	t.Bytes = append(t.Bytes, ' ')
	for _, c := range string(r.said) {
		if b, _ := fold(c); b != 0 {
			c = rune(b)
		}
		if c < utf8.RuneSelf {
			c |= rune(lowerBit(byte(c)))
		}
		t.Bytes = utf8.AppendRune(t.Bytes, c)
	}
	t.Bytes = append(t.Bytes, ' ')
}

// runOf is the run of Base64's bytes at the start of a text, as far as one may go.
func runOf(text string) string {
	n := 0
	for n < len(text) && n <= maxRun && base64Byte[text[n]] {
		n++
	}
	for n < len(text) && n <= maxRun && text[n] == '=' {
		n++
	}
	return text[:n]
}

var base64Byte = func() (t [256]bool) {
	for c := range t {
		t[c] = letter(byte(c)) || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
	}
	return t
}()

// decoded appends what hex or Base64 says, if that is text.
func decoded(to, run []byte) ([]byte, bool) {
	if len(run) < minRun {
		return to, false
	}
	if out, ok := fromHex(to, run); ok {
		return out, says(out)
	}
	for len(run) > 0 && run[len(run)-1] == '=' {
		run = run[:len(run)-1]
	}
	if len(run)%4 == 1 || !mixed(run) {
		return to, false
	}
	enc := base64.RawStdEncoding
	for _, c := range run {
		if c == '-' || c == '_' {
			enc = base64.RawURLEncoding
		}
	}
	out, err := enc.AppendDecode(to, run)
	return out, err == nil && says(out)
}

// mixed says whether a run has letters of both cases, as Base64 of text always has.
func mixed(run []byte) bool {
	upper, lower := false, false
	for _, c := range run {
		upper = upper || c >= 'A' && c <= 'Z'
		lower = lower || c >= 'a' && c <= 'z'
	}
	return upper && lower
}

func fromHex(to, run []byte) ([]byte, bool) {
	if len(run)%2 != 0 {
		return to, false
	}
	for i := 0; i < len(run); i += 2 {
		hi, ok := nibble(run[i])
		lo, ok2 := nibble(run[i+1])
		if !ok || !ok2 {
			return to, false
		}
		to = append(to, hi<<4|lo)
	}
	return to, true
}

// says whether bytes are text: valid UTF-8, nearly all of it letters and blanks, or the bytes of another encoding.
func says(b []byte) bool {
	if len(b) < 8 || !utf8.Valid(b) {
		return false
	}
	good := 0
	for _, c := range b {
		switch {
		case c < ' ' && c != '\n' && c != '\t' && c != '\r', c == 0x7f:
			return false
		case letter(c), c == ' ', c >= utf8.RuneSelf:
			good++
		}
	}
	return good*5 >= len(b)*3
}

// Tells says whether a run is text in Base64 or hex.
func Tells(run string) bool {
	if len(run) > maxRun {
		return false
	}
	_, ok := decoded(nil, []byte(run))
	return ok
}
