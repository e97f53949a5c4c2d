package tenant_test

import (
	"math"
	"math/big"
	"testing"
	"testing/quick"

	"weir/policy/tenant"
)

func TestCharge(t *testing.T) {
	for _, c := range []struct{ cost, markup, want int64 }{
		{0, 1500, 0}, {100, 0, 100}, {100, 1500, 115}, {1, 1, 2}, {1, 10_000, 2}, {10_000, 1, 10_001}, {999, 1250, 1124},
		{math.MaxInt64, 1, math.MaxInt64}, {math.MaxInt64, 0, math.MaxInt64}, {math.MaxInt64, tenant.MaxMarkup, math.MaxInt64},
	} {
		if got := (tenant.Billing{Markup: c.markup}).Charge(c.cost); got != c.want {
			t.Errorf("%d with a markup of %d is charged with %d, want %d", c.cost, c.markup, got, c.want)
		}
	}
}

// The charge is the smallest whole amount that is not below the cost and its markup.
func TestChargeIsExact(t *testing.T) {
	exact := func(a uint32, b uint16, m uint32) bool {
		cost, markup := int64(a)*int64(b), int64(m%(tenant.MaxMarkup+1))
		got := (tenant.Billing{Markup: markup}).Charge(cost)
		want := new(big.Int).Mul(big.NewInt(cost), big.NewInt(10_000+markup))
		want.Add(want, big.NewInt(9_999)).Quo(want, big.NewInt(10_000))
		return want.IsInt64() && want.Int64() == got
	}
	if err := quick.Check(exact, &quick.Config{MaxCount: 5000}); err != nil {
		t.Error(err)
	}
}
