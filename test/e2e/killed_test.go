package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/redisd"
)

// killed is the tenant whose Weirs are killed.
const killed = "killed"

// rounds is how often a Weir is killed behind Envoy on each store: WEIR_KILLS, or six times. policy/ledger kills fifty times
// on each, without an Envoy.
func rounds() int64 {
	if n, err := strconv.ParseInt(os.Getenv("WEIR_KILLS"), 10, 32); err == nil && n > 0 {
		return n
	}
	return 6
}

// killedLimit is what the tenant may spend: some calls in each round.
func killedLimit() int64 { return rounds() * 6 * callHold }

// B14: Weirs that are killed at random moments, with calls under way, pass no cap and lose no answer that was delivered, and
// leave nothing held.
func TestKilledWithCallsUnderWay(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		stages := troupe(t, 1, false, nil)
		underFire(t, stages, func() *ledger.Ledger {
			st, err := store.Open(t.Context(), stages[0].conf.StorePath)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close() })
			later := func() time.Time { return time.Now().Add(2 * ledger.Lease) }
			l, err := ledger.OpenSQLite(t.Context(), st, ledger.WithClock(later))
			if err != nil {
				t.Fatal(err)
			}
			return l
		})
	})
	t.Run("redis", func(t *testing.T) {
		server := redisd.Start(t, redisd.Durable()...)
		shared := func(f *config.File) { f.Store.Redis = &config.Redis{Addresses: []string{server.Addr}, Timeout: "10s"} }
		underFire(t, troupe(t, 2, false, shared), func() *ledger.Ledger {
			r, err := store.OpenRedis(store.RedisOptions{Addresses: []string{server.Addr}, Timeout: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.Close() })
			l, err := ledger.OpenRedis(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			return l
		})
	})
}

// underFire kills one of the stages' Weirs after another, each while calls are under way on all of them.
func underFire(t *testing.T, stages []*stage, heir func() *ledger.Ledger) {
	var delivered atomic.Int64
	weirs := make([]*child, len(stages))
	for i, s := range stages {
		weirs[i] = s.launch(t)
	}
	for round := range int(rounds()) {
		victim := round % len(stages)
		over, before := calls(t, stages, &delivered), answered(stages)
		// The moment is that of an answer, each time another; where the money is gone there is none, and the calls end.
		for most := before + 1 + rand.Int64N(6); answered(stages) < most; {
			select {
			case <-weirs[victim].gone:
				t.Fatal("Weir stopped on its own")
			case <-over:
				most = 0
			case <-time.After(time.Millisecond):
			}
		}
		weirs[victim].signal(syscall.SIGKILL)
		<-over
		weirs[victim] = stages[victim].launch(t)
	}
	<-calls(t, stages, &delivered) // what is left of the money
	for _, w := range weirs {
		w.signal(syscall.SIGKILL)
	}
	a := inherited(t, heir())
	if a.Overrun != 0 || a.Settled > killedLimit() || a.Settled < delivered.Load()*callHold {
		t.Fatalf("%+v after %d delivered answers of %d, with a limit of %d", a, delivered.Load(), callHold, killedLimit())
	}
	if delivered.Load() == 0 {
		t.Fatal("nothing was ever delivered, so nothing was tested")
	}
	t.Logf("%d kills, %d answers delivered, %d of %d micro-USD settled", rounds(), delivered.Load(), a.Settled, killedLimit())
}

// answered is how many calls have reached a provider.
func answered(stages []*stage) (n int64) {
	for _, s := range stages {
		n += s.upstream.count()
	}
	return n
}

// calls makes some at once on each stage, and says when they are over.
func calls(t *testing.T, stages []*stage, delivered *atomic.Int64) <-chan struct{} {
	var wg sync.WaitGroup
	for i := range 8 * len(stages) {
		wg.Go(func() {
			for range 2 {
				if stages[i%len(stages)].do(t, moneyCall(killed)).status == 200 {
					delivered.Add(1)
				}
			}
		})
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		wg.Wait()
	}()
	return over
}

// inherited is the tenant's account after another owner has looked after what dead ones left.
func inherited(t *testing.T, l *ledger.Ledger) (a ledger.Account) {
	t.Helper()
	b := ledger.Budget{ID: fmt.Sprintf("tenant/%s/total", killed), Period: ledger.Total}
	eventually(t, "nothing is held", func() bool {
		if _, err := l.Recover(context.Background()); err != nil {
			t.Fatal(err)
		}
		list, err := l.Accounts(t.Context(), killed, b, time.Now(), 1)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		a = list[0]
		return a.Held == 0
	})
	return a
}
