package fault

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Object is a JSON object whose members keep their order. A value is nil, a string, an int, an int64, a bool, an Object
// or an Array.
type Object []Member

// Member is one member of an Object.
type Member struct {
	Name  string
	Value any
}

// Array is a JSON array of the same kinds of value.
type Array []any

// The bounds of text in an answer, in runes.
const (
	maxText   = 512 // any string, a message above all
	maxName   = 200 // a model, a field, a provider
	maxTrace  = 128
	maxHeader = 256
)

// Bytes encodes o as valid JSON on one line, whatever its strings hold: control characters become blanks, invalid UTF-8
// becomes U+FFFD, no string is longer than 512 runes.
func (o Object) Bytes() []byte { return o.append(make([]byte, 0, 256)) }

func (o Object) append(b []byte) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, m.Name)
		b = append(b, ':')
		b = appendValue(b, m.Value)
	}
	return append(b, '}')
}

func (a Array) append(b []byte) []byte {
	b = append(b, '[')
	for i, v := range a {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, v)
	}
	return append(b, ']')
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendString(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case bool:
		return strconv.AppendBool(b, v)
	case Object:
		return v.append(b)
	case Array:
		return v.append(b)
	default:
		return appendString(b, fmt.Sprint(v))
	}
}

// appendString writes s as a JSON string. After clean only the quote and the backslash need escaping.
func appendString(b []byte, s string) []byte {
	s = clean(s, maxText)
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// clean makes s one line of valid UTF-8 of at most limit runes. The line separators that some readers of event streams
// break lines at go the way of control characters.
func clean(s string, limit int) string {
	if len(s) <= limit && plainASCII(s) {
		return s
	}
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			break
		}
		n++
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			r = ' '
		}
		b.WriteRune(r) // an invalid byte is read as U+FFFD
	}
	return b.String()
}

// orNull is s, or JSON null where there is none.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// headerValue makes s fit to be a header's value: printable ASCII, no blanks around it, bounded.
func headerValue(s string) string {
	if len(s) > maxHeader {
		s = s[:maxHeader]
	}
	if !plainASCII(s) {
		s = strings.Map(func(r rune) rune {
			if r < ' ' || r >= 0x7f || r == utf8.RuneError {
				return '_'
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}
