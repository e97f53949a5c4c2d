package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"weir/policy/ledger"
)

// oracle is the ledger as one would explain it: sums over everything that ever happened.
type oracle struct{ entries map[string]*entry }

type entry struct {
	h       ledger.Hold
	free    int64 // what free credit holds of it
	ended   bool
	counts  bool // it was not released
	within  int64
	overrun int64
	tokens  []used // what counts in token rates
}

type used struct {
	at    time.Time
	units int64
}

// spent is what stands in a budget's account in the period of at.
func (o *oracle) spent(b ledger.Budget, at time.Time) (settled, overrun, held int64) {
	for _, e := range o.entries {
		for _, other := range e.h.Budgets {
			if other.ID != b.ID || periodOf(b.Period, e.h.At) != periodOf(b.Period, at) {
				continue
			}
			s, o := share(b, e.within, min(e.within, e.free), e.counts), e.overrun
			if b.Kind == ledger.Quota || b.Kind == ledger.Free {
				o = 0
			}
			if settled, overrun = settled+s, overrun+o; !e.ended {
				held += share(b, e.h.Amount, e.free, true)
			}
		}
	}
	return settled, overrun, held
}

// share is what a budget takes of an amount of which free credit pays a part.
func share(b ledger.Budget, amount, free int64, counts bool) int64 {
	switch {
	case b.Kind == ledger.Quota && counts:
		return 1
	case b.Kind == ledger.Quota:
		return 0
	case b.Kind == ledger.Free:
		return free
	case b.Scope == freeScope:
		return amount - free
	}
	return amount
}

// free is what free credit would hold of an amount.
func (o *oracle) free(h ledger.Hold) int64 {
	for _, b := range h.Budgets {
		if b.Kind == ledger.Free {
			settled, _, held := o.spent(b, h.At)
			return min(h.Amount, max(b.Limit-settled-held, 0))
		}
	}
	return 0
}

// freeScope is whose free credit there is, and so whose budgets it spares.
const freeScope = ledger.ScopeTenant

// counted is what was used of a rate after since.
func (o *oracle) counted(r ledger.Rate, since time.Time) (n int64) {
	for _, e := range o.entries {
		for _, other := range e.h.Rates {
			switch {
			case other.ID != r.ID:
			case r.Unit == "requests" && e.h.At.After(since):
				n++
			case r.Unit == "tokens":
				for _, u := range e.tokens {
					if u.at.After(since) {
						n += u.units
					}
				}
			}
		}
	}
	return n
}

func periodOf(name string, at time.Time) string {
	switch name {
	case ledger.Hour:
		return at.Format("2006-01-02 15")
	case ledger.Day:
		return at.Format("2006-01-02")
	default:
		return ""
	}
}

func (o *oracle) end(id string, billed, tokens int64, counts bool, at time.Time) bool {
	e := o.entries[id]
	if e == nil || e.ended {
		return false
	}
	e.ended, e.counts = true, counts
	e.within, e.overrun = min(billed, e.h.Amount), max(billed-e.h.Amount, 0)
	if tokens <= e.h.Tokens {
		e.tokens = []used{{e.h.At, tokens}}
	} else {
		e.tokens = append(e.tokens, used{at, tokens - e.h.Tokens})
	}
	return true
}

// TestTheLedgerAgreesWithTheOracle drives random holds, settles, releases, deaths and periods that change through the
// ledger and the oracle. Money must agree to the micro-dollar. Rates must never grant what an exact window refuses, and
// never refuse what a window longer by two hundredths grants.
func TestTheLedgerAgreesWithTheOracle(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			over(t, func(t *testing.T, p *place) {
				m := newModel(t, p, seed)
				for step := range 600 {
					m.step(step)
				}
				m.agree()
			})
		})
	}
}

type model struct {
	t       *testing.T
	r       *rand.Rand
	c       *clock
	l       *ledger.Ledger
	reopen  func() *ledger.Ledger
	o       oracle
	open    []string
	budgets []ledger.Budget
	rates   []ledger.Rate
}

func newModel(t *testing.T, p *place, seed uint64) *model {
	m := &model{
		t: t, r: rand.New(rand.NewPCG(seed, 1)), c: p.clock, o: oracle{entries: map[string]*entry{}},
		budgets: []ledger.Budget{
			budget("hour", 2_000, ledger.Hour), budget("day", 9_000, ledger.Day), budget("total", 60_000, ledger.Total),
			{ID: "soft", Scope: "key", Limit: 3_000, Period: ledger.Hour, Soft: true},
			{ID: "credits", Scope: "key", Kind: ledger.Credits, Limit: 40_000, Period: ledger.Total},
			{ID: "free", Scope: freeScope, Kind: ledger.Free, Limit: 1_500, Period: ledger.Hour},
			{ID: "quota", Scope: "key", Kind: ledger.Quota, Limit: 7, Period: ledger.Hour},
		},
		rates: []ledger.Rate{
			rate("second", 3, 10*time.Second, "requests"), rate("minutes", 15, 10*time.Minute, "requests"),
			rate("tokens", 900, 7*time.Minute, "tokens"),
		},
	}
	m.reopen = func() *ledger.Ledger { return p.enter(t) }
	m.l = m.reopen()
	return m
}

func (m *model) step(n int) {
	switch k := m.r.IntN(100); {
	case k < 45:
		m.hold(n)
	case k < 65:
		m.end(true)
	case k < 72:
		m.end(false)
	case k < 88:
		m.c.advance(time.Duration(m.r.Int64N(int64(1500 * time.Millisecond))))
	case k < 98:
		m.c.advance(time.Duration(m.r.Int64N(int64(30 * time.Second))))
	case k < 99:
		m.c.advance(time.Duration(m.r.Int64N(int64(5 * time.Hour))))
	default:
		m.die()
	}
}

func some[T any](r *rand.Rand, list []T) (out []T) {
	for _, v := range list {
		if r.IntN(3) > 0 {
			out = append(out, v)
		}
	}
	return out
}

func (m *model) hold(n int) {
	h := ledger.Hold{
		Exchange: fmt.Sprint("x", n), Tenant: "acme", At: m.c.now(), Amount: m.r.Int64N(700), Tokens: m.r.Int64N(200),
		Budgets: some(m.r, m.budgets), Rates: some(m.r, m.rates),
	}
	g := hold(m.t, m.l, h)
	refusers, free := 0, m.o.free(h)
	for i, b := range h.Budgets {
		refusers += m.checkBudget(h, b, free, g.Budgets[i], g.Granted)
	}
	for i, r := range h.Rates {
		refusers += m.checkRate(h, r, g.Rates[i], g.Granted)
	}
	if g.Granted != (refusers == 0) {
		m.t.Fatalf("hold %s: granted %v with %d refusing", h.Exchange, g.Granted, refusers)
	}
	if g.Granted {
		m.o.entries[h.Exchange] = &entry{h: h, free: free, tokens: []used{{h.At, h.Tokens}}}
		m.open = append(m.open, h.Exchange)
	}
}

func (m *model) checkBudget(h ledger.Hold, b ledger.Budget, free int64, s ledger.BudgetState, granted bool) int {
	settled, overrun, held := m.o.spent(b, h.At)
	n := share(b, h.Amount, free, true)
	over := settled+overrun+held+n > b.Limit && (n > 0 || h.Amount == 0) && b.Kind != ledger.Free
	if granted {
		held += n
	}
	if s.Spent != settled+overrun || s.Held != held || s.Refused != (over && !b.Soft) || s.Over != (over && b.Soft) {
		m.t.Fatalf("hold %s: %+v, want spent %d, held %d, over %v", h.Exchange, s, settled+overrun, held, over)
	}
	if s.Refused {
		return 1
	}
	return 0
}

func (m *model) checkRate(h ledger.Hold, r ledger.Rate, s ledger.RateState, granted bool) int {
	units := int64(1)
	if r.Unit == "tokens" {
		units = h.Tokens
	}
	exact := m.o.counted(r, h.At.Add(-r.Window))
	longer := m.o.counted(r, h.At.Add(-r.Window-r.Window/50))
	if granted && exact+units > r.Limit {
		m.t.Fatalf("hold %s: granted with %d of %d used of %s", h.Exchange, exact, r.Limit, r.ID)
	}
	if s.Refused && longer+units <= r.Limit {
		m.t.Fatalf("hold %s: refused with %d of %d used of %s", h.Exchange, longer, r.Limit, r.ID)
	}
	if !s.Refused {
		return 0
	}
	if s.RetryAfter <= 0 || s.RetryAfter > r.Window {
		m.t.Fatalf("hold %s: retry after %v in a window of %v", h.Exchange, s.RetryAfter, r.Window)
	}
	return 1
}

// end settles or releases: mostly something that is open, sometimes again what has ended.
func (m *model) end(settles bool) {
	if len(m.open) == 0 {
		return
	}
	i := m.r.IntN(len(m.open))
	id := m.open[i]
	if m.r.IntN(4) > 0 {
		m.open = append(m.open[:i], m.open[i+1:]...)
	}
	now := m.c.now()
	if !settles {
		release(m.t, m.l, id)
		m.o.end(id, 0, 0, false, now)
		return
	}
	h := m.o.entries[id].h
	u := ledger.Use{Tenant: acme, Exchange: id, At: now, Billed: m.r.Int64N(h.Amount + 1), InputTokens: m.r.Int64N(h.Tokens + 1)}
	if m.r.IntN(10) == 0 {
		u.Billed, u.OutputTokens = u.Billed+h.Amount, h.Tokens
	}
	done, err := m.l.Settle(m.t.Context(), u)
	if err != nil {
		m.t.Fatal(err)
	}
	first := m.o.end(id, u.Billed, u.InputTokens+u.OutputTokens, true, now)
	if done.First != first || first && done.Overrun != max(u.Billed-h.Amount, 0) {
		m.t.Fatalf("settle %s: %+v, want first %v", id, done, first)
	}
}

// die leaves everything open to the next owner.
func (m *model) die() {
	m.l = m.reopen()
	m.c.advance(ledger.Lease + time.Millisecond)
	if _, err := m.l.Recover(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	for _, id := range m.open {
		e := m.o.entries[id]
		m.o.end(id, e.h.Amount, e.h.Tokens, true, m.c.now())
	}
	m.open = nil
}

// agree compares the accounts of every period that was used.
func (m *model) agree() {
	for _, b := range m.budgets {
		for _, a := range accounts(m.t, m.l, b, m.c.now(), 400) {
			at := a.Start
			if at.IsZero() {
				at = noon
			}
			settled, overrun, held := m.o.spent(b, at)
			if a.Settled != settled || a.Overrun != overrun || a.Held != held {
				m.t.Fatalf("%+v, want settled %d, overrun %d, held %d", a, settled, overrun, held)
			}
			if !b.Soft && a.Settled > b.Limit {
				m.t.Fatalf("%+v: settled beyond the limit %d", a, b.Limit)
			}
		}
	}
}
