package detect

// The bounds of the comparison with instructions.
const (
	echoWords = 8        // words in a row that repeat instructions
	echoLead  = 3        // of them that may pass: three words tell nothing, and few texts have to wait for the fourth
	echoBytes = 32       // what those words have at least, without what is between them
	echoWord  = 20       // bytes of a word at most; a longer one is none
	echoGap   = 6        // bytes between two words at most
	echoKept  = 5        // words that are looked back for a repeated word
	echoMost  = 64 << 10 // bytes of instructions that are compared
)

// echo knows the words of instructions that an answer must not repeat. It is made for one exchange.
type echo struct {
	leads, runs map[uint64]struct{} // hashes of echoLead and of echoWords words in a row
}

// token is a word of a text.
type token struct {
	start, end int
	hash       uint64 // whatever the case of its ASCII letters
	near       bool   // it follows on the word before
}

// Guarding returns a scanner that also finds where a text repeats eight or more words in a row of the instructions, as
// SYSTEM_PROMPT_LEAK. It is for the answers of one exchange: the instructions are the request's own. The first three
// words of a repetition are not part of the finding. Words are what stands between blanks and punctuation, so languages
// that are written without blanks are not compared; of more than 64 KB of instructions the rest is not.
func (s *Scanner) Guarding(instructions []string) *Scanner {
	e := &echo{leads: map[uint64]struct{}{}, runs: map[uint64]struct{}{}}
	var t []token
	left := echoMost
	for _, text := range instructions {
		text = text[:min(len(text), left)]
		left -= len(text)
		t = tokens(text, 0, t[:0])
		for i := range t {
			if i+echoLead <= len(t) && joined(t[i:i+echoLead]) {
				e.leads[hashOf(t[i:i+echoLead])] = struct{}{}
			}
			if i+echoWords <= len(t) && long(t[i:i+echoWords]) {
				e.runs[hashOf(t[i:i+echoWords])] = struct{}{}
			}
		}
	}
	if len(e.runs) == 0 {
		return s
	}
	out := *s
	out.families = append(out.families[:len(out.families):len(out.families)], family{
		rules: echoRules, scan: e.scan, watches: []watch{{[]Type{SystemPromptLeak}, e.open}},
	})
	return &out
}

// scan finds repetitions. A long one is several findings: another begins at words picked by their own hash, so that
// where a finding begins depends on the words nearby alone.
func (e *echo) scan(r *reader, text string, from int, into []Finding) []Finding {
	r.tokens = tokens(text, max(0, from-MaxBehind), r.tokens[:0])
	t := r.tokens
	begun, last := -1, -1
	found := func(end int) {
		into = append(into, Finding{
			Type: SystemPromptLeak, Category: Injection, Severity: High, Score: 0.9, Start: t[begun+echoLead].start, End: end, Rule: echoRule,
		})
	}
	for i := 0; i+echoWords <= len(t); i++ {
		switch repeats := e.repeats(t, i); {
		case repeats && begun < 0:
			begun, last = i, i
		case repeats && anchors(t, i):
			found(t[i+echoLead].start)
			begun, last = i, i
		case repeats:
			last = i
		case begun >= 0:
			found(t[last+echoWords-1].end)
			begun = -1
		}
	}
	if begun >= 0 {
		found(t[last+echoWords-1].end)
	}
	return into
}

// open is where the fourth word of a repetition stands that could still come to be, or the finding that could still grow.
func (e *echo) open(r *reader, text string, from int) int {
	r.tokens = tokens(text, max(0, from-MaxBehind), r.tokens[:0])
	t := r.tokens
	whole := len(t) // words that more text does not change
	switch {
	case whole == 0 || len(text)-t[whole-1].end > echoGap:
		return len(text)
	case t[whole-1].end == len(text):
		whole--
	}
	first := whole - echoLead
	if first < 0 || !e.leadsOn(t, first) {
		return len(text)
	}
	for first > whole-echoWords+1 && first > 0 && e.leadsOn(t, first-1) {
		first--
	}
	at := len(text)
	if first+echoLead < len(t) {
		at = t[first+echoLead].start
	}
	if i := whole - echoWords; i >= 0 && e.repeats(t, i) {
		for i > 0 && !anchors(t, i) && e.repeats(t, i-1) {
			i--
		}
		at = min(at, t[i+echoLead].start)
	}
	return max(at, from)
}

// leadsOn says whether the words from i on could begin a repetition.
func (e *echo) leadsOn(t []token, i int) bool {
	w := t[i : i+echoLead]
	if !joined(w) {
		return false
	}
	_, ok := e.leads[hashOf(w)]
	return ok
}

// repeats says whether the words from i on are a repetition.
func (e *echo) repeats(t []token, i int) bool {
	w := t[i : i+echoWords]
	if !long(w) {
		return false
	}
	_, ok := e.runs[hashOf(w)]
	return ok
}

// anchors says whether a finding begins at a word within a repetition: one in sixteen does, and one that has just been said.
func anchors(t []token, i int) bool {
	if t[i].hash%16 == 0 {
		return true
	}
	for k := max(0, i-echoKept); k < i; k++ {
		if t[k].hash == t[i].hash {
			return true
		}
	}
	return false
}

// joined says whether each word follows on the one before.
func joined(w []token) bool {
	for i := 1; i < len(w); i++ {
		if !w[i].near {
			return false
		}
	}
	return true
}

// long says whether words are joined and enough to be compared.
func long(w []token) bool {
	n := 0
	for i := range w {
		n += w[i].end - w[i].start
	}
	return n >= echoBytes && joined(w)
}

func hashOf(w []token) uint64 {
	h := uint64(len(w))
	for i := range w {
		h = (h ^ w[i].hash) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}

// tokens appends the words of text from a place on.
func tokens(text string, from int, into []token) []token {
	last := -1 - echoGap
	for i := from; i < len(text); {
		if n := between(text, i); n > 0 {
			i += n
			continue
		}
		start, h := i, uint64(0xcbf29ce484222325)
		for i < len(text) && between(text, i) == 0 {
			h = (h ^ uint64(lower(text[i]))) * 0x100000001b3
			i++
		}
		if i-start > echoWord {
			last = -1 - echoGap
			continue
		}
		into = append(into, token{start, i, h, last >= 0 && start-last <= echoGap})
		last = i
	}
	return into
}

// between is how many bytes at i stand between words: an ASCII byte that is no letter and no digit, or a punctuation mark
// or blank of Unicode that stands in prose; 0 where a word goes on.
func between(text string, i int) int {
	c := text[i]
	switch {
	case alnum(c):
		return 0
	case c < 0x80:
		return 1
	case c == 0xc2 && i+1 < len(text) && text[i+1] == 0xa0: // no-break space
		return 2
	case c == 0xe2 && i+2 < len(text) && text[i+1]|1 == 0x81: // U+2000 to U+207F: dashes, quotes, spaces
		return 3
	}
	return 0
}

const echoRule = "out.instructions"

func echoRules() []Rule {
	return []Rule{{
		ID: echoRule, Type: SystemPromptLeak, Severity: High, Score: 0.9, Cost: Pass,
		Description: "An answer repeats eight or more words in a row of the request's own system prompt. Looked for where policy acts on it.",
		Source:      "OWASP LLM07; shingles of words", Check: "32 bytes or more; the first three words are let through", Behind: MaxBehind, Ahead: MaxMatch,
	}}
}
