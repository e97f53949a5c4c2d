package detect

// The lengths of RFC 5321, section 4.5.3.1.
const (
	maxLocal  = 64
	maxDomain = 255
	maxLabel  = 63
)

// email checks the address around the at sign at i.
func email(text string, i int, into []Finding) []Finding {
	start := localStart(text, i)
	end := domainEnd(text, i+1)
	if start == i || end == 0 {
		return into
	}
	return append(into, Finding{
		Type: EmailAddress, Category: PII, Severity: Medium, Score: 0.95, Start: start, End: end, Rule: "pii.email",
	})
}

// localStart is where the local part before the at sign at i begins; i if there is none that is valid.
func localStart(text string, i int) int {
	start := i
	for start > 0 && localByte(text[start-1]) && i-start <= maxLocal {
		start--
	}
	for start < i && (text[start] == '.' || text[start] == '-' || text[start] == '\'') {
		start++ // punctuation before an address is not part of it
	}
	if i-start > maxLocal || start == i || text[i-1] == '.' {
		return i
	}
	for k := start; k+1 < i; k++ {
		if text[k] == '.' && text[k+1] == '.' {
			return i
		}
	}
	return start
}

// domainEnd is where the host name at i ends, 0 if none begins there. A dot at its end ends a sentence.
func domainEnd(text string, i int) int {
	end, labelAt, dots := 0, i, 0
	for k := i; k <= len(text) && k-i <= maxDomain; k++ {
		if k < len(text) && (alnum(text[k]) || text[k] == '-') {
			continue
		}
		if k == labelAt || k-labelAt > maxLabel || text[labelAt] == '-' || text[k-1] == '-' {
			break
		}
		if dots > 0 && topLevel(text[labelAt:k]) {
			end = k
		}
		if k == len(text) || text[k] != '.' {
			break
		}
		dots, labelAt = dots+1, k+1
	}
	return end
}

func topLevel(label string) bool {
	for i := range len(label) {
		if c := lower(label[i]); c < 'a' || c > 'z' {
			return false
		}
	}
	return len(label) >= 2
}

func localByte(c byte) bool {
	if alnum(c) {
		return true
	}
	switch c {
	case '.', '_', '%', '+', '-', '\'', '&', '=':
		return true
	}
	return false
}

// openEmail is where an address that is not over begins: the run of its bytes at the end of the text. A run that is
// too long to be one holds nothing.
func openEmail(text string) int {
	start, at := len(text), -1
	for start > 0 && len(text)-start <= maxLocal+1+maxDomain {
		c := text[start-1]
		if c == '@' && at < 0 {
			at = start - 1
		} else if !localByte(c) {
			break
		}
		start--
	}
	if at < 0 {
		if len(text)-start > maxLocal {
			return len(text)
		}
		return start
	}
	if len(text)-at > maxDomain+1 || at-start > maxLocal || localStart(text, at) == at {
		return len(text)
	}
	return localStart(text, at)
}
