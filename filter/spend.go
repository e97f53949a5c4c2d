package filter

import (
	"math"
	"slices"
	"sort"
	"time"

	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy/ledger"
	"weir/policy/provider"
)

// priced leaves out the candidates whose price nobody knows, where a hard budget has to hold.
func (x *exchange) priced(candidates []provider.Candidate) ([]provider.Candidate, fault.Fault, bool) {
	if !x.hasHardBudget() {
		return candidates, fault.Fault{}, false
	}
	known := slices.DeleteFunc(slices.Clone(candidates), func(c provider.Candidate) bool { return c.Price.Unknown })
	if len(known) == 0 {
		return nil, fault.Fault{Code: fault.PriceUnknown, Field: "model"}, true
	}
	return known, fault.Fault{}, false
}

// afford lowers the output limit of an answer that cannot be cut to what a partial hold can pay. A stream is cut instead.
func (x *exchange) afford(s *spend) {
	if !x.grant.Partial || x.view.Stream {
		return
	}
	choices := max(x.view.Choices, 1)
	limit := int64(sort.Search(math.MaxInt32, func(n int) bool {
		return x.charge(x.dearest(s.inputBound, int64(n+1)*choices)) > x.held
	}))
	if s.outputLimit == 0 || limit < s.outputLimit {
		s.outputLimit, s.inject = max(limit, 1), true
	}
}

// sloppy is how far the estimate of streamed text must be beyond a whole hold before the stream is cut. A provider that
// was told its limit keeps it, and an estimate can be wrong by half; one that does not keep it is not let run on. A
// partial hold is cut by the estimate itself, since nobody else knows its end.
const sloppy = 2

// capped says whether the hold is one that must not be passed: that of a hard budget or a local lease. Elsewhere nobody
// had to bound the output, so the hold is no bound either.
func (x *exchange) capped() bool {
	return x.leased || x.holdTaken && slices.ContainsFunc(x.grant.Budgets, func(b ledger.BudgetState) bool {
		return !b.Soft && (b.Kind == ledger.Cap || b.Kind == ledger.Credits)
	})
}

// spends says whether the use of a stream passes its hold with the text of an event, which then is not sent. Usage that
// the provider reports on the way counts as it is.
func (x *exchange) spends(d *surface.Delta) bool {
	if len(d.Segments) == 0 || !x.capped() {
		return false
	}
	if u := x.answer.follower.usage; u.Output > 0 && x.charge(x.cost(reported(&u))) > x.held {
		return true
	}
	output := x.answer.seen
	for i := range d.Segments {
		if !d.Segments[i].Repeat {
			output.Add(d.Segments[i].Text)
		}
	}
	n := output.Tokens()
	if !x.grant.Partial {
		n /= sloppy
	}
	return x.charge(x.cost(provider.Used{Input: x.facts.Tokens.InputEstimate, Output: n})) > x.held
}

// spendCut is the fault that ends a stream whose money is used up: it tells of the budget that had the least left.
func (x *exchange) spendCut() fault.Fault {
	f := fault.Fault{Code: fault.SpendCut}
	for _, b := range x.grant.Budgets {
		if !b.Kind.Money() || b.Soft || f.Unit != "" && b.Left() >= f.Remaining {
			continue
		}
		f.Limit, f.Unit, f.Period, f.Remaining, f.ResetAt = b.Limit, "micro_usd", b.Period, b.Left(), b.ResetAt
	}
	if !f.ResetAt.IsZero() {
		f.RetryAfter = max(f.ResetAt.Sub(x.server.parts.Clock()), time.Second)
	}
	return f
}
