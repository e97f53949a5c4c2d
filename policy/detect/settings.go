package detect

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Settings are a tenant's own rules, and what it changes about the built-in ones. The zero value changes nothing.
type Settings struct {
	Patterns []Pattern         `json:"patterns,omitempty" yaml:"patterns,omitempty"`
	Words    []WordList        `json:"words,omitempty" yaml:"words,omitempty"`
	Allow    []Allow           `json:"allow,omitempty" yaml:"allow,omitempty"`
	Rules    map[string]Change `json:"rules,omitempty" yaml:"rules,omitempty"`       // by rule id
	Services []string          `json:"services,omitempty" yaml:"services,omitempty"` // the operator's detectors in other processes to ask, by name
}

// Pattern is a regular expression in the syntax of RE2. A match begins and ends at the edge of a word and is at most
// MaxPattern bytes long; of the ways to match at a place the longest counts.
type Pattern struct {
	ID       string   `json:"id" yaml:"id"`                                 // its findings' rule is "own." and this
	Type     Type     `json:"type" yaml:"type"`                             // in capitals: EMPLOYEE_ID
	Category Category `json:"category,omitempty" yaml:"category,omitempty"` // default: the type's, else content
	Severity Severity `json:"severity,omitempty" yaml:"severity,omitempty"` // default medium
	Score    float64  `json:"score,omitempty" yaml:"score,omitempty"`       // default 0.8
	Regexp   string   `json:"regexp" yaml:"regexp"`
}

// WordList is words or phrases that are found as whole words, whatever their case.
type WordList struct {
	ID       string   `json:"id" yaml:"id"`                                 // its findings' rule is "own." and this
	Type     Type     `json:"type" yaml:"type"`                             // in capitals: COMPETITOR
	Category Category `json:"category,omitempty" yaml:"category,omitempty"` // default: the type's, else content
	Severity Severity `json:"severity,omitempty" yaml:"severity,omitempty"` // default medium
	Score    float64  `json:"score,omitempty" yaml:"score,omitempty"`       // default 0.8
	Words    []string `json:"words" yaml:"words"`
}

// kept says what a rule of a tenant's own makes of a match.
type kept struct {
	id       string
	typ      Type
	category Category
	severity Severity
	score    float64
}

// Allow names what is no finding: exact values, or the hosts of mail addresses with those below them. Types limits it to
// findings of those types; empty: all.
type Allow struct {
	Types   []Type   `json:"types,omitempty" yaml:"types,omitempty"`
	Values  []string `json:"values,omitempty" yaml:"values,omitempty"`
	Domains []string `json:"domains,omitempty" yaml:"domains,omitempty"`
}

// Change is what a tenant changes about a built-in rule.
type Change struct {
	Off      bool     `json:"off,omitempty" yaml:"off,omitempty"`
	Score    float64  `json:"score,omitempty" yaml:"score,omitempty"`       // of its findings, 0..1; 0: as it is
	Severity Severity `json:"severity,omitempty" yaml:"severity,omitempty"` // empty: as it is
}

// The bounds of settings.
const (
	MaxPattern    = 200    // bytes of a match; less than MaxBehind, so that what has left cannot make one
	maxPatterns   = 200    // patterns of one tenant
	maxExpression = 2000   // bytes of an expression
	maxWordsOwn   = 20_000 // words of one tenant
	maxAllowed    = 20_000 // values and domains of one tenant
)

// Empty says whether the settings change nothing about the rules in process.
func (s *Settings) Empty() bool {
	return len(s.Patterns) == 0 && len(s.Words) == 0 && len(s.Allow) == 0 && len(s.Rules) == 0
}

// Compile makes a scanner of the built-in rules as s changes them, and the rules of s. The error names every field that
// is wrong, as it is called in JSON: which pattern, where in it, and why.
func Compile(s Settings) (*Scanner, error) {
	out := New()
	if s.Empty() {
		return out, nil
	}
	var errs []error
	kinds := map[Type]Category{}
	patterns, err := compilePatterns(s.Patterns, kinds)
	errs = append(errs, err)
	list, err := compileWords(s.Words, kinds)
	errs = append(errs, err, out.change(s.Rules), out.allow(s.Allow, kinds), distinct(&s))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(s.Patterns) > 0 {
		out.families = append(out.families, patterns.family())
	}
	if len(s.Words) > 0 {
		out.families, out.words = append(out.families, list.family()), list
	}
	out.own = kinds
	return out, nil
}

// distinct refuses two rules of one name: nobody could tell their findings apart.
func distinct(s *Settings) error {
	var errs []error
	seen := map[string]string{}
	note := func(at, id string) {
		if first, twice := seen[id]; twice {
			errs = append(errs, fmt.Errorf("%s.id: found %q a second time, want an id of its own (the first is %s)", at, id, first))
			return
		}
		seen[id] = at
	}
	for i := range s.Patterns {
		note(fmt.Sprintf("patterns[%d]", i), s.Patterns[i].ID)
	}
	for i := range s.Words {
		note(fmt.Sprintf("words[%d]", i), s.Words[i].ID)
	}
	return errors.Join(errs...)
}

// typeForm is how a type of a tenant's own is called.
var typeForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

// check fills what is left out, and reports what cannot be meant.
func (k *kept) check(at string, kinds map[Type]Category) error {
	var errs []error
	if !idForm.MatchString(k.id) {
		errs = append(errs, fmt.Errorf("%s.id: found %q, want small letters, digits and _.- only", at, k.id))
	}
	if !typeForm.MatchString(string(k.typ)) {
		errs = append(errs, fmt.Errorf("%s.type: found %q, want capitals, digits and _ only", at, k.typ))
	}
	if k.category == "" {
		k.category = CategoryOf(k.typ)
	}
	if !slices.Contains([]Category{PII, Secret, Injection, Content}, k.category) {
		errs = append(errs, fmt.Errorf("%s.category: found %q, want pii, secret, injection or content", at, k.category))
	}
	if built := kindOf[k.typ]; built != nil && built.Category != k.category {
		errs = append(errs, fmt.Errorf("%s.category: found %q, but %s is a built-in type of %s", at, k.category, k.typ, built.Category))
	}
	if c, ok := kinds[k.typ]; ok && c != k.category {
		errs = append(errs, fmt.Errorf("%s.category: found %q, but another rule puts %s in %s", at, k.category, k.typ, c))
	}
	kinds[k.typ] = k.category
	if k.severity == "" {
		k.severity = Medium
	}
	if k.score == 0 {
		k.score = 0.8
	}
	return errors.Join(append(errs, gradeCheck(at, k.severity, k.score))...)
}

func gradeCheck(at string, severity Severity, score float64) error {
	var errs []error
	if severity != "" && !slices.Contains([]Severity{Low, Medium, High, Critical}, severity) {
		errs = append(errs, fmt.Errorf("%s.severity: found %q, want low, medium, high or critical", at, severity))
	}
	if !(score >= 0 && score <= 1) {
		errs = append(errs, fmt.Errorf("%s.score: found %v, want a number between 0 and 1", at, score))
	}
	return errors.Join(errs...)
}

// finding is what a match becomes.
func (k *kept) finding(start, end int) Finding {
	return Finding{Type: k.typ, Category: k.category, Severity: k.severity, Score: k.score, Start: start, End: end, Rule: ownRule + k.id}
}

// change takes what a tenant changes about built-in rules.
func (s *Scanner) change(rules map[string]Change) error {
	known := map[string]bool{}
	for _, r := range Rules() {
		known[r.ID] = true
	}
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		if !known[id] {
			errs = append(errs, fmt.Errorf("rules.%s: there is no such rule; docs/detectors.md lists them", id))
		}
		errs = append(errs, gradeCheck("rules."+id, rules[id].Severity, rules[id].Score))
	}
	s.changes = rules
	return errors.Join(errs...)
}
