package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/admin"
	"weir/policy/audit"
	"weir/policy/store"
	"weir/policy/tenant"
)

// office is the operator's side over a directory with one tenant of a file, and a clock that the case turns.
type office struct {
	*admin.Server
	directory *tenant.Directory
	now       time.Time
}

func open(t *testing.T) *office {
	t.Helper()
	return openWith(t, func(*admin.Parts) {})
}

// openWith is open with parts of the case's own.
func openWith(t *testing.T, alter func(*admin.Parts)) *office {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	acme := tenant.Tenant{ID: "acme", Status: tenant.Active, Dialect: "dvara"}
	mine := tenant.Key{ID: "mine", Tenant: "acme", Hash: [32]byte{1}}
	d, err := tenant.NewDirectory(t.Context(), tenant.NewSQLite(s), tenant.Declared{
		Tenants: []tenant.Tenant{acme}, Keys: []tenant.Key{mine},
		Parse: func(id string, doc []byte) (tenant.Tenant, error) {
			var in struct{ Name string }
			return tenant.Tenant{ID: id, Status: tenant.Active, Dialect: "olava", Name: in.Name}, json.Unmarshal(doc, &in)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{directory: d, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	parts := admin.Parts{Trail: trail{}, Token: "secret", Engine: &engine{}, Changes: audit.NewChanges(s, chained(t)), Access: &admin.Access{
		Directory: d, Clock: func() time.Time { return o.now },
		Seal: func(tenant, provider, value string) (string, error) {
			if value == "" {
				return "", errors.New("a credential has at least a byte")
			}
			return "sealed for " + tenant + " and " + provider, nil
		},
		Key: func(doc []byte, now time.Time) (tenant.Key, error) {
			var in struct {
				Tenant, Name string
				Hours        int
			}
			err := json.Unmarshal(doc, &in)
			k := tenant.Key{Tenant: in.Tenant, Name: in.Name, CreatedAt: now}
			if in.Hours > 0 {
				k.ExpiresAt = now.Add(time.Duration(in.Hours) * time.Hour)
			}
			return k, err
		},
		Random: func(purpose string) io.Reader {
			if purpose == "" {
				purpose = time.Now().String() + t.Name()
			}
			h := tenant.HashOf(purpose)
			return bytes.NewReader(append(h[:], h[:]...))
		},
	}}
	alter(&parts)
	o.Server = serve(t, parts)
	return o
}

// ask sends a request and reads its answer.
func (o *office) ask(method, path, body string, header ...string) (int, map[string]any, http.Header) {
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer secret")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	var out map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, out, w.Header()
}

func text(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

func TestAKeyIsShownOnceAndSentAgainTheSame(t *testing.T) {
	o := open(t)
	status, made, h := o.ask("POST", "/v1/keys", `{"tenant":"acme","name":"ci","hours":2}`, "Idempotency-Key", "a")
	plain := text(made, "key")
	if status != 201 || tenant.CheckForm(plain) != nil || !strings.HasPrefix(plain, "gw_") || h.Get("Location") != "/v1/keys/"+text(made, "id") {
		t.Fatalf("%d %v %v", status, made, h)
	}
	if _, k, err := o.directory.Current().Resolve(plain, o.now); err != nil || k.Name != "ci" {
		t.Fatalf("the key is not in force: %v", err)
	}
	o.now = o.now.Add(time.Hour)
	status, again, h := o.ask("POST", "/v1/keys", `{"tenant":"acme","name":"ci","hours":2}`, "Idempotency-Key", "a")
	if status != 201 || text(again, "key") != plain || text(again, "id") != text(made, "id") || h.Get("Idempotent-Replayed") != "true" {
		t.Errorf("sent again: %d %v", status, again)
	}
	if status, got, _ := o.ask("POST", "/v1/keys", `{"tenant":"acme","name":"other","hours":2}`, "Idempotency-Key", "a"); status != 422 || text(got, "key") != "" {
		t.Errorf("the same Idempotency-Key for something else: %d %v", status, got)
	}
	if _, got, _ := o.ask("GET", "/v1/keys", ""); len(got["keys"].([]any)) != 2 || strings.Contains(encoded(t, got), plain) {
		t.Errorf("listed: %v", got)
	}
	if status, got, _ := o.ask("GET", "/v1/keys/"+text(made, "id"), ""); status != 200 || text(got, "state") != "active" || text(got, "key") != "" {
		t.Errorf("%d %v", status, got)
	}
	o.now = o.now.Add(25 * time.Hour)
	if status, got, _ := o.ask("POST", "/v1/keys", `{"tenant":"acme","name":"ci","hours":2}`, "Idempotency-Key", "a"); status != 409 || text(got, "key") != "" {
		t.Errorf("sent again too late: %d %v", status, got)
	}
	if _, other, _ := o.ask("POST", "/v1/keys", `{"tenant":"acme","name":"ci"}`); text(other, "key") == plain || text(other, "key") == "" {
		t.Errorf("without an Idempotency-Key: %v", other)
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRotateAndRevoke(t *testing.T) {
	o := open(t)
	_, made, _ := o.ask("POST", "/v1/keys", `{"tenant":"acme","name":"ci"}`)
	id, old := text(made, "id"), text(made, "key")
	status, next, _ := o.ask("POST", "/v1/keys/"+id+"/rotate", `{"overlap":"1h"}`, "Idempotency-Key", "r")
	if status != 201 || text(next, "account") != id || text(next, "name") != "ci" {
		t.Fatalf("%d %v", status, next)
	}
	if _, again, h := o.ask("POST", "/v1/keys/"+id+"/rotate", `{"overlap":"1h"}`, "Idempotency-Key", "r"); text(again, "key") != text(next, "key") || h.Get("Idempotent-Replayed") == "" {
		t.Errorf("sent again: %v", again)
	}
	for _, plain := range []string{old, text(next, "key")} {
		if _, _, err := o.directory.Current().Resolve(plain, o.now.Add(59*time.Minute)); err != nil {
			t.Errorf("within the overlap: %v", err)
		}
	}
	for range 2 {
		if status, _, _ := o.ask("DELETE", "/v1/keys/"+text(next, "id"), ""); status != 204 {
			t.Errorf("revoked: %d", status)
		}
	}
	if _, got, _ := o.ask("GET", "/v1/keys/"+text(next, "id"), ""); text(got, "state") != "revoked" {
		t.Errorf("%v", got)
	}
	if status, got, _ := o.ask("POST", "/v1/keys/"+id+"/rotate", `{"overlap":"1h"}`, "Idempotency-Key", "r"); status != 409 || text(got, "key") != "" {
		t.Errorf("sent again after the revocation: %d %v", status, got)
	}
}

func TestTenantsAndActors(t *testing.T) {
	o := open(t)
	for _, step := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/v1/tenants/globex", `{"name":"Globex"}`, 200},
		{"PUT", "/v1/tenants/globex", `{"name":"Globex"}`, 200},
		{"PUT", "/v1/tenants/globex", `{"name":`, 422},
		{"PUT", "/v1/tenants/acme", `{"name":"mine"}`, 409},
		{"PUT", "/v1/tenants/acme/suspension", `{"reason":"abuse"}`, 204},
		{"PUT", "/v1/tenants/acme/suspension", `{"reason":"abuse"}`, 204},
		{"PUT", "/v1/tenants/acme/suspension", `{"reason":"whim"}`, 422},
		{"PUT", "/v1/tenants/acme/suspension", `{"because":"abuse"}`, 422},
		{"PUT", "/v1/tenants/nobody/suspension", ``, 404},
		{"PUT", "/v1/tenants/globex/quarantine/spiffe:%2F%2Fa%2Fb", `{"reason":"odd"}`, 204},
		{"PUT", "/v1/tenants/globex/quarantine/a%20b", ``, 422},
		{"GET", "/v1/tenants/nobody", ``, 404},
		{"GET", "/v1/tenants/nobody/quarantine", ``, 404},
		{"DELETE", "/v1/keys/mine", ``, 409},
		{"DELETE", "/v1/keys/nope", ``, 404},
		{"POST", "/v1/keys/mine/rotate", ``, 409},
		{"POST", "/v1/keys/nope/rotate", ``, 404},
		{"POST", "/v1/keys/nope/rotate", `{"overlap":"-1h"}`, 422},
		{"POST", "/v1/keys", `{"tenant":"nobody"}`, 404},
		{"POST", "/v1/keys", `{`, 422},
		{"POST", "/v1/keys", strings.Repeat(" ", 300<<10), 413},
		{"PATCH", "/v1/keys", ``, 405},
	} {
		if status, got, _ := o.ask(step.method, step.path, step.body); status != step.status {
			t.Errorf("%s %s %.40s: %d %v, want %d", step.method, step.path, step.body, status, got, step.status)
		}
	}
	if _, got, _ := o.ask("GET", "/v1/tenants", ""); !strings.Contains(encoded(t, got), `"status":"suspended","suspended_reason":"abuse"`) {
		t.Errorf("%v", got)
	}
	if _, got, _ := o.ask("GET", "/v1/tenants/globex", ""); text(got, "origin") != "store" || got["quarantined"] != 1.0 || got["document"] == nil {
		t.Errorf("%v", got)
	}
	if _, got, _ := o.ask("GET", "/v1/tenants/globex/quarantine", ""); !strings.Contains(encoded(t, got), `"actor":"spiffe://a/b"`) {
		t.Errorf("%v", got)
	}
	for path, want := range map[string]int{"/v1/tenants/acme/suspension": 204, "/v1/tenants/globex/quarantine/spiffe:%2F%2Fa%2Fb": 204, "/v1/tenants/globex": 204} {
		if status, got, _ := o.ask("DELETE", path, ""); status != want {
			t.Errorf("DELETE %s: %d %v", path, status, got)
		}
		if status, _, _ := o.ask("DELETE", path, ""); status != 404 {
			t.Errorf("DELETE %s a second time: %d", path, status)
		}
	}
}

// Nothing is read or changed without the admin token.
func TestAccessNeedsTheToken(t *testing.T) {
	o := open(t)
	for _, page := range []string{"GET /v1/keys", "POST /v1/keys", "GET /v1/tenants", "PUT /v1/tenants/acme/suspension", "DELETE /v1/keys/mine"} {
		method, path, _ := strings.Cut(page, " ")
		for _, auth := range []string{"", "Bearer wrong", "Basic secret"} {
			if status, _, _ := o.ask(method, path, "{}", "Authorization", auth); status != 401 {
				t.Errorf("%s with %q: %d", page, auth, status)
			}
		}
	}
	bare := serve(t, admin.Parts{Trail: trail{}, Access: &admin.Access{Directory: o.directory}})
	if w := get(bare, "/v1/keys", "secret"); w.Code != 404 {
		t.Errorf("without a token configured: %d", w.Code)
	}
}

// chained are the keys of a log.
func chained(t *testing.T) *audit.Keys {
	t.Helper()
	keys, err := audit.NewKeys([]byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
