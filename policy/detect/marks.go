package detect

import "unicode/utf8"

// markForm is a string that only a prompt's own template holds, in lower case.
type markForm struct {
	id, text string
	score    float64
}

var markForms = []markForm{
	{"inj-005", "<|im_start|>", 0.85}, {"inj-005", "<|im_end|>", 0.85}, {"inj-005", "<|system|>", 0.85},
	{"inj-005", "<|assistant|>", 0.85}, {"inj-005", "<|endoftext|>", 0.85}, {"inj-005", "<|eot_id|>", 0.85},
	{"inj-005", "<|start_header_id|>", 0.85}, {"inj-005", "<|end_header_id|>", 0.85},
	{"inj-006", "[inst]", 0.85}, {"inj-006", "[/inst]", 0.85}, {"inj-006", "<<sys>>", 0.85}, {"inj-006", "<</sys>>", 0.85},
	{"inj-007", "```system", 0.8},
}

// marksBy lists the forms by the byte they begin with.
var marksBy = func() (t [256][]*markForm) {
	for i := range markForms {
		m := &markForms[i]
		t[m.text[0]] = append(t[m.text[0]], m)
	}
	return t
}()

// The run of unseen characters that is no accident of a script or an emoji, and the longest that is one finding.
const (
	minUnseen   = 4
	maxUnseen   = 128 // bytes
	unseenScore = 0.7
)

// mark checks for a template's string, or for a run of unseen characters, at i.
func mark(text string, i int, into []Finding) []Finding {
	if text[i] >= utf8.RuneSelf {
		if end, _ := unseenRun(text, i); end > 0 {
			return append(into, injected("ind-003", unseenScore, i, end))
		}
		return into
	}
	for _, m := range marksBy[text[i]] {
		if hasPrefixFold(text[i:], m.text) {
			return append(into, injected(m.id, m.score, i, i+len(m.text)))
		}
	}
	return into
}

func injected(rule string, score float64, start, end int) Finding {
	return Finding{Type: PromptInjection, Category: Injection, Severity: High, Score: score, Start: start, End: end, Rule: rule}
}

// unseenRun is where a run of unseen characters that begins at i ends, 0 if it does not begin there or is short, and
// whether more text could change that. Tags behind a black flag spell the flag of a region.
func unseenRun(text string, i int) (end int, open bool) {
	if !runStarts(text, i) {
		return 0, false
	}
	n, at := 0, i
	for at < len(text) && at-i < maxUnseen {
		if cutShort(text, at) {
			return runEnd(n, at), true
		}
		r, size := utf8.DecodeRuneInString(text[at:])
		if !hides(r) {
			return runEnd(n, at), false
		}
		n, at = n+1, at+size
	}
	return runEnd(n, at), at-i < maxUnseen
}

func runEnd(n, at int) int {
	if n < minUnseen {
		return 0
	}
	return at
}

func runStarts(text string, i int) bool {
	if !utf8.RuneStart(text[i]) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	return !hides(before) && before != '\U0001f3f4'
}

// hides says whether a rune can carry or split text unseen; accents and variation selectors cannot.
func hides(r rune) bool {
	return unseen(r) && !(r >= 0x300 && r <= 0x36f) && !(r >= 0xfe00 && r <= 0xfe0f)
}

// openMark is where a template's string or a run of unseen characters begins that is not over.
func openMark(_ *reader, text string, from int) int {
	for i := max(from, len(text)-maxUnseen-utf8.UTFMax); i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			if _, open := unseenRun(text, i); open {
				return i
			}
			continue
		}
		for _, m := range marksBy[text[i]] {
			if rest := text[i:]; len(rest) < len(m.text) && hasPrefixFold(rest, m.text[:len(rest)]) {
				return i
			}
		}
	}
	return len(text)
}

// hasPrefixFold says whether s begins with an ASCII prefix in lower case, whatever the case of s.
func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lower(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}
