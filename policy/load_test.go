package policy_test

import (
	"context"
	"regexp"
	"testing"
	"time"

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

// decisionTime is the deadline of one decision, as it is in service.
const decisionTime = 50 * time.Millisecond

func matches(pattern, text string) bool {
	return regexp.MustCompile(`(?s)` + pattern).MatchString(text)
}
