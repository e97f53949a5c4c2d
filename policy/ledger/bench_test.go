package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/figures"
	"weir/test/redisd"
)

// measured is what the benchmarks of a run found, for build/figures/ledger.json.
var measured = &results{list: map[string]figures.Figure{}}

type results struct {
	mu    sync.Mutex
	order []string
	list  map[string]figures.Figure
}

// note keeps the last figure of a name: a benchmark is run several times, the last is the longest.
func (r *results) note(f figures.Figure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.list[f.Name]; !known {
		r.order = append(r.order, f.Name)
	}
	r.list[f.Name] = f
}

// write writes the figures, where there are any.
func (r *results) write() error {
	var list []figures.Figure
	for _, name := range r.order {
		list = append(list, r.list[name])
	}
	if len(list) == 0 {
		return nil
	}
	return figures.Write("ledger", list)
}

// manyLines is a hold over four budgets and two rates, of the tenant who has the number.
func manyLines(id string, tenant int64) ledger.Hold {
	wide, of := ledger.MaxAmount, fmt.Sprint("/", tenant)
	return ledger.Hold{
		Exchange: id, Tenant: acme + of, At: time.Now(), Amount: 5, Tokens: 3,
		Budgets: []ledger.Budget{
			budget("m"+of, wide, ledger.Month), budget("d"+of, wide, ledger.Day), budget("k"+of, wide, ledger.Hour), budget("t"+of, wide, ledger.Total),
		},
		Rates: []ledger.Rate{rate("r"+of, ledger.MaxUnits, time.Minute, ledger.Requests), rate("t"+of, ledger.MaxUnits, time.Minute, ledger.Tokens)},
	}
}

// exchangesWanted is what a file must take in a second where many ask at once.
const exchangesWanted = 5000

// crowd is how many ask at once, of how many tenants.
type crowd struct{ clients, tenants int64 }

// BenchmarkExchange is one hold over four budgets and two rates and one settle, each answered when it is on the disk.
func BenchmarkExchange(b *testing.B) {
	for _, s := range []struct {
		name string
		open func(b *testing.B) *ledger.Ledger
	}{{"sqlite", benchSQLite}, {"redis", benchRedis}} {
		for _, m := range []crowd{{1, 1}, {32, 1}, {32, 32}, {256, 1}} {
			b.Run(fmt.Sprintf("%s/clients=%d/tenants=%d", s.name, m.clients, m.tenants), func(b *testing.B) { exchanges(b, s.open(b), s.name, m) })
		}
	}
}

func benchSQLite(b *testing.B) *ledger.Ledger {
	l, err := ledger.OpenSQLite(b.Context(), openStore(b, b.TempDir()+"/weir.db"))
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func benchRedis(b *testing.B) *ledger.Ledger {
	r := openRedis(b, store.RedisOptions{Addresses: []string{redisd.Start(b, redisd.Durable()...).Addr}, Timeout: time.Minute})
	l, err := ledger.OpenRedis(b.Context(), r)
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func exchanges(b *testing.B, l *ledger.Ledger, name string, m crowd) {
	var next atomic.Int64
	times := make([][2]time.Duration, b.N)
	var wg sync.WaitGroup
	b.ResetTimer()
	for range m.clients {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				times[n-1] = exchange(b, l, fmt.Sprintf("%032x", n), n%m.tenants)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	speed := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(speed, "exchanges/s")
	where := fmt.Sprintf("%s, %d clients of %d tenants: ", name, m.clients, m.tenants)
	for i, what := range []string{"hold", "settle"} {
		part := make([]time.Duration, b.N)
		for n, t := range times {
			part[n] = t[i]
		}
		slices.Sort(part)
		for _, q := range []int{50, 99} {
			v := float64(part[(b.N-1)*q/100].Microseconds())
			b.ReportMetric(v, fmt.Sprintf("%s-p%d-us", what, q))
			measured.note(figures.Stated(fmt.Sprintf("%s%s p%d", where, what, q), v, "us"))
		}
	}
	if name == "sqlite" && m == (crowd{32, 1}) {
		measured.note(figures.AtLeast(where+"exchanges a second, durable", speed, "1/s", exchangesWanted))
	} else {
		measured.note(figures.Stated(where+"exchanges a second, durable", speed, "1/s"))
	}
}

// exchange is how long a hold and a settle took.
func exchange(b *testing.B, l *ledger.Ledger, id string, tenant int64) (took [2]time.Duration) {
	began := time.Now()
	h := manyLines(id, tenant)
	if g, err := l.Hold(context.Background(), h); err != nil || !g.Granted {
		b.Errorf("%+v, %v", g, err)
	}
	held := time.Now()
	u := ledger.Use{Tenant: h.Tenant, Exchange: id, At: held, Billed: 3, Cost: 3, InputTokens: 2}
	if _, err := l.Settle(context.Background(), u); err != nil {
		b.Error(err)
	}
	return [2]time.Duration{held.Sub(began), time.Since(held)}
}

// counting counts what is sent to a server.
type counting struct{ n *atomic.Int64 }

func (c counting) DialHook(next redis.DialHook) redis.DialHook { return next }
func (c counting) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}
func (c counting) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmds)
	}
}

func oneTenants(id string) ledger.Hold {
	h := manyLines(id, 0)
	h.Tenant = acme
	return h
}

// Four budgets and two rates cost one round trip each way.
func TestAnExchangeIsTwoRoundTrips(t *testing.T) {
	s := redisd.Start(t, redisd.Volatile()...)
	l, r := onServer(t, s)
	warm := oneTenants("warm")
	if _, err := l.Hold(t.Context(), warm); err != nil { // the first also enters the process and sends the scripts
		t.Fatal(err)
	}
	settle(t, l, "warm", 1)
	var n atomic.Int64
	if err := r.Do(t.Context(), func(_ context.Context, c redis.UniversalClient) error { c.AddHook(counting{&n}); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		id := fmt.Sprint(i)
		if g, err := l.Hold(t.Context(), oneTenants(id)); err != nil || !g.Granted {
			t.Fatalf("%+v, %v", g, err)
		}
		settle(t, l, id, 1)
		if got := n.Swap(0); got != 2 {
			t.Fatalf("%d round trips, want one for the hold and one for the settle", got)
		}
	}
}

// The largest amounts that may be asked stay exact to the micro-dollar in a script, whose numbers have 53 bits.
func TestAmountsAreExactToTheLastMicroDollar(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, b := p.enter(t), budget("b", ledger.MaxAmount, ledger.Total)
		hold(t, l, ledger.Hold{Exchange: "most", Amount: ledger.MaxAmount - 1, Budgets: []ledger.Budget{b}})
		if g := hold(t, l, ledger.Hold{Exchange: "two", Amount: 2, Budgets: []ledger.Budget{b}}); g.Granted {
			t.Fatal("granted a micro-dollar beyond")
		}
		if g := hold(t, l, ledger.Hold{Exchange: "one", Amount: 1, Budgets: []ledger.Budget{b}}); !g.Granted || g.Budgets[0].Held != ledger.MaxAmount {
			t.Fatalf("%+v", g)
		}
		settle(t, l, "most", ledger.MaxAmount-3)
		settle(t, l, "one", ledger.MaxAmount) // an overrun as large as it gets
		wantAccount(t, l, "b", ledger.MaxAmount-2, ledger.MaxAmount-1, 0)
	})
}
