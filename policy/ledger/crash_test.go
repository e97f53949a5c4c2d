package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"weir/policy/ledger"
	"weir/policy/store"
)

func TestTheHoldsOfADeadOwnerAreChargedInFull(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		dead := p.enter(t)
		b := []ledger.Budget{budget("b", 1000, ledger.Day)}
		r := []ledger.Rate{rate("t", 100, time.Hour, "tokens")}
		hold(t, dead, ledger.Hold{Exchange: "lost", Amount: 300, Tokens: 30, Budgets: b, Rates: r})
		hold(t, dead, ledger.Hold{Exchange: "over", Amount: 300, Tokens: 30, Budgets: b, Rates: r})
		settle(t, dead, "over", 100)

		next := p.enter(t)
		hold(t, next, ledger.Hold{Exchange: "mine", Amount: 50, Budgets: b})
		recovered := func(want int) {
			t.Helper()
			if n, err := next.Recover(t.Context()); err != nil || n != want {
				t.Fatalf("%d recovered, error %v, want %d", n, err, want)
			}
		}
		p.advance(ledger.Lease)
		recovered(0)
		wantAccount(t, next, "b", 100, 0, 350)
		p.advance(time.Millisecond)
		recovered(1)
		wantAccount(t, next, "b", 400, 0, 50)
		recovered(0)
		if settle(t, dead, "lost", 200).First {
			t.Fatal("the dead owner settled once more")
		}
		wantAccount(t, next, "b", 400, 0, 50)
		if g := hold(t, next, ledger.Hold{Exchange: "next", Tokens: 1, Rates: r}); g.Rates[0].Used != 31 {
			t.Fatalf("%d tokens used, want the lost 30 and the new one", g.Rates[0].Used)
		}
		if kept := p.kept(t); kept["recovered"] != 1 || kept["settled"] != 1 {
			t.Fatalf("%v kept, want one recovered, one settled", kept)
		}
	})
}

func TestABeatKeepsAnOwnerAlive(t *testing.T) {
	over(t, func(t *testing.T, p *place) {

		a, b := p.enter(t), p.enter(t)
		hold(t, a, ledger.Hold{Exchange: "x", Amount: 5, Budgets: []ledger.Budget{budget("b", 10, ledger.Day)}})
		for range 20 {
			p.advance(ledger.BeatInterval)
			for _, l := range []*ledger.Ledger{a, b} {
				if err := l.Tick(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		wantAccount(t, b, "b", 0, 0, 5)
		if !settle(t, a, "x", 5).First {
			t.Fatal("its hold was taken from a living owner")
		}
	})
}

func TestAnOwnerThatClosedLeavesNothingHeld(t *testing.T) {
	over(t, func(t *testing.T, p *place) {

		a, b := p.enter(t), p.enter(t)
		hold(t, a, ledger.Hold{Exchange: "x", Amount: 5, Budgets: []ledger.Budget{budget("b", 10, ledger.Day)}})
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Recover(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d recovered, error %v, want 1 at once", n, err)
		}
		wantAccount(t, b, "b", 5, 0, 0)
	})
}

// A wrong clock's heartbeat must not keep a dead owner's holds for ever.
func TestAHeartbeatFromTheFutureIsNoLife(t *testing.T) {
	over(t, func(t *testing.T, p *place) {

		p.advance(1000 * time.Hour)
		dead := p.enter(t)
		hold(t, dead, ledger.Hold{Exchange: "x", Amount: 5, Budgets: []ledger.Budget{budget("b", 10, ledger.Day)}})
		p.advance(-1000 * time.Hour)
		if n, err := p.enter(t).Recover(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d recovered, error %v, want 1", n, err)
		}
	})
}

func TestAnEndThatTheStoreDidNotTakeIsMadeUpFor(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l := p.enter(t)
		hold(t, l, ledger.Hold{Exchange: "x", Amount: 50, Budgets: []ledger.Budget{budget("b", 100, ledger.Day)}})
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.Settle(gone, ledger.Use{Tenant: acme, Exchange: "x", At: noon, Billed: 20, Cost: 20}); err == nil || l.Owed() != 1 {
			t.Fatalf("error %v, %d owed, want an error and one", err, l.Owed())
		}
		wantAccount(t, l, "b", 0, 0, 50)
		if err := l.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantAccount(t, l, "b", 20, 0, 0)
		if l.Owed() != 0 {
			t.Fatalf("%d owed, want none", l.Owed())
		}
	})
}

// The caller gives up while its hold is being written: it must not stay held.
func TestAnUncertainHoldIsReleased(t *testing.T) {
	st, c := openStore(t, filepath.Join(t.TempDir(), "weir.db")), newClock()
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan struct{})
	var reads atomic.Int32
	reads.Store(-1000)
	l, err := ledger.OpenSQLite(t.Context(), st, ledger.WithClock(func() time.Time {
		if reads.Add(1) == 2 { // the second time within the change
			cancel()
			<-end
		}
		return c.now()
	}))
	if err != nil {
		t.Fatal(err)
	}
	reads.Store(0)
	_, err = l.Hold(ctx, ledger.Hold{Exchange: "x", Tenant: acme, At: noon, Amount: 5, Budgets: []ledger.Budget{budget("b", 10, ledger.Day)}})
	if !errors.Is(err, store.ErrUncertain) || !errors.Is(err, context.Canceled) || l.Owed() != 1 {
		t.Fatalf("%v with %d owed, want ErrUncertain and one", err, l.Owed())
	}
	close(end)
	if err := l.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := accounts(t, l, budget("b", 10, ledger.Day), noon, 1); len(a) != 0 {
		t.Fatalf("%+v, want an empty account", a)
	}
	if settle(t, l, "x", 5).First {
		t.Fatal("it was not released, or never written")
	}
}

func TestEndedHoldsAreForgotten(t *testing.T) {
	p := onSQLite(t)
	l := p.enter(t)
	for _, id := range []string{"ended", "open"} {
		hold(t, l, ledger.Hold{Exchange: id, Amount: 1, Budgets: []ledger.Budget{budget("b", 10, ledger.Day)}})
	}
	settle(t, l, "ended", 1)
	left := func() (n int) {
		if err := l.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, of := range p.kept(t) {
			n += of
		}
		return n
	}
	p.advance(ledger.KeepEnded)
	if n := left(); n != 2 {
		t.Fatalf("%d holds kept, want both until the time is over", n)
	}
	p.advance(time.Millisecond)
	if n := left(); n != 1 {
		t.Fatalf("%d holds kept, want the open one", n)
	}
	wantAccount(t, l, "b", 1, 0, 1)
}

// Rates of clients that never come back, and accounts of periods long ago, do not stay for ever.
func TestWhatIsOverIsForgotten(t *testing.T) {
	p := onSQLite(t)
	l := p.enter(t)
	for i := range 1200 {
		hold(t, l, ledger.Hold{
			Exchange: fmt.Sprint(i), Amount: 1, Budgets: []ledger.Budget{budget(fmt.Sprint("b", i), 10, ledger.Day)},
			Rates: []ledger.Rate{rate(fmt.Sprint("address/", i), 10, time.Minute, ledger.Tokens)},
		})
		if i > 0 {
			settle(t, l, fmt.Sprint(i), 1)
		}
	}
	rows := func(table string) (n int) {
		t.Helper()
		if err := l.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p.rows(t, table)
	}
	p.advance(ledger.KeepRates)
	if n := rows("rates"); n != 1200 {
		t.Fatalf("%d rates, want all", n)
	}
	p.advance(2 * time.Minute)
	if n := rows("rates"); n != 0 {
		t.Fatalf("%d rates, want none", n)
	}
	settle(t, l, "0", 1) // its rate is gone, and nothing is missing
	hold(t, l, ledger.Hold{Exchange: "late", Amount: 1, Budgets: []ledger.Budget{budget("b7", 10, ledger.Day)}})
	p.advance(ledger.KeepAccounts)
	if n := rows("accounts"); n != 1 {
		t.Fatalf("%d accounts, want the one with a hold", n)
	}
}
