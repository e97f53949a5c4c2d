package filter

import (
	"fmt"
	"net/url"
	"slices"

	"weir/policy/ledger"
	"weir/policy/tenant"
)

// charged are the budgets and rates of one owner that an exchange touches.
type charged struct {
	scope   string // tenant, key, actor, tag, address
	owner   string // what the accounts are kept under
	budgets []tenant.Budget
	rates   []tenant.Rate
}

// nobody is the account of exchanges that name no actor, where actors have limits: whoever says nothing shares one.
const nobody = "-"

// charges lists everybody whose limits the exchange touches. What a body says about who pays is not among them.
func (x *exchange) charges() []charged {
	t := x.tenant
	out := []charged{{"tenant", t.ID, t.Budgets, t.Rates}}
	if x.key.ID != "" {
		out = append(out, charged{"key", x.key.AccountID(), x.key.Budgets, x.key.Rates})
	}
	actor, id := t.Actors.Of(x.actor), nobody
	if x.actor != "" {
		id = url.PathEscape(x.actor)
	}
	out = append(out, charged{"actor", t.ID + "/" + id, actor.Budgets, actor.Rates})
	for i := range t.Tags {
		if tag := &t.Tags[i]; slices.Contains(x.tags, tag.Name) {
			out = append(out, charged{"tag", t.ID + "/" + tag.Name, tag.Budgets, tag.Rates})
		}
	}
	if x.in.client != "" {
		out = append(out, charged{"address", t.ID + "/" + url.PathEscape(x.in.client), nil, t.Address})
	}
	return out
}

// budgets are all the budgets the exchange is charged to. An id names the account, not its limit, so that a limit
// can be changed without starting the account anew.
func (x *exchange) budgets() []ledger.Budget {
	var out []ledger.Budget
	for _, c := range x.charges() {
		for _, b := range c.budgets {
			id := fmt.Sprintf("%s/%s/%s", c.scope, c.owner, b.Period)
			if b.Soft {
				id += "/soft"
			}
			out = append(out, ledger.Budget{ID: id, Scope: c.scope, Limit: b.Limit, Period: b.Period, Soft: b.Soft})
		}
	}
	return out
}

func (x *exchange) rates() []ledger.Rate {
	var out []ledger.Rate
	for _, c := range x.charges() {
		for _, r := range c.rates {
			id := fmt.Sprintf("%s/%s/%s/%s", c.scope, c.owner, r.Unit, r.Window)
			out = append(out, ledger.Rate{ID: id, Scope: c.scope, Limit: r.Limit, Window: r.Window, Unit: r.Unit})
		}
	}
	return out
}

// hasHardBudget says whether any of the exchange's budgets refuses.
func (x *exchange) hasHardBudget() bool {
	return slices.ContainsFunc(x.charges(), func(c charged) bool {
		return slices.ContainsFunc(c.budgets, func(b tenant.Budget) bool { return !b.Soft })
	})
}
