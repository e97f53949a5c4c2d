package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/policy/tenant"
	"weir/test/redisd"
)

// soon bounds how long a change may take to be in force on another replica.
const soon = time.Second

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
