package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"weir/policy/ledger"
)

// L5: whatever the window, Retry-After is exactly when the oldest use that stands in the way leaves it.
func TestRetryAfterIsExact(t *testing.T) {
	const day = 24 * time.Hour
	for name, r := range map[string]ledger.Rate{
		"second": rate("r", 10, time.Second, ledger.Requests), "minute": rate("r", 60, time.Minute, ledger.Requests),
		"hour": rate("r", 1000, time.Hour, ledger.Requests), "day": rate("r", 50, day, ledger.Requests),
		"month": rate("r", 300, 31*day, ledger.Requests), "tokens an hour": rate("r", 100_000, time.Hour, ledger.Tokens),
	} {
		t.Run(name, func(t *testing.T) { over(t, func(t *testing.T, p *place) { retriesExactly(t, p.enter(t), r) }) })
	}
}

func retriesExactly(t *testing.T, l *ledger.Ledger, r ledger.Rate) {
	random := rand.New(rand.NewPCG(7, uint64(r.Limit)))
	type use struct {
		at    time.Time
		units int64
	}
	var uses []use
	at, sum, asked := noon, int64(0), 0
	ask := func(tokens int64) (ledger.RateState, bool) {
		asked++
		g := hold(t, l, ledger.Hold{Exchange: fmt.Sprint(asked), At: at, Tokens: tokens, Rates: []ledger.Rate{r}})
		return g.Rates[0], g.Granted
	}
	units := func() int64 {
		if r.Unit == ledger.Tokens {
			return 200 + random.Int64N(900)
		}
		return 1
	}
	n := units()
	for sum+n <= r.Limit {
		if s, granted := ask(n); !granted {
			t.Fatalf("refused with %d of %d: %+v", sum, r.Limit, s)
		}
		uses, sum = append(uses, use{at, n}), sum+n
		at = at.Add(time.Duration(random.Int64N(r.Window.Milliseconds()/(2*r.Limit/n+1)+1)) * time.Millisecond)
		n = units()
	}
	for range 20 {
		for ; !uses[0].at.After(at.Add(-r.Window)); uses = uses[1:] {
			sum -= uses[0].units
		}
		left, gone := sum, 0
		for left+n > r.Limit {
			left -= uses[gone].units
			gone++
		}
		free := at
		if gone > 0 {
			free = uses[gone-1].at.Add(r.Window)
		}
		if s, granted := ask(n); gone > 0 && (granted || s.RetryAfter != free.Sub(at)) {
			t.Fatalf("%d of %d: granted %v, retry after %v, want %v", sum, r.Limit, granted, s.RetryAfter, free.Sub(at))
		}
		if gone > 0 {
			at = free.Add(-time.Millisecond)
			if _, granted := ask(n); granted {
				t.Fatal("granted a millisecond before Retry-After")
			}
			at = free
			if s, granted := ask(n); !granted {
				t.Fatalf("refused at Retry-After: %+v", s)
			}
		}
		uses, sum = append(uses[gone:], use{at, n}), left+n
		n = units()
	}
}

// Uses that are less than a thousandth of the limit are kept together: they count up to a hundredth of the window too
// long, never too short.
func TestSmallUsesAreKeptTogether(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, r := p.enter(t), rate("r", 4000, 100*time.Second, ledger.Tokens)
		use := func(id string, d time.Duration, tokens int64) ledger.Grant {
			return hold(t, l, ledger.Hold{Exchange: id, At: noon.Add(d), Tokens: tokens, Rates: []ledger.Rate{r}})
		}
		for i := range 300 {
			if !use(fmt.Sprint(i), time.Duration(i)*3*time.Millisecond, 3).Granted {
				t.Fatal("refused within the limit")
			}
		}
		use("rest", 900*time.Millisecond, 3100)
		if g := use("a", 50*time.Second, 1); g.Granted || g.Rates[0].RetryAfter != 50*time.Second+897*time.Millisecond {
			t.Fatalf("%+v, want a wait until the last of them has left", g)
		}
		if use("b", 100*time.Second+896*time.Millisecond, 1).Granted || !use("c", 100*time.Second+897*time.Millisecond, 1).Granted {
			t.Fatal("not granted when the last of them has left")
		}
	})
}

// A stream that outlives its window gives nothing back that others have used since.
func TestALateSettleGivesNothingOfOthersBack(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		l, r := p.enter(t), rate("r", 100, 10*time.Second, ledger.Tokens)
		use := func(id string, d time.Duration) ledger.Grant {
			return hold(t, l, ledger.Hold{Exchange: id, At: noon.Add(d), Tokens: 60, Rates: []ledger.Rate{r}})
		}
		use("long", 0)
		if !use("other", 10*time.Second+10*time.Millisecond).Granted {
			t.Fatal("refused after the first has left")
		}
		u := ledger.Use{Tenant: acme, Exchange: "long", At: noon.Add(10*time.Second + 20*time.Millisecond)}
		if _, err := l.Settle(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if g := use("third", 10*time.Second+30*time.Millisecond); g.Granted || g.Rates[0].Used != 60 {
			t.Fatalf("%+v: what another uses was given back", g)
		}
	})
}
