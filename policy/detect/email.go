package detect

import "unicode/utf8"

// The lengths of RFC 5321, section 4.5.3.1.
const (
	maxLocal  = 64
	maxDomain = 255
	maxLabel  = 63
)

// email checks the address around the at sign at i.
func email(text string, i int, into []Finding) []Finding {
	start := localStart(text, i)
	if start == i || text[i-1] == '.' {
		return into
	}
	end, _ := domain(text, i+1)
	if end == 0 {
		return into
	}
	return append(into, Finding{
		Type: EmailAddress, Category: PII, Severity: Medium, Score: 0.95, Start: start, End: end, Rule: "pii.email",
	})
}

// localStart is where a local part that ends before i begins; i if there is none, or a longer run than one can be.
// Punctuation before it, and all up to two dots, is not part of it.
func localStart(text string, i int) int {
	start := i
	for start > 0 {
		if n := localBefore(text, start, i); n == 0 {
			break
		} else if start -= n; i-start > maxLocal+maxPunctuation {
			return i
		}
	}
	for start < i && !alnum(text[start]) && text[start] != '_' && text[start] != '+' && text[start] < utf8.RuneSelf {
		start++
	}
	if escape(text, start) && start < i {
		start++
	}
	if i-start > maxLocal {
		return i
	}
	return start
}

// localBefore is how many bytes the character before at takes if it can stand in a local part that ends before i, else 0.
func localBefore(text string, at, i int) int {
	switch c := text[at-1]; {
	case c >= utf8.RuneSelf:
		if r, n := utf8.DecodeLastRuneInString(text[:at]); wide(r) {
			return n
		}
	case localByte(c) && !(c == '.' && at < i && text[at] == '.'):
		return 1
	}
	return 0
}

// wide says whether a rune is one of the letters beyond ASCII that addresses are read with (RFC 6531, RFC 5890): those of
// scripts with blanks between words.
func wide(r rune) bool {
	return r >= 0xc0 && r <= 0x24f && r != 0xd7 && r != 0xf7 || r >= 0x370 && r <= 0x52f
}

// wideAt is how many bytes such a letter at i takes, 0 if there is none.
func wideAt(text string, i int) int {
	if text[i] < utf8.RuneSelf {
		return 0
	}
	if r, n := utf8.DecodeRuneInString(text[i:]); wide(r) {
		return n
	}
	return 0
}

// maxPunctuation is how much punctuation before a local part is read through.
const maxPunctuation = 64

// escape says whether the byte at i is the letter of an escape like \n, as in JSON that stands inside a string: it
// belongs to what is before it.
func escape(text string, i int) bool {
	if i < 1 || i >= len(text) || text[i-1] != '\\' {
		return false
	}
	switch text[i] {
	case 'n', 't', 'r':
		return true
	}
	return false
}

// domain is where the host name at i ends, 0 if none begins there, and whether more text could change that. A dot at
// its end ends a sentence.
func domain(text string, i int) (end int, open bool) {
	labelAt, dots := i, 0
	for k := i; k-i <= maxDomain; k++ {
		if k < len(text) {
			if alnum(text[k]) || text[k] == '-' {
				continue
			}
			if n := wideAt(text, k); n > 0 {
				k += n - 1
				continue
			}
		}
		if k == len(text) || text[k] >= utf8.RuneSelf && cutShort(text, k) {
			open = true
		}
		if k == labelAt || k-labelAt > maxLabel || text[labelAt] == '-' || text[k-1] == '-' {
			return end, open
		}
		if dots > 0 && topLevel(text[labelAt:k]) {
			end = k
		}
		if k == len(text) || text[k] != '.' {
			return end, open
		}
		dots, labelAt = dots+1, k+1
	}
	return end, false
}

func topLevel(label string) bool {
	for i := range len(label) {
		if c := lower(label[i]); (c < 'a' || c > 'z') && c < utf8.RuneSelf {
			return false
		}
	}
	return len(label) >= 2
}

func localByte(c byte) bool {
	return alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\''
}

// openEmail is where an address that is not over begins: a host name that reaches the end of the text, else what
// could be a local part.
func openEmail(_ *reader, text string, from int) int {
	for i := max(from, len(text)-1-maxDomain); i < len(text); i++ {
		if text[i] != '@' {
			continue
		}
		if start := localStart(text, i); start < i && text[i-1] != '.' {
			if _, open := domain(text, i+1); open {
				return start
			}
		}
	}
	at := len(text)
	for k := max(0, at-utf8.UTFMax+1); k < at; k++ {
		if utf8.RuneStart(text[k]) && text[k] >= utf8.RuneSelf && cutShort(text, k) {
			at = k // it may be a letter
		}
	}
	return max(from, localStart(text, at))
}
