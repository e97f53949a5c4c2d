package check

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says what becomes of a request where a finding is not mended.
type Severity int

// An Error lets something pass ungoverned, or breaks requests that should pass. A Warning bites under load, with large
// bodies, in failures, or from outside.
const (
	Warning Severity = iota
	Error
)

// String is error or warning.
func (s Severity) String() string {
	if s == Error {
		return "error"
	}
	return "warning"
}

// Finding is one thing that would bite.
type Finding struct {
	Severity Severity
	Rule     string // which check, one word or words with hyphens; see docs/install-envoy.md
	Line     int    // of the text, from 1; 0: nowhere in particular
	Path     string // of the field, as the text has it or would have it
	Found    string // what stands there
	Want     string // what should, and why
}

// String is the finding in one line.
func (f Finding) String() string {
	return fmt.Sprintf("%d: %s: %s: %s: found %s, want %s", f.Line, f.Severity, f.Rule, f.Path, f.Found, f.Want)
}

// Errors counts what is more than a warning.
func Errors(list []Finding) (n int) {
	for _, f := range list {
		if f.Severity == Error {
			n++
		}
	}
	return n
}

// sorted puts findings in the order of the text.
func sorted(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule))
	})
	return slices.Compact(list)
}
