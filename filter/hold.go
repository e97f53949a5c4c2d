package filter

import (
	"fmt"
	"time"

	"weir/filter/fault"
	"weir/policy/ledger"
	"weir/policy/tenant"
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
	x.server.parts.Log.Error("taking a hold", "trace", x.trace, "error", err)
	if x.allowed("store") && !x.hasHardBudget() {
		x.grant.Granted = true
		return fault.Fault{}, false
	}
	return fault.Fault{Code: fault.StoreUnavailable, RetryAfter: time.Second}, true
}

// budgets are all the budgets the exchange is charged to. An id names the account, not its limit, so that a limit
// can be changed without starting the account anew.
func (x *exchange) budgets() []ledger.Budget {
	var out []ledger.Budget
	add := func(scope, owner string, list []tenant.Budget) {
		for _, b := range list {
			id := fmt.Sprintf("%s/%s/%s", scope, owner, b.Period)
			if b.Soft {
				id += "/soft"
			}
			out = append(out, ledger.Budget{ID: id, Scope: scope, Limit: b.Limit, Period: b.Period, Soft: b.Soft})
		}
	}
	add("tenant", x.tenant.ID, x.tenant.Budgets)
	add("key", x.key.ID, x.key.Budgets)
	return out
}

func (x *exchange) rates() []ledger.Rate {
	var out []ledger.Rate
	add := func(scope, owner string, list []tenant.Rate) {
		for _, r := range list {
			id := fmt.Sprintf("%s/%s/%s/%s", scope, owner, r.Unit, r.Window)
			out = append(out, ledger.Rate{ID: id, Scope: scope, Limit: r.Limit, Window: r.Window, Unit: r.Unit})
		}
	}
	add("tenant", x.tenant.ID, x.tenant.Rates)
	add("key", x.key.ID, x.key.Rates)
	return out
}
