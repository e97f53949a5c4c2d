package e2e_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"weir/cmd/extproc/config"
)

// publisher is the issuer's end: it publishes keys, or it is broken.
type publisher struct {
	keys   atomic.Pointer[[]byte] // nil: it answers 500
	asked  atomic.Int64
	server *httptest.Server
	addr   string
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.asked.Add(1)
	keys := p.keys.Load()
	if keys == nil {
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(*keys)
}

// begin listens where the publisher is to be found.
func (p *publisher) begin(t *testing.T) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	p.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: p}}
	p.server.Start()
	t.Cleanup(p.server.Close)
}

func (p *publisher) publish(keys ...*rsa.PrivateKey) {
	text := keySet(keys...)
	p.keys.Store(&text)
}

// fetchedOften has Envoy fetch keys every second, where the product says every five minutes.
func fetchedOften(text []byte) []byte {
	return regexp.MustCompile(`("cache_duration": *)"300s"`).ReplaceAll(text, []byte(`$1"1s"`))
}

// Keys that Envoy fetches: while nobody has ever answered, a token names nobody and is refused, and what needs none passes; when
// the issuer answers, tokens are believed without a restart, its new keys too, and its old ones no longer. When it is down
// again the last keys go on.
func TestKeysFromTheIssuer(t *testing.T) {
	p := &publisher{addr: "127.0.0.1:0"}
	p.begin(t)
	p.server.Close()
	l := lodgeReworded(t, 1, func(f *config.File) {
		f.Identity.Token.JWKS = config.JWKS{URI: "http://" + p.addr + "/jwks.json"}
	}, fetchedOften)[0]
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	with := func(by *rsa.PrivateKey) func() call {
		claims := map[string]any{"iss": issuer, "sub": "ann", "exp": time.Now().Add(time.Hour).Unix()}
		return func() call {
			return call{key: host, body: ask("echo", "hello"), header: []string{tokenName, token(t, by, claims)}}
		}
	}
	answers := func(what string, by *rsa.PrivateKey, want int) {
		t.Helper()
		eventually(t, what, func() bool {
			got := l.do(t, with(by)())
			if got.status != 200 && got.status != 401 {
				t.Fatalf("%s: %d %s", what, got.status, got.body)
			}
			return got.status == want
		})
	}
	for range 3 {
		if got := l.do(t, with(l.signer)()); got.status != 401 {
			t.Fatalf("nobody has the keys: %d %s", got.status, got.body)
		}
	}
	if got := l.do(t, call{key: host, body: ask("echo", "hello")}); got.status != 200 {
		t.Fatalf("without a token: %d %s", got.status, got.body)
	}
	p.begin(t) // and answers 500
	eventually(t, "the issuer is asked", func() bool { return p.asked.Load() > 0 })
	if got := l.do(t, with(l.signer)()); got.status != 401 {
		t.Fatalf("the issuer is broken: %d %s", got.status, got.body)
	}
	p.publish(l.signer)
	answers("the first key is believed", l.signer, 200)
	if got := l.do(t, with(other)()); got.status != 401 {
		t.Fatalf("a key that is not published: %d %s", got.status, got.body)
	}
	p.publish(l.signer, other)
	answers("the next key is believed", other, 200)
	answers("the first key still is", l.signer, 200)
	p.publish(other)
	answers("the first key is no longer believed", l.signer, 401)
	p.keys.Store(nil)
	before := p.asked.Load()
	eventually(t, "the issuer was asked again", func() bool { return p.asked.Load() > before+1 })
	if got := l.do(t, with(other)()); got.status != 200 || l.record(t, got.trace).Actor != "ann" {
		t.Fatalf("the issuer is down: %d %s", got.status, got.body)
	}
}
