package filter

import (
	"errors"
	"fmt"

	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy/ledger"
	"weir/policy/provider"
)

// settle closes the exchange's account: with what the provider reported, with an estimate where it reported nothing,
// or by giving the hold back where nothing was delivered and nothing can have been used.
func (x *exchange) settle() error {
	if !x.holdTaken {
		return nil
	}
	ctx, cancel := x.detached()
	defer cancel()
	l := x.server.parts.Ledger
	if !x.used() {
		if err := l.Release(ctx, x.tenant.ID, x.id); err != nil {
			x.record.Settlement = "owed"
			return fmt.Errorf("releasing a hold: %w", err)
		}
		x.record.Settlement = "released"
		return nil
	}
	use := x.use()
	done, err := l.Settle(ctx, use)
	if err != nil {
		x.record.Settlement = "owed"
		return fmt.Errorf("settling: %w", err)
	}
	x.record.Settlement = "settled"
	if !done.First {
		return errors.New("settling: the exchange had been settled before")
	}
	if u := x.answer.usage; u != nil {
		x.record.CachedTokens, x.record.ReasoningTokens = u.Cached, u.Reasoning
	}
	x.record.InputTokens, x.record.OutputTokens, x.record.Estimated = use.InputTokens, use.OutputTokens, use.Estimated
	x.record.CostMicro, x.record.BilledMicro, x.record.OverrunMicro = use.Cost, use.Billed, done.Overrun
	return nil
}

// used says whether the provider may have worked for this exchange. A request that was forwarded counts as used
// unless the provider answered with an error of its own, which it does not charge for.
func (x *exchange) used() bool {
	if x.answer.forwarded.IsZero() || x.answer.unreached {
		return false
	}
	if x.answer.erred && x.answer.usage == nil {
		return false
	}
	return x.answer.status == 0 || x.answer.status < 300
}

// use is what is settled. An estimate never goes beyond the hold of a hard budget.
func (x *exchange) use() ledger.Use {
	u := ledger.Use{Exchange: x.id, Tenant: x.tenant.ID, At: x.server.parts.Clock()}
	if r := x.answer.usage; r != nil {
		u.InputTokens, u.OutputTokens = r.Input, r.Output
		u.Cost = x.cost(reported(r))
		u.Billed = x.billed(x.charge(u.Cost))
		return u
	}
	u.Estimated = true
	u.InputTokens = x.facts.Tokens.InputEstimate
	u.OutputTokens = x.answer.seen.Tokens()
	u.Cost = x.cost(provider.Used{Input: u.InputTokens, Output: u.OutputTokens})
	charge := x.charge(u.Cost)
	if x.capped() {
		u.Cost, charge = min(u.Cost, x.held), min(charge, x.held)
	}
	u.Billed = x.billed(charge)
	return u
}

// billed is what the tenant is charged: all of it, or nothing where the dialect's page says that a call which failed in the
// service is free.
func (x *exchange) billed(charge int64) int64 {
	if x.dialect.Bills(fault.Code(x.record.Code)) {
		return charge
	}
	return 0
}

// charge is what the tenant pays for what the provider takes.
func (x *exchange) charge(cost int64) int64 { return x.tenant.Settings.Billing.Charge(cost) }

// reported is what a provider says was used.
func reported(u *surface.Usage) provider.Used {
	return provider.Used{Input: u.Input, Cached: u.Cached, Written: u.Written, Output: u.Output, Reasoning: u.Reasoning, Tier: u.Tier}
}

// cost is what the chosen provider charges, micro-USD.
func (x *exchange) cost(u provider.Used) int64 { return provider.Cost(x.candidate.Price, u) }
