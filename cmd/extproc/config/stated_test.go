package config_test

import (
	"strings"
	"testing"

	"weir/cmd/extproc/config"
)

// What a tenant's document says is told apart from what it does not.
func TestSettingsAndWhereTheyCameFrom(t *testing.T) {
	c, err := config.Parse("w.yaml", []byte(`
tenants:
  - id: acme
    dialect: dvara
    settings: {pii: {request: block, types: {US_SSN: log}}, hours: {from: "08:00", to: "18:00"}, billing: {markup_percent: 15}}
  - id: plain
`), dialects)
	if err != nil {
		t.Fatal(err)
	}
	told := func(i int, document []byte) map[string]string {
		list, err := c.Settings(&c.Tenants[i], document)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, s := range list {
			if out[s.Name] = string(s.Value) + " default"; s.Stated {
				out[s.Name] = string(s.Value) + " stated"
			}
		}
		return out
	}
	for name, want := range map[string]string{
		"pii.request": `"block" stated`, "pii.types.US_SSN": `"log" stated`, "pii.response": `"log" default`, "hours.from": "480 stated", "billing.markup_percent": "15 stated",
		"dialect": `"dvara" stated`, "state": `"refuse" default`, "limits.input_tokens": "0 default", "blocked_request": `"refuse" default`,
	} {
		if got := told(0, nil)[name]; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for name, got := range told(1, nil) {
		if strings.HasSuffix(got, "stated") {
			t.Errorf("%s: %s, and nothing is said", name, got)
		}
	}
	if got := told(1, []byte(`{"settings":{"secrets":{"request":"log"}}}`))["secrets.request"]; !strings.HasSuffix(got, "stated") {
		t.Errorf("of the store: %s", got)
	}
}

// An issuer is said whole, and what it is good for.
func TestAdminOIDC(t *testing.T) {
	for text, want := range map[string]string{
		"oidc: {issuer: 'http://login.example.com', audience: a, roles: {x: admin}}":       "admin.oidc.issuer",
		"oidc: {issuer: 'https://login.example.com/?a=b', audience: a, roles: {x: admin}}": "admin.oidc.issuer",
		"oidc: {audience: a, roles: {x: admin}}":                                           "admin.oidc.issuer: found nothing",
		"oidc: {issuer: 'https://login.example.com', roles: {x: admin}}":                   "admin.oidc.audience: found nothing",
		"oidc: {issuer: 'https://login.example.com', audience: a}":                         "admin.oidc.roles: found nothing",
		"oidc: {issuer: 'https://login.example.com', audience: a, roles: {x: owner}}":      `admin.oidc.roles.x: found "owner", want viewer, operator or admin`,
		"oidc: {issuer: 'https://login.example.com', audiense: a, roles: {x: admin}}":      "audience",
		"rate: fast":  `admin.rate: found "fast", want a rate like 20/s`,
		"rate: '0/s'": "admin.rate",
	} {
		_, err := config.Parse("w.yaml", []byte("admin: {"+text+"}\n"), dialects)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v\n%s", text, err, want)
		}
	}
	c, err := config.Parse("w.yaml", []byte("admin: {rate: 600/min, oidc: {issuer: 'http://127.0.0.1:1', audience: a, roles: {x: operator}, roles_claim: groups}}\n"), dialects)
	if err != nil || c.AdminRate != 10 || c.AdminOIDC.Roles["x"] != "operator" || c.AdminOIDC.RolesClaim != "groups" {
		t.Errorf("%v, %+v", err, c)
	}
}
