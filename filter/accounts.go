package filter

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"weir/policy/ledger"
	"weir/policy/tenant"
)

// charged are the limits of one owner that an exchange touches.
type charged struct {
	scope       string
	owner       string // what the accounts are kept under
	budgets     []tenant.Budget
	rates       []tenant.Rate
	concurrency int64
	perCall     int64
}

// nobody is the account of exchanges that name no actor, where actors have limits: whoever says nothing shares one.
const nobody = "-"

// charges lists everybody whose limits the exchange touches. What a body says about who pays is not among them.
func (x *exchange) charges() []charged {
	t, k, top := x.tenant, x.key, &x.tenant.Ceiling
	out := []charged{
		{ledger.ScopeOperator, t.ID, top.Budgets, top.Rates, top.Concurrency, top.PerCall},
		{ledger.ScopeTenant, t.ID, t.Budgets, t.Rates, t.Concurrency, t.PerCall},
	}
	if k.ID != "" {
		out = append(out, charged{ledger.ScopeKey, k.AccountID(), k.Budgets, k.Rates, k.Concurrency, k.PerCall})
	}
	a, id := t.Actors.Of(x.actor), nobody
	if x.actor != "" {
		id = segment(x.actor)
	}
	out = append(out, charged{ledger.ScopeActor, t.ID + "/" + id, a.Budgets, a.Rates, a.Concurrency, a.PerCall})
	for _, tag := range t.LimitedTags(x.tags) {
		out = append(out, charged{scope: ledger.ScopeTag, owner: t.ID + "/" + tag.Name, budgets: tag.Budgets, rates: tag.Rates})
	}
	if x.in.client != "" {
		out = append(out, charged{scope: ledger.ScopeAddress, owner: t.ID + "/" + segment(x.in.client), rates: t.Address})
	}
	return out
}

// longestSegment bounds a part of an account's name, bytes; what is longer is told by its hash.
const longestSegment = 128

// segment is a part of an account's name that no other can be taken for: it has no slash.
func segment(s string) string {
	if s = url.PathEscape(s); len(s) > longestSegment {
		sum := sha256.Sum256([]byte(s))
		return "sha256-" + hex.EncodeToString(sum[:])
	}
	return s
}

// BudgetsOf are the budgets of a tenant itself and those that the operator holds it to, as the ledger knows them. Those of its
// keys, actors and tags are not among them.
func BudgetsOf(t *tenant.Tenant) []ledger.Budget {
	var out []ledger.Budget
	for _, c := range []charged{
		{scope: ledger.ScopeOperator, owner: t.ID, budgets: t.Ceiling.Budgets},
		{scope: ledger.ScopeTenant, owner: t.ID, budgets: t.Budgets},
	} {
		for _, b := range c.budgets {
			out = append(out, c.budget(t, b))
		}
	}
	return out
}

// budgets are all the budgets the exchange is charged to. An id names the account, not its limit, so that a limit
// can be changed without starting the account anew.
func (x *exchange) budgets() []ledger.Budget {
	var out []ledger.Budget
	for _, c := range x.charges() {
		for _, b := range c.budgets {
			out = append(out, c.budget(x.tenant, b))
		}
		if c.concurrency > 0 {
			out = append(out, ledger.Budget{ID: c.name("concurrency"), Scope: c.scope, Kind: ledger.Concurrency, Limit: c.concurrency})
		}
		if c.perCall > 0 {
			out = append(out, ledger.Budget{ID: c.name("call"), Scope: c.scope, Kind: ledger.Call, Limit: c.perCall})
		}
	}
	return out
}

func (c charged) name(parts ...string) string {
	return strings.Join(append([]string{c.scope, c.owner}, parts...), "/")
}

func (c charged) budget(t *tenant.Tenant, b tenant.Budget) ledger.Budget {
	out := ledger.Budget{
		ID: c.name(b.Period), Scope: c.scope, Limit: b.Limit, Period: b.Period, Zone: t.Zone, Anchor: b.Anchor,
		Soft: b.Soft, Partial: b.Partial,
	}
	if b.Soft {
		out.ID += "/soft"
	}
	if !b.Is(tenant.KindCap) {
		out.Kind, out.ID = ledger.Kind(b.Kind), c.name(b.Kind, b.Period)
	}
	return out
}

func (x *exchange) rates() []ledger.Rate {
	var out []ledger.Rate
	for _, c := range x.charges() {
		for _, r := range c.rates {
			out = append(out, ledger.Rate{
				ID: c.name(r.Unit, r.Window.String()), Scope: c.scope, Limit: r.Limit, Window: r.Window, Unit: r.Unit,
				Tries: x.tenant.CountRefused && r.Unit == ledger.Requests,
			})
		}
	}
	return out
}

// hasHardBudget says whether any of the exchange's budgets refuses for what it costs.
func (x *exchange) hasHardBudget() bool {
	return slices.ContainsFunc(x.budgets(), func(b ledger.Budget) bool {
		return !b.Soft && (b.Kind.Money() && b.Kind != ledger.Free || b.Kind == ledger.Call)
	})
}
