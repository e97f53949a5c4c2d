package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/envoy"
)

// configuration has every part that the API shows: PROVIDER is where an upstream answers, DIR a directory of the case's own.
const configuration = `
listen: unix:DIR/weir.sock
admin:
  listen: 127.0.0.1:0
  rate: 100000/s
  tokens:
    - {name: admin, sha256: ADMIN, role: admin}
    - {name: viewer, sha256: VIEWER, role: viewer}
store: {path: DIR/weir.db}
envoy: {secrets: DIR/secrets}
policies: {dir: DIR/policies, candidate: DIR/candidate}
providers:
  - {name: demo, kind: openai-compatible, base_url: "PROVIDER", credential: {file: DIR/demo.key}}
  - {name: other, kind: openai-compatible, base_url: "PROVIDER"}
models:
  - {name: echo, provider: demo, price: {input: "1", output: "2"}}
tenants:
  - {id: acme, dialect: dvara, budgets: [{limit: "10", period: month}], settings: {pii: {request: redact}}}
`

// weir is a Weir that runs.
type weir struct {
	base string                 // where its admin API is
	dir  string                 // its files
	sent atomic.Pointer[string] // the credential that the provider got last
	stop func(t *testing.T)
}

// serve runs one, on a store of its own.
func serve(t *testing.T) *weir {
	t.Helper()
	return serveOn(t, "")
}

// serveOn runs one on the Redis of an address, or without one.
func serveOn(t *testing.T, redis string) *weir {
	t.Helper()
	out := &weir{}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.Header.Get("Authorization")
		out.sent.Store(&sent)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"length"}]}`)
	}))
	t.Cleanup(upstream.Close)
	dir, err := os.MkdirTemp("", "weir") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, name := range []string{"policies", "candidate"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "demo.key"), []byte("sk-demo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("DIR", dir, "PROVIDER", upstream.URL, "ADMIN", hashed("admin"), "VIEWER", hashed("viewer")).Replace(configuration)
	if redis != "" {
		text = strings.Replace(text, "weir.db}", "weir.db, secret: {file: DIR/demo.key}, redis: {addresses: [\""+redis+"\"]}}", 1)
		text = strings.ReplaceAll(text, "DIR", dir)
	}
	if err := os.WriteFile(filepath.Join(dir, "weir.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out.dir = dir
	out.start(t)
	t.Cleanup(func() { out.stop(t) })
	return out
}

// start runs it, with an Envoy that it believes to follow its files.
func (w *weir) start(t *testing.T) {
	t.Helper()
	conf, err := config.Load(filepath.Join(w.dir, "weir.yaml"), process.Dialects())
	if err != nil {
		t.Fatal(err)
	}
	o := process.BootstrapOptions(conf, envoy.MaxMinor)
	o.Discovery = envoy.DiscoveryDir(conf.Envoy.Secrets)
	if err := process.Prepare(conf, o); err != nil {
		t.Fatal(err)
	}
	p, err := process.New(t.Context(), conf, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	w.stop = func(t *testing.T) {
		t.Helper()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		p.Close()
	}
	w.base = "http://" + p.AdminAddr().String()
}

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
