package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/policy/tenant"
)

func TestTerms(t *testing.T) {
	c, err := config.Parse("w.yaml", []byte(`
ceiling: {budgets: [{limit: 500, period: month}], concurrency: 9, per_call: 5}
tenants:
  - id: acme
    time_zone: Europe/Berlin
    concurrency: 3
    per_call: "0.000001"
    budgets:
      - {limit: 50, period: month, anchor: 2026-01-15}
      - {kind: quota, limit: 10000, period: month}
      - {kind: credits, limit: 1, period: total, partial: true}
    actors: {concurrency: 2, named: [{id: ann, per_call: 2}]}
    keys: [{id: k, account: old, tags: [t], concurrency: 1, sha256: "`+hash1+`"}]
    tags: [{name: t, rates: [{limit: 5/week}]}]
  - {id: olava, dialect: dvara, count_refused: true}
`), dialects)
	if err != nil {
		t.Fatal(err)
	}
	a, k := c.Tenants[0], c.Keys[0]
	if a.Zone.String() != "Europe/Berlin" || a.Concurrency != 3 || a.PerCall != 1 || a.CountRefused || !c.Tenants[1].CountRefused {
		t.Errorf("%+v", a)
	}
	if b := a.Budgets; !b[0].Anchor.Equal(time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)) || b[1].Limit != 10_000 || b[2].Kind != "credits" || !b[2].Partial {
		t.Errorf("budgets %+v", b)
	}
	if a.Ceiling.Concurrency != 9 || a.Ceiling.PerCall != 5_000_000 || a.Ceiling.Budgets[0].Limit != 500_000_000 {
		t.Errorf("ceiling %+v", a.Ceiling)
	}
	if a.Actors.Of("ann").PerCall != 2_000_000 || a.Actors.Of("bob").Concurrency != 2 || a.Tags[0].Rates[0].Window != 7*24*time.Hour {
		t.Errorf("actors %+v, tags %+v", a.Actors, a.Tags)
	}
	if k.AccountID() != "old" || k.Tags[0] != "t" || k.Concurrency != 1 {
		t.Errorf("key %+v", k)
	}
}

// A tenant of the store is read as one of the file, under the file's ceiling.
func TestDocuments(t *testing.T) {
	c, err := config.Parse("w.yaml", []byte("ceiling: {concurrency: 9}\n"), dialects)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Seal([]byte("master")); err != nil {
		t.Fatal(err)
	}
	made, err := c.Tenant("globex", []byte(`{"dialect": "dvara", "concurrency": 9, "budgets": [{"limit": "1.50", "period": "day"}]}`))
	if err != nil || made.ID != "globex" || made.Budgets[0].Limit != 1_500_000 || made.Ceiling.Concurrency != 9 || len(made.Secret) != 32 {
		t.Errorf("%+v, %v", made, err)
	}
	for doc, want := range map[string]string{
		`{"dialect": "dvra"}`:                    `tenant:1:13: dialect: found "dvra", want the name of a dialect (did you mean "dvara"?)`,
		`{"concurrency": 10}`:                    `concurrency: found 10, want at most 9`,
		`{"id": "other"}`:                        `id: found "other", want "globex", or nothing`,
		`{"keys": [{"id": "k", "sha256": "x"}]}`: `keys: found keys, want none`,
		`{"secret": {"env": "HOME"}}`:            `secret: found a secret, want none`,
		`{"colour": "red"}`:                      `colour: found a field that does not exist`,
		`[]`:                                     `want a mapping`,
		`{`:                                      `want valid YAML`,
	} {
		if _, err := c.Tenant("globex", []byte(doc)); !isError(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", doc, err, want)
		}
	}
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	k, err := c.Key("", []byte(`{"tenant": "acme", "expires_in": "2h", "rates": [{"limit": "5/min"}], "per_call": "0.10"}`), now)
	if err != nil || k.ExpiresAt != now.Add(2*time.Hour) || k.Rates[0].Limit != 5 || k.PerCall != 100_000 {
		t.Errorf("%+v, %v", k, err)
	}
	for doc, want := range map[string]string{
		`{}`:                                   `tenant: found nothing`,
		`{"tenant": "a", "expires_in": "-2h"}`: `expires_in: found "-2h"`,
		`{"tenant": "a", "key": "gw_1"}`:       `no secret in plain text`,
		`{"tenant": "a", "budgets": [{"limit": "NaN", "period": "day"}]}`: `budgets[0].limit: found "NaN"`,
	} {
		if _, err := c.Key("", []byte(doc), now); !isError(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", doc, err, want)
		}
	}
}

func isError(err error) bool {
	var e *config.Error
	return errors.As(err, &e)
}

func TestLease(t *testing.T) {
	read := func(settings string) (*config.Config, error) {
		return config.Parse("w.yaml", []byte("tenants:\n  - id: acme\n    settings: "+settings+"\n"), dialects)
	}
	for settings, want := range map[string]tenant.LeaseSettings{
		"{}":                        {Amount: 1_000_000, Requests: 100},
		"{failure: {store: allow}}": {Amount: 1_000_000, Requests: 100},
		`{failure: {store: allow}, lease: {amount: "2.50"}}`:           {Amount: 2_500_000, Requests: 100},
		"{failure: {store: allow}, lease: {amount: 0.5, requests: 7}}": {Amount: 500_000, Requests: 7},
	} {
		c, err := read(settings)
		if err != nil || c.Tenants[0].Settings.Lease != want {
			t.Errorf("%s: %v, want %+v", settings, err, want)
		}
	}
	for settings, field := range map[string]string{
		`{lease: {amount: "2.50"}}`:                             "settings.lease",
		"{failure: {store: allow}, lease: {amount: 0}}":         "settings.lease.amount",
		"{failure: {store: allow}, lease: {amount: -1}}":        "settings.lease.amount",
		"{failure: {store: allow}, lease: {requests: 1000000}}": "settings.lease.requests",
		"{failure: {store: allow}, lease: {requests: -1}}":      "settings.lease.requests",
		"{failure: {store: allow}, lease: {dollars: 1}}":        "dollars",
	} {
		if _, err := read(settings); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v, want a problem with %s", settings, err, field)
		}
	}
}
