package tenant

import (
	"fmt"
	"math"
	"math/bits"
)

// Billing makes of what a provider costs what is charged. Budgets and holds are of what is charged; what it costs is kept
// in a column of its own.
type Billing struct {
	Markup int64 // hundredths of a percent on top of the cost
}

// MaxMarkup bounds Markup: a thousand per cent.
const MaxMarkup = 100_000

// whole is a hundred per cent.
const whole = 10_000

// Charge is what is charged for a cost of so many micro-USD, rounded up to a whole one. A sum beyond int64 is the largest
// int64, so that no budget is ever passed by overflow.
func (b Billing) Charge(cost int64) int64 {
	if b.Markup == 0 || cost <= 0 {
		return cost
	}
	hi, lo := bits.Mul64(uint64(cost), uint64(whole+b.Markup))
	if hi >= whole {
		return math.MaxInt64
	}
	q, r := bits.Div64(hi, lo, whole)
	if q >= math.MaxInt64 {
		return math.MaxInt64
	}
	if r > 0 {
		q++
	}
	return int64(q)
}

func (b Billing) validate() error {
	if b.Markup < 0 || b.Markup > MaxMarkup {
		return fmt.Errorf("billing.markup: %d is not between 0 and %d hundredths of a percent", b.Markup, MaxMarkup)
	}
	return nil
}
