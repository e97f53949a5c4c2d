package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"

	"weir/cmd/extproc/demo/provider"
)

// providerKey is what the provider wants; no client knows it.
const providerKey = "sk-provider-0123456789"

// upstream is the demo provider, with a script of its own for single exchanges, and a memory of every one.
type upstream struct {
	demo *provider.Provider
	mu   sync.Mutex
	seen map[string][]arrived
	acts map[string]http.HandlerFunc
	rest http.HandlerFunc // answers what has no script of its own
	n    int64            // requests that arrived
}

// arrived is a request as the provider got it.
type arrived struct {
	path   string
	header http.Header
	body   string
}

func newUpstream() *upstream {
	return &upstream{demo: provider.New(providerKey), seen: map[string][]arrived{}, acts: map[string]http.HandlerFunc{}}
}

// demoOf is a demo provider that wants a key.
func demoOf(key string) *provider.Provider { return provider.New(key) }

// ServeHTTP tells exchanges apart by their trace id, which Weir hands on in x-request-id.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	trace := r.Header.Get("X-Request-Id")
	u.mu.Lock()
	u.seen[trace] = append(u.seen[trace], arrived{path: r.URL.RequestURI(), header: r.Header.Clone(), body: string(body)})
	act := u.acts[trace]
	u.n++
	if act == nil {
		act = u.rest
	}
	u.mu.Unlock()
	if act == nil {
		act = u.demo.ServeHTTP
	}
	act(w, r)
}

// script has the provider answer the exchange of a trace id in a way of its own.
func (u *upstream) script(t *testing.T, trace string, act http.HandlerFunc) {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.acts[trace] = act
}

// always has the provider answer every exchange that has no script of its own in one way.
func (u *upstream) always(act http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rest = act
}

// count is how many requests have arrived.
func (u *upstream) count() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.n
}

// saw returns what arrived for a trace id.
func (u *upstream) saw(trace string) []arrived {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen[trace]
}

// one returns the one request that arrived for a trace id.
func (u *upstream) one(t *testing.T, trace string) arrived {
	t.Helper()
	got := u.saw(trace)
	if len(got) != 1 {
		t.Fatalf("%d requests of %s reached the provider, want 1", len(got), trace)
	}
	return got[0]
}

// none makes sure that nothing arrived for a trace id.
func (u *upstream) none(t *testing.T, trace string) {
	t.Helper()
	if n := len(u.saw(trace)); n > 0 {
		t.Errorf("%d requests of %s reached the provider, want none", n, trace)
	}
}
