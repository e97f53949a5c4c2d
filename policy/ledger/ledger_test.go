package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/policy/ledger"
)

// B1, B2: a thousand parallel calls against a budget of exactly ten, over two openers of the same file.
func TestAThousandParallelHoldsAgainstTenCallsPassTen(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		ledgers := []*ledger.Ledger{p.enter(t), p.enter(t)}
		asked.Store("b", askedFor{budget("b", 7000, ledger.Month), noon})
		var granted atomic.Int64
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				l, id := ledgers[i%2], fmt.Sprintf("x%d", i)
				g, err := l.Hold(context.Background(), ledger.Hold{
					Exchange: id, Tenant: "acme", At: noon, Amount: 700,
					Budgets: []ledger.Budget{budget("b", 7000, ledger.Month)},
				})
				if err != nil {
					t.Errorf("hold %d: %v", i, err)
					return
				}
				if g.Granted {
					granted.Add(1)
					if s, err := l.Settle(context.Background(), ledger.Use{Tenant: acme, Exchange: id, At: noon, Billed: 700, Cost: 700}); err != nil || !s.First {
						t.Errorf("settle %d: %+v, %v", i, s, err)
					}
				} else if !g.Budgets[0].Refused {
					t.Errorf("hold %d was refused by nothing", i)
				}
			})
		}
		wg.Wait()
		if granted.Load() != 10 {
			t.Fatalf("%d granted, want exactly 10", granted.Load())
		}
		wantAccount(t, ledgers[0], "b", 7000, 0, 0)
	})
}

// B4, B8, B13: one charge for one exchange, whichever end comes first and however often.
func TestAnExchangeEndsOnce(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		for _, id := range []string{"settled", "released"} {
			hold(t, l, ledger.Hold{Exchange: id, Amount: 100, Budgets: []ledger.Budget{budget(id, 1000, ledger.Day)}})
		}
		if !settle(t, l, "settled", 60).First {
			t.Fatal("the first settle is not the first")
		}
		if settle(t, l, "settled", 60).First {
			t.Fatal("the second settle is a first")
		}
		release(t, l, "settled")
		wantAccount(t, l, "settled", 60, 0, 0)

		release(t, l, "released")
		release(t, l, "released")
		if settle(t, l, "released", 60).First {
			t.Fatal("a settle after a release is a first")
		}
		wantAccount(t, l, "released", 0, 0, 0)
	})
}

func TestAnUnknownExchange(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		if _, err := l.Settle(t.Context(), ledger.Use{Exchange: "none", Tenant: acme, At: noon}); !errors.Is(err, ledger.ErrNoHold) {
			t.Fatalf("settle: %v, want ErrNoHold", err)
		}
		if err := l.Release(t.Context(), acme, "none"); err != nil {
			t.Fatalf("release: %v, want nil", err)
		}
		if l.Owed() != 0 {
			t.Fatalf("%d ends owed, want none", l.Owed())
		}
	})
}

func TestARepeatedHoldIsTheFirstOne(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		h := ledger.Hold{
			Exchange: "x", Amount: 600, Tokens: 10, Budgets: []ledger.Budget{budget("b", 1000, ledger.Day)},
			Rates: []ledger.Rate{rate("r", 1, time.Minute, "requests")},
		}
		first, second := hold(t, l, h), hold(t, l, h)
		if !first.Granted || !second.Granted {
			t.Fatal("not granted twice")
		}
		if second.Budgets[0] != first.Budgets[0] || second.Rates[0] != first.Rates[0] {
			t.Fatalf("second %+v, first %+v", second, first)
		}
		wantAccount(t, l, "b", 0, 0, 600)
		settle(t, l, "x", 1)
		h.At, h.Tenant = noon, acme
		if _, err := l.Hold(t.Context(), h); !errors.Is(err, ledger.ErrEnded) {
			t.Fatalf("a hold after the end: %v, want ErrEnded", err)
		}
	})
}

// L4: what one budget or rate refuses burns no other.
func TestARefusalBurnsNothing(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		wide, narrow := budget("wide", 10_000, ledger.Day), budget("narrow", 100, ledger.Day)
		requests, tokens := rate("r", 5, time.Minute, "requests"), rate("t", 50, time.Minute, "tokens")
		for i := range 20 {
			g := hold(t, l, ledger.Hold{
				Exchange: fmt.Sprint(i), Amount: 101, Tokens: 10,
				Budgets: []ledger.Budget{wide, narrow}, Rates: []ledger.Rate{requests, tokens},
			})
			if g.Granted || !g.Budgets[1].Refused || g.Budgets[0].Refused || g.Rates[0].Refused || g.Rates[0].Used != 0 {
				t.Fatalf("try %d: %+v", i, g)
			}
		}
		for i := range 20 {
			g := hold(t, l, ledger.Hold{Exchange: fmt.Sprint("t", i), Amount: 1, Tokens: 51, Budgets: []ledger.Budget{wide}, Rates: []ledger.Rate{requests, tokens}})
			if g.Granted || !g.Rates[1].Refused || g.Rates[0].Refused {
				t.Fatalf("token try %d: %+v", i, g)
			}
		}
		wantAccount(t, l, "wide", 0, 0, 0)
		g := hold(t, l, ledger.Hold{Exchange: "fits", Amount: 100, Tokens: 50, Budgets: []ledger.Budget{wide, narrow}, Rates: []ledger.Rate{requests, tokens}})
		if !g.Granted || g.Rates[0].Used != 1 || g.Rates[1].Remaining != 0 {
			t.Fatalf("%+v", g)
		}
	})
}

// B6: a budget that is named twice is charged once, and tells where it stands by either limit.
func TestABudgetNamedTwiceIsChargedOnce(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		list := []ledger.Budget{budget("b", 100, ledger.Day), budget("b", 150, ledger.Day)}
		g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 80, Budgets: list})
		if !g.Granted || len(g.Budgets) != 2 || g.Budgets[1].Held != 80 {
			t.Fatalf("%+v", g)
		}
		g = hold(t, l, ledger.Hold{Exchange: "b", Amount: 50, Budgets: list})
		if g.Granted || !g.Budgets[0].Refused || g.Budgets[1].Refused {
			t.Fatalf("%+v, want the tighter one to refuse", g)
		}
		wantAccount(t, l, "b", 0, 0, 80)
	})
}

func TestARateNamedTwiceIsCountedOnce(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		list := []ledger.Rate{rate("r", 2, time.Minute, "requests"), rate("r", 5, time.Minute, "requests")}
		for i := range 2 {
			if g := hold(t, l, ledger.Hold{Exchange: fmt.Sprint(i), Rates: list}); !g.Granted || g.Rates[0].Used != int64(i+1) || g.Rates[1].Used != int64(i+1) {
				t.Fatalf("request %d: %+v", i, g)
			}
		}
		if g := hold(t, l, ledger.Hold{Exchange: "third", Rates: list}); g.Granted || !g.Rates[0].Refused || g.Rates[1].Refused {
			t.Fatalf("%+v, want the tighter one to refuse", g)
		}
	})
}

func TestASoftBudgetReportsAndLetsPass(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		soft := budget("s", 100, ledger.Day)
		soft.Soft = true
		if g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 100, Budgets: []ledger.Budget{soft}}); !g.Granted || g.Budgets[0].Over {
			t.Fatalf("at the limit: %+v", g)
		}
		if g := hold(t, l, ledger.Hold{Exchange: "b", Amount: 1, Budgets: []ledger.Budget{soft}}); !g.Granted || !g.Budgets[0].Over || g.Budgets[0].Refused {
			t.Fatalf("over the limit: %+v", g)
		}
	})
}

// A provider that reports more than was held: in its own column, and the next call is refused.
func TestWhatIsBilledBeyondTheHoldIsOverrun(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		b := []ledger.Budget{budget("b", 1000, ledger.Day)}
		hold(t, l, ledger.Hold{Exchange: "a", Amount: 900, Budgets: b})
		if s := settle(t, l, "a", 1300); s.Overrun != 400 || !s.First {
			t.Fatalf("%+v", s)
		}
		wantAccount(t, l, "b", 900, 400, 0)
		g := hold(t, l, ledger.Hold{Exchange: "b", Amount: 0, Budgets: b})
		if g.Granted || g.Budgets[0].Spent != 1300 {
			t.Fatalf("%+v, want a refusal that tells all that was used", g)
		}
	})
}

func TestPeriods(t *testing.T) {
	berlin, newYork := zone(t, "Europe/Berlin"), zone(t, "America/New_York")
	last31 := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		period      string
		zone        *time.Location
		anchor      time.Time
		last, reset string
	}{
		{ledger.Hour, nil, time.Time{}, "2026-07-15T12:59:59.999Z", "2026-07-15T13:00:00Z"},
		{ledger.Day, nil, time.Time{}, "2026-07-15T23:59:59.999Z", "2026-07-16T00:00:00Z"},
		{ledger.Week, nil, time.Time{}, "2026-07-19T23:59:59.999Z", "2026-07-20T00:00:00Z"},
		{ledger.Month, nil, time.Time{}, "2026-07-31T23:59:59.999Z", "2026-08-01T00:00:00Z"},
		{ledger.Month, nil, time.Time{}, "2028-02-29T23:59:59.999+00:00", "2028-03-01T00:00:00Z"},
		{ledger.Week, nil, time.Time{}, "2027-01-03T23:59:59.999Z", "2027-01-04T00:00:00Z"},
		{ledger.Hour, nil, time.Time{}, "2026-07-15T14:59:59.999+02:00", "2026-07-15T13:00:00Z"},
		{ledger.Day, berlin, time.Time{}, "2026-07-15T21:59:59.999Z", "2026-07-15T22:00:00Z"},
		{ledger.Day, berlin, time.Time{}, "2026-10-25T22:59:59.999Z", "2026-10-25T23:00:00Z"}, // a day of 25 hours
		{ledger.Month, berlin, time.Time{}, "2026-03-31T21:59:59.999Z", "2026-03-31T22:00:00Z"},
		{ledger.Hour, newYork, time.Time{}, "2026-11-01T05:59:59.999Z", "2026-11-01T06:00:00Z"}, // 01:59 for the first time
		{ledger.Month, nil, last31, "2026-02-28T09:29:59.999Z", "2026-02-28T09:30:00Z"},
		{ledger.Month, nil, last31, "2026-03-31T09:29:59.999Z", "2026-03-31T09:30:00Z"},
		{ledger.Month, nil, last31, "2025-12-31T09:29:59.999Z", "2025-12-31T09:30:00Z"}, // before the anchor
		{ledger.Week, nil, last31, "2026-07-18T09:29:59.999Z", "2026-07-18T09:30:00Z"},
		{ledger.Day, berlin, last31, "2026-07-15T08:29:59.999Z", "2026-07-15T08:30:00Z"}, // 10:30 in summer, too
		{ledger.Hour, nil, last31, "2026-07-15T08:29:59.999Z", "2026-07-15T08:30:00Z"},
	} {
		t.Run(fmt.Sprint(c.period, c.zone, c.anchor.Unix(), c.last), func(t *testing.T) {
			over(t, func(t *testing.T, p *place) {
				p.turns(t, c.period, c.zone, c.anchor, moment(t, c.last), moment(t, c.reset))
			})
		})
	}
}

// turns makes sure that a budget of a hundred starts anew at reset, and not before.
func (p *place) turns(t *testing.T, period string, zone *time.Location, anchor, last, reset time.Time) {
	l, b := p.enter(t), budget("b", 100, period)
	b.Zone, b.Anchor = zone, anchor
	list := []ledger.Budget{b}
	g := hold(t, l, ledger.Hold{Exchange: "a", At: last, Amount: 100, Budgets: list})
	if !g.Granted || !g.Budgets[0].ResetAt.Equal(reset) {
		t.Fatalf("reset %v, want %v", g.Budgets[0].ResetAt, reset)
	}
	if g := hold(t, l, ledger.Hold{Exchange: "b", At: last, Amount: 1, Budgets: list}); g.Granted {
		t.Fatal("granted beyond the limit within the period")
	}
	if g := hold(t, l, ledger.Hold{Exchange: "c", At: reset, Amount: 100, Budgets: list}); !g.Granted {
		t.Fatal("refused in the next period")
	}
	settle(t, l, "a", 70)
	got := accounts(t, l, b, reset, 5)
	if len(got) != 2 || got[0].Settled != 0 || got[0].Held != 100 || got[1].Settled != 70 || got[1].Held != 0 {
		t.Fatalf("%+v, want the late settle in the period it was held in", got)
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTotalNeverResets(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		b := []ledger.Budget{budget("b", 100, ledger.Total)}
		g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 100, Budgets: b})
		if !g.Granted || !g.Budgets[0].ResetAt.IsZero() {
			t.Fatalf("%+v", g)
		}
		if g := hold(t, l, ledger.Hold{Exchange: "b", At: noon.AddDate(20, 0, 0), Amount: 1, Budgets: b}); g.Granted {
			t.Fatal("granted twenty years later")
		}
	})
}

// L5: a burst at the edge of a minute, and a Retry-After that is right.
func TestAWindowHasNoEdges(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		r := []ledger.Rate{rate("r", 10, time.Minute, "requests"), rate("s", 100, time.Hour, "requests")}
		edge := noon.Add(59*time.Second + 900*time.Millisecond)
		for i := range 10 {
			if g := hold(t, l, ledger.Hold{Exchange: fmt.Sprint(i), At: edge, Rates: r}); !g.Granted {
				t.Fatalf("request %d refused", i)
			}
		}
		late := noon.Add(60*time.Second + 100*time.Millisecond)
		g := hold(t, l, ledger.Hold{Exchange: "late", At: late, Rates: r})
		if g.Granted || !g.Rates[0].Refused || g.Rates[1].Refused {
			t.Fatalf("%+v", g)
		}
		if want := edge.Add(time.Minute).Sub(late); g.Rates[0].RetryAfter != want || g.Rates[1].RetryAfter != 0 {
			t.Fatalf("retry after %v, want %v", g.Rates[0].RetryAfter, want)
		}
		retry := late.Add(g.Rates[0].RetryAfter)
		if g := hold(t, l, ledger.Hold{Exchange: "early", At: retry.Add(-time.Millisecond), Rates: r}); g.Granted {
			t.Fatal("granted a millisecond before Retry-After")
		}
		if g := hold(t, l, ledger.Hold{Exchange: "then", At: retry, Rates: r}); !g.Granted {
			t.Fatal("refused at Retry-After")
		}
	})
}

// L1, L2: tokens are reserved before they are used, and settled with what was.
func TestTokensAreReservedAndSettled(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		r := []ledger.Rate{rate("t", 100, time.Minute, "tokens")}
		if g := hold(t, l, ledger.Hold{Exchange: "big", Tokens: 663, Rates: r}); g.Granted || g.Rates[0].RetryAfter != time.Minute {
			t.Fatalf("%+v", g)
		}
		use := func(id string, in, out int64) {
			t.Helper()
			if _, err := l.Settle(t.Context(), ledger.Use{Tenant: acme, Exchange: id, At: noon.Add(time.Second), InputTokens: in, OutputTokens: out}); err != nil {
				t.Fatal(err)
			}
		}
		used := func(id string, tokens, want int64) {
			t.Helper()
			g := hold(t, l, ledger.Hold{Exchange: id, At: noon.Add(2 * time.Second), Tokens: tokens, Rates: r})
			if g.Rates[0].Used != want {
				t.Fatalf("%s: %d used, want %d", id, g.Rates[0].Used, want)
			}
		}
		hold(t, l, ledger.Hold{Exchange: "half", Tokens: 80, Rates: r})
		use("half", 10, 20)
		used("a", 10, 40)
		release(t, l, "a")
		used("b", 10, 40)
		use("b", 60, 30) // 80 more than reserved: counted, never forgiven
		used("c", 1, 120)
	})
}

func TestAClockThatGoesBackGrantsNoMore(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		r := []ledger.Rate{rate("r", 3, time.Minute, "requests")}
		granted := 0
		for i := range 40 {
			if hold(t, l, ledger.Hold{Exchange: fmt.Sprint(i), Tenant: acme, At: noon.Add(-time.Duration(i) * time.Second), Rates: r}).Granted {
				granted++
			}
		}
		if granted != 3 {
			t.Fatalf("%d granted, want 3", granted)
		}
		g := hold(t, l, ledger.Hold{Exchange: "far", At: noon.Add(-24 * time.Hour), Rates: r})
		if g.Granted || g.Rates[0].RetryAfter > time.Minute {
			t.Fatalf("%+v: uses of a wrong clock must not lock the rate for longer than its window", g)
		}
	})
}

func TestAbsurdInputIsRefusedByName(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		ok := ledger.Hold{Exchange: "x", Tenant: acme, At: noon, Amount: 1, Tokens: 1}
		with := func(change func(*ledger.Hold)) ledger.Hold { h := ok; change(&h); return h }
		for name, c := range map[string]struct {
			hold ledger.Hold
			want error
		}{
			"no id":           {with(func(h *ledger.Hold) { h.Exchange = "" }), ledger.ErrNoExchange},
			"no tenant":       {with(func(h *ledger.Hold) { h.Tenant = "" }), ledger.ErrNoTenant},
			"no time":         {with(func(h *ledger.Hold) { h.At = time.Time{} }), ledger.ErrTime},
			"negative amount": {with(func(h *ledger.Hold) { h.Amount = -1 }), ledger.ErrAmount},
			"absurd amount":   {with(func(h *ledger.Hold) { h.Amount = math.MaxInt64 }), ledger.ErrAmount},
			"negative tokens": {with(func(h *ledger.Hold) { h.Tokens = -1 }), ledger.ErrTokens},
			"absurd tokens":   {with(func(h *ledger.Hold) { h.Tokens = math.MaxInt64 }), ledger.ErrTokens},
			"negative limit":  {with(func(h *ledger.Hold) { h.Budgets = []ledger.Budget{budget("b", -1, ledger.Day)} }), ledger.ErrBudget},
			"absurd limit":    {with(func(h *ledger.Hold) { h.Budgets = []ledger.Budget{budget("b", math.MaxInt64, ledger.Day)} }), ledger.ErrBudget},
			"unknown period":  {with(func(h *ledger.Hold) { h.Budgets = []ledger.Budget{budget("b", 1, "fortnight")} }), ledger.ErrBudget},
			"two periods": {with(func(h *ledger.Hold) {
				h.Budgets = []ledger.Budget{budget("b", 1, ledger.Day), budget("b", 1, ledger.Hour)}
			}), ledger.ErrBudget},
			"nameless budget": {with(func(h *ledger.Hold) { h.Budgets = []ledger.Budget{budget("", 1, ledger.Day)} }), ledger.ErrBudget},
			"too many":        {with(func(h *ledger.Hold) { h.Budgets = make([]ledger.Budget, ledger.MaxLines+1) }), ledger.ErrTooMany},
			"no window":       {with(func(h *ledger.Hold) { h.Rates = []ledger.Rate{rate("r", 1, 0, "requests")} }), ledger.ErrRate},
			"endless window":  {with(func(h *ledger.Hold) { h.Rates = []ledger.Rate{rate("r", 1, math.MaxInt64, "requests")} }), ledger.ErrRate},
			"unknown unit":    {with(func(h *ledger.Hold) { h.Rates = []ledger.Rate{rate("r", 1, time.Second, "bananas")} }), ledger.ErrRate},
			"unknown kind":    {with(func(h *ledger.Hold) { h.Budgets = []ledger.Budget{{ID: "b", Kind: "gold", Period: ledger.Day}} }), ledger.ErrBudget},
			"partial quota": {with(func(h *ledger.Hold) {
				h.Budgets = []ledger.Budget{{ID: "b", Kind: ledger.Quota, Partial: true, Period: ledger.Day}}
			}), ledger.ErrBudget},
			"absurd anchor": {with(func(h *ledger.Hold) {
				h.Budgets = []ledger.Budget{{ID: "b", Anchor: time.Unix(-1, 0), Period: ledger.Day}}
			}), ledger.ErrBudget},
			"two free credits": {with(func(h *ledger.Hold) {
				h.Budgets = []ledger.Budget{{ID: "a", Kind: ledger.Free, Period: ledger.Total}, {ID: "b", Kind: ledger.Free, Period: ledger.Total}}
			}), ledger.ErrBudget},
			"two kinds": {with(func(h *ledger.Hold) {
				h.Budgets = []ledger.Budget{{ID: "a", Kind: ledger.Quota, Period: ledger.Total}, {ID: "a", Period: ledger.Total}}
			}), ledger.ErrBudget},
			"absurd least": {with(func(h *ledger.Hold) { h.Least = -1 }), ledger.ErrAmount},
			"tries of tokens": {with(func(h *ledger.Hold) {
				h.Rates = []ledger.Rate{{ID: "r", Limit: 1, Window: time.Second, Unit: ledger.Tokens, Tries: true}}
			}), ledger.ErrRate},
			"two windows": {with(func(h *ledger.Hold) {
				h.Rates = []ledger.Rate{rate("r", 1, time.Second, "tokens"), rate("r", 1, time.Hour, "tokens")}
			}), ledger.ErrRate},
			"negative rate": {with(func(h *ledger.Hold) { h.Rates = []ledger.Rate{rate("r", -1, time.Second, "tokens")} }), ledger.ErrRate},
		} {
			t.Run(name, func(t *testing.T) {
				if g, err := l.Hold(t.Context(), c.hold); !errors.Is(err, c.want) || g.Granted {
					t.Fatalf("%v, granted %v, want %v", err, g.Granted, c.want)
				}
			})
		}
	})
}

func TestAnAbsurdUseIsAnErrorAndChargedInFull(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		for name, u := range map[string]ledger.Use{
			"negative cost":   {Cost: -1},
			"negative billed": {Billed: -5},
			"absurd billed":   {Billed: math.MaxInt64},
			"negative tokens": {InputTokens: -1},
			"absurd tokens":   {OutputTokens: math.MaxInt64},
		} {
			t.Run(name, func(t *testing.T) {
				u.Exchange, u.Tenant, u.At = name, acme, noon
				hold(t, l, ledger.Hold{Exchange: name, Amount: 40, Budgets: []ledger.Budget{budget(name, 100, ledger.Day)}})
				done, err := l.Settle(t.Context(), u)
				if !errors.Is(err, ledger.ErrAmount) && !errors.Is(err, ledger.ErrTokens) || !done.First {
					t.Fatalf("%+v, %v", done, err)
				}
				wantAccount(t, l, name, 40, 0, 0)
			})
		}
	})
}

// A soft budget has no end, so its account must have one.
func TestAnAccountDoesNotOverflow(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		soft := budget("b", 1, ledger.Total)
		soft.Soft = true
		asked.Store(soft.ID, askedFor{soft, noon})
		var err error
		for i := 0; err == nil && i < 3000; i++ {
			_, err = l.Hold(t.Context(), ledger.Hold{Exchange: fmt.Sprint(i), Tenant: acme, At: noon, Amount: ledger.MaxAmount, Budgets: []ledger.Budget{soft}})
		}
		if !errors.Is(err, ledger.ErrOverflow) {
			t.Fatalf("%v, want ErrOverflow", err)
		}
		if a := account(t, l, "b"); a.Held <= 0 {
			t.Fatalf("%+v", a)
		}
	})
}
