package admin_test

import (
	"strings"
	"testing"
)

// A credential is set, listed by name and deleted, and its value is in no answer.
func TestCredentialsAreWrittenOnly(t *testing.T) {
	o := open(t)
	const path = "/v1/tenants/acme/credentials"
	for _, c := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"GET", path, "", 200, `"credentials":[]`},
		{"PUT", path + "/openai", `{"value":"sk-own-secret"}`, 204, ""},
		{"GET", path, "", 200, `"provider":"openai","set_at":"2026-03-04T05:06:07Z"`},
		{"PUT", path + "/openai", `{"value":"sk-own-secret","extra":1}`, 422, "nothing else"},
		{"PUT", path + "/openai", `sk-own-secret`, 422, "nothing else"},
		{"PUT", path + "/openai", `{"value":""}`, 422, "at least a byte"},
		{"PUT", "/v1/tenants/nobody/credentials/openai", `{"value":"sk-own-secret"}`, 404, ""},
		{"GET", "/v1/tenants/nobody/credentials", "", 404, ""},
		{"DELETE", path + "/openai", "", 204, ""},
		{"DELETE", path + "/openai", "", 404, ""},
		{"GET", path, "", 200, `"credentials":[]`},
	} {
		status, got, _ := o.ask(c.method, c.path, c.body)
		text := encoded(t, got)
		if status != c.status || !strings.Contains(text, c.has) || strings.Contains(text, "sk-own-secret") || strings.Contains(text, "sealed for") {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, status, text)
		}
		if s, ok := o.directory.Current().Credential("acme", "openai"); ok && s.Sealed != "sealed for acme and openai" {
			t.Errorf("kept is %q", s.Sealed)
		}
	}
}
