package config

import (
	"fmt"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // so that time zones are known wherever the binary runs

	"weir/policy/ledger"
	"weir/policy/tenant"
)

var (
	periods = []string{"hour", "day", "week", "month", "total"}
	kinds   = []string{tenant.KindCap, tenant.KindCredits, tenant.KindFree, tenant.KindQuota}
)

// terms reads what a tenant may use.
func (c *checker) terms(at string, t *Tenant, into *tenant.Tenant) {
	into.Budgets = c.budgets(at+".budgets", t.Budgets)
	into.Rates = c.rates(at+".rates", t.Rates)
	c.count(at+".concurrency", t.Concurrency)
	into.Concurrency, into.PerCall = t.Concurrency, c.perCall(at+".per_call", t.PerCall)
	into.CountRefused = into.Dialect == "olava"
	if t.CountRefused != nil {
		into.CountRefused = *t.CountRefused
	}
	if t.TimeZone != "" {
		zone, err := time.LoadLocation(t.TimeZone)
		if err != nil || t.TimeZone == "Local" {
			c.add(at+".time_zone", fmt.Sprintf("%q", t.TimeZone), "a time zone like Europe/Berlin, or UTC", "")
		}
		into.Zone = zone
	}
	into.Ceiling = c.above
	c.tighter(at, into)
}

// tighter reports limits that are looser than the ceiling: they would never be reached, so nobody can mean them.
func (c *checker) tighter(at string, t *tenant.Tenant) {
	const hint = "the ceiling decides beside it"
	for i, b := range t.Budgets {
		for _, top := range t.Ceiling.Budgets {
			if top.Period == b.Period && top.Is(b.Kind) && !top.Soft && !b.Soft && b.Limit > top.Limit {
				c.add(fmt.Sprintf("%s.budgets[%d].limit", at, i), amountOf(b), "at most "+amountOf(top), hint)
			}
		}
	}
	for i, r := range t.Rates {
		for _, top := range t.Ceiling.Rates {
			if top.Unit == r.Unit && top.Window == r.Window && r.Limit > top.Limit {
				c.add(fmt.Sprintf("%s.rates[%d].limit", at, i), fmt.Sprint(r.Limit), fmt.Sprintf("at most %d", top.Limit), hint)
			}
		}
	}
	if top := t.Ceiling.Concurrency; top > 0 && t.Concurrency > top {
		c.add(at+".concurrency", fmt.Sprint(t.Concurrency), fmt.Sprintf("at most %d", top), hint)
	}
	if top := t.Ceiling.PerCall; top > 0 && t.PerCall > top {
		c.add(at+".per_call", dollars(t.PerCall), "at most "+dollars(top), hint)
	}
}

func amountOf(b tenant.Budget) string {
	if b.Is(tenant.KindQuota) {
		return fmt.Sprint(b.Limit)
	}
	return dollars(b.Limit)
}

// dollars writes micro-USD as the file does.
func dollars(micro int64) string { return fmt.Sprintf("%d.%06d", micro/1_000_000, micro%1_000_000) }

// ceiling reads what any tenant may have at most.
func (c *checker) ceiling(f Ceiling) tenant.Ceiling {
	c.count("ceiling.concurrency", f.Concurrency)
	for i, b := range f.Budgets {
		if b.Kind != "" && b.Kind != tenant.KindCap && b.Kind != tenant.KindQuota {
			c.add(fmt.Sprintf("ceiling.budgets[%d].kind", i), fmt.Sprintf("%q", b.Kind), "cap or quota", "credit is a tenant's own")
		}
	}
	return tenant.Ceiling{
		Budgets: c.budgets("ceiling.budgets", f.Budgets), Rates: c.rates("ceiling.rates", f.Rates),
		Concurrency: f.Concurrency, PerCall: c.perCall("ceiling.per_call", f.PerCall),
	}
}

// perCall reads what one request may cost. Nothing is no limit; nothing at all may not be meant by 0.
func (c *checker) perCall(field, s string) int64 {
	if s == "" {
		return 0
	}
	n, err := microUSD(s)
	if err != nil || n == 0 {
		c.add(field, fmt.Sprintf("%q", s), "USD with at most six decimals, like 0.50", "leave it out for no limit")
	}
	return n
}

func (c *checker) budgets(at string, list []Budget) []tenant.Budget {
	var out []tenant.Budget
	seen := map[string]int{}
	for i, b := range list {
		field := fmt.Sprintf("%s[%d]", at, i)
		kind := or(b.Kind, tenant.KindCap)
		if !slices.Contains(kinds, kind) {
			c.add(field+".kind", fmt.Sprintf("%q", b.Kind), "a kind of budget", nearest(b.Kind, kinds))
		}
		if !slices.Contains(periods, b.Period) {
			c.add(field+".period", fmt.Sprintf("%q", b.Period), "a period", nearest(b.Period, periods))
		}
		id := fmt.Sprintf("%s %s %t", kind, b.Period, b.Soft)
		if first, twice := seen[id]; twice {
			c.add(field, "a second budget for the same period", "one hard and one soft budget of a kind and period", fmt.Sprintf("the first is %s[%d]", at, first))
		}
		seen[id] = i
		out = append(out, tenant.Budget{
			Kind: b.Kind, Limit: c.limit(field+".limit", kind, b.Limit), Period: b.Period, Anchor: c.anchor(field+".anchor", b),
			Soft: b.Soft, Partial: b.Partial,
		})
	}
	return out
}

// limit reads USD, or the number of requests of a quota.
func (c *checker) limit(field, kind, s string) int64 {
	if kind == tenant.KindQuota {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			c.add(field, fmt.Sprintf("%q", s), "a whole number of requests", "")
		}
		return n
	}
	n, err := microUSD(s)
	if err != nil {
		c.add(field, fmt.Sprintf("%q", s), "USD with at most six decimals, like 50.00", "")
	}
	return n
}

// anchor reads a day or a moment.
func (c *checker) anchor(field string, b Budget) time.Time {
	if b.Anchor == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, b.Anchor)
	if err != nil {
		t, err = time.Parse(time.RFC3339, b.Anchor)
	}
	if err != nil || b.Period == "total" {
		c.add(field, fmt.Sprintf("%q", b.Anchor), "a day like 2026-01-15 or a time like 2026-01-15T08:00:00Z, of a budget with a period", "")
	}
	return t
}

func (c *checker) rates(at string, list []Rate) []tenant.Rate {
	var out []tenant.Rate
	for i, r := range list {
		field := fmt.Sprintf("%s[%d]", at, i)
		limit, window, err := rateOf(r.Limit)
		if err != nil {
			c.add(field+".limit", fmt.Sprintf("%q", r.Limit), "a rate like 100/min", "windows are s, min, h, day, week, month")
		}
		unit := or(r.Unit, "requests")
		if unit != "requests" && unit != "tokens" {
			c.add(field+".unit", fmt.Sprintf("%q", r.Unit), "requests or tokens", "")
		}
		out = append(out, tenant.Rate{Limit: limit, Window: window, Unit: unit})
	}
	return out
}

func (c *checker) actors(at string, a Actors) tenant.Actors {
	c.count(at+".concurrency", a.Concurrency)
	out := tenant.Actors{
		Required: a.Required, Budgets: c.budgets(at+".budgets", a.Budgets), Rates: c.rates(at+".rates", a.Rates),
		Concurrency: a.Concurrency, PerCall: c.perCall(at+".per_call", a.PerCall),
	}
	seen := places{}
	for i, n := range a.Named {
		field := fmt.Sprintf("%s.named[%d]", at, i)
		c.once(seen, field+".id", n.ID, "an id of its own")
		c.count(field+".concurrency", n.Concurrency)
		out.Named = append(out.Named, tenant.Actor{
			ID: n.ID, Budgets: c.budgets(field+".budgets", n.Budgets), Rates: c.rates(field+".rates", n.Rates),
			Concurrency: n.Concurrency, PerCall: c.perCall(field+".per_call", n.PerCall),
		})
	}
	return out
}

func (c *checker) tags(at string, list []Tag) []tenant.Tag {
	var out []tenant.Tag
	seen := places{}
	for i, t := range list {
		field := fmt.Sprintf("%s[%d]", at, i)
		c.once(seen, field+".name", t.Name, "a name of its own")
		out = append(out, tenant.Tag{
			Name: t.Name, Budgets: c.budgets(field+".budgets", t.Budgets), Rates: c.rates(field+".rates", t.Rates),
		})
	}
	return out
}

// lease reads what passes while the store is down.
func (c *checker) lease(at string, s Settings, out *tenant.Settings) {
	if s.Lease == (Lease{}) {
		return
	}
	if s.Failure["store"] != "allow" {
		c.add(at, "a lease", "failure: {store: allow} beside it", "without that nothing passes while the store is down")
	}
	if s.Lease.Amount != "" {
		n, err := microUSD(s.Lease.Amount)
		if err != nil || n == 0 {
			c.add(at+".amount", fmt.Sprintf("%q", s.Lease.Amount), "USD with at most six decimals, like 1.00", "for nothing at all say failure: {store: deny}")
		}
		out.Lease.Amount = n
	}
	if n := s.Lease.Requests; n != 0 {
		if n < 0 || n > ledger.LeasedLimit {
			c.add(at+".requests", fmt.Sprint(n), fmt.Sprintf("a number between 1 and %d", ledger.LeasedLimit), "")
		}
		out.Lease.Requests = n
	}
}
