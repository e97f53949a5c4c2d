package detect

// lookedAt is room for what is found at one place.
const lookedAt = 32

func newReader() any { return &reader{tried: make([]Finding, 0, lookedAt)} }

// reader reads one text for the structured rules. It notes when a rule asks for bytes behind the end of the text: a rule
// that did not ask is decided, whatever comes; one that did may still begin or grow. So no rule has to know of streams.
type reader struct {
	text string
	past bool // a byte behind the end was asked for
	into []Finding

	tried []Finding // what is found while asking whether a place is open

	num         number
	dialled     dialled
	asked       int // where the words before were read last
	topics      topics
	nearest     topics   // what the nearest word is about; good after aboutAt
	code        [64]byte // letters and digits of a candidate, in upper case, separators left out
	codeLen     int
	valueAt     int // where the value of an assignment begins
	word, after clue
	pair        [2*longestWord + 1]byte
	tokens      []token
}

// begin makes the reader read another text.
func (r *reader) begin(text string, into []Finding) {
	r.text, r.into, r.past, r.asked = text, into, false, -1
}

// look is begin for asking what is open: what is found is nobody's.
func (r *reader) look(text string) { r.begin(text, r.tried[:0]) }

// aboutAt says what the words before i are about.
func (r *reader) aboutAt(i int) topics {
	if r.asked != i {
		r.topics, r.asked = r.context(i), i
	}
	return r.topics
}

// at is the byte at i; 0 where there is none yet.
func (r *reader) at(i int) byte {
	if i < len(r.text) {
		return r.text[i]
	}
	r.past = true
	return 0
}

// has says whether s stands at i.
func (r *reader) has(i int, s string) bool {
	for k := range len(s) {
		if r.at(i+k) != s[k] {
			return false
		}
	}
	return true
}

// hasFold is has for s in lower case, whatever the case in the text.
func (r *reader) hasFold(i int, s string) bool {
	for k := range len(s) {
		if lower(r.at(i+k)) != s[k] {
			return false
		}
	}
	return true
}

// reported is the score from which a candidate is a finding.
const reported = 0.5

// less is what a word about orders and the like takes from a score, and a place inside a longer name.
const less = 0.35

// found notes a finding if it scores enough.
func (r *reader) found(rule string, t Type, sev Severity, score float64, start, end int) {
	if score >= reported {
		r.into = append(r.into, Finding{Type: t, Category: CategoryOf(t), Severity: sev, Score: score, Start: start, End: end, Rule: rule})
	}
}
