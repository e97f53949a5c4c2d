package ledger_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/redisd"
)

// victimFile tells a copy of this test binary to be the process that is killed.
const victimFile = "WEIR_TEST_LEDGER_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victimFile); path != "" {
		if err := victim(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if err := measured.write(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	single.stop()
	cluster.stop()
	os.Exit(code)
}

// The victim's money: every exchange holds ten and uses seven of one budget that is never enough for all.
const (
	victimLimit = 9_000
	victimHold  = 10
	victimUse   = 7
)

// victim holds and settles from eight clients until nothing is left, and says what it was told is durable. The store is
// a file, or an address and a prefix.
func victim(place string) error {
	ctx := context.Background()
	l, err := victimLedger(ctx, place)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	var out sync.Mutex
	say := func(what, id string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(what, id)
	}
	for client := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s-%d-%d", l.Owner(), client, n)
				g, err := l.Hold(ctx, ledger.Hold{Exchange: id, Tenant: acme, At: time.Now(), Amount: victimHold, Budgets: []ledger.Budget{budget("b", victimLimit, ledger.Total)}})
				if err != nil || !g.Granted {
					return
				}
				say("held", id)
				if _, err := l.Settle(ctx, ledger.Use{Exchange: id, Tenant: acme, At: time.Now(), Cost: victimUse, Billed: victimUse}); err != nil {
					return
				}
				say("settled", id)
			}
		})
	}
	wg.Wait()
	return nil
}

func victimLedger(ctx context.Context, place string) (*ledger.Ledger, error) {
	if address, prefix, remote := strings.Cut(place, "#"); remote {
		r, err := store.OpenRedis(store.RedisOptions{Addresses: []string{address}, Prefix: prefix})
		if err != nil {
			return nil, err
		}
		return ledger.OpenRedis(ctx, r)
	}
	st, err := store.Open(ctx, place)
	if err != nil {
		return nil, err
	}
	return ledger.OpenSQLite(ctx, st)
}

// kills is how many victims die on each store.
const kills = 50

// B14: killed at any moment, fifty times, the cap holds, everything that was reported as settled is settled, and what
// was only held is charged in full, so that nothing stays held.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "weir.db")
		survives(t, path, func() *place { return sqlitePlace(openStore(t, path), nil) })
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		s := redisd.Start(t, redisd.Volatile()...)
		survives(t, s.Addr+"#kill", func() *place {
			p := &place{clock: newClock()}
			p.enter = func(t testing.TB, more ...ledger.Option) *ledger.Ledger {
				l, err := ledger.OpenRedisAt(t.Context(), openRedis(t, store.RedisOptions{Addresses: []string{s.Addr}, Prefix: "kill"}), p.now, more...)
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
			return p
		})
	})
}

func survives(t *testing.T, where string, after func() *place) {
	var held, settled int64
	for round := range kills {
		h, s := kill(t, where, 3+rand.IntN(60))
		held, settled = held+h, settled+s
		if round == kills/2 && held == 0 {
			t.Fatal("the victims do nothing")
		}
	}
	p := after()
	p.ms.Store(time.Now().Add(2 * ledger.Lease).UnixMilli())
	l := p.enter(t)
	if _, err := l.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := accounts(t, l, budget("b", victimLimit, ledger.Total), noon, 1)[0]
	if a.Held != 0 || a.Settled > victimLimit || a.Overrun != 0 {
		t.Fatalf("%+v with a limit of %d", a, victimLimit)
	}
	if a.Settled < held*victimUse {
		t.Fatalf("%d micro-USD settled, but %d exchanges were held, %d of them settled", a.Settled, held, settled)
	}
	if settled == 0 {
		t.Fatal("the victims settled nothing")
	}
}

// kill runs a victim, kills it once it has said so many lines, and counts what it said.
func kill(t *testing.T, path string, lines int) (held, settled int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), victimFile+"="+path)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewScanner(pipe)
	for n := 0; r.Scan(); n++ {
		if n == lines {
			_ = cmd.Process.Kill()
		}
		what, _, whole := strings.Cut(r.Text(), " ")
		switch {
		case whole && what == "held":
			held++
		case whole && what == "settled":
			settled++
		}
	}
	_ = cmd.Wait() // killed, or done
	return held, settled
}
