package rego_test

import (
	"testing"

	"weir/policy"
	"weir/rego"
)

// coverageFloor is the least percentage of the shipped policies' lines that their tests reach.
const coverageFloor = 100

// TestPolicies holds the shipped policies to what is asked of a team's: form, strict compilation, schema, tests beside
// the rules that reach every line, and no reason that nothing gives.
func TestPolicies(t *testing.T) {
	r, err := policy.Check(t.Context(), rego.Shipped(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]policy.Problem{r.Load, r.Unformatted, r.Failed, r.Dead, r.Uncovered} {
		for _, p := range list {
			t.Error(p)
		}
	}
	if r.Tests < 20 || r.Coverage < coverageFloor {
		t.Errorf("%d tests reach %.1f%% of the lines, want %d%%", r.Tests, r.Coverage, coverageFloor)
	}
}
