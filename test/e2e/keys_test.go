package e2e_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy/tenant"
	"weir/test/redisd"
)

// The names of the cases about who calls.
const (
	host       = "lodging" // a tenant that says little of itself
	adminToken = "admin-token-of-the-tests"
	issuer     = "https://issuer.test"
	tokenName  = "X-Actor-Token"
	userName   = "X-Authenticated-User"
	ownKey     = "sk-the-callers-own-0123456789"
)

// lodging is one Weir with an Envoy of its own among several that share a store, and the signer of actors' tokens.
type lodging struct {
	*stage
	signer *rsa.PrivateKey
}

// lodge raises so many Weirs with one store between them.
func lodge(t *testing.T, n int, alter func(*config.File)) []*lodging {
	t.Helper()
	signer, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &cast{keys: map[string]string{}}
	settings := kinds()[plain].Settings
	for _, who := range []config.Tenant{
		{ID: host, Dialect: "rivaro", Settings: settings, Actors: config.Actors{Named: []config.Actor{{ID: "slow", Rates: []config.Rate{{Limit: "1/h"}}}}}},
		{ID: "strict", Dialect: "dvara", Settings: settings, Actors: config.Actors{Required: true}},
		{ID: "watched", Dialect: "rivaro", Settings: config.Settings{Secrets: settings.Secrets, Quarantine: config.Quarantine{Types: []string{"secret"}}}},
		{ID: "walk-in", Dialect: "openai", Settings: settings},
	} {
		if err := c.add(who); err != nil {
			t.Fatal(err)
		}
	}
	shared := t.TempDir()
	jwks := filepath.Join(shared, "jwks.json")
	if err := os.WriteFile(jwks, keySet(signer), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WEIR_E2E_ADMIN", adminToken)
	var out []*lodging
	for range n {
		s := &stage{logs: &captured{}, cast: c}
		if err := s.lodge(func(f *config.File) {
			f.Store.Path = filepath.Join(shared, "weir.db")
			f.Admin.Token = config.Reference{Env: "WEIR_E2E_ADMIN"}
			f.Identity = config.Identity{
				Token:  config.Token{Header: tokenName, Issuer: issuer, JWKS: config.JWKS{File: jwks}},
				Header: config.TrustedHeader{Name: userName, From: []string{"192.0.2.0/24"}},
			}
			f.Hosts = append(f.Hosts, config.Host{Name: "open.test", Keyless: "walk-in"})
			if alter != nil {
				alter(f)
			}
		}); err != nil {
			s.close()
			onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
		}
		t.Cleanup(func() {
			s.close()
			if t.Failed() {
				t.Log(s.logs.String())
			}
		})
		out = append(out, &lodging{s, signer})
	}
	timed(t)
	return out
}

// lodge is raise with a configuration of the case's own and a provider that is called with the caller's credential.
func (s *stage) lodge(alter func(*config.File)) (err error) {
	if s.envoy, err = installed(); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "weir"); err != nil {
		return err
	}
	s.later(func() { _ = os.RemoveAll(s.dir) })
	s.upstream = newUpstream()
	provider := httptest.NewServer(s.upstream)
	s.later(provider.Close)
	if err := s.configure(provider.URL); err != nil {
		return err
	}
	b, err := os.ReadFile(s.config)
	if err != nil {
		return err
	}
	var f config.File
	if err := yaml.Unmarshal(b, &f); err != nil {
		return err
	}
	f.Providers = append(f.Providers, config.Provider{Name: "theirs", Kind: "openai-compatible", BaseURL: provider.URL, CallerCredential: true})
	f.Models = append(f.Models, config.Model{Name: "own", Provider: "theirs", Upstream: "scripted", Price: config.Price{Input: "1.00", Output: "2.00"}})
	alter(&f)
	if b, err = yaml.Marshal(f); err != nil {
		return err
	}
	if err := os.WriteFile(s.config, b, 0o600); err != nil {
		return err
	}
	if s.conf, err = config.Load(s.config, process.Dialects()); err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	return s.runEnvoy()
}

func keySet(k *rsa.PrivateKey) []byte {
	e := big.NewInt(int64(k.E)).Bytes()
	b, _ := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
		"n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(e),
	}}})
	return b
}

// token is an actor's token, signed by a key.
func token(t *testing.T, by *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]string{"alg": "RS256", "kid": "1", "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, by, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func (l *lodging) actor(t *testing.T, name string) []string {
	t.Helper()
	return []string{tokenName, token(t, l.signer, map[string]any{"iss": issuer, "sub": name, "exp": time.Now().Add(time.Hour).Unix()})}
}

// operate is a request to the operator's side.
func (l *lodging) operate(t *testing.T, method, path, body string, want int) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+l.weir.AdminAddr().String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := clients["h1"].Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: %d %s %v, want %d", method, path, resp.StatusCode, b, err, want)
	}
	var out map[string]any
	_ = json.Unmarshal(b, &out)
	return out
}

// bearing calls with a key that the cast does not know.
func bearing(plain string, more ...string) call {
	return call{body: ask("echo", "hello"), header: append([]string{"X-Detection-Key", plain}, more...)}
}

// soon bounds how long a change may take to be in force on another replica.
const soon = time.Second

// within asks until the answer has a status, and fails where that takes longer than a second.
func (l *lodging) within(t *testing.T, what string, c func() call, want int) {
	t.Helper()
	began := time.Now()
	for {
		got := l.do(t, c())
		if got.err == nil && got.status == want {
			return
		}
		if time.Since(began) > soon {
			t.Errorf("%s: %d %s after %s, want %d", what, got.status, got.body, soon, want)
			return
		}
	}
}

// K1: what an operator stops is stopped with the next request here, and within a second on the other replica.
func TestStoppedAtOnceHereAndSoonThere(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { stopped(t, lodge(t, 2, nil)) })
	t.Run("redis", func(t *testing.T) {
		server, own := redisd.Start(t, redisd.Volatile()...), 0
		stopped(t, lodge(t, 2, func(f *config.File) {
			own++
			f.Store = config.Store{
				Path: fmt.Sprintf("%s.%d", f.Store.Path, own), Secret: config.Reference{Env: "WEIR_E2E_ADMIN"},
				Redis: &config.Redis{Addresses: []string{server.Addr}, Timeout: "10s"},
			}
		}))
	})
}

func stopped(t *testing.T, both []*lodging) {
	here, there := both[0], both[1]
	made := here.operate(t, "POST", "/v1/keys", `{"tenant":"lodging","name":"ci"}`, 201)
	key, id := made["key"].(string), made["id"].(string)
	asBob := func(l *lodging) call { return bearing(key, l.actor(t, "bob")...) }
	for _, step := range []struct {
		what, method, path, body string
		answer, status           int
	}{
		{"created", "GET", "/v1/keys/" + id, "", 200, 200},
		{"suspended", "PUT", "/v1/tenants/lodging/suspension", `{"reason":"abuse"}`, 204, 403},
		{"resumed", "DELETE", "/v1/tenants/lodging/suspension", "", 204, 200},
		{"in quarantine", "PUT", "/v1/tenants/lodging/quarantine/bob", `{"reason":"odd"}`, 204, 403},
		{"released", "DELETE", "/v1/tenants/lodging/quarantine/bob", "", 204, 200},
		{"revoked", "DELETE", "/v1/keys/" + id, "", 204, 401},
	} {
		here.operate(t, step.method, step.path, step.body, step.answer)
		if got := here.do(t, asBob(here)); got.status != step.status {
			t.Errorf("%s, here: %d %s, want %d", step.what, got.status, got.body, step.status)
		}
		there.within(t, step.what+", there", func() call { return asBob(there) }, step.status)
		// Somebody else of the same tenant is not in quarantine.
		if step.what == "in quarantine" {
			if got := here.do(t, bearing(key, here.actor(t, "ann")...)); got.status != 200 {
				t.Errorf("another actor: %d %s", got.status, got.body)
			}
		}
	}
}

// K1: a key is rotated under load on two replicas without a failed request, and the old one ends with its overlap.
func TestRotationUnderLoad(t *testing.T) {
	// Two processes that write to one file as fast as they can wait for each other.
	both := lodge(t, 2, func(f *config.File) { f.Limits.Store = "1m" })
	made := both[0].operate(t, "POST", "/v1/keys", `{"tenant":"lodging"}`, 201)
	var current atomic.Value
	current.Store(made["key"].(string))
	both[1].within(t, "created", func() call { return bearing(made["key"].(string)) }, 200)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	var asked atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := both[i%2].do(t, bearing(current.Load().(string))); got.status != 200 {
					t.Errorf("%d %s %v", got.status, got.body, got.err)
					return
				}
				asked.Add(1)
			}
		})
	}
	id := made["id"].(string)
	for range 3 {
		before := asked.Load()
		next := both[0].operate(t, "POST", "/v1/keys/"+id+"/rotate", `{"overlap":"1h"}`, 201)
		fresh := next["key"].(string)
		both[1].within(t, "the new key there", func() call { return bearing(fresh) }, 200)
		current.Store(fresh)
		id = next["id"].(string)
		eventually(t, "more requests", func() bool { return asked.Load() > before+40 || t.Failed() })
	}
	close(stop)
	wg.Wait()
	both[0].operate(t, "POST", "/v1/keys/"+id+"/rotate", `{"overlap":"0s"}`, 201)
	for i, l := range both {
		l.within(t, fmt.Sprint("without overlap, ", i), func() call { return bearing(current.Load().(string)) }, 401)
	}
}

// Two different keys of Weir's are refused before either is believed, whichever headers they stand in.
func TestTwoDifferentKeys(t *testing.T) {
	s := open(t)
	a, b := s.key(t, of(plain, "openai")), s.key(t, of(plain, "dvara"))
	for _, pair := range [][]string{
		{"Authorization", "Bearer " + a, "X-Api-Key", b}, {"X-Detection-Key", a, "X-Bf-Vk", b}, {"X-Api-Key", a, "X-Bf-Vk", b},
	} {
		got := s.do(t, call{body: ask("echo", "x"), header: pair})
		if got.status != 400 {
			t.Errorf("%s and %s: %d %s", pair[0], pair[2], got.status, got.body)
		}
		s.upstream.none(t, got.trace)
	}
}

// The caller's own credential reaches the provider that is called with it untouched, and no other. S4: no header of the
// client's chooses where it goes.
func TestTheCallersCredential(t *testing.T) {
	l := lodge(t, 1, nil)[0]
	key := l.key(t, host)
	echo := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, oddAnswer)
	}
	over(t, func(t *testing.T, c *http.Client) {
		trace := newTrace()
		l.upstream.script(t, trace, echo)
		got := l.do(t, call{body: ask("own", "x"), trace: trace, client: c, header: []string{
			"X-Detection-Key", key, "Authorization", "bearer  " + ownKey, "X-Api-Key", "sk-ant-other", "X-Weir-Route", "order-demo",
		}})
		at := l.upstream.one(t, trace)
		if got.status != 200 || at.header.Get("Authorization") != "bearer  "+ownKey || at.header.Get("X-Api-Key") != "" || at.header.Get("X-Detection-Key") != "" {
			t.Errorf("%d %s, the provider got %v", got.status, got.body, at.header)
		}
		got = l.do(t, call{body: ask("echo", "x"), client: c, header: []string{"X-Bf-Vk", key, "Authorization", "Bearer " + ownKey}})
		if at := l.upstream.one(t, got.trace); got.status != 200 || at.header.Get("Authorization") != "Bearer "+providerKey || strings.Contains(fmt.Sprint(at.header), ownKey) {
			t.Errorf("another provider got %v", at.header)
		}
		for _, header := range [][]string{{"X-Detection-Key", key}, {"Authorization", "Bearer " + key}} {
			got = l.do(t, call{body: ask("own", "x"), client: c, header: header})
			if l.upstream.none(t, got.trace); got.status < 400 || got.status > 499 {
				t.Errorf("without a credential: %d %s", got.status, got.body)
			}
		}
	})
}

// A key is required but where the host says otherwise.
func TestAKeylessHost(t *testing.T) {
	l := lodge(t, 1, nil)[0]
	for name, c := range map[string]struct {
		host, auth string
		status     int
		tenant     string
	}{
		"no key, open host":    {"open.test", "", 200, "walk-in"},
		"no key, another host": {"closed.test", "", 401, ""},
		"a key, open host":     {"open.test", "Bearer " + l.key(t, host), 200, host},
		"a typing error":       {"open.test", "Bearer " + l.key(t, host) + "0", 401, ""},
	} {
		trace := newTrace()
		r := l.request(t.Context(), t, &call{body: ask("echo", "hello"), trace: trace})
		r.Host = c.host
		if c.auth != "" {
			r.Header.Set("Authorization", c.auth)
		}
		resp, err := clients["h1"].Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if rec := l.record(t, trace); resp.StatusCode != c.status || rec.Tenant != c.tenant {
			t.Errorf("%s: %d, tenant %q; want %d, %q", name, resp.StatusCode, rec.Tenant, c.status, c.tenant)
		}
	}
}

// The actor is who a valid token says, and nobody else's word counts. S1: a header that Weir or an operator would
// believe is stripped, also doubled, in odd case, and with underscores.
func TestWhoIsBelieved(t *testing.T) {
	l := lodge(t, 1, nil)[0]
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	hour := time.Now().Add(time.Hour).Unix()
	good := map[string]any{"iss": issuer, "sub": "ann", "exp": hour}
	for name, c := range map[string]struct {
		key    string
		header []string
		status int
		actor  string
	}{
		"a valid token":            {host, []string{tokenName, token(t, l.signer, good)}, 200, "ann"},
		"a wrong signature":        {host, []string{tokenName, token(t, stranger, good)}, 401, ""},
		"another issuer":           {host, []string{tokenName, token(t, l.signer, map[string]any{"iss": "https://other.test", "sub": "ann", "exp": hour})}, 401, ""},
		"an expired token":         {host, []string{tokenName, token(t, l.signer, map[string]any{"iss": issuer, "sub": "ann", "exp": time.Now().Add(-time.Hour).Unix()})}, 401, ""},
		"no token at all":          {host, []string{tokenName, "ann"}, 401, ""},
		"without one":              {host, nil, 200, ""},
		"without one, required":    {"strict", nil, 401, ""},
		"with one, required":       {"strict", []string{tokenName, token(t, l.signer, good)}, 200, "ann"},
		"a header of Weir's":       {host, []string{"X-Weir-Actor", "root", "X-Weir-Tenant", "other"}, 200, ""},
		"a trusted header":         {host, []string{userName, "root"}, 200, ""}, // from a peer that is not believed
		"its case does not matter": {host, []string{"x-AUTHENTICATED-user", "root"}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			timed(t)
			got := l.do(t, call{key: c.key, body: ask("echo", "hello", `,"user":"root"`), header: c.header})
			rec := l.record(t, got.trace)
			if got.status != c.status || rec.Actor != c.actor {
				t.Fatalf("%d %s, actor %q; want %d, %q", got.status, got.body, rec.Actor, c.status, c.actor)
			}
			if c.status != 200 {
				l.upstream.none(t, got.trace)
				return
			}
			at := l.upstream.one(t, got.trace)
			for header, values := range at.header {
				low := strings.ToLower(header)
				if strings.HasPrefix(low, "x-weir-") || low == strings.ToLower(tokenName) || low == strings.ToLower(userName) {
					t.Errorf("the provider got %s: %s", header, values)
				}
			}
		})
	}
	// Envoy refuses underscores, so that nothing can be smuggled past by them; and a header doubled is stripped twice.
	if got := l.raw(t, fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx_weir_actor: root\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", l.key(t, host))); got.status != 400 {
		t.Errorf("underscores: %d %s", got.status, got.body)
	}
	trace, body := newTrace(), ask("echo", "hello")
	got := l.raw(t, fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Weir-Actor: root\r\nx-WEIR-actor: root\r\nX-Weir-Route: order-dead\r\nX-Weir-Route: order-no-key\r\n"+
		"X-Request-Id: %s\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", trace, l.key(t, host), len(body), body))
	if got.status != 200 || strings.Contains(strings.ToLower(fmt.Sprint(l.upstream.one(t, trace).header)), "x-weir") {
		t.Errorf("doubled: %d %s", got.status, got.body)
	}
}

// B7: an actor's own rate holds from the first request, on success and refusal with the dialect's headers, and
// Retry-After is right to the second.
func TestARateOfAnActor(t *testing.T) {
	l := lodge(t, 1, nil)[0]
	first := l.do(t, bearing(l.key(t, host), l.actor(t, "slow")...))
	second := l.do(t, bearing(l.key(t, host), l.actor(t, "slow")...))
	if first.status != 200 || first.header.Get("X-Ratelimit-Remaining") != "0" {
		t.Errorf("the first: %d %v", first.status, first.header)
	}
	wait := second.header.Get("Retry-After")
	if second.status != 429 || second.header.Get("X-Ratelimit-Remaining") != "0" || wait < "3590" || wait > "3636" || len(wait) != 4 {
		t.Errorf("the second: %d %v", second.status, second.header)
	}
	if got := l.do(t, bearing(l.key(t, host), l.actor(t, "quick")...)); got.status != 200 {
		t.Errorf("another actor: %d %s", got.status, got.body)
	}
}

// A tenant made over the API is served like one of the file, and ends when it is deleted.
func TestATenantOfTheStore(t *testing.T) {
	l := lodge(t, 1, nil)[0]
	l.operate(t, "PUT", "/v1/tenants/guest", `{"dialect":"dvara","rates":[{"limit":"2/h"}],"settings":{"pii":{"request":"log"}}}`, 200)
	l.operate(t, "PUT", "/v1/tenants/guest", `{"dialect":"dvra"}`, 422)
	key := l.operate(t, "POST", "/v1/keys", `{"tenant":"guest"}`, 201)["key"].(string)
	if !strings.HasPrefix(key, tenant.PrefixFor("dvara")) {
		t.Errorf("a key of another form: %.8s", key)
	}
	for i, want := range []int{200, 200, 429} {
		if got := l.do(t, bearing(key)); got.status != want {
			t.Errorf("request %d: %d %s, want %d", i, got.status, got.body, want)
		}
	}
	l.operate(t, "DELETE", "/v1/tenants/guest", "", 204)
	if got := l.do(t, bearing(key)); got.status != 401 {
		t.Errorf("after the end: %d %s", got.status, got.body)
	}
}

// What a policy decides about an actor is in force on its next request here, and within a second on the other replica.
func TestAPolicyPutsAnActorInQuarantine(t *testing.T) {
	both := lodge(t, 2, nil)
	here, there := both[0], both[1]
	as := func(l *lodging, who, text string) call {
		return call{key: "watched", body: ask("echo", text), header: l.actor(t, who)}
	}
	first := here.do(t, as(here, "mallory", "my key is AKIAIOSFODNN7EXAMPLE"))
	here.record(t, first.trace)
	if got := here.do(t, as(here, "mallory", "hello")); first.status != 200 || got.status != 403 {
		t.Errorf("first %d %s, then %d %s", first.status, first.body, got.status, got.body)
	}
	there.within(t, "there", func() call { return as(there, "mallory", "hello") }, 403)
	if got := here.do(t, as(here, "ann", "hello")); got.status != 200 {
		t.Errorf("another actor: %d %s", got.status, got.body)
	}
	list := here.operate(t, "GET", "/v1/tenants/watched/quarantine", "", 200)
	if by := fmt.Sprint(list); !strings.Contains(by, "mallory") || strings.Contains(by, "AKIA") {
		t.Errorf("%s", by)
	}
	here.operate(t, "DELETE", "/v1/tenants/watched/quarantine/mallory", "", 204)
	if got := here.do(t, as(here, "mallory", "hello")); got.status != 200 {
		t.Errorf("released: %d %s", got.status, got.body)
	}
}
