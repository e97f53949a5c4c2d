package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/envoy"
	"weir/policy/tenant"
)

// The credentials of a tenant's own.
const (
	ownAlpha = "sk-of-the-tenant-itself-1"
	ownBeta  = "sk-of-the-tenant-itself-2"
)

// seal puts a tenant's own credential into the store, as the command does.
func (s *stage) seal(t *testing.T, who, provider, value string) {
	t.Helper()
	v, err := process.Vault(s.conf)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal(who, provider, value)
	if err == nil {
		err = s.weir.Directory.PutCredential(t.Context(), tenant.SealedCredential{Tenant: who, Provider: provider, Sealed: sealed, At: time.Now()})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A tenant's own credential goes to its provider with its requests alone, in the place of the platform's, on the attempts at
// that provider alone; it stands in no log, record, dump or file.
func TestOwnCredentials(t *testing.T) {
	var access string
	s, f := sail(t, func(c *config.File) {
		c.Tenants = append([]config.Tenant(nil), c.Tenants...)
		for i := range c.Tenants {
			if c.Tenants[i].ID == of(guarded, "dvara") {
				c.Tenants[i].OwnCredentials = true
			}
		}
	})
	access = s.conf.StorePath
	who := of(plain, "dvara")
	send := func(who, model, text string) reply {
		return s.do(t, call{key: who, body: ask(model, "hello "+text)})
	}
	alpha, beta := f.named("alpha"), f.named("beta")
	platform := alpha.credential
	s.seal(t, who, "alpha", ownAlpha)
	alpha.takes(ownAlpha)
	if got := send(who, "fleet", ""); got.status != 200 {
		t.Errorf("its own: %d %s", got.status, got.body)
	}
	if got := send(who, "fleet", "alpha=503"); got.status != 200 || got.header.Get("X-Weir-Provider") != "beta" {
		t.Errorf("a fallback with the platform's: %d %s", got.status, got.body)
	}
	alpha.takes(platform)
	if got := send(of(plain, "openai"), "fleet", ""); got.status != 200 {
		t.Errorf("another tenant: %d %s", got.status, got.body)
	}
	strict := of(guarded, "dvara")
	if got := send(strict, "fleet", ""); got.status != 403 || !strings.Contains(got.body, `"code":"tenant_credential_required"`) {
		t.Errorf("none of its own: %d %s", got.status, got.body)
	}
	s.seal(t, strict, "beta", ownBeta)
	beta.takes(ownBeta)
	if got := send(strict, "fleet", ""); got.status != 200 || got.header.Get("X-Weir-Provider") != "beta" {
		t.Errorf("the one it has its own for: %d %s", got.status, got.body)
	}
	if got := send(strict, "fleet", "beta=503"); got.status != 502 {
		t.Errorf("no fallback to one it has none for: %d %s", got.status, got.body)
	}
	if err := s.weir.Directory.PutCredential(t.Context(), tenant.SealedCredential{Tenant: strict, Provider: "beta", Sealed: "AAAA", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if got := send(strict, "fleet", ""); got.status != 503 || !strings.Contains(got.body, `"code":"tenant_credential_unavailable"`) {
		t.Errorf("one that cannot be opened: %d %s", got.status, got.body)
	}
	f.unharmed(t)
	s.nowhere(t, access, ownAlpha, ownBeta)
}

// A credential that was left for an attempt is gone from the request's metadata by the time that an access log is written: a gRPC
// access log sends all of it, and a line of a file may name it.
func TestOwnCredentialsLeaveMetadata(t *testing.T) {
	s := &stage{logs: &captured{}}
	log := ""
	s.tune = func(o *envoy.Options) {
		log = filepath.Join(s.dir, "access.log")
		o.AccessLog = log
	}
	s.reword = func(text []byte) []byte {
		return bytes.Replace(text, []byte("%UPSTREAM_CLUSTER%"), []byte("%DYNAMIC_METADATA(weir.route)%"), 1)
	}
	s, f := sailOn(t, s, nil)
	who := of(plain, "dvara")
	for _, name := range []string{"alpha", "beta"} {
		s.seal(t, who, name, ownAlpha)
		f.named(name).takes(ownAlpha)
	}
	for _, c := range []struct {
		text   string
		stream bool
		status int
	}{{"", false, 200}, {"", true, 200}, {"alpha=503", false, 200}, {"alpha=503 beta=503 gamma=503", false, 502}, {"alpha=reset beta=reset gamma=reset", false, 502}} {
		more := ""
		if c.stream {
			more = streaming
		}
		got := s.do(t, call{key: who, body: ask("fleet", "hello "+c.text, more)})
		if got.status != c.status && (c.status == 200 || got.status < 500) {
			t.Errorf("%q: %d %s", c.text, got.status, got.body)
		}
		var line string
		eventually(t, "the line of the access log", func() bool {
			b, err := os.ReadFile(log)
			if err != nil {
				return false
			}
			for l := range strings.Lines(string(b)) {
				if strings.Contains(l, `"`+got.trace+`"`) {
					line = l
				}
			}
			return line != ""
		})
		if strings.Contains(line, ownAlpha) || !strings.Contains(line, `"cluster":{`) {
			t.Errorf("%q: %s", c.text, line)
		}
	}
	// An order of one is tried again where nobody can be connected to, with the same credential.
	s.seal(t, who, "dead", ownBeta)
	if got := s.do(t, call{key: who, body: ask("dead/nobody", "hello")}); got.status < 502 || s.record(t, got.trace).Code != "provider_unreachable" {
		t.Errorf("tried again: %d %s", got.status, got.body)
	}
	f.unharmed(t)
}

// A tenant's credential that took another's place and is refused by the provider is stood in for by the one before, while its
// grace lasts.
func TestGraceOfOwnCredentials(t *testing.T) {
	s, f := sail(t, nil, config.Model{Name: "pair", Provider: "beta", Upstream: "betabeta", Fallbacks: []string{"model-gamma"}})
	who, alone := of(plain, "dvara"), f.named("beta")
	alone.anyOf(func(authorization string) bool { return strings.HasPrefix(authorization, "Bearer sk-of-the-tenant") })
	var last atomic.Pointer[string]
	put := func(value string, grace time.Duration) {
		t.Helper()
		v, err := process.Vault(s.conf)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := v.Seal(who, "beta", value)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now()
		if err := s.weir.Directory.PutCredential(t.Context(), tenant.SealedCredential{Tenant: who, Provider: "beta", Sealed: sealed, At: at, Until: at.Add(grace)}); err != nil {
			t.Fatal(err)
		}
	}
	send := func() int {
		return s.do(t, call{key: who, body: ask("model-beta", "hello beta=only-the-first")}).status
	}
	alone.refuse(func(authorization string) bool {
		last.Store(&authorization)
		return authorization != "Bearer "+ownAlpha
	})
	put(ownAlpha, 0)
	if got := send(); got != 200 {
		t.Errorf("the first: %d", got)
	}
	put(ownBeta, time.Hour)
	if got := send(); got != 502 {
		t.Errorf("the provider refuses the new one: %d", got)
	}
	if got := send(); got != 200 || *last.Load() != "Bearer "+ownAlpha {
		t.Errorf("the one before stands in: %d with %s", got, *last.Load())
	}
	put(ownBeta, 0)
	for range 2 {
		if got := send(); got != 502 || *last.Load() != "Bearer "+ownBeta {
			t.Errorf("without a grace nothing stands in: %d with %s", got, *last.Load())
		}
	}
	// So it is where another provider answers meanwhile.
	put(ownAlpha, 0)
	put(ownBeta, time.Hour)
	for i, want := range []string{ownBeta, ownAlpha} {
		if got := s.do(t, call{key: who, body: ask("pair", "hello beta=only-the-first")}); got.status != 200 || *last.Load() != "Bearer "+want {
			t.Errorf("request %d of an order: %d with %s", i, got.status, *last.Load())
		}
	}
	f.unharmed(t)
}

// refuse has a ship answer 401 to the credentials that a function says, where a request asks for it.
func (s *ship) refuse(no func(authorization string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.no = no
}

// takes changes which credential a ship wants.
func (s *ship) takes(credential string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.credential = credential
}

// nowhere makes sure that secrets stand in no log, no dump of Envoy's and no file of the store.
func (s *stage) nowhere(t *testing.T, storePath string, secrets ...string) {
	t.Helper()
	texts := map[string]string{"the logs": s.logs.String(), "Envoy's configuration": s.dump(t)}
	for _, path := range []string{storePath, storePath + "-wal"} {
		b, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		texts[path] = string(b)
	}
	for name, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: a credential stands there", name)
			}
		}
	}
}

// A platform's credential that is written anew is used at once, and nobody notices.
func TestCredentialRotation(t *testing.T) {
	s, f := sail(t, nil)
	alpha := f.named("alpha")
	var old, fresh = alpha.credential, "sk-alpha-the-second-one"
	var mu sync.Mutex
	var lastOld, firstFresh time.Time
	alpha.anyOf(func(credential string) bool {
		mu.Lock()
		defer mu.Unlock()
		switch credential {
		case "Bearer " + old:
			lastOld = time.Now()
		case "Bearer " + fresh:
			if firstFresh.IsZero() {
				firstFresh = time.Now()
			}
		default:
			return false
		}
		return true
	})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	n := 0
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := s.do(t, call{key: of(plain, "dvara"), body: ask("model-alpha", "hello")}); got.status != 200 || got.header.Get("X-Weir-Provider") != "alpha" {
					t.Errorf("%d from %q: %s", got.status, got.header.Get("X-Weir-Provider"), got.body)
					return
				}
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	seen := func(at *time.Time) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return !at.IsZero()
		}
	}
	eventually(t, "the old credential is used", seen(&lastOld))
	file := s.conf.Providers[len(s.conf.Providers)-3].Credential.File
	if err := os.WriteFile(file, []byte(fresh), 0o600); err != nil {
		t.Fatal(err)
	}
	written := time.Now()
	eventually(t, "the new credential is used", seen(&firstFresh))
	mu.Lock()
	reached := n + 200
	mu.Unlock()
	eventually(t, "two hundred requests more", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return n >= reached
	})
	close(stop)
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d requests; the new credential came after %s, the old one was last seen after %s", n, firstFresh.Sub(written), lastOld.Sub(written))
	if !lastOld.Before(firstFresh.Add(time.Second)) {
		t.Errorf("the old credential was still seen %s after the new one", lastOld.Sub(firstFresh))
	}
	f.unharmed(t)
}

// anyOf lets a ship take what a function says.
func (s *ship) anyOf(take func(authorization string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take = take
}

// dump is Envoy's configuration as its admin page tells it.
func (s *stage) dump(t *testing.T) string {
	t.Helper()
	r, err := s.admin().Get("http://envoy/config_dump?include_eds")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var v json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil || r.StatusCode != http.StatusOK {
		t.Fatal(r.StatusCode, err)
	}
	return string(v)
}
