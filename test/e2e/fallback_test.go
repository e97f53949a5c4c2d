package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"weir/cmd/extproc/config"
	"weir/policy/audit"
	"weir/test/redisd"
)

// failure is a request at a fleet and what becomes of it.
type failure struct {
	model, text string
	status      int
	by          string // who answers
	asked       string // who was asked, in turn
}

// Where a provider fails before its answer begins, the next one serves: with its own credential, host, path and model, and
// the tenant pays what that one costs.
func TestFallback(t *testing.T) {
	s, f := sail(t, func(c *config.File) {
		c.Providers = append(c.Providers, config.Provider{Name: "nowhere", Kind: "openai-compatible", BaseURL: "http://nowhere.invalid"})
	},
		config.Model{Name: "refused", Provider: "dead", Fallbacks: []string{"model-beta"}, Price: config.Price{Input: "0", Output: "1"}},
		config.Model{Name: "dead-host", Provider: "nowhere", Fallbacks: []string{"model-beta", "model-gamma"}, Price: config.Price{Input: "0", Output: "1"}},
	)
	over(t, func(t *testing.T, c *http.Client) {
		for _, w := range []failure{
			{"fleet", "", 200, "alpha", "alpha"},
			{"fleet", "beta=503", 200, "alpha", "alpha"},
			{"fleet", "alpha=503", 200, "beta", "alpha beta"},
			{"fleet", "alpha=429", 200, "beta", "alpha beta"},
			{"model-alpha", "alpha=reset", 200, "beta", "alpha beta"},
			{"alpha/fleet", "alpha=hang", 200, "beta", "alpha beta"},
			{"fleet", "", 200, "alpha", "alpha"},
			{"fleet", "alpha=500 beta=529", 200, "gamma", "alpha beta gamma"},
			{"fleet", "alpha=reset beta=hang", 200, "gamma", "alpha beta gamma"},
			{"fleet", "", 200, "alpha", "alpha"},
			{"fleet", "alpha=400", 400, "alpha", "alpha"},
			{"fleet", "alpha=401", 200, "beta", "alpha beta"},
			{"fleet", "alpha=404 beta=403", 200, "gamma", "alpha beta gamma"},
			{"model-beta", "beta=401", 502, "beta", "beta"},
			{"fleet", "alpha=503 beta=503 gamma=503", 502, "gamma", "alpha beta gamma"},
			{"fleet", "", 200, "alpha", "alpha"},
			{"refused", "", 200, "beta", "beta"},
			{"dead-host", "", 200, "beta", "beta"},
			{"dead-host", "beta=503", 200, "gamma", "beta gamma"},
			{"model-beta", "beta=503", 502, "beta", "beta"},
		} {
			for _, more := range []string{"", streaming} {
				w.check(t, s, f, c, more)
			}
		}
	})
	f.unharmed(t)
}

func (w failure) check(t *testing.T, s *stage, f *fleet, c *http.Client, more string) {
	t.Helper()
	name := fmt.Sprintf("%s %q %s", w.model, w.text, more)
	got := s.do(t, call{key: of(measured, "dvara"), body: ask(w.model, "hello "+w.text, more), client: c})
	if got.status != w.status || got.err != nil {
		t.Errorf("%s: %d %v %s", name, got.status, got.err, got.body)
		return
	}
	var asked []string
	for _, ship := range f.ships {
		if n := len(ship.did(got.trace)); n == 1 {
			asked = append(asked, ship.name)
		} else if n > 1 {
			t.Errorf("%s: %s was asked %d times", name, ship.name, n)
		}
	}
	if a := strings.Join(asked, " "); a != w.asked {
		t.Errorf("%s: asked were %s, want %s", name, a, w.asked)
	}
	rec := s.record(t, got.trace)
	if rec.Provider != w.by {
		t.Errorf("%s: the record names %s, want %s", name, rec.Provider, w.by)
	}
	if w.status != 200 {
		if rec.CostMicro != 0 {
			t.Errorf("%s: a failure cost %d", name, rec.CostMicro)
		}
		return
	}
	if by := got.header.Get("X-Weir-Provider"); by != w.by || read(t, got.body).content != "from "+w.by || got.header.Get("X-Weir-Attempt") != "" {
		t.Errorf("%s: answered by %q: %s", name, by, got.body)
	}
	if rec.CostMicro != f.named(w.by).price || rec.Ended != "complete" {
		t.Errorf("%s: the record says %d micro-USD, %s", name, rec.CostMicro, rec.Ended)
	}
}

// named finds a ship.
func (f *fleet) named(name string) *ship {
	for _, s := range f.ships {
		if s.name == name {
			return s
		}
	}
	return nil
}

// Why an attempt failed that has no status, and how long it took, comes from Envoy's own log, on every minor.
func TestFailedAttemptsAreTold(t *testing.T) {
	s, f := sail(t, func(c *config.File) {
		c.Providers = append(c.Providers, config.Provider{Name: "no-tls", Kind: "openai-compatible", BaseURL: strings.Replace(c.Providers[0].BaseURL, "http:", "https:", 1)})
	},
		config.Model{Name: "refused", Provider: "dead", Fallbacks: []string{"model-beta"}, Price: config.Price{Input: "0", Output: "1"}},
		config.Model{Name: "untrusted", Provider: "no-tls", Fallbacks: []string{"model-beta"}, Price: config.Price{Input: "0", Output: "1"}},
	)
	for _, c := range []struct {
		model, text string
		want        []audit.Attempt
	}{
		{"fleet", "", []audit.Attempt{{Provider: "alpha", Status: 200}}},
		{"fleet", "alpha=503", []audit.Attempt{{Provider: "alpha", Status: 503}, {Provider: "beta", Status: 200}}},
		{"fleet", "alpha=reset", []audit.Attempt{{Provider: "alpha", Failed: audit.FailedReset}, {Provider: "beta", Status: 200}}},
		{"fleet", "alpha=hang beta=429", []audit.Attempt{{Provider: "alpha", Failed: audit.FailedTimeout}, {Provider: "beta", Status: 429}, {Provider: "gamma", Status: 200}}},
		{"refused", "", []audit.Attempt{{Provider: "dead", Failed: audit.FailedConnect}, {Provider: "beta", Status: 200}}},
		{"untrusted", "", []audit.Attempt{{Provider: "no-tls", Failed: audit.FailedTLS}, {Provider: "beta", Status: 200}}},
	} {
		got := s.record(t, s.do(t, call{key: of(measured, "dvara"), body: ask(c.model, "hello "+c.text)}).trace).Attempts
		if len(got) != len(c.want) {
			t.Errorf("%s %q: %+v", c.model, c.text, got)
			continue
		}
		for i, a := range got {
			if w := c.want[i]; a.Provider != w.Provider || a.Status != w.Status || a.Failed != w.Failed || (a.TookMicros > 0) != (w.Status != 200) {
				t.Errorf("%s %q: %+v, want %+v", c.model, c.text, a, w)
			}
		}
	}
	f.unharmed(t)
}

// fleetRequests is how many requests the next case makes where WEIR_FLEET_REQUESTS says nothing else.
const fleetRequests = 400

// With random failures under load no credential gets to another provider, and what is answered is charged once, to the
// provider that answered.
func TestFallbackUnderLoad(t *testing.T) {
	s, f := sail(t, nil)
	n := fleetRequests
	if v, err := strconv.Atoi(os.Getenv("WEIR_FLEET_REQUESTS")); err == nil {
		n = v
	}
	kinds := []string{"", "", "", "503", "429", "reset", "500", "529"}
	var mu sync.Mutex
	var charged int64
	by, failed := map[string]int{}, 0
	jobs := make(chan string, n)
	random := rand.New(rand.NewPCG(1, 2))
	for range n {
		var b strings.Builder
		for _, ship := range f.ships {
			if does := kinds[random.IntN(len(kinds))]; does != "" {
				fmt.Fprintf(&b, " %s=%s", ship.name, does)
			}
		}
		jobs <- b.String()
	}
	close(jobs)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			client := clients[[]string{"h1", "h2"}[i%2]]
			for text := range jobs {
				got := s.do(t, call{key: of(measured, "dvara"), body: ask("fleet", "hello"+text, []string{"", streaming}[i/2%2]), client: client})
				mu.Lock()
				if name := got.header.Get("X-Weir-Provider"); got.status == 200 && got.err == nil {
					by[name]++
					charged += f.named(name).price
					if read(t, got.body).content != "from "+name {
						t.Errorf("answered by %s: %s", name, got.body)
					}
				} else {
					failed++
					if got.err != nil || got.status < 400 || !strings.HasPrefix(got.body, `{"error":`) {
						t.Errorf("%d %v %s", got.status, got.err, got.body)
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	f.unharmed(t)
	if settled := settles(t, s, of(measured, "dvara")); settled != charged {
		t.Errorf("charged are %d micro-USD, the answers cost %d", settled, charged)
	}
	if len(by) != len(f.ships) || failed == 0 {
		t.Errorf("answered by %v, failed %d: not everything was met", by, failed)
	}
	t.Logf("%d requests: answered by %v, failed %d", n, by, failed)
}

// A provider that keeps failing is left alone, by all models and tenants; its fallback serves at once, and where there is
// none the client learns how long to wait.
func TestBreaker(t *testing.T) {
	s, f := sail(t, func(c *config.File) { c.Breaker = config.Breaker{} })
	for range 5 {
		got := s.do(t, call{key: of(plain, "dvara"), body: ask("fleet", "alpha=503")})
		if rec := s.record(t, got.trace); got.status != 200 || len(rec.Attempts) != 2 || rec.Attempts[0].Status != 503 || rec.Attempts[1].Provider != "beta" {
			t.Fatalf("%d: %+v", got.status, rec.Attempts)
		}
	}
	for _, who := range []string{plain, measured} {
		got := s.do(t, call{key: of(who, "openai"), body: ask("fleet", "")})
		if got.status != 200 || got.header.Get("X-Weir-Provider") != "beta" || len(f.named("alpha").did(got.trace)) > 0 {
			t.Errorf("%d from %q: %s", got.status, got.header.Get("X-Weir-Provider"), got.body)
		}
	}
	for _, fails := range []string{"reset", "503", "529", "500", "502"} {
		s.record(t, s.do(t, call{key: of(plain, "dvara"), body: ask("model-gamma", "gamma="+fails)}).trace)
	}
	got := s.do(t, call{key: of(plain, "dvara"), body: ask("model-gamma", "")})
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != 503 || !strings.Contains(got.body, `"code":"provider_circuit_open"`) || err != nil || wait < 1 || wait > 30 {
		t.Errorf("%d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
	}
	for range 20 { // none of this says anything about the provider's health
		for _, does := range []string{"429", "400", "401"} {
			s.record(t, s.do(t, call{key: of(plain, "dvara"), body: ask("model-beta", "beta="+does)}).trace)
		}
	}
	if got := s.do(t, call{key: of(plain, "dvara"), body: ask("model-beta", "")}); got.status != 200 {
		t.Errorf("after rate limits and clients' mistakes: %d %s", got.status, got.body)
	}
}

// What one replica learns of a provider that fails, the other knows within moments: neither sends it requests, and both say
// how long to wait.
func TestBreakerOfTwoReplicas(t *testing.T) {
	server := redisd.Start(t, redisd.Volatile()...)
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	cast.alter = func(f *config.File) {
		f.Store.Redis = &config.Redis{Addresses: []string{server.Addr}, Timeout: "10s"}
		f.Breaker = config.Breaker{}
	}
	var stages []*stage
	for range 2 {
		s, err := raiseFor(cast, true)
		onEnvoy(t, err)
		t.Cleanup(s.close)
		stages = append(stages, s)
	}
	timed(t)
	send := func(s *stage) reply { return s.do(t, call{key: of(plain, "dvara"), body: ask("error-500", "x")}) }
	if got := send(stages[1]); got.status != 502 {
		t.Errorf("the second, at first: %d %s", got.status, got.body)
	}
	for range 5 {
		s := stages[0]
		s.record(t, send(s).trace)
	}
	eventually(t, "the second leaves the provider alone", func() bool {
		before := stages[1].upstream.count()
		got := send(stages[1])
		return got.status == 503 && strings.Contains(got.body, `"code":"provider_circuit_open"`) && stages[1].upstream.count() == before
	})
	for i, s := range stages {
		got := send(s)
		if wait, err := strconv.Atoi(got.header.Get("Retry-After")); got.status != 503 || err != nil || wait < 1 || wait > 30 {
			t.Errorf("replica %d: %d, Retry-After %q: %s", i, got.status, got.header.Get("Retry-After"), got.body)
		}
	}
}
