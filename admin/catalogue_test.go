package admin_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"weir/admin"
	"weir/policy/tenant"
)

func (e *engine) names(kind string) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(e.kept)) {
		if name, ok := strings.CutPrefix(id, kind); ok {
			out = append(out, name)
		}
	}
	return out
}

func (e *engine) put(kind, name string, document []byte) error {
	switch {
	case name == "demo" || name == "echo":
		return tenant.ErrDeclared
	case strings.Contains(string(document), "bad"):
		return fmt.Errorf("%w: kind: found %q, want a kind of provider", tenant.ErrDocument, "bad")
	case strings.Contains(string(document), "static"):
		return admin.ErrNotFollowed
	}
	if e.kept == nil {
		e.kept = map[string]string{}
	}
	e.kept[kind+name] = string(document)
	return nil
}

func (e *engine) remove(kind, name string, none error) error {
	switch _, ok := e.kept[kind+name]; {
	case name == "demo" || name == "echo":
		return tenant.ErrDeclared
	case !ok:
		return none
	case name == "used":
		return fmt.Errorf("%w: model m", admin.ErrInUse)
	}
	delete(e.kept, kind+name)
	return nil
}

func (e *engine) PutProvider(_ context.Context, name string, document []byte) error {
	return e.put("provider ", name, document)
}
func (e *engine) DeleteProvider(_ context.Context, name string) error {
	return e.remove("provider ", name, admin.ErrNoProvider)
}
func (e *engine) PutModel(_ context.Context, name string, document []byte) error {
	return e.put("model ", name, document)
}
func (e *engine) DeleteModel(_ context.Context, name string) error {
	return e.remove("model ", name, admin.ErrNoModel)
}
func (e *engine) DropCredential(_ context.Context, name string) error {
	if name == "demo" {
		return admin.ErrNotKept
	}
	return tenant.ErrNotHere
}
func (e *engine) Models() []admin.Model {
	list := []admin.Model{{Name: "echo", Provider: "demo", Origin: "file", Price: &admin.ModelPrice{Input: 1, Output: 2}}}
	for _, name := range e.names("model ") {
		list = append(list, admin.Model{Name: name, Provider: "demo", Origin: "store", Document: admin.DocumentOf(e.kept["model "+name])})
	}
	slices.SortFunc(list, func(a, b admin.Model) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Providers and models come and go: who may not, what cannot be meant, what the file declares and what nobody would hear of is
// refused, each with its own status, and all of it is written down.
func TestProvidersAndModelsAreChanged(t *testing.T) {
	o := staffed(t)
	d := document(t, o)
	const provider, model = "/v1/providers/{name}", "/v1/models/{name}"
	for _, c := range []struct {
		method, path, of, token, body string
		headers                       []string
		status                        int
		says                          string
	}{
		{"PUT", "/v1/providers/more", provider, "operator", `{"kind":"vllm"}`, nil, 403, "admin"},
		{"PUT", "/v1/providers/more", provider, "admin", `{ "kind": "vllm" }`, []string{"If-None-Match", "*"}, 200, `"document":{"kind":"vllm"}`},
		{"PUT", "/v1/providers/more", provider, "admin", `{"kind":"vllm"}`, []string{"If-None-Match", "*"}, 412, ""},
		{"PUT", "/v1/providers/more", provider, "admin", `{"kind":"vllm"}`, nil, 200, `"origin":"store"`},
		{"PUT", "/v1/providers/more", provider, "admin", `{"kind":"ollama"}`, []string{"If-Match", `"other"`}, 412, ""},
		{"PUT", "/v1/providers/more", provider, "admin", `{"kind":"bad"}`, nil, 422, "kind: found"},
		{"PUT", "/v1/providers/more", provider, "admin", `[]`, nil, 422, "object"},
		{"PUT", "/v1/providers/more", provider, "admin", ``, nil, 422, "object"},
		{"PUT", "/v1/providers/more", provider, "admin", `{"a":"` + strings.Repeat("x", 300<<10) + `"}`, nil, 413, ""},
		{"PUT", "/v1/providers/demo", provider, "admin", `{"kind":"vllm"}`, nil, 409, "declared in the configuration file"},
		{"PUT", "/v1/providers/far", provider, "admin", `{"kind":"static"}`, nil, 409, "extproc envoy bootstrap"},
		{"PUT", "/v1/providers/used", provider, "admin", `{"kind":"vllm"}`, nil, 200, ""},
		{"DELETE", "/v1/providers/used", provider, "admin", ``, nil, 409, "model m"},
		{"DELETE", "/v1/providers/demo", provider, "admin", ``, nil, 409, "declared"},
		{"DELETE", "/v1/providers/more", provider, "operator", ``, nil, 403, ""},
		{"DELETE", "/v1/providers/more", provider, "admin", ``, nil, 204, ""},
		{"DELETE", "/v1/providers/more", provider, "admin", ``, nil, 404, "no such provider"},
		{"DELETE", "/v1/providers/demo/credential", provider + "/credential", "admin", ``, nil, 409, ""},
		{"DELETE", "/v1/providers/used/credential", provider + "/credential", "admin", ``, nil, 404, ""},
		{"DELETE", "/v1/providers/none/credential", provider + "/credential", "admin", ``, nil, 404, ""},
		{"PUT", "/v1/models/org%2Fm", model, "admin", `{"provider":"demo"}`, nil, 200, `"name":"org/m"`},
		{"GET", "/v1/models/org%2Fm", model, "viewer", ``, nil, 200, `"document":{"provider":"demo"}`},
		{"GET", "/v1/models", "/v1/models", "viewer", ``, nil, 200, `{"name":"org/m","provider":"demo","origin":"store"}`},
		{"GET", "/v1/models?limit=1", "/v1/models", "viewer", ``, nil, 200, `"next":"echo"`},
		{"GET", "/v1/models?limit=x", "/v1/models", "viewer", ``, nil, 400, ""},
		{"GET", "/v1/models", "/v1/models", "acme's", ``, nil, 403, ""},
		{"GET", "/v1/models/none", model, "viewer", ``, nil, 404, "no such model"},
		{"PUT", "/v1/models/echo", model, "admin", `{"provider":"demo"}`, nil, 409, "declared"},
		{"PUT", "/v1/models/org%2Fm", model, "viewer", `{"provider":"demo"}`, nil, 403, ""},
		{"DELETE", "/v1/models/org%2Fm", model, "admin", ``, nil, 204, ""},
		{"DELETE", "/v1/models/org%2Fm", model, "admin", ``, nil, 404, ""},
	} {
		w := o.with(c.method, c.path, c.token, c.body, c.headers...)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s %.60s: %d %.300s", c.method, c.path, c.body, w.Code, w.Body)
		}
		d.holds(t, c.of, c.method, w)
	}
	w := o.call("GET", "/v1/changes?operation=deleteModel", "viewer", "")
	if !strings.Contains(w.Body.String(), `"before":{"name":"org/m"`) || !strings.Contains(w.Body.String(), `"status":204`) {
		t.Errorf("%s", w.Body)
	}
}
