package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/config"
)

var update = flag.Bool("update", false, "rewrite the schema")

var dialects = []string{"dvara", "rivaro", "openai"}

const good = `
listen: 127.0.0.1:7000
defaults: {dialect: rivaro}
limits: {body: 1MiB, decision: 20ms, concurrent: 5}
providers:
  - {name: up, kind: openai-compatible, base_url: "http://127.0.0.1:9/x", credential: {env: UP_KEY}}
models:
  - {name: m, provider: up, price: {input: "2.50", output: 10}}
tenants:
  - id: acme
    dialect: dvara
    budgets: [{limit: "50.00", period: month}]
    rates: [{limit: 100/min}, {limit: 5000/h, unit: tokens}]
    settings: {pii: {request: block, types: {US_SSN: block}, reversible: false}, modes: {pii_detected: shadow}}
    keys:
      - {id: k1, sha256: "` + "0000000000000000000000000000000000000000000000000000000000000001" + `", expires_at: "2030-01-02T03:04:05Z"}
`

func TestGood(t *testing.T) {
	c, err := config.Parse("weir.yaml", []byte(good), dialects)
	if err != nil {
		t.Fatal(err)
	}
	a := c.Tenants[0]
	if c.Listen != "127.0.0.1:7000" || c.Dialect != "rivaro" || c.Limits.BodyBytes != 1<<20 || c.Limits.Decision != 20*time.Millisecond {
		t.Errorf("config %+v", c)
	}
	if a.Dialect != "dvara" || a.Budgets[0].Limit != 50_000_000 || a.Rates[0].Window != time.Minute || a.Rates[1].Unit != "tokens" || a.Settings.PII.Reversible {
		t.Errorf("tenant %+v", a)
	}
	if m := c.Models[0]; m.Price.Input != 2_500_000 || m.Price.Output != 10_000_000 {
		t.Errorf("model %+v", m)
	}
	if c.Keys[0].Tenant != "acme" || c.Keys[0].Hash[31] != 1 || c.Keys[0].ExpiresAt.Year() != 2030 {
		t.Errorf("key %+v", c.Keys[0])
	}
	if err := c.Seal([]byte("master")); err != nil || len(c.Tenants[0].Secret) != 32 {
		t.Errorf("secret %v, %v", c.Tenants[0].Secret, err)
	}
}

func TestNothing(t *testing.T) {
	c, err := config.Load("", dialects)
	if err != nil || c.Listen != config.DefaultListen || c.Dialect != config.DefaultDialect {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestBad checks that every problem is found, with its place.
func TestBad(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"syntax":         {"listen: [", `w.yaml:1:`},
		"unknown field":  {"tenants:\n  - id: a\n    dialekt: dvara\n", `w.yaml:3:5: dialekt: found a field that does not exist, want a known field (did you mean "dialect"?)`},
		"plaintext key":  {"tenants:\n  - id: a\n    keys:\n      - id: k\n        key: gw_1\n", `w.yaml:5:9: key: found a field that does not exist, want no secret in plain text (use env: NAME or file: PATH; keys are declared by sha256)`},
		"dialect":        {"tenants:\n  - id: a\n    dialect: dvra\n", `w.yaml:3:14: tenants[0].dialect: found "dvra", want the name of a dialect (did you mean "dvara"?)`},
		"size":           {"limits:\n  body: huge\n", `w.yaml:2:9: limits.body: found "huge", want a size like 512KiB or 32MiB`},
		"amount":         {"tenants:\n  - id: a\n    budgets:\n      - {limit: 1.1234567, period: day}\n", `w.yaml:4:17: tenants[0].budgets[0].limit: found "1.1234567", want USD with at most six decimals, like 50.00`},
		"negative":       {"tenants:\n  - id: a\n    budgets:\n      - {limit: -5, period: day}\n", `tenants[0].budgets[0].limit: found "-5", want USD`},
		"not a number":   {"tenants:\n  - id: a\n    budgets:\n      - {limit: .nan, period: day}\n", `tenants[0].budgets[0].limit: found`},
		"period":         {"tenants:\n  - id: a\n    budgets:\n      - {limit: 1, period: monthly}\n", `(did you mean "month"?)`},
		"same period":    {"tenants:\n  - id: a\n    budgets:\n      - {limit: 1, period: day}\n      - {limit: 2, period: day}\n", `tenants[0].budgets[1]: found a second budget for the same period`},
		"rate":           {"tenants:\n  - id: a\n    rates:\n      - {limit: 100 per minute}\n", `tenants[0].rates[0].limit: found "100 per minute", want a rate like 100/min`},
		"action":         {"tenants:\n  - id: a\n    settings:\n      pii: {request: drop}\n", `tenants[0].settings.pii.request: found "drop", want log, redact or block`},
		"threshold":      {"tenants:\n  - id: a\n    settings:\n      guardrails: {threshold: 7}\n", `want a number between 0 and 1`},
		"hash":           {"tenants:\n  - id: a\n    keys:\n      - {id: k, sha256: abc}\n", `tenants[0].keys[0].sha256: found something else, want 64 hexadecimal digits`},
		"model":          {"models:\n  - {name: m, provider: nope}\n", `models[0].provider: found "nope", want the name of a provider`},
		"kind":           {"providers:\n  - {name: p, kind: opnai, base_url: \"http://x\"}\n", `(did you mean "openai"?)`},
		"no base":        {"providers:\n  - {name: p, kind: openai-compatible}\n", `providers[0].base_url: found nothing`},
		"two references": {"admin:\n  token: {env: A, file: B}\n", `admin.token: found env and file, want one of them`},
		"twice":          {"tenants:\n  - id: a\n  - id: a\n", `want tenants and keys that fit together`},
		"expiry":         {"tenants:\n  - id: a\n    keys:\n      - {id: k, sha256: " + strings.Repeat("0", 64) + ", expires_at: soon}\n", `want a time like`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("w.yaml", []byte(c.in), dialects)
			var e *config.Error
			if !errors.As(err, &e) {
				t.Fatalf("accepted, or another error: %v", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s\nwant %s", err, c.want)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := config.Parse("w.yaml", []byte("defaults: {dialect: x}\nlimits: {body: y}\ntenants:\n  - id: a\n    status: z\n"), dialects)
	if n := strings.Count(err.Error(), "\n") + 1; n != 3 {
		t.Errorf("%d problems, want 3:\n%s", n, err)
	}
}

func TestSchemaIsFresh(t *testing.T) {
	want, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("schema.json")
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != string(want) {
		t.Errorf("schema.json is stale; run go test ./cmd/extproc/config -update (%v)", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("tenants:\n  - id: a\n    dialect: dvra\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := config.Parse("w.yaml", b, dialects)
		var e *config.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T", err)
		}
	})
}
