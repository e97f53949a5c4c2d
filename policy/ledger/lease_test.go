package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/redisd"
)

// soft is a budget that refuses nothing, so that it can be booked without asking what is left of it.
func soft(id string) ledger.Budget {
	b := budget(id, 100, ledger.Total)
	b.Soft = true
	return b
}

func locally(l *ledger.Ledger, id string, amount int64, bound ledger.LocalLease, b ...ledger.Budget) (ledger.Grant, error) {
	return l.HoldLocally(context.Background(), ledger.Hold{Exchange: id, Tenant: acme, At: noon, Amount: amount, Budgets: b}, bound)
}

func tick(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	if err := l.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// However many ask at once, no more than the lease is admitted; what was used is booked once, when the store is there.
func TestALeaseIsNeverPassed(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, b, bound := p.enter(t), soft("b"), ledger.LocalLease{Amount: 100, Requests: 5}
		asked.Store("b", askedFor{b, noon})
		var wg sync.WaitGroup
		var granted atomic.Int64
		var mu sync.Mutex
		var ids []string
		for i := range 200 {
			wg.Go(func() {
				g, err := locally(l, fmt.Sprint(i), 30, bound, b)
				switch {
				case err == nil && g.Granted && g.Amount == 30:
					granted.Add(1)
					mu.Lock()
					ids = append(ids, fmt.Sprint(i))
					mu.Unlock()
				case !errors.Is(err, ledger.ErrLease):
					t.Errorf("%+v, %v", g, err)
				}
			})
		}
		wg.Wait()
		if granted.Load() != 3 || l.Leased() != (ledger.LocalLease{Amount: 90, Requests: 3}) {
			t.Fatalf("%d granted, %+v in use; want three of 30 within 100", granted.Load(), l.Leased())
		}
		settle(t, l, ids[0], 10)
		if settle(t, l, ids[0], 10).First {
			t.Fatal("settled twice")
		}
		release(t, l, ids[1])
		for i, want := range []bool{true, true, false} { // 40 are in use, then 5 requests
			_, err := locally(l, fmt.Sprint("more", i), 20, bound, b)
			if (err == nil) != want {
				t.Fatalf("request %d: %v", i+3, err)
			}
		}
		if s := settle(t, l, "more0", 25); !s.First || s.Overrun != 5 {
			t.Fatalf("%+v", s)
		}
		for range 2 {
			tick(t, l)
			wantAccount(t, l, "b", 30, 5, 50)
		}
		if l.Leased() != (ledger.LocalLease{}) || l.Owed() != 0 {
			t.Fatalf("%+v in use, %d owed", l.Leased(), l.Owed())
		}
		settle(t, l, ids[2], 1) // they were open meanwhile
		settle(t, l, "more1", 2)
		wantAccount(t, l, "b", 33, 5, 0)
		if k := p.kept(t); k["settled"] != 4 || k["released"] != 1 {
			t.Fatalf("%v", k)
		}
	})
}

// What only the store can know is not lent, and what can be counted here is counted here.
func TestWhatALeaseDoesNotAdmit(t *testing.T) {
	l := onSQLite(t).enter(t)
	wide := ledger.LocalLease{Amount: 1000, Requests: 1000}
	for name, b := range map[string]ledger.Budget{
		"cap": budget("c", ledger.MaxAmount, ledger.Month), "credits": {ID: "p", Kind: ledger.Credits, Limit: 1e9, Period: ledger.Total},
		"quota": {ID: "q", Kind: ledger.Quota, Limit: 1000, Period: ledger.Day}, "call": {ID: "l", Kind: ledger.Call, Limit: 4},
		"concurrency": {ID: "n", Kind: ledger.Concurrency, Limit: 0},
	} {
		if _, err := locally(l, name, 5, wide, b); !errors.Is(err, ledger.ErrLease) {
			t.Errorf("%s: %v, want ErrLease", name, err)
		}
	}
	for name, r := range map[string]ledger.Rate{
		"requests": rate("r", 1, time.Hour, ledger.Requests), "tokens": rate("t", 15, time.Hour, ledger.Tokens),
	} {
		for i := range 2 {
			h := ledger.Hold{Exchange: fmt.Sprint(name, i), Tenant: acme, At: noon, Tokens: 10, Rates: []ledger.Rate{r}}
			if _, err := l.HoldLocally(context.Background(), h, wide); (err == nil) != (i == 0) {
				t.Errorf("%s, request %d: %v", name, i, err)
			}
		}
	}
	one := ledger.Budget{ID: "n", Kind: ledger.Concurrency, Limit: 1}
	for i, want := range []bool{true, false, true} {
		if i == 2 {
			settle(t, l, "open0", 1)
		}
		if _, err := locally(l, fmt.Sprint("open", i), 5, wide, one); (err == nil) != want {
			t.Errorf("concurrency, request %d: %v", i, err)
		}
	}
	for name, bound := range map[string]ledger.LocalLease{"no requests": {Amount: 1000}, "no money": {Requests: 1000}} {
		if _, err := locally(l, name, 1, bound); !errors.Is(err, ledger.ErrLease) {
			t.Errorf("%s: %v, want ErrLease", name, err)
		}
	}
}

// A server that is killed, one that may have got the hold before it stopped, and a Weir that stops: each books what was
// used, once.
func TestALeaseOverAnOutage(t *testing.T) {
	for name, f := range map[string]struct{ away, back func(*redisd.Server) }{
		"killed":  {(*redisd.Server).Kill, func(s *redisd.Server) { s.Restart(t) }},
		"stopped": {func(s *redisd.Server) { s.Pause(t) }, func(s *redisd.Server) { s.Resume(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := redisd.Start(t, redisd.Durable()...)
			l, _ := onServer(t, s)
			b, bound := soft("b"), ledger.LocalLease{Amount: 25, Requests: 9}
			if _, err := try(l, "before", b); err != nil {
				t.Fatal(err)
			}
			f.away(s)
			for i := range 3 {
				id := fmt.Sprint(i)
				if _, err := try(l, id, b); err == nil {
					t.Fatal("granted by nobody")
				}
				h := ledger.Hold{Exchange: id, Tenant: acme, At: time.Now(), Amount: 10, Budgets: []ledger.Budget{b}}
				if _, err := l.HoldLocally(context.Background(), h, bound); (err == nil) != (i < 2) {
					t.Fatalf("request %d: %v", i, err)
				}
			}
			settle(t, l, "0", 4)
			if err := l.Tick(t.Context()); err == nil || l.Leased().Amount != 14 {
				t.Fatalf("%v, %+v in use", err, l.Leased())
			}
			f.back(s)
			until(t, "the ledger works again", func() error { return l.Tick(t.Context()) })
			if a := now(t, l, b); a.Settled != 4 || a.Held != 20 || l.Leased().Requests != 0 {
				t.Fatalf("%+v, %+v in use; want 4 settled, and held what is open", a, l.Leased())
			}
			settle(t, l, "1", 10)
			settle(t, l, "before", 10)
			if a := now(t, l, b); a.Settled != 24 || a.Held != 0 || a.Overrun != 0 {
				t.Fatalf("%+v", a)
			}
		})
	}
}

// A Weir that stops writes what is on leases; what is still open then is charged in full, as after a crash.
func TestCloseWritesLeases(t *testing.T) {
	path := t.TempDir() + "/weir.db"
	p := sqlitePlace(openStore(t, path), func() *store.Store { return openStore(t, path) })
	l, b, bound := p.enter(t), soft("b"), ledger.LocalLease{Amount: 100, Requests: 5}
	asked.Store("b", askedFor{b, noon})
	for _, id := range []string{"over", "open"} {
		if _, err := locally(l, id, 10, bound, b); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, l, "over", 3)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := p.enter(t)
	if n, err := next.Recover(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d recovered, %v", n, err)
	}
	wantAccount(t, next, "b", 13, 0, 0)
}
