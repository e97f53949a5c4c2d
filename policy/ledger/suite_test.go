package ledger_test

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/policy/ledger"
	"weir/policy/store"
)

// noon is a Wednesday.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests set.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(noon.UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// place is a store of its own for one case, and a clock.
type place struct {
	*clock
	// enter opens a ledger on the store, as another process would.
	enter func(t testing.TB, more ...ledger.Option) *ledger.Ledger
	// opened tells how many holds are kept, and of which outcomes.
	kept func(t testing.TB) map[string]int
	// rows counts a table of SQLite.
	rows func(t testing.TB, table string) int
}

// stores are what the conformance suite runs over.
var stores = map[string]func(t testing.TB) *place{"sqlite": onSQLite, "redis": onRedis, "cluster": onCluster}

// over runs a case on every store.
func over(t *testing.T, run func(t *testing.T, p *place)) {
	t.Helper()
	for name, open := range stores {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func onSQLite(t testing.TB) *place {
	path := filepath.Join(t.TempDir(), "weir.db")
	return sqlitePlace(openStore(t, path), func() *store.Store { return openStore(t, path) })
}

// sqlitePlace opens the store once for every ledger, as another process does.
func sqlitePlace(first *store.Store, another func() *store.Store) *place {
	p := &place{clock: newClock()}
	st := first
	p.enter = func(t testing.TB, more ...ledger.Option) *ledger.Ledger {
		l, err := ledger.OpenSQLite(t.Context(), st, append(more, ledger.WithClock(p.now))...)
		if err != nil {
			t.Fatal(err)
		}
		if another != nil {
			st = another()
		}
		return l
	}
	p.rows = func(t testing.TB, table string) (n int) {
		t.Helper()
		if err := first.Read().QueryRowContext(context.Background(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	p.kept = func(t testing.TB) map[string]int {
		t.Helper()
		rows, err := first.Read().QueryContext(context.Background(), "SELECT outcome, count(*) FROM holds GROUP BY outcome")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		out := map[string]int{}
		for rows.Next() {
			var outcome string
			var n int
			if err := rows.Scan(&outcome, &n); err != nil {
				t.Fatal(err)
			}
			out[outcome] = n
		}
		return out
	}
	return p
}

func openStore(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

const acme = "acme"

func budget(id string, limit int64, period string) ledger.Budget {
	return ledger.Budget{ID: id, Scope: "tenant", Limit: limit, Period: period}
}

func rate(id string, limit int64, window time.Duration, unit string) ledger.Rate {
	return ledger.Rate{ID: id, Scope: "key", Limit: limit, Window: window, Unit: unit}
}

// asked remembers the budgets of holds by id, and when they were asked for last, so that cases can name an account by
// its id.
var asked sync.Map

type askedFor struct {
	ledger.Budget
	at time.Time
}

// hold fails the test on an error and returns the grant.
func hold(t testing.TB, l *ledger.Ledger, h ledger.Hold) ledger.Grant {
	t.Helper()
	if h.At.IsZero() {
		h.At = noon
	}
	h.Tenant = acme
	for _, b := range h.Budgets {
		asked.Store(b.ID, askedFor{b, h.At})
	}
	g, err := l.Hold(t.Context(), h)
	if err != nil {
		t.Fatalf("hold %s: %v", h.Exchange, err)
	}
	return g
}

func settle(t testing.TB, l *ledger.Ledger, exchange string, billed int64) ledger.Settled {
	t.Helper()
	s, err := l.Settle(t.Context(), ledger.Use{Exchange: exchange, Tenant: acme, At: noon, Cost: billed, Billed: billed})
	if err != nil {
		t.Fatalf("settle %s: %v", exchange, err)
	}
	return s
}

func release(t testing.TB, l *ledger.Ledger, exchange string) {
	t.Helper()
	if err := l.Release(t.Context(), acme, exchange); err != nil {
		t.Fatalf("release %s: %v", exchange, err)
	}
}

// account is the budget's, in the period it was asked for last.
func account(t testing.TB, l *ledger.Ledger, id string) ledger.Account {
	t.Helper()
	known, ok := asked.Load(id)
	if !ok {
		t.Fatalf("nothing was ever held in %s", id)
	}
	list := accounts(t, l, known.(askedFor).Budget, known.(askedFor).at, 1)
	if len(list) == 0 {
		return ledger.Account{Budget: id}
	}
	return list[0]
}

func accounts(t testing.TB, l *ledger.Ledger, b ledger.Budget, at time.Time, n int) []ledger.Account {
	t.Helper()
	list, err := l.Accounts(t.Context(), acme, b, at, n)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func wantAccount(t testing.TB, l *ledger.Ledger, id string, settled, overrun, held int64) {
	t.Helper()
	a := account(t, l, id)
	if a.Settled != settled || a.Overrun != overrun || a.Held != held {
		t.Fatalf("%s: settled %d, overrun %d, held %d; want %d, %d, %d", id, a.Settled, a.Overrun, a.Held, settled, overrun, held)
	}
}
