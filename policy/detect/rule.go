package detect

import "slices"

// Rule describes one rule: what `docs/detectors.md` prints and what the tests hold it to. Every family of rules gives
// out its own; see families.
type Rule struct {
	ID          string   // stable: "pii.", "secret." or the id of a public rule family, then the name
	Type        Type     // its category, data class and taxonomies hang on it; see Kinds
	Severity    Severity // if it is real
	Score       float64  // the highest it gives, 0..1
	Description string   // one sentence
	Source      string   // of its grammar or checksum: a standard, an authority's or a vendor's document
	Check       string   // the checksum or validation beyond the grammar; empty: none
	Behind      int      // bytes before a match it looks at, at most MaxBehind
	Ahead       int      // bytes from the start of a match it looks at, so the most a stream holds back for it
	Cost        Cost
	DVARA       string   // id or label of DVARA's own rule where there is one
	Match       []string // texts it must find something in
	NoMatch     []string // texts it must find nothing in
}

// Cost says what a rule costs.
type Cost string

// The costs, cheapest first.
const (
	Candidate Cost = "candidate" // reads only where a byte or a word in the text asks for it
	Pass      Cost = "pass"      // reads every word once
	Window    Cost = "window"    // scores every window of the text's normal form
)

// Rules lists every built-in rule, structured data first.
func Rules() []Rule {
	var out []Rule
	for _, f := range families() {
		out = append(out, f.rules()...)
	}
	return slices.Concat(out, echoRules(), nameRules(), learnedRules())
}
