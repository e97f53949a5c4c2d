package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"

	"weir/cmd/extproc/config"
	"weir/policy/provider"
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

// Two hashes of keys.
var (
	hash1 = strings.Repeat("0", 63) + "1"
	hash2 = strings.Repeat("0", 63) + "2"
)

// What a tier leaves out costs as much as in the standard one; a tier that says nothing has no price of its own.
func TestPricesOfTiersAndMarkup(t *testing.T) {
	c, err := config.Parse("w.yaml", []byte(`
providers: [{name: up, kind: openai}]
models:
  - {name: m, provider: up, price: {input: 2, cached: 1, output: 8, reasoning: 9, batch: {output: 4}, priority: {input: 4, output: 16}}}
  - {name: n, provider: up, price: {input: 2, output: 8}}
  - {name: gpt-4o, provider: up, price: {priority: {input: 5}}}
tenants: [{id: a, settings: {billing: {markup_percent: 12.5}}}]
`), dialects)
	if err != nil {
		t.Fatal(err)
	}
	m := c.Models[0].Price
	if m.Reasoning != 9_000_000 || m.Batch != (provider.Rates{Input: 2_000_000, Cached: 1_000_000, Output: 4_000_000, Reasoning: 9_000_000}) ||
		m.Priority != (provider.Rates{Input: 4_000_000, Cached: 1_000_000, Output: 16_000_000, Reasoning: 9_000_000}) {
		t.Errorf("%+v", m)
	}
	if n := c.Models[1].Price; n.Batch != (provider.Rates{}) || n.Priority != (provider.Rates{}) {
		t.Errorf("%+v", n)
	}
	listed, _, _ := provider.ListPrice("openai", "gpt-4o")
	if g := c.Models[2].Price; listed.Input == 0 || g.Input != listed.Input || g.Output != listed.Output || g.Priority.Input != 5_000_000 || g.Priority.Output != listed.Output {
		t.Errorf("%+v, want the list's %+v under the tier", g, listed)
	}
	if got := c.Tenants[0].Settings.Billing.Markup; got != 1250 {
		t.Errorf("a markup of %d hundredths of a percent, want 1250", got)
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
		"syntax":             {"listen: [", `w.yaml:1:`},
		"unknown field":      {"tenants:\n  - id: a\n    dialekt: dvara\n", `w.yaml:3:5: tenants[0].dialekt: found a field that does not exist, want a known field (did you mean "dialect"?)`},
		"plaintext key":      {"tenants:\n  - id: a\n    keys:\n      - id: k\n        key: gw_1\n", `w.yaml:5:9: tenants[0].keys[0].key: found a field that does not exist, want no secret in plain text (use env: NAME or file: PATH; keys are declared by sha256)`},
		"dialect":            {"tenants:\n  - id: a\n    dialect: dvra\n", `w.yaml:3:14: tenants[0].dialect: found "dvra", want the name of a dialect (did you mean "dvara"?)`},
		"size":               {"limits:\n  body: huge\n", `w.yaml:2:9: limits.body: found "huge", want a size like 512KiB or 32MiB`},
		"amount":             {"tenants:\n  - id: a\n    budgets:\n      - {limit: 1.1234567, period: day}\n", `w.yaml:4:17: tenants[0].budgets[0].limit: found "1.1234567", want USD with at most six decimals, like 50.00`},
		"octal":              {"tenants:\n  - id: a\n    budgets:\n      - {limit: 010, period: day}\n", `w.yaml:4:17: tenants[0].budgets[0].limit: found a number that begins with 0, want text (readers of YAML take it for an octal one: leave the 0 out, or quote it where it is meant)`},
		"octal count":        {"limits: {concurrent: -017}\n", `w.yaml:1:22: limits.concurrent: found a number that begins with 0, want a whole number`},
		"octal mode":         {"listen: unix:/w.sock\ntransport: {socket_mode: 0660}\n", `w.yaml:2:26: transport.socket_mode: found a number that begins with 0, want text`},
		"negative":           {"tenants:\n  - id: a\n    budgets:\n      - {limit: -5, period: day}\n", `tenants[0].budgets[0].limit: found "-5", want USD`},
		"not a number":       {"tenants:\n  - id: a\n    budgets:\n      - {limit: .nan, period: day}\n", `tenants[0].budgets[0].limit: found`},
		"period":             {"tenants:\n  - id: a\n    budgets:\n      - {limit: 1, period: monthly}\n", `(did you mean "month"?)`},
		"same period":        {"tenants:\n  - id: a\n    budgets:\n      - {limit: 1, period: day}\n      - {limit: 2, period: day}\n", `tenants[0].budgets[1]: found a second budget for the same period`},
		"rate":               {"tenants:\n  - id: a\n    rates:\n      - {limit: 100 per minute}\n", `tenants[0].rates[0].limit: found "100 per minute", want a rate like 100/min`},
		"action":             {"tenants:\n  - id: a\n    settings:\n      pii: {request: drop}\n", `tenants[0].settings.pii.request: found "drop", want log, redact or block`},
		"own pattern":        {"tenants:\n  - id: a\n    detectors:\n      patterns:\n        - {id: x, type: EMPLOYEE_ID, regexp: \"EMP-(\\\\d\"}\n", `w.yaml:5:46: tenants[0].detectors.patterns[0].regexp: found at byte 4: missing closing ): "EMP-(\\d", want a rule that can be compiled`},
		"own id":             {"tenants:\n  - id: a\n    detectors:\n      patterns:\n        - {id: A, type: A1, regexp: x}\n", `w.yaml:5:16: tenants[0].detectors.patterns[0].id: found "A", want small letters, digits and _.- only (`},
		"own id twice":       {"tenants:\n  - id: a\n    detectors:\n      patterns:\n        - {id: x, type: A1, regexp: x}\n      words:\n        - {id: x, type: A1, words: [y]}\n", `w.yaml:7:16: tenants[0].detectors.words[0].id: found "x" a second time, want an id of its own (the first is patterns[0])`},
		"no such rule":       {"tenants:\n  - id: a\n    detectors:\n      rules:\n        pii.us_ssn: {score: 0.9}\n        pii.nope: {score: 0.5}\n", `w.yaml:6:19: tenants[0].detectors.rules.pii.nope: found there is no such rule`},
		"a rule's score":     {"tenants:\n  - id: a\n    detectors:\n      rules:\n        pii.us_ssn: {score: 7}\n", `w.yaml:5:29: tenants[0].detectors.rules.pii.us_ssn.score: found 7, want a number between 0 and 1`},
		"an end":             {"tenants:\n  - id: a\n    detectors:\n      patterns:\n        - {id: x, type: A1, regexp: 'US\\$\\d+$'}\n", `found at byte 7: $ has no meaning here`},
		"allowed type":       {"tenants:\n  - id: a\n    detectors:\n      allow: [{types: [NOPE], values: [x]}]\n", `w.yaml:4:24: tenants[0].detectors.allow[0].types[0]: found "NOPE", want a type of finding`},
		"allowed domain":     {"tenants:\n  - id: a\n    detectors:\n      allow: [{domains: [\"*.example.com\"]}]\n", `w.yaml:4:26: tenants[0].detectors.allow[0].domains[0]: found "*.example.com", want the name of a host`},
		"domains of cards":   {"tenants:\n  - id: a\n    detectors:\n      allow: [{types: [CREDIT_CARD], domains: [example.com]}]\n", `tenants[0].detectors.allow[0].domains: found domains for [CREDIT_CARD], want EMAIL_ADDRESS among the types`},
		"threshold":          {"tenants:\n  - id: a\n    settings:\n      guardrails: {threshold: 7}\n", `want a number between 0 and 1`},
		"thresholds":         {"tenants:\n  - id: a\n    settings:\n      guardrails: {thresholds: {tol: 0.5}}\n", `found "tol", want a role`},
		"thresholds of 0":    {"tenants:\n  - id: a\n    settings:\n      guardrails: {thresholds: {tool: 0}}\n", `want a number over 0 and at most 1`},
		"models":             {"tenants:\n  - id: a\n    settings:\n      answer: {models: [name]}\n", `found "name", want a model`},
		"hash":               {"tenants:\n  - id: a\n    keys:\n      - {id: k, sha256: abc}\n", `tenants[0].keys[0].sha256: found something else, want 64 hexadecimal digits`},
		"model":              {"models:\n  - {name: m, provider: nope}\n", `models[0].provider: found "nope", want the name of a provider`},
		"kind":               {"providers:\n  - {name: p, kind: opnai, base_url: \"http://x\"}\n", `(did you mean "openai"?)`},
		"no such fallback":   {"providers: [{name: p, kind: openai}]\nmodels:\n  - {name: m, provider: p}\n  - {name: n, provider: p, fallbacks: [nosuch]}\n", `w.yaml:4:39: models[1].fallbacks: want providers and models that fit together (model "n": fallback "nosuch" is not declared)`},
		"two misfits":        {"providers:\n  - {name: p, kind: openai}\n  - {name: q, kind: openai-compatible, base_url: \"http://169.254.169.254\"}\nmodels:\n  - {name: m, provider: p, fallbacks: [nosuch]}\n", "w.yaml:3:50: providers[1].base_url: want providers and models that fit together (provider \"q\": base URL \"http://169.254.169.254\" leads to"},
		"a share over all":   {"providers: [{name: p, kind: openai}]\nmodels:\n  - {name: m, provider: p, routing: {canary: {model: m, percent: 101}}}\n", `w.yaml:3:37: models[0].routing: want`},
		"no base":            {"providers:\n  - {name: p, kind: openai-compatible}\n", `providers[0].base_url: found nothing`},
		"two references":     {"admin:\n  token: {env: A, file: B}\n", `admin.token: found env and file, want one of them`},
		"twice":              {"tenants:\n  - id: a\n  - id: a\n", `w.yaml:3:9: tenants[1].id: found "a" a second time, want an id of its own (the first is tenants[0].id)`},
		"mesh and providers": {"mesh: {}\nproviders: [{name: a, kind: openai}]\n", `w.yaml:2:12: providers: found providers of Weir's own, want none beside mesh`},
		"a hint's header":    {"mesh: {model_header: Authorization}\n", `mesh.model_header: found "Authorization", want the lower-case name of a header that means nothing else`},
		"half of TLS":        {"transport: {cert_file: a}\n", `transport.key_file: found a certificate or a key alone, want cert_file and key_file`},
		"names without CA":   {"transport: {cert_file: a, key_file: b, client_names: [c]}\n", `transport.client_names: found names, want client_ca_file or spiffe beside them`},
		"SPIFFE and files":   {"transport: {cert_file: a, key_file: b, spiffe: \"unix:///s\", client_names: [\"spiffe://a/b\"]}\n", `transport.spiffe: found spiffe and files, want one of both`},
		"SPIFFE for all":     {"transport: {spiffe: \"unix:///s\"}\n", `transport.client_names: found nothing, want the SPIFFE ids of the Envoys that may connect`},
		"no SPIFFE id":       {"transport: {spiffe: \"unix:///s\", client_names: [envoy]}\n", `transport.client_names[0]: found "envoy", want a SPIFFE id`},
		"open socket":        {"listen: unix:/run/w.sock\ntransport: {socket_mode: \"0666\"}\n", `transport.socket_mode: found "0666", want octal permissions such as 0660, not writable by all`},
		"mode of a port":     {"transport: {socket_mode: \"0660\"}\n", `transport.socket_mode: found permissions of a socket, want listen: unix:/path`},
		"sibling's field":    {"limits:\n  dialect: dvara\n", `w.yaml:2:3: limits.dialect: found a field that does not exist, want a known field (one of answer, attempt, between_events, body, close, concurrent, decision, drain, drain_notice, event, first_event, held, held_broken, held_for, held_then, in_flight, store, whole_answer)`},
		"secret as text":     {"admin:\n  token: hunter2\n", `w.yaml:2:10: admin.token: found text, want env: NAME or file: PATH (a secret is named here, never written down)`},
		"a list expected":    {"tenants: 5\n", `w.yaml:1:10: tenants: found a number, want a list`},
		"a number":           {"limits: {concurrent: many}\n", `w.yaml:1:22: limits.concurrent: found text, want a whole number`},
		"top level":          {"- a\n", `w.yaml:1:1: found a list, want a mapping`},
		"markup":             {"tenants: [{id: a, settings: {billing: {markup_percent: 12.345}}}]\n", `tenants[0].settings.billing.markup_percent: found "12.345", want a percentage between 0 and 1000 with at most two decimals`},
		"discount":           {"tenants: [{id: a, settings: {billing: {markup_percent: -5}}}]\n", `tenants[0].settings.billing.markup_percent: found "-5"`},
		"ten times":          {"tenants: [{id: a, settings: {billing: {markup_percent: 1000.01}}}]\n", `tenants[0].settings.billing.markup_percent: found "1000.01"`},
		"negative price":     {"models: [{name: m, provider: p, price: {input: -1}}]\n", `models[0].price.input: found "-1", want USD per million tokens`},
		"absurd price":       {"models: [{name: m, provider: p, price: {output: 1e300}}]\n", `models[0].price.output: found "1e300", want USD per million tokens`},
		"no price":           {"models: [{name: m, provider: p, price: {reasoning: .nan}}]\n", `models[0].price.reasoning: found`},
		"half a price":       {"models: [{name: m, provider: p, price: {input: 1}}]\n", `models[0].price.output: found nothing, want USD per million tokens, like 2.50 (0 where it costs nothing;`},
		"other half":         {"models: [{name: m, provider: p, price: {cached: 1, output: 0}}]\n", `models[0].price.input: found nothing`},
		"a tier alone":       {"models: [{name: m, provider: p, price: {batch: {input: 1}}}]\n", `models[0].price.batch.output: found nothing`},
		"no limit":           {"tenants: [{id: a, budgets: [{period: day}]}]\n", `tenants[0].budgets[0].limit: found "", want USD`},
		"no rate":            {"tenants: [{id: a, rates: [{unit: tokens}]}]\n", `tenants[0].rates[0].limit: found "", want a rate`},
		"infinite":           {"tenants: [{id: a, budgets: [{limit: .inf, period: day}]}]\n", `tenants[0].budgets[0].limit: found "+Inf", want USD`},
		"no rate at all":     {"tenants: [{id: a, rates: [{limit: 0/s}]}]\n", `tenants[0].rates[0].limit: found "0/s", want a rate`},
		"too fine price":     {"models: [{name: m, provider: p, price: {input: 1, batch: {output: 0.0000001}}}]\n", `models[0].price.batch.output: found "1e-07", want USD per million tokens with at most six decimals`},
		"two documents":      {"listen: a\n---\nlisten: b\n", `found a second document, want one document`},
		"reader's panic":     {"tenants: ! ", `w.yaml:1:1: want valid YAML of this file's form`},
		"twice a field":      {"listen: a\nlisten: b\n", `w.yaml:2:1: want valid YAML of this file's form (mapping key "listen" already defined at [1:1])`},
		"by an alias":        {"admin: &a {listen: x}\nstore: *a\n", `unknown field "listen"`},
		"provider twice":     {"providers:\n  - {name: p, kind: openai}\n  - {name: p, kind: openai}\n", `w.yaml:3:12: providers[1].name: found "p" a second time`},
		"model twice":        {"providers: [{name: p, kind: openai}]\nmodels:\n  - {name: m, provider: p}\n  - {name: m, provider: p}\n", `w.yaml:4:12: models[1].name: found "m" a second time`},
		"key id twice":       {"tenants:\n  - {id: a, keys: [{id: k, sha256: \"" + hash1 + "\"}]}\n  - {id: b, keys: [{id: k, sha256: \"" + hash2 + "\"}]}\n", `tenants[1].keys[0].id: found "k" a second time`},
		"key twice":          {"tenants:\n  - {id: a, keys: [{id: k, sha256: \"" + hash1 + "\"}]}\n  - {id: b, keys: [{id: l, sha256: \"" + hash1 + "\"}]}\n", `want a key that nobody else has`},
		"password in URL":    {"providers:\n  - {name: p, kind: openai-compatible, base_url: \"http://u:hunter2@x\"}\n", `providers[0].base_url: found a user or password`},
		"odd URL":            {"providers:\n  - {name: p, kind: openai-compatible, base_url: \"ftp://x\"}\n", `providers[0].base_url: found "ftp://x", want http(s)://`},
		"key as prefix":      {"tenants:\n  - {id: a, keys: [{id: k, sha256: \"" + hash1 + "\", prefix: gw_hunter2000000000000000000000000000000000}]}\n", `want no secret in plain text`},
		"no reason":          {"tenants:\n  - {id: a, status: suspended}\n", `tenants[0].suspended_reason: found nothing, want why it is suspended`},
		"zone":               {"tenants: [{id: a, time_zone: Mars/Olympus}]\n", `w.yaml:1:30: tenants[0].time_zone: found "Mars/Olympus", want a time zone like Europe/Berlin`},
		"local zone":         {"tenants: [{id: a, time_zone: Local}]\n", `tenants[0].time_zone: found "Local"`},
		"per call":           {"tenants: [{id: a, per_call: 1e300}]\n", `tenants[0].per_call: found "1e300", want USD`},
		"per call 0":         {"tenants: [{id: a, per_call: 0}]\n", `tenants[0].per_call: found "0"`},
		"concurrency":        {"tenants: [{id: a, concurrency: -1}]\n", `tenants[0].concurrency: found -1`},
		"kind of budget":     {"tenants: [{id: a, budgets: [{kind: credit, limit: 1, period: day}]}]\n", `tenants[0].budgets[0].kind: found "credit", want a kind of budget (did you mean "credits"?)`},
		"quota of cents":     {"tenants: [{id: a, budgets: [{kind: quota, limit: 1.5, period: day}]}]\n", `tenants[0].budgets[0].limit: found "1.5", want a whole number of requests`},
		"anchor":             {"tenants: [{id: a, budgets: [{limit: 1, period: month, anchor: soon}]}]\n", `tenants[0].budgets[0].anchor: found "soon", want a day like 2026-01-15`},
		"anchored total":     {"tenants: [{id: a, budgets: [{limit: 1, period: total, anchor: 2026-01-15}]}]\n", `tenants[0].budgets[0].anchor: found "2026-01-15"`},
		"above ceiling":      {"ceiling: {budgets: [{limit: 10, period: day}], per_call: 1}\ntenants: [{id: a, per_call: 2, budgets: [{limit: 10.5, period: day}, {limit: 99, period: week}]}]\n", `w.yaml:2:50: tenants[0].budgets[0].limit: found 10.500000, want at most 10.000000 (the ceiling decides beside it)`},
		"rate above it":      {"ceiling: {rates: [{limit: 10/s}], concurrency: 2}\ntenants: [{id: a, concurrency: 3, rates: [{limit: 11/s}]}]\n", `tenants[0].rates[0].limit: found 11, want at most 10`},
		"credit ceiling":     {"ceiling: {budgets: [{kind: credits, limit: 10, period: total}]}\n", `ceiling.budgets[0].kind: found "credits", want cap or quota`},
		"soft quota":         {"tenants: [{id: a, budgets: [{kind: quota, limit: 1, period: day, soft: true}]}]\n", `budgets[0].kind: quota can be neither soft`},
		"too many":           {"tenants: [{id: a, address: [{limit: 1/s}, {limit: 1/min}, {limit: 1/h}, {limit: 1/day}, {limit: 1/week}]}]\n", `address: budgets and rates: more than 4`},
		"free of a key":      {"tenants: [{id: a, keys: [{id: k, sha256: \"" + hash1 + "\", budgets: [{kind: free, limit: 1, period: day}]}]}]\n", `free credit is the tenant's`},
		"no issuer":          {"identity: {token: {header: x-actor-token}}\n", `w.yaml:1:19: identity.token.issuer: found nothing, want the iss of the tokens`},
		"a key's header":     {"identity: {token: {header: Authorization, issuer: i}}\n", `w.yaml:1:28: identity.token.header: found "Authorization", want a header's name of letters, digits and hyphens`},
		"Weir's header":      {"identity: {header: {name: x-weir-actor}}\n", `identity.header.name: found "x-weir-actor"`},
		"underscore":         {"identity: {header: {name: x_user}}\n", `identity.header.name: found "x_user"`},
		"network":            {"identity: {header: {name: x-user, from: [10.0.0.1]}}\n", `w.yaml:1:42: identity.header.from[0]: found "10.0.0.1", want a network like 10.0.0.0/8`},
		"one header":         {"identity: {token: {header: x-who, issuer: i}, header: {name: X-Who}}\n", `want another header than the token's`},
		"two JWKS":           {"identity: {token: {header: x-who, issuer: i, jwks: {file: a, uri: b}}}\n", `identity.token.jwks: found file and uri`},
		"keyless nobody":     {"hosts: [{name: a.test, keyless: acmee}]\ntenants: [{id: acme}]\n", `w.yaml:1:33: hosts[0].keyless: found "acmee", want the id of a tenant of this file (did you mean "acme"?)`},
		"no dialect":         {"hosts: [{name: a.test}]\n", `hosts[0].dialect: found ""`},
		"two credentials":    {"providers: [{name: p, kind: openai, caller_credential: true, credential: {env: A}}]\n", `providers[0].credential: found a credential, want none beside caller_credential`},
		"actor twice":        {"tenants: [{id: a, actors: {named: [{id: u}, {id: u}]}}]\n", `tenants[0].actors.named[1].id: found "u" a second time`},
		"actor's budget":     {"tenants: [{id: a, actors: {named: [{id: u, budgets: [{limit: x, period: day}]}]}}]\n", `w.yaml:1:62: tenants[0].actors.named[0].budgets[0].limit: found "x"`},
		"mode of nothing":    {"tenants: [{id: a, settings: {modes: {tool_not_permited: shadow}}}]\n", `settings.modes: found "tool_not_permited", want a reason's code (did you mean "tool_not_permitted"?)`},
		"type of nothing":    {"tenants: [{id: a, settings: {pii: {types: {US_SSSN: block}}}}]\n", `settings.pii.types: found "US_SSSN", want a type of finding (did you mean "US_SSN"?)`},
		"no such family":     {"tenants: [{id: a, settings: {guardrails: {categories: {JAILBRAKE: block}}}}]\n", `settings.guardrails.categories: found "JAILBRAKE", want a type or category of findings`},
		"quarantine what":    {"tenants: [{id: a, settings: {quarantine: {types: [FOO]}}}]\n", `settings.quarantine.types[0]: found "FOO", want a type or category`},
		"detector's kind":    {"detectors: [{name: d, kind: presidi, url: http://a}]\n", `w.yaml:1:29: detectors[0].kind: found "presidi", want a kind of detector (did you mean "presidio"?)`},
		"no labels":          {"detectors: [{name: d, kind: classifier, url: http://a}]\n", `detectors[0].labels: found nothing, want what its labels mean`},
		"label's type":       {"detectors: [{name: d, kind: classifier, url: http://a, labels: {X: PROMPT_INJECTIO}}]\n", `found "PROMPT_INJECTIO" for "X", want a type of finding (did you mean "PROMPT_INJECTION"?)`},
		"detector's time":    {"detectors: [{name: d, kind: presidio, url: http://a, timeout: 0s}]\n", `detectors[0].timeout: found "0s", want a duration`},
		"detector's URL":     {"detectors: [{name: d, kind: presidio, url: \"http://u:hunter2@a\"}]\n", `detectors[0].url: found a user or password in the URL`},
		"detector's role":    {"detectors: [{name: d, kind: presidio, url: http://a, roles: [usr]}]\n", `detectors[0].roles[0]: found "usr", want a role (did you mean "user"?)`},
		"no detector":        {"detectors: [{name: d, kind: presidio, url: http://a}]\ntenants: [{id: a, detectors: {services: [e]}}]\n", `w.yaml:2:42: tenants[0].detectors.services[0]: found "e", want the name of one of detectors (did you mean "d"?)`},
		"tag twice":          {"tenants: [{id: a, tags: [{name: t}, {name: t}]}]\n", `tenants[0].tags[1].name: found "t" a second time`},
		"address":            {"tenants: [{id: a, address: [{limit: 5}]}]\n", `tenants[0].address[0].limit: found "5", want a rate like 100/min`},
		"id":                 {"tenants:\n  - {id: \"a b\"}\n", `w.yaml:2:5: tenants[0]: want a tenant whose parts can be meant (tenant "a b": id: want 1 to 128 letters`},
		"tokens":             {"providers: [{name: p, kind: openai}]\nmodels: [{name: m, provider: p, context_tokens: -1}]\n", `models[0].context_tokens: found -1`},
		"expiry":             {"tenants:\n  - id: a\n    keys:\n      - {id: k, sha256: " + strings.Repeat("a", 64) + ", expires_at: soon}\n", `want a time like`},
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
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is printed: %s", err)
			}
		})
	}
}

// TestAllProblemsAtOnce holds the whole message: every problem, in the order they stand, unknown members among them.
func TestAllProblemsAtOnce(t *testing.T) {
	const file = "defaults: {dialect: x}\nlimits:\n  body: y\n  bdy: 1MiB\ntenants:\n  - id: a\n    status: z\n    keys:\n      - name: ci\n"
	const want = `w.yaml:1:21: defaults.dialect: found "x", want the name of a dialect (one of dvara, openai, rivaro)
w.yaml:3:9: limits.body: found "y", want a size like 512KiB or 32MiB
w.yaml:4:3: limits.bdy: found a field that does not exist, want a known field (did you mean "body"?)
w.yaml:7:13: tenants[0].status: found "z", want a status (one of active, inactive, onboarding_incomplete, payment_failed, subscription_canceled, suspended)
w.yaml:9:9: tenants[0].keys[0].id: found nothing, want an id that no other key has
w.yaml:9:9: tenants[0].keys[0].sha256: found nothing, want 64 hexadecimal digits (the SHA-256 of the key; never the key itself)`
	_, err := config.Parse("w.yaml", []byte(file), dialects)
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

func TestEmptyFiles(t *testing.T) {
	for _, s := range []string{"", "\n", "# nothing yet\n", "---\n", "tenants:\n"} {
		if _, err := config.Parse("w.yaml", []byte(s), dialects); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// TestSchemaIsFresh generates the schema from the types and their comments.
func TestSchemaIsFresh(t *testing.T) {
	r := jsonschema.Reflector{ExpandedStruct: true}
	if err := r.AddGoComments("weir/cmd/extproc/config", "./"); err != nil {
		t.Fatal(err)
	}
	s := r.Reflect(&config.File{})
	s.ID, s.Title = "", "Weir configuration"
	want, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(config.Schema()) != string(want) {
		t.Error("schema.json is stale; run go test ./cmd/extproc/config -update")
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
