package policy_test

import (
	"context"
	"testing"

	"weir/policy"
	"weir/rego"
)

func TestShippedPoliciesLoad(t *testing.T) {
	p, err := policy.Load(context.Background(), rego.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Version()) != 12 {
		t.Errorf("version is %q", p.Version())
	}
}
