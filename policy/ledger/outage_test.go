package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/redisd"
)

// brief is a time-out that tests do not wait long for, and that a busy machine with a durable server keeps.
const brief = time.Second

// onServer opens a ledger on a server of the case's own, by the server's clock.
func onServer(t *testing.T, s *redisd.Server) (*ledger.Ledger, *store.Redis) {
	t.Helper()
	r := openRedis(t, store.RedisOptions{Addresses: []string{s.Addr}, Timeout: brief})
	l, err := ledger.OpenRedis(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return l, r
}

func try(l *ledger.Ledger, id string, b ...ledger.Budget) (ledger.Grant, error) {
	return l.Hold(context.Background(), ledger.Hold{Exchange: id, Tenant: acme, At: time.Now(), Amount: 10, Budgets: b})
}

// until repeats something that needs the breaker to try again.
func until(t *testing.T, what string, ok func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = ok(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

func now(t *testing.T, l *ledger.Ledger, b ledger.Budget) ledger.Account {
	t.Helper()
	list := accounts(t, l, b, time.Now(), 1)
	if len(list) == 0 {
		return ledger.Account{}
	}
	return list[0]
}

// A server that dies and comes back with what it had put on its disk: what was granted is still held, what was owed is
// booked, and the scripts that it lost are sent again.
func TestRedisKilledAndRestarted(t *testing.T) {
	s := redisd.Start(t, redisd.Durable()...)
	l, _ := onServer(t, s)
	b := budget("b", 100, ledger.Total)
	for _, id := range []string{"settled", "owed", "open"} {
		if g, err := try(l, id, b); err != nil || !g.Granted {
			t.Fatalf("%+v, %v", g, err)
		}
	}
	settle(t, l, "settled", 7)
	s.Kill()
	if _, err := try(l, "refused", b); err == nil {
		t.Fatal("granted by a dead server")
	}
	if _, err := l.Settle(t.Context(), ledger.Use{Exchange: "owed", Tenant: acme, At: time.Now(), Billed: 9, Cost: 9}); err == nil || l.Owed() == 0 {
		t.Fatalf("%v with %d owed", err, l.Owed())
	}
	s.Restart(t)
	until(t, "the ledger works again", func() error { return l.Tick(t.Context()) })
	if a := now(t, l, b); a.Settled != 16 || a.Held != 10 {
		t.Fatalf("%+v, want 7 and 9 settled and 10 held", a)
	}
	settle(t, l, "open", 10)
	if a := now(t, l, b); a.Settled != 26 || a.Held != 0 || l.Owed() != 0 {
		t.Fatalf("%+v, %d owed", a, l.Owed())
	}
}

// K4, K8: a server that takes connections and never answers is waited for within a bound, then left alone. What may have
// reached it does not stay held when it goes on.
func TestRedisStopped(t *testing.T) {
	s := redisd.Start(t, redisd.Volatile()...)
	l, r := onServer(t, s)
	b := budget("b", 1000, ledger.Total)
	if _, err := try(l, "before", b); err != nil {
		t.Fatal(err)
	}
	s.Pause(t)
	for i := range store.BreakAfter {
		if _, err := try(l, fmt.Sprint("lost", i), b); !errors.Is(err, store.ErrUncertain) {
			t.Fatalf("try %d: %v, want ErrUncertain", i, err)
		}
	}
	for i := range 1000 {
		if _, err := try(l, fmt.Sprint("left", i), b); !errors.Is(err, store.ErrDown) {
			t.Fatalf("after %d failures: %v, want ErrDown without asking", store.BreakAfter, err)
		}
	}
	if !r.Down() || r.Breaker() != "open" || !slices.Contains(store.BreakerStates(), r.Breaker()) || l.Owed() != store.BreakAfter {
		t.Fatalf("down %v, %d owed", r.Down(), l.Owed())
	}
	s.Resume(t)
	until(t, "the ledger works again", func() error { return l.Tick(t.Context()) })
	if a := now(t, l, b); a.Held != 10 || r.Breaker() != "closed" {
		t.Fatalf("%+v, breaker %s; want the first hold alone, and a closed breaker", a, r.Breaker())
	}
	for i := range store.BreakAfter {
		if _, err := try(l, fmt.Sprint("lost", i), b); !errors.Is(err, ledger.ErrEnded) {
			t.Fatalf("a hold that was given up: %v, want ErrEnded", err)
		}
	}
}

func TestRedisLosesItsScripts(t *testing.T) {
	s := redisd.Start(t, redisd.Volatile()...)
	l, r := onServer(t, s)
	b := budget("b", 1000, ledger.Total)
	for i := range 5 {
		flush(t, r)
		if g, err := try(l, fmt.Sprint(i), b); err != nil || !g.Granted {
			t.Fatalf("%+v, %v", g, err)
		}
		flush(t, r)
		settle(t, l, fmt.Sprint(i), 3)
	}
	if a := now(t, l, b); a.Settled != 15 || a.Held != 0 {
		t.Fatalf("%+v", a)
	}
}

func flush(t *testing.T, r *store.Redis) {
	t.Helper()
	if err := r.Do(t.Context(), func(ctx context.Context, c redis.UniversalClient) error { return c.ScriptFlush(ctx).Err() }); err != nil {
		t.Fatal(err)
	}
}

// K7: the server is down at the start and comes later.
func TestRedisDownAtTheStart(t *testing.T) {
	s := redisd.Start(t, redisd.Volatile()...)
	s.Kill()
	l, _ := onServer(t, s)
	b := budget("b", 1000, ledger.Total)
	if _, err := try(l, "early", b); err == nil {
		t.Fatal("granted by nobody")
	}
	s.Restart(t)
	until(t, "a hold is granted", func() error {
		_, err := try(l, "late", b)
		return err
	})
}

// A server that would drop accounts when it is full is no store for caps.
func TestRedisThatEvictsIsRefused(t *testing.T) {
	s := redisd.Start(t, append(redisd.Volatile(), "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")...)
	r := openRedis(t, store.RedisOptions{Addresses: []string{s.Addr}})
	if _, err := ledger.OpenRedis(t.Context(), r); !errors.Is(err, store.ErrEvicts) {
		t.Fatalf("%v, want ErrEvicts", err)
	}
}

// A restart of the server makes everybody's heartbeat old at once. Nobody is taken for dead by that.
func TestAnOutageKillsNoOwner(t *testing.T) {
	p := onRedis(t)
	a, b := p.enter(t), p.enter(t)
	hold(t, a, ledger.Hold{Exchange: "x", Amount: 5, Budgets: []ledger.Budget{budget("b", 10, ledger.Day)}})
	p.advance(10 * ledger.Lease) // nobody could beat
	for range 2 {
		for _, l := range []*ledger.Ledger{b, a} {
			if err := l.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantAccount(t, a, "b", 0, 0, 5)
	if !settle(t, a, "x", 3).First {
		t.Fatal("its hold was taken from a living owner")
	}
	hold(t, a, ledger.Hold{Exchange: "y", Amount: 5, Budgets: []ledger.Budget{budget("b", 10, ledger.Day)}})
	for range 8 { // a is silent, b is not
		p.advance(ledger.BeatInterval)
		if err := b.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	wantAccount(t, b, "b", 8, 0, 0)
}

// What has ended has a time to live on Redis, what is open has none.
func TestRedisForgetsWhatHasEnded(t *testing.T) {
	s := redisd.Start(t, redisd.Volatile()...)
	l, r := onServer(t, s)
	b := budget("b", 1000, ledger.Day)
	for _, id := range []string{"ended", "open"} {
		if _, err := try(l, id, b); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, l, "ended", 3)
	lives := func(key string) (d time.Duration) {
		t.Helper()
		err := r.Do(t.Context(), func(ctx context.Context, c redis.UniversalClient) (err error) {
			d, err = c.TTL(ctx, key).Result()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := lives(r.Key(acme, "h", "ended")); d <= 0 || d > ledger.KeepEnded {
		t.Errorf("an ended hold lives for %v", d)
	}
	if d := lives(r.Key(acme, "h", "open")); d != -1 {
		t.Errorf("an open hold lives for %v", d)
	}
}

// The server's clock decides, not the caller's.
func TestTheTimeIsTheServers(t *testing.T) {
	s := redisd.Start(t, redisd.Volatile()...)
	l, _ := onServer(t, s)
	wrong := time.Now().Add(-90 * 24 * time.Hour)
	g, err := l.Hold(t.Context(), ledger.Hold{
		Exchange: "x", Tenant: acme, At: wrong, Amount: 10, Budgets: []ledger.Budget{budget("b", 100, ledger.Month)},
		Rates: []ledger.Rate{rate("r", 1, time.Hour, ledger.Requests)},
	})
	if err != nil || !g.Granted || !g.Budgets[0].ResetAt.After(time.Now()) || !g.Rates[0].ResetAt.After(time.Now()) {
		t.Fatalf("%+v, %v", g, err)
	}
	if a := now(t, l, budget("b", 100, ledger.Month)); a.Held != 10 {
		t.Fatalf("%+v, want the hold in this month", a)
	}
}
