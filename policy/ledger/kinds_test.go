package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"weir/policy/ledger"
)

func of(kind ledger.Kind, id string, limit int64, period string) ledger.Budget {
	return ledger.Budget{ID: id, Scope: "tenant", Kind: kind, Limit: limit, Period: period}
}

// Free credit burns first, and only what it does not pay is charged to the tenant's cap. Another scope's cap is spared
// nothing.
func TestFreeCreditBurnsFirst(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		key := budget("key", 10_000, ledger.Month)
		key.Scope = "key"
		list := []ledger.Budget{of(ledger.Free, "free", 500, ledger.Total), budget("cap", 1000, ledger.Month), key}
		g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 700, Budgets: list})
		if !g.Granted || g.Amount != 700 || g.Budgets[0].Held != 500 || g.Budgets[1].Held != 200 || g.Budgets[2].Held != 700 {
			t.Fatalf("%+v", g)
		}
		settle(t, l, "a", 300) // less than the credit: the cap is not touched
		wantAccount(t, l, "free", 300, 0, 0)
		wantAccount(t, l, "cap", 0, 0, 0)
		wantAccount(t, l, "key", 300, 0, 0)
		hold(t, l, ledger.Hold{Exchange: "b", Amount: 1200, Budgets: list})
		settle(t, l, "b", 1250) // the last 200 of the credit, all of the cap, and an overrun
		wantAccount(t, l, "free", 500, 0, 0)
		wantAccount(t, l, "cap", 1000, 50, 0)
		wantAccount(t, l, "key", 1500, 50, 0)
		if g := hold(t, l, ledger.Hold{Exchange: "c", Amount: 1, Budgets: list}); g.Granted || !g.Budgets[1].Refused || g.Budgets[0].Refused {
			t.Fatalf("%+v, want the cap to refuse", g)
		}
	})
}

// A cap that is passed by an overrun does not refuse what free credit pays whole.
func TestFreeCreditPaysBeyondACap(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, tight := p.enter(t), budget("cap", 10, ledger.Month)
		hold(t, l, ledger.Hold{Exchange: "a", Amount: 10, Budgets: []ledger.Budget{tight}})
		settle(t, l, "a", 30)
		list := []ledger.Budget{tight, of(ledger.Free, "free", 100, ledger.Total)}
		if g := hold(t, l, ledger.Hold{Exchange: "b", Amount: 100, Budgets: list}); !g.Granted || g.Budgets[0].Held != 0 {
			t.Fatalf("%+v", g)
		}
		if g := hold(t, l, ledger.Hold{Exchange: "c", Amount: 1, Budgets: list}); g.Granted || !g.Budgets[0].Refused {
			t.Fatalf("%+v", g)
		}
	})
}

func TestAQuotaCountsWhatIsDelivered(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, list := p.enter(t), []ledger.Budget{of(ledger.Quota, "q", 2, ledger.Month)}
		hold(t, l, ledger.Hold{Exchange: "a", Amount: 900, Budgets: list})
		hold(t, l, ledger.Hold{Exchange: "b", Amount: 900, Budgets: list})
		if g := hold(t, l, ledger.Hold{Exchange: "c", Amount: 900, Budgets: list}); g.Granted || !g.Budgets[0].Refused || g.Budgets[0].Held != 2 {
			t.Fatalf("%+v", g)
		}
		release(t, l, "a")
		settle(t, l, "b", 5)
		wantAccount(t, l, "q", 1, 0, 0)
		if g := hold(t, l, ledger.Hold{Exchange: "d", Budgets: list}); !g.Granted || g.Budgets[0].Left() != 0 {
			t.Fatalf("%+v", g)
		}
	})
}

func TestConcurrencyCountsWhatIsOpen(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, list := p.enter(t), []ledger.Budget{of(ledger.Concurrency, "c", 2, "")}
		for i := range 5 {
			id := fmt.Sprint("x", i)
			hold(t, l, ledger.Hold{Exchange: id, Amount: 50, Budgets: list})
			g := hold(t, l, ledger.Hold{Exchange: id + "b", Amount: 50, Budgets: list})
			if !g.Granted || g.Budgets[0].Held != 2 || !g.Budgets[0].ResetAt.IsZero() {
				t.Fatalf("round %d: %+v", i, g)
			}
			if g := hold(t, l, ledger.Hold{Exchange: id + "c", Amount: 50, Budgets: list}); g.Granted || !g.Budgets[0].Refused {
				t.Fatalf("round %d: a third at once: %+v", i, g)
			}
			settle(t, l, id, 60)
			release(t, l, id+"b")
			wantAccount(t, l, "c", 0, 0, 0)
		}
	})
}

func TestACallsCeiling(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, list := p.enter(t), []ledger.Budget{of(ledger.Call, "call", 100, ""), budget("b", 1000, ledger.Day)}
		if g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 101, Budgets: list}); g.Granted || !g.Budgets[0].Refused || g.Budgets[1].Refused {
			t.Fatalf("%+v", g)
		}
		if g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 100, Budgets: list}); !g.Granted || g.Budgets[0].Left() != 100 {
			t.Fatalf("%+v", g)
		}
		wantAccount(t, l, "b", 0, 0, 100)
	})
}

func TestAPartialHoldTakesWhatIsLeft(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, part := p.enter(t), budget("p", 100, ledger.Month)
		part.Partial = true
		wide := budget("w", 1000, ledger.Month)
		list := []ledger.Budget{wide, part}
		g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 70, Least: 20, Budgets: list})
		if !g.Granted || g.Partial || g.Amount != 70 {
			t.Fatalf("%+v", g)
		}
		h := ledger.Hold{Exchange: "b", Amount: 70, Least: 20, Budgets: list}
		for range 2 { // the second is a repetition
			g = hold(t, l, h)
			if !g.Granted || !g.Partial || g.Amount != 30 || g.Budgets[0].Held != 100 || g.Budgets[1].Held != 100 {
				t.Fatalf("%+v, want the 30 that are left", g)
			}
		}
		settle(t, l, "b", 30)
		settle(t, l, "a", 55)
		if g := hold(t, l, ledger.Hold{Exchange: "c", Amount: 70, Least: 20, Budgets: list}); g.Granted || !g.Budgets[1].Refused || g.Budgets[0].Refused {
			t.Fatalf("%+v, want a refusal: 15 are less than the least", g)
		}
		if g := hold(t, l, ledger.Hold{Exchange: "d", Amount: 15, Least: 20, Budgets: list}); !g.Granted || g.Partial {
			t.Fatalf("%+v", g)
		}
		wantAccount(t, l, "p", 85, 0, 15)
		wantAccount(t, l, "w", 85, 0, 15)
	})
}

func TestAPartialHoldStaysWithinWhatIsNotPartial(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, part := p.enter(t), budget("p", 100, ledger.Month)
		part.Partial = true
		g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 200, Budgets: []ledger.Budget{part, budget("hard", 150, ledger.Day)}})
		if g.Granted || g.Budgets[0].Refused || !g.Budgets[1].Refused {
			t.Fatalf("%+v", g)
		}
		g = hold(t, l, ledger.Hold{Exchange: "b", Amount: 200, Budgets: []ledger.Budget{part, of(ledger.Free, "f", 50, ledger.Total)}})
		if !g.Granted || g.Amount != 150 {
			t.Fatalf("%+v, want what is left and the free credit", g)
		}
		wantAccount(t, l, "p", 0, 0, 100)
		wantAccount(t, l, "f", 0, 0, 50)
	})
}

// L4 the other way: where a product says that refused tries count, they do.
func TestRefusedTriesCountWhereAsked(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		strict := rate("tries", 2, 10*time.Second, ledger.Requests)
		strict.Tries = true
		list := []ledger.Rate{strict, rate("plain", 2, 10*time.Second, ledger.Requests)}
		at := func(s int) ledger.Grant {
			return hold(t, l, ledger.Hold{Exchange: fmt.Sprint("s", s), At: noon.Add(time.Duration(s) * time.Second), Rates: list})
		}
		for s := range 4 {
			if g := at(s); g.Granted != (s < 2) {
				t.Fatalf("second %d: %+v", s, g)
			}
		}
		g := at(11) // the plain one is free again; the other counted the tries of seconds 2 and 3
		if g.Granted || !g.Rates[0].Refused || g.Rates[1].Refused || g.Rates[0].Used != 3 {
			t.Fatalf("%+v", g)
		}
		if want := 2 * time.Second; g.Rates[0].RetryAfter != want {
			t.Fatalf("retry after %v, want %v", g.Rates[0].RetryAfter, want)
		}
		if g := at(25); !g.Granted {
			t.Fatalf("after a quiet time: %+v", g)
		}
	})
}

// The tightest of several decides, and the answer says which, an operator's ceiling included.
func TestTheTightestDecides(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		ceiling, tag := budget("operator", 50, ledger.Month), budget("tag", 80, ledger.Month)
		ceiling.Scope, tag.Scope = ledger.ScopeOperator, ledger.ScopeTag
		list := []ledger.Budget{budget("tenant", 100, ledger.Month), ceiling, tag}
		g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 60, Budgets: list})
		if g.Granted || g.Budgets[0].Refused || !g.Budgets[1].Refused || g.Budgets[2].Refused {
			t.Fatalf("%+v", g)
		}
		if g := hold(t, l, ledger.Hold{Exchange: "a", Amount: 50, Budgets: list}); !g.Granted {
			t.Fatalf("%+v", g)
		}
	})
}
