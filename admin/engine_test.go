package admin_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/admin"
	"weir/policy/tenant"
)

// engine is what runs, in memory.
type engine struct {
	reloads int
	written map[string]string
	kept    map[string]string // documents of models and providers, by path
}

func (e *engine) Policies() []admin.PolicySet {
	return []admin.PolicySet{{Name: "enforced", Version: "v1", Replaced: e.reloads}}
}
func (e *engine) ReloadPolicies(context.Context) { e.reloads++ }
func (e *engine) Providers() []admin.Provider {
	state := "not set"
	if e.written["demo"] != "" {
		state = "set"
	}
	list := []admin.Provider{{Name: "demo", Models: []string{"echo"}, Breaker: "closed", Credential: state, Origin: "file"}, {Name: "env", Models: []string{}, Breaker: "open", Origin: "file"}}
	for _, name := range e.names("provider ") {
		list = append(list, admin.Provider{Name: name, Models: []string{}, Breaker: "closed", Credential: "not set", Origin: "store", Document: admin.DocumentOf(e.kept["provider "+name])})
	}
	return list
}
func (e *engine) TestProvider(_ context.Context, name, model string) (admin.ProviderTest, error) {
	if name == "env" {
		return admin.ProviderTest{Model: model, What: "there is no credential", Hint: "set it"}, nil
	}
	return admin.ProviderTest{OK: true, Model: model, Status: 200}, nil
}
func (e *engine) SetCredential(_ context.Context, name, value string) error {
	if name == "env" {
		return admin.ErrNotKept
	}
	if e.written == nil {
		e.written = map[string]string{}
	}
	e.written[name] = value
	return nil
}
func (e *engine) Rules() []admin.DetectorRule { return []admin.DetectorRule{{ID: "pii.email"}} }
func (e *engine) Scan(of, text string, place admin.Place) ([]admin.ScanFinding, error) {
	if of == "nobody" {
		return nil, tenant.ErrNoTenant
	}
	return []admin.ScanFinding{{Type: "EMAIL_ADDRESS", Rule: string(place) + of, End: len(text)}}, nil
}
func (e *engine) Settings(t *tenant.Tenant) ([]admin.Setting, error) {
	return []admin.Setting{{Name: "pii.request", Value: json.RawMessage(`"redact"`), Origin: "file"}}, nil
}
func (e *engine) Budgets(_ context.Context, t *tenant.Tenant) ([]admin.Budget, error) {
	return []admin.Budget{{ID: "tenant/" + t.ID, Limit: 5, Left: 5}}, nil
}

// Whoever tries a text, tests a provider or writes a credential gets what it asked for, and no text or secret back.
func TestTheEngine(t *testing.T) {
	o := staffed(t)
	d := document(t, o)
	for _, c := range []struct {
		method, path, of, token, body string
		status                        int
		says                          string
	}{
		{"POST", "/v1/detectors/scan", "", "viewer", `{"text":"mail me"}`, 200, `"rule":"prompt"`},
		{"POST", "/v1/detectors/scan", "", "viewer", `{"text":"mail me","tenant":"acme","place":"answer"}`, 200, `"rule":"answeracme"`},
		{"POST", "/v1/detectors/scan", "", "acme's", `{"text":"mail me"}`, 200, `"rule":"promptacme"`},
		{"POST", "/v1/detectors/scan", "", "acme's", `{"text":"mail me","tenant":"other"}`, 400, "acme alone"},
		{"POST", "/v1/detectors/scan", "", "viewer", `{"text":"mail me","tenant":"nobody"}`, 404, ""},
		{"POST", "/v1/detectors/scan", "", "viewer", `{"text":"mail me","place":"moon"}`, 422, "prompt"},
		{"POST", "/v1/detectors/scan", "", "viewer", `{"secret words":1}`, 422, "text"},
		{"POST", "/v1/detectors/scan", "", "viewer", `{"text":"` + strings.Repeat("x", 300<<10) + `"}`, 413, ""},
		{"POST", "/v1/providers/demo/test", "/v1/providers/{name}/test", "operator", `{"model":"m"}`, 200, `"ok":true`},
		{"POST", "/v1/providers/env/test", "/v1/providers/{name}/test", "operator", ``, 200, `"hint":"set it"`},
		{"POST", "/v1/providers/none/test", "/v1/providers/{name}/test", "operator", ``, 404, ""},
		{"POST", "/v1/providers/demo/test", "/v1/providers/{name}/test", "operator", `{"modle":"m"}`, 422, ""},
		{"PUT", "/v1/providers/demo/credential", "/v1/providers/{name}/credential", "admin", `{"value":"sk-secret-words"}`, 204, ""},
		{"PUT", "/v1/providers/demo/credential", "/v1/providers/{name}/credential", "admin", `{"value":"sk-secret-words\n"}`, 422, ""},
		{"PUT", "/v1/providers/demo/credential", "/v1/providers/{name}/credential", "admin", `{"valeu":"sk-secret-words"}`, 422, ""},
		{"PUT", "/v1/providers/env/credential", "/v1/providers/{name}/credential", "admin", `{"value":"sk-secret-words"}`, 409, "file"},
		{"PUT", "/v1/providers/none/credential", "/v1/providers/{name}/credential", "admin", `{"value":"sk-secret-words"}`, 404, ""},
		{"GET", "/v1/providers/demo", "/v1/providers/{name}", "viewer", ``, 200, `"credential":"set"`},
		{"GET", "/v1/providers/none", "/v1/providers/{name}", "viewer", ``, 404, ""},
		{"POST", "/v1/policies/reload", "", "operator", ``, 200, `"replaced":1`},
		{"GET", "/v1/policies/divergences", "", "viewer", ``, 200, `"trace":"t1"`},
		{"GET", "/v1/policies/divergences?change=newly_denied&shadow=any", "/v1/policies/divergences", "viewer", ``, 200, `"next"`},
		{"GET", "/v1/policies/divergences?change=sideways", "/v1/policies/divergences", "viewer", ``, 400, "newly_allowed"},
		{"GET", "/v1/tenants/acme/settings", "/v1/tenants/{id}/settings", "acme's", ``, 200, `"origin":"file"`},
		{"GET", "/v1/tenants/acme/budgets", "/v1/tenants/{id}/budgets", "acme's", ``, 200, `"left":5`},
		{"GET", "/v1/tenants/other/budgets", "/v1/tenants/{id}/budgets", "acme's", ``, 404, ""},
		{"GET", "/v1/health", "", "viewer", ``, 200, `"status":"ready"`},
	} {
		w := o.call(c.method, c.path, c.token, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "mail me") {
			t.Errorf("%s %s %.60s: %d %s", c.method, c.path, c.body, w.Code, w.Body)
		}
		if c.of == "" {
			c.of = c.path
		}
		d.holds(t, c.of, c.method, w)
	}
	if w := o.call("GET", "/v1/changes", "viewer", ""); strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), "putProviderCredential") {
		t.Errorf("%s", w.Body)
	}
}

// What must hold is told with why it does not.
func TestHealth(t *testing.T) {
	s := serve(t, admin.Parts{Trail: trail{}, Token: "secret", Ready: []admin.Check{
		{Name: "store", Check: func(context.Context) error { return nil }}, {Name: "policies", Check: func(context.Context) error { return context.DeadlineExceeded }},
	}})
	if w := get(s, "/v1/health", "secret"); w.Code != 200 || !strings.Contains(w.Body.String(), `{"name":"store","ok":true},{"name":"policies","ok":false,"why":"context deadline exceeded"}`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// with sends a request with headers.
func (o *office) with(method, path, token, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	return w
}
