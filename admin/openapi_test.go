package admin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"weir/admin"
	"weir/policy/tenant"
)

// described is the document that a server serves.
type described struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		OperationID string
		XRole       string `json:"x-role"`
		Responses   map[string]struct {
			Content map[string]struct{ Schema json.RawMessage }
		}
	}
}

func document(t *testing.T, s http.Handler) *described {
	t.Helper()
	w := get(s, "/v1/openapi.json", "")
	var d described
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || w.Code != 200 {
		t.Fatalf("%d, %v", w.Code, err)
	}
	return &d
}

// holds says whether an answer is one that the document has, and of the form it says.
func (d *described) holds(t *testing.T, path, method string, w *httptest.ResponseRecorder) {
	t.Helper()
	answer, ok := d.Paths[path][strings.ToLower(method)].Responses[fmt.Sprint(w.Code)]
	if !ok {
		t.Errorf("%s %s: %d is not in the document", method, path, w.Code)
		return
	}
	kind := w.Header().Get("Content-Type")
	content, ok := answer.Content[kind]
	if len(answer.Content) == 0 {
		if w.Body.Len() > 0 {
			t.Errorf("%s %s: %d has a body that the document does not have", method, path, w.Code)
		}
		return
	}
	if !ok {
		t.Errorf("%s %s: %d is %q, which is not in the document", method, path, w.Code, kind)
		return
	}
	if strings.Contains(string(content.Schema), "$ref") { // Problem
		content.Schema = json.RawMessage(`{"type":"object","required":["title","status","detail"]}`)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(content.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:answer", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("mem:answer")
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Errorf("%s %s: %v in %s", method, path, err, w.Body)
		return
	}
	if err := compiled.Validate(body); err != nil {
		t.Errorf("%s %s: %v\n%s", method, path, err, w.Body)
	}
}

// staffed is an office with a token for each role, and one for a viewer of one tenant.
func staffed(t *testing.T) *office {
	t.Helper()
	return openWith(t, func(p *admin.Parts) {
		for _, role := range admin.Roles() {
			p.Tokens = append(p.Tokens, admin.Token{Name: string(role), Hash: tenant.HashOf(string(role)), Role: role})
		}
		p.Tokens = append(p.Tokens, admin.Token{Name: "acme's", Hash: tenant.HashOf("acme's"), Role: admin.Viewer, Tenant: "acme"})
	})
}

func (o *office) call(method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	return w
}

// No operation is reached without a token, or with one of a lesser role; with the role it is, and what it answers is what the
// document says.
func TestOperationsNeedTheirRole(t *testing.T) {
	o := staffed(t)
	d := document(t, o)
	if d.OpenAPI != "3.1.0" || len(d.Paths) < 11 {
		t.Fatalf("%s with %d paths", d.OpenAPI, len(d.Paths))
	}
	seen := map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			method = strings.ToUpper(method)
			if seen[op.OperationID] || op.OperationID == "" {
				t.Errorf("%s %s: the operationId %q is not its own", method, path, op.OperationID)
			}
			seen[op.OperationID] = true
			if path == "/v1/trail/tail" {
				continue // it does not end
			}
			real := strings.NewReplacer("{id}", "acme", "{trace}", "t1", "{actor}", "ana", "{provider}", "demo", "{name}", "demo").Replace(path)
			for _, token := range []string{"", "nonsense", "ADMIN"} {
				if w := o.call(method, real, token, "{}"); w.Code != 401 || w.Header().Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s %s with %q: %d", method, path, token, w.Code)
				} else {
					d.holds(t, path, method, w)
				}
			}
			needed := slices.Index(admin.Roles(), admin.Role(op.XRole))
			if needed < 0 {
				t.Fatalf("%s %s: role %q", method, path, op.XRole)
			}
			for i, role := range admin.Roles() {
				w := o.call(method, real, string(role), "{}")
				if (w.Code == 403) != (i < needed) || w.Code == 401 || w.Code >= 500 {
					t.Errorf("%s %s as %s: %d %s", method, path, role, w.Code, w.Body)
				}
				d.holds(t, path, method, w)
			}
			if w := o.call(method, real, "acme's", "{}"); method != "GET" && op.OperationID != "scanText" && w.Code != 403 {
				t.Errorf("%s %s as a viewer of one tenant: %d", method, path, w.Code)
			}
		}
	}
}

// What cannot be meant is answered as the document says, and with what is wrong.
func TestBadQuestions(t *testing.T) {
	o := staffed(t)
	d := document(t, o)
	for _, c := range []struct {
		path, query string
		status      int
		says        string
	}{
		{"/v1/trail", "?limit=5&cursor=1.2&from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00%2B01:00&code=x", 200, "t1"},
		{"/v1/trail", "?limit=0", 400, "limit"}, {"/v1/trail", "?limit=1001", 400, "limit"}, {"/v1/trail", "?limit=many", 400, "limit"},
		{"/v1/trail", "?from=today", 400, "from"}, {"/v1/trail", "?until=", 400, "until"}, {"/v1/trail", "?cursor=bad", 400, "cursor"},
		{"/v1/trail", "?colour=red", 400, "colour"}, {"/v1/trail", "?code=a&code=b", 400, "more than once"}, {"/v1/trail", "?code=%zz", 400, "query"},
		{"/v1/trail", "?code=" + strings.Repeat("x", 3000), 400, "2048"},
		{"/v1/usage", "?by=tenant,day&from=2026-01-01", 200, "usage"}, {"/v1/usage", "?by=colour", 400, "day, tenant"}, {"/v1/usage", "?until=2026-13-01", 400, "until"},
	} {
		w := o.call("GET", c.path+c.query, "viewer", "")
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s%s: %d %s", c.path, c.query, w.Code, w.Body)
		}
		d.holds(t, c.path, "GET", w)
	}
}

// A viewer of one tenant sees nothing of another, whatever it asks for.
func TestAViewerOfOneTenant(t *testing.T) {
	o := staffed(t)
	if w := o.call("PUT", "/v1/tenants/other", "admin", `{"name":"Other"}`); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := o.call("POST", "/v1/keys", "admin", `{"tenant":"other","name":"theirs"}`); w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"/v1/trail": {200, `"tenant":"acme"`}, "/v1/trail?tenant=acme": {200, `"tenant":"acme"`}, "/v1/trail?tenant=other": {400, "acme alone"},
		"/v1/usage": {200, `"tenant":"acme"`}, "/v1/usage?tenant=other": {400, "acme alone"}, "/v1/trail/t1": {404, "no record"}, "/v1/trail/t1?tenant=other": {400, "acme alone"},
		"/v1/tenants": {200, "acme"}, "/v1/tenants/acme": {200, "acme"}, "/v1/tenants/other": {404, ""}, "/v1/tenants/other/quarantine": {404, ""},
		"/v1/keys": {200, "mine"}, "/v1/keys?tenant=other": {400, "acme alone"}, "/v1/keys/mine": {200, "mine"},
	} {
		w := o.call("GET", path, "acme's", "")
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.says) || strings.Contains(w.Body.String(), "theirs") || strings.Contains(w.Body.String(), `"id":"other"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// An answer that has not changed is not sent again.
func TestETags(t *testing.T) {
	o := staffed(t)
	for _, path := range []string{"/v1/keys", "/v1/keys/mine", "/v1/tenants", "/v1/tenants/acme", "/v1/tenants/acme/quarantine", "/v1/openapi.json", "/v1/policies", "/v1/providers", "/v1/providers/demo", "/v1/detectors", "/v1/tenants/acme/settings", "/v1/tenants/acme/budgets"} {
		first := o.call("GET", path, "viewer", "")
		tag := first.Header().Get("ETag")
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer viewer")
		r.Header.Set("If-None-Match", `"other", W/`+tag)
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		if first.Code != 200 || tag == "" || w.Code != 304 || w.Body.Len() > 0 {
			t.Errorf("%s: %d %q, then %d %s", path, first.Code, tag, w.Code, w.Body)
		}
	}
	before := o.call("GET", "/v1/tenants/acme", "viewer", "").Header().Get("ETag")
	if w := o.call("PUT", "/v1/tenants/acme/suspension", "operator", `{"reason":"manual"}`); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if after := o.call("GET", "/v1/tenants/acme", "viewer", "").Header().Get("ETag"); after == before {
		t.Error("a tenant was suspended, and its tag is the same")
	}
}
