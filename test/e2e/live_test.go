package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"weir/cmd/extproc/config"
	"weir/filter/fault"
)

// rewrite changes the configuration of a running stage, as an operator does.
func (s *stage) rewrite(t *testing.T, change func(*config.File)) {
	t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	var f config.File
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	change(&f)
	if text, err = yaml.Marshal(f); err != nil {
		t.Fatal(err)
	}
	writeFile(t, s.config, string(text))
}

// newShip is one more provider.
func newShip(t *testing.T, name, credential string) *ship {
	t.Helper()
	s := &ship{
		name: name, path: "/of-" + name + "/v1/chat/completions", credential: credential, model: name + "-model",
		price: 1000, served: map[string][]string{}, gone: make(chan struct{}),
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		close(s.gone)
		s.Close()
	})
	return s
}

// put declares a ship as a provider of a name, in the place of the one that has it.
func (s *ship) put(t *testing.T, dir string, f *config.File) {
	t.Helper()
	file := filepath.Join(dir, "credential of "+s.credential)
	if err := os.WriteFile(file, []byte(s.credential), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Providers = slices.DeleteFunc(f.Providers, func(p config.Provider) bool { return p.Name == s.name })
	f.Models = slices.DeleteFunc(f.Models, func(m config.Model) bool { return m.Name == "model-"+s.name })
	f.Providers = append(f.Providers, config.Provider{
		Name: s.name, Kind: "openai-compatible", BaseURL: s.URL + "/of-" + s.name, Credential: config.Reference{File: file},
	})
	f.Models = append(f.Models, config.Model{Name: "model-" + s.name, Provider: s.name, Upstream: s.model, Price: config.Price{Input: "0", Output: "1.00"}})
}

// clusters are what Envoy has, by its admin page.
func (s *stage) clusters(t *testing.T) string {
	t.Helper()
	r, err := s.admin().Get("http://envoy/clusters")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// paused is a provider whose streams go on when they are let.
type paused struct{ let chan struct{} }

func (p *paused) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, firstEvent)
	_ = http.NewResponseController(w).Flush()
	select {
	case <-p.let:
		_, _ = io.WriteString(w, lastEvents)
	case <-r.Context().Done():
	}
}

// Providers come, move and go while requests run: none fails, no stream is cut, and nobody is sent what is another's.
func TestProvidersChange(t *testing.T) {
	t.Run("files", func(t *testing.T) { providersChange(t, &stage{logs: &captured{}}) })
	t.Run("xds", func(t *testing.T) { providersChange(t, &stage{logs: &captured{}, served: true}) })
}

func providersChange(t *testing.T, raised *stage) {
	pause := &paused{make(chan struct{})}
	slow := httptest.NewServer(pause)
	t.Cleanup(slow.Close)
	s, f := sailOn(t, raised, func(c *config.File) {
		c.Limits.Attempt, c.Limits.Store = "700ms", "1m"
		c.Providers = append(c.Providers, config.Provider{Name: "slow", Kind: "openai-compatible", BaseURL: slow.URL})
		c.Models = append(c.Models, config.Model{Name: "model-slow", Provider: "slow", Price: config.Price{Input: "0", Output: "0"}})
	})
	send := func(model string) reply {
		return s.do(t, call{key: of(plain, "dvara"), body: ask(model, "hello")})
	}
	var open []*flow
	client := &http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{DisableCompression: true}} // they stay open to the end
	stream := func() {
		open = append(open, s.begin(t, call{key: of(plain, "dvara"), body: ask("model-slow", "x", streaming), client: client}))
	}
	stream()

	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	sent := 0
	for _, model := range []string{"fleet", "model-alpha", "model-beta"} {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := send(model); got.status != 200 || got.err != nil {
					t.Errorf("%s, meanwhile: %d %v %s", model, got.status, got.err, got.body)
					return
				}
				mu.Lock()
				sent++
				mu.Unlock()
			}
		})
	}

	delta := newShip(t, "delta", "sk-delta-0123456789")
	if got := send("model-delta"); got.status == 200 {
		t.Fatal("there is a delta already")
	}
	s.rewrite(t, func(f *config.File) { delta.put(t, s.dir, f) })
	eventually(t, "the new provider answers", func() bool { return send("model-delta").status == 200 })
	stream()

	moved := newShip(t, "alpha", "sk-alpha-of-the-new-place")
	moved.model = f.named("alpha").model
	s.rewrite(t, func(c *config.File) {
		var old config.Model
		for _, m := range c.Models {
			if m.Name == "model-alpha" {
				old = m
			}
		}
		moved.put(t, s.dir, c)
		last := &c.Models[len(c.Models)-1]
		last.Aliases, last.Fallbacks = old.Aliases, old.Fallbacks
	})
	eventually(t, "the provider that moved answers", func() bool { return len(moved.did(send("model-alpha").trace)) == 1 })

	s.rewrite(t, func(c *config.File) {
		c.Providers = slices.DeleteFunc(c.Providers, func(p config.Provider) bool { return p.Name == "delta" || p.Name == "slow" })
		c.Models = slices.DeleteFunc(c.Models, func(m config.Model) bool { return m.Provider == "delta" || m.Provider == "slow" })
	})
	eventually(t, "the provider is gone", func() bool { return send("model-delta").status != 200 })
	for _, d := range []string{"dvara", "rivaro", "korad", "dosai", "olava"} {
		dialect, _ := fault.Default().ByName(d)
		got := s.do(t, call{key: of(plain, d), asIs: true, body: ask("model-delta", "hello")})
		want := dialect.Answer(fault.Fault{Code: fault.ModelUnknown, Trace: got.trace, Model: "model-delta", Field: "model"}, fault.Shape{Surface: "openai.chat"})
		if got.status != want.Status || !sameJSON(got.body, string(want.Body)) {
			t.Errorf("%s: %d %s, want %d %s", d, got.status, got.body, want.Status, want.Body)
		}
	}
	eventually(t, "Envoy has forgotten who is gone", func() bool {
		now := s.clusters(t)
		return !strings.Contains(now, "order-delta") && !strings.Contains(now, "order-slow") && !strings.Contains(now, strings.TrimPrefix(f.named("alpha").URL, "http://"))
	})
	mu.Lock()
	reached := sent + 50
	mu.Unlock()
	eventually(t, "requests go on", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return sent >= reached || t.Failed()
	})
	close(stop)
	wg.Wait()
	close(pause.let)
	for i, o := range open {
		if o.rest(); o.err != nil || o.read != firstEvent+lastEvents {
			t.Errorf("stream %d: %v %s", i, o.err, o.read)
		}
	}
	f.unharmed(t)
	(&fleet{ships: [3]*ship{delta, moved, f.ships[2]}}).unharmed(t)
	if left, err := filepath.Glob(filepath.Join(s.conf.Envoy.Secrets, "order-delta*")); err != nil || len(left) > 0 {
		t.Errorf("a credential that nobody uses is left: %v %v", left, err)
	}
	if !strings.Contains(fmt.Sprint(s.logs), "providers handed to Envoy") {
		t.Error("the log does not tell")
	}
}
