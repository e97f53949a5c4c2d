package api

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ask sends a request as an admin.
func (w *weir) ask(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer admin")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// What the API shows and does is what runs: a credential reaches the provider, policies are read again, a text is tried.
func TestTheAPIIsAboutWhatRuns(t *testing.T) {
	w := serve(t)
	for _, step := range []struct {
		method, path, body string
		status             int
		says               []string
	}{
		{"GET", "/v1/providers/demo", "", 200, []string{`"breaker":"closed"`, `"credential":"set"`, `"models":["echo"]`, "demo.key"}},
		{"POST", "/v1/providers/demo/test", "", 200, []string{`"ok":true`, `"model":"echo"`}},
		{"PUT", "/v1/providers/demo/credential", `{"value":"sk-other"}`, 204, nil},
		{"POST", "/v1/providers/demo/test", `{"model":"m"}`, 200, []string{`"ok":true`, `"model":"m"`}},
		{"PUT", "/v1/providers/other/credential", `{"value":"sk-other"}`, 409, []string{"file"}},
		{"POST", "/v1/providers/other/test", "", 422, []string{"say which"}},
		{"GET", "/v1/tenants/acme/settings", "", 200, []string{`{"name":"pii.request","value":"redact","origin":"file"}`, `{"name":"pii.response","value":"log","origin":"default"}`}},
		{"PUT", "/v1/tenants/globex", `{"dialect":"olava","budgets":[{"limit":"2.5","period":"day"}],"settings":{"secrets":{"request":"log"}}}`, 200, []string{`"origin":"store"`}},
		{"GET", "/v1/tenants/globex/settings", "", 200, []string{`{"name":"secrets.request","value":"log","origin":"store"}`, `{"name":"dialect","value":"olava","origin":"store"}`}},
		{"GET", "/v1/tenants/globex/budgets", "", 200, []string{`"id":"tenant/globex/day"`, `"limit":2500000`, `"left":2500000`}},
		{"POST", "/v1/detectors/scan", `{"text":"mail jane.doe@example.com"}`, 200, []string{`"type":"EMAIL_ADDRESS"`, `"start":5`}},
		{"GET", "/v1/detectors", "", 200, []string{`"type":"EMAIL_ADDRESS"`}},
		{"GET", "/v1/policies", "", 200, []string{`"name":"enforced"`, `"name":"candidate"`, `"refused":0`}},
		{"GET", "/v1/policies/divergences", "", 200, []string{`"divergences":[]`}},
		{"GET", "/v1/health", "", 200, []string{`"status":"ready"`, `{"name":"store","ok":true}`}},
		{"GET", "/v1/changes?operation=putProviderCredential", "", 200, []string{`"who":"admin"`, `"status":204`}},
	} {
		status, text := w.ask(t, step.method, step.path, step.body)
		if status != step.status {
			t.Errorf("%s %s: %d %s", step.method, step.path, status, text)
		}
		for _, says := range step.says {
			if !strings.Contains(text, says) {
				t.Errorf("%s %s: %s does not say %s", step.method, step.path, text, says)
			}
		}
		if strings.Contains(text, "sk-other") || strings.Contains(text, "sk-demo") {
			t.Errorf("%s %s told the credential", step.method, step.path)
		}
	}
	if sent := w.sent.Load(); sent == nil || *sent != "Bearer sk-other" {
		t.Errorf("the provider got %v", sent)
	}
	if kept, err := os.ReadFile(filepath.Join(w.dir, "demo.key")); err != nil || string(kept) != "sk-other\n" {
		t.Errorf("%q, %v", kept, err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "policies", "broken.rego"), []byte("package weir\nallow if {"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, text := w.ask(t, "POST", "/v1/policies/reload", ""); status != 200 || !strings.Contains(text, "broken.rego") || !strings.Contains(text, `"error":"broken.rego:2`) {
		t.Errorf("%d %s", status, text)
	}
	if _, text := w.ask(t, "GET", "/v1/health", ""); !strings.Contains(text, `"status":"not ready"`) || !strings.Contains(text, "broken.rego") {
		t.Errorf("%s", text)
	}
}
