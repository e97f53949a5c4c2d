package filter

import (
	"slices"
	"time"

	"weir/filter/fault"
	"weir/policy/audit"
	"weir/policy/ledger"
	"weir/policy/provider"
)

// takeHold holds the most the request may use, over all its budgets and rates in one round trip. A hold that was not
// granted is no fault yet: it is a fact, and the policy says how the client hears of it.
func (x *exchange) takeHold(candidates []provider.Candidate, s *spend) (fault.Fault, bool) {
	// Where no record can be written nothing is let through that nobody could account for. The record of this refusal is the
	// next try, so that it goes on with the first that can be written.
	if x.server.unwritten.Load() && !x.allowed("store") {
		return fault.Fault{Code: fault.StoreUnavailable, RetryAfter: time.Second}, true
	}
	ctx, cancel := x.within(x.limits.Store)
	defer cancel()
	grant, err := x.server.parts.Ledger.Hold(ctx, x.most(s))
	if err != nil {
		x.server.storeFails.Do(func() { x.server.parts.Log.Error("taking a hold", "trace", x.trace, "error", err) })
		if grant, err = x.lease(candidates, s); err != nil {
			return fault.Fault{Code: fault.StoreUnavailable, RetryAfter: time.Second}, true
		}
		x.leased = true
	}
	x.grant, x.holdTaken = grant, grant.Granted
	x.server.standings.keep(grant.Rates)
	if grant.Granted {
		x.held = grant.Amount
		x.record.HeldMicro = grant.Amount
	}
	for _, b := range grant.Budgets {
		x.record.Budgets = append(x.record.Budgets, audit.BudgetLeft{ID: b.ID, Kind: b.Kind.String(), Period: b.Period, Left: b.Left(), Soft: b.Soft, Over: b.Over})
	}
	return fault.Fault{}, false
}

// most asks for the most the request may use.
func (x *exchange) most(s *spend) ledger.Hold {
	return ledger.Hold{
		Exchange: x.id, Tenant: x.tenant.ID, At: x.began,
		Amount: s.amount, Least: s.least, Tokens: s.inputEstimate + s.outputLimit*max(x.view.Choices, 1),
		Budgets: x.budgets(), Rates: x.rates(), Note: x.note(),
	}
}

// lease takes the hold from the tenant's local lease, where the tenant lets traffic pass while the store is down. Its
// money is bounded as a hard budget is: the answer gets a limit, and every candidate must have a price.
func (x *exchange) lease(candidates []provider.Candidate, s *spend) (ledger.Grant, error) {
	if !x.allowed("store") {
		return ledger.Grant{}, ledger.ErrLease
	}
	if slices.ContainsFunc(candidates, func(c provider.Candidate) bool { return c.Price.Unknown }) {
		x.failed("lease", "deny")
		return ledger.Grant{}, ledger.ErrLease
	}
	*s = x.measure(candidates, true)
	l := x.tenant.Settings.Lease
	ctx, cancel := x.within(x.limits.Store)
	defer cancel()
	grant, err := x.server.parts.Ledger.HoldLocally(ctx, x.most(s), ledger.LocalLease{Amount: l.Amount, Requests: l.Requests})
	if err != nil {
		x.failed("lease", "deny")
		return ledger.Grant{}, err
	}
	return grant, nil
}
