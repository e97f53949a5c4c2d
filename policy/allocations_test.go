//go:build !race

package policy_test

// The race detector allocates: allocations are counted without it.

import (
	"context"
	"testing"
)

func TestReferenceDecisionAllocatesBelowItsCeiling(t *testing.T) {
	p, ctx := shipped(t), context.Background()
	for _, tenants := range []int{1, 5000} {
		all := decided(p, tenants)
		i := 0
		got := testing.AllocsPerRun(200, func() {
			if d := p.Decide(ctx, all[i%tenants]); !d.Allow || len(d.Redact) != 1 {
				t.Fatalf("decision %+v", d)
			}
			i++
		})
		t.Logf("%d tenants: %.0f allocations", tenants, got)
		if got > ceiling {
			t.Errorf("%d tenants: %.0f allocations, more than %d", tenants, got, ceiling)
		}
	}
}
