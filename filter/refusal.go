package filter

import (
	"time"

	"weir/filter/fault"
	"weir/policy/ledger"
)

// usedUp is what the client is told when a budget of a kind refuses.
var usedUp = map[ledger.Kind]fault.Code{
	ledger.Cap: fault.BudgetExceeded, ledger.Credits: fault.CreditsExhausted, ledger.Quota: fault.QuotaExceeded,
	ledger.Concurrency: fault.ConcurrencyExceeded, ledger.Call: fault.CallCostExceeded,
}

// refusal is the code of a hold that was not granted: rates are told before budgets.
func (x *exchange) refusal() fault.Code {
	for _, r := range x.grant.Rates {
		if r.Refused {
			return fault.RateExceeded
		}
	}
	for _, b := range x.grant.Budgets {
		if b.Refused {
			return usedUp[b.Kind]
		}
	}
	return fault.BudgetExceeded
}

// tellRate names the refusing rate that takes longest to allow again.
func (x *exchange) tellRate(f *fault.Fault) {
	for _, r := range x.grant.Rates {
		if r.Refused && r.RetryAfter >= f.RetryAfter {
			f.Limit, f.Unit, f.Window, f.Remaining = r.Limit, r.Unit, r.Window, r.Remaining
			f.RetryAfter, f.ResetAt = max(r.RetryAfter, time.Second), r.ResetAt
		}
	}
}

// tellBudget names the budget with the least left among those that refuse with the fault's code.
func (x *exchange) tellBudget(f *fault.Fault) {
	for _, b := range x.grant.Budgets {
		if !b.Refused || usedUp[b.Kind] != f.Code || f.Unit != "" && b.Left() >= f.Remaining {
			continue
		}
		f.Limit, f.Unit, f.Period, f.Remaining, f.ResetAt = b.Limit, "micro_usd", b.Period, b.Left(), b.ResetAt
		if b.Kind == ledger.Quota || b.Kind == ledger.Concurrency {
			f.Unit = "requests"
		}
	}
	if !f.ResetAt.IsZero() {
		f.RetryAfter = max(f.ResetAt.Sub(x.server.parts.Clock()), time.Second)
	}
	if f.Code == fault.ConcurrencyExceeded {
		f.RetryAfter = time.Second
	}
}
