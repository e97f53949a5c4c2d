package filter

import (
	"time"

	"weir/filter/fault"
	"weir/policy/ledger"
)

// takeHold holds the most the request may use, over all its budgets and rates in one round trip. A hold that was not
// granted is no fault yet: it is a fact, and the policy says how the client hears of it.
func (x *exchange) takeHold(s spend) (fault.Fault, bool) {
	ctx, cancel := x.within(x.limits.Store)
	defer cancel()
	grant, err := x.server.parts.Ledger.Hold(ctx, ledger.Hold{
		Exchange: x.id, Tenant: x.tenant.ID, At: x.began,
		Amount: s.amount, Least: s.least, Tokens: s.inputEstimate + s.outputLimit*max(x.view.Choices, 1),
		Budgets: x.budgets(), Rates: x.rates(),
	})
	if err == nil {
		x.grant, x.holdTaken = grant, grant.Granted
		x.server.standings.keep(grant.Rates)
		if grant.Granted {
			x.held = grant.Amount
			x.record.HeldMicro = grant.Amount
		}
		return fault.Fault{}, false
	}
	x.server.storeFails.Do(func() { x.server.parts.Log.Error("taking a hold", "trace", x.trace, "error", err) })
	if x.allowed("store") && !x.hasHardBudget() {
		x.grant.Granted = true
		return fault.Fault{}, false
	}
	return fault.Fault{Code: fault.StoreUnavailable, RetryAfter: time.Second}, true
}
