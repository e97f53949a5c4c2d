package rego_test

import (
	"os"
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

// The schema that editors read is the one that policies are held to.
func TestEditorsReadTheSchema(t *testing.T) {
	want, err := policy.Schema()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("schemas/input.json")
	if err != nil || string(got) != string(want) {
		t.Errorf("rego/schemas/input.json is stale; run go run ./cmd/extproc schema --input > rego/schemas/input.json (%v)", err)
	}
}
