package detect

import "strings"

// The lines of a PEM block (RFC 7468).
const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemLine  = "-----"
	pemLabel = 48 // bytes a label may have
)

// pem checks the block whose first line begins at i.
func pem(text string, i int, into []Finding) []Finding {
	if !strings.HasPrefix(text[i:], pemBegin) {
		return into
	}
	end, _ := readPEM(text, i)
	if end == 0 {
		return into
	}
	return append(into, Finding{
		Type: PrivateKey, Category: Secret, Severity: Critical, Score: 0.99, Start: i, End: end, Rule: "secret.private_key",
	})
}

// readPEM is where the block of a private key at i ends, 0 if there is none, and whether more text could change that.
// A block without its last line reaches as far as its bytes can be those of one, and no further than MaxMatch.
func readPEM(text string, i int) (end int, open bool) {
	rest := text[i:min(len(text), i+MaxMatch)]
	ended := len(text)-i < MaxMatch
	at, closed := labelEnd(rest, len(pemBegin))
	if !closed {
		return 0, ended && at == len(rest)
	}
	if !strings.Contains(rest[:at], "PRIVATE KEY") {
		return 0, false
	}
	for at < len(rest) && bodyByte(rest[at]) {
		if rest[at] != '-' {
			at++
			continue
		}
		stop, whole := lastLine(rest, at)
		switch {
		case whole:
			return i + stop, false
		case stop == len(rest):
			return i + stop, ended
		case strings.HasPrefix(rest[at:], pemLine):
			return i + at, false
		}
		at++
	}
	return i + at, ended && at == len(rest)
}

// labelEnd reads a label and the dashes behind it. It returns where reading stopped.
func labelEnd(s string, at int) (stop int, closed bool) {
	from := at
	for at < len(s) && at-from <= pemLabel && (s[at] == ' ' || s[at] >= 'A' && s[at] <= 'Z' || digit(s[at])) {
		at++
	}
	n := 0
	for n < len(pemLine) && at+n < len(s) && s[at+n] == '-' {
		n++
	}
	return at + n, n == len(pemLine)
}

// lastLine reads the last line of a block at a dash. Where the text ends inside it, it stops there.
func lastLine(s string, at int) (stop int, whole bool) {
	rest := s[at:]
	if len(rest) < len(pemEnd) {
		if strings.HasPrefix(pemEnd, rest) {
			return len(s), false
		}
		return at, false
	}
	if !strings.HasPrefix(rest, pemEnd) {
		return at, false
	}
	return labelEnd(s, at+len(pemEnd))
}

// bodyByte says whether a byte can stand between the two lines: base64, headers, line ends, also as escapes.
func bodyByte(c byte) bool {
	if alnum(c) {
		return true
	}
	switch c {
	case '+', '/', '=', '\n', '\r', '\t', ' ', ':', ',', '-', '\\':
		return true
	}
	return false
}

// openPEM is where a block begins that is not over, or a line at the end that could begin one. Only the last block
// can be open, since no block holds the first line of another.
func openPEM(_ *reader, text string, from int) int {
	from = max(from, len(text)-MaxMatch)
	if i := strings.LastIndex(text[from:], pemBegin); i >= 0 {
		if _, open := readPEM(text, from+i); open {
			return from + i
		}
	}
	for n := min(len(pemBegin)-1, len(text)); n > 0; n-- {
		if strings.HasSuffix(text, pemBegin[:n]) {
			return len(text) - n
		}
	}
	return len(text)
}
