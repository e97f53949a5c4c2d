package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/redisd"
)

func leasedRows(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	if err := s.Read().QueryRow("SELECT count(*) FROM leases").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A process that is killed while the shared store is away loses nothing of what was on its leases, and the next one has no
// lease beside it. What was over is booked as it was, what was open in full, each once.
func TestALeaseOutlivesItsProcess(t *testing.T) {
	s, path := redisd.Start(t, redisd.Durable()...), t.TempDir()+"/weir.db"
	begin := func(after time.Duration) (*ledger.Ledger, *store.Store) {
		t.Helper()
		file := openStore(t, path)
		l, err := ledger.OpenRedis(t.Context(), openRedis(t, store.RedisOptions{Addresses: []string{s.Addr}, Timeout: brief}),
			ledger.WithJournal(file), ledger.WithClock(func() time.Time { return time.Now().Add(after) }))
		if err != nil {
			t.Fatal(err)
		}
		return l, file
	}
	first, _ := begin(0)
	b, bound := soft("b"), ledger.LocalLease{Amount: 35, Requests: 9}
	lend := func(l *ledger.Ledger, id string) error {
		h := ledger.Hold{Exchange: id, Tenant: acme, At: time.Now(), Amount: 10, Budgets: []ledger.Budget{b}}
		_, err := l.HoldLocally(context.Background(), h, bound)
		return err
	}
	s.Kill()
	for _, id := range []string{"over", "open", "free"} {
		if err := lend(first, id); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, first, "over", 4)
	release(t, first, "free")

	soon, _ := begin(0) // the first may still live: what it lent counts, and stays its own
	if err := lend(soon, "soon"); err != nil || soon.Leased().Requests != 1 {
		t.Fatalf("%v, %+v in use", err, soon.Leased())
	}
	settle(t, soon, "soon", 5)
	second, file := begin(2 * ledger.Lease)
	if u := second.Leased(); u != (ledger.LocalLease{Amount: 19, Requests: 4}) {
		t.Fatalf("%+v left over, want 4 and 5 that were used and 10 that is open", u)
	}
	for i, want := range []bool{true, false} { // of 35
		if err := lend(second, fmt.Sprint("more", i)); (err == nil) != want {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	s.Restart(t)
	until(t, "the ledger works again", func() error { return second.Tick(t.Context()) })
	if a := now(t, second, b); a.Settled != 19 || a.Held != 10 || second.Leased() != (ledger.LocalLease{}) || leasedRows(t, file) != 0 {
		t.Fatalf("%+v, %+v in use, %d rows", a, second.Leased(), leasedRows(t, file))
	}
	settle(t, second, "more0", 1)
	// Whoever was taken for dead and lives books nothing a second time.
	settle(t, first, "open", 2)
	for _, l := range []*ledger.Ledger{first, soon} {
		if err := l.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if a := now(t, second, b); a.Settled != 20 || a.Held != 0 || a.Overrun != 0 {
		t.Fatalf("%+v", a)
	}
}

// What cannot be written down is not lent.
func TestAJournalThatFailsLendsNothing(t *testing.T) {
	s, file := redisd.Start(t, redisd.Volatile()...), openStore(t, t.TempDir()+"/weir.db")
	l, err := ledger.OpenRedis(t.Context(), openRedis(t, store.RedisOptions{Addresses: []string{s.Addr}}), ledger.WithJournal(file))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := locally(l, "x", 1, ledger.LocalLease{Amount: 9, Requests: 9}, soft("b")); !errors.Is(err, ledger.ErrLease) || l.Leased().Requests != 0 {
		t.Fatalf("%v, %+v in use; want ErrLease", err, l.Leased())
	}
}

// On a file that fails there is nowhere else to write: what a killed process had lent is lost, and that is at most its lease.
func TestALeaseOnAFileDiesWithItsProcess(t *testing.T) {
	p := onSQLite(t)
	l, b, bound := p.enter(t), soft("b"), ledger.LocalLease{Amount: 25, Requests: 9}
	asked.Store("b", askedFor{b, noon})
	lent := 0
	for i := range 9 {
		if _, err := locally(l, fmt.Sprint(i), 10, bound, b); err == nil {
			lent++
		}
	}
	next := p.enter(t)
	p.advance(2 * ledger.Lease)
	tick(t, next)
	if _, err := next.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if wantAccount(t, next, "b", 0, 0, 0); lent != 2 {
		t.Fatalf("%d lent of a lease of two", lent)
	}
}

// Whenever the store hears of it: what was used on a lease counts in the period and the window it was used in.
func TestLeasedUseCountsWhenItWasUsed(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, wide := p.enter(t), ledger.LocalLease{Amount: 1000, Requests: 1000}
		b := budget("b", 100, ledger.Hour)
		b.Soft = true
		r := []ledger.Rate{rate("r", 2, 10*time.Minute, ledger.Requests), rate("t", 50, 10*time.Minute, ledger.Tokens)}
		lend := func(id string) {
			t.Helper()
			h := ledger.Hold{Exchange: id, Tenant: acme, At: p.now(), Amount: 10, Tokens: 20, Budgets: []ledger.Budget{b}, Rates: r}
			if _, err := l.HoldLocally(t.Context(), h, wide); err != nil {
				t.Fatal(err)
			}
		}
		lend("old") // in the hour from 12
		settle(t, l, "old", 7)
		p.advance(57 * time.Minute)
		lend("new")
		if _, err := l.Settle(t.Context(), ledger.Use{Tenant: acme, Exchange: "new", At: p.now(), Billed: 8, InputTokens: 5}); err != nil {
			t.Fatal(err)
		}
		p.advance(5 * time.Minute) // it is 13:02
		tick(t, l)
		for at, want := range map[time.Duration]int64{0: 15, time.Hour: 0} {
			var got int64
			for _, a := range accounts(t, l, b, noon.Add(at), 1) {
				got = a.Settled
			}
			if got != want {
				t.Errorf("%d settled in the hour from %v, want %d", got, noon.Add(at), want)
			}
		}
		// Of both rates only the later use is still in the window, and leaves it at 13:07.
		g := hold(t, l, ledger.Hold{Exchange: "two", At: p.now(), Tokens: 45, Rates: r})
		if !g.Granted || g.Rates[0].Used != 2 || g.Rates[1].Used != 50 {
			t.Fatalf("%+v", g.Rates)
		}
		g = hold(t, l, ledger.Hold{Exchange: "three", At: p.now(), Rates: r})
		if g.Granted || g.Rates[0].RetryAfter != 5*time.Minute {
			t.Fatalf("%+v, want a wait of five minutes", g.Rates)
		}
	})
}
