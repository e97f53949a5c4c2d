package e2e_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/demo/provider"
	"weir/cmd/extproc/process"
	"weir/policy/tenant"
)

// The names of sockets in a stage's directory.
const (
	weirSocket  = "weir.sock"
	adminSocket = "envoy.sock"
	policiesDir = "policies"
)

// cast is who calls: tenants and their keys.
type cast struct {
	tenants []config.Tenant
	keys    map[string]string  // plaintext by the key's id
	alter   func(*config.File) // changes what is configured; nil changes nothing
}

// What tenants are there for. Each kind exists once a dialect, as kind-dialect.
const (
	plain    = "plain"    // everything passes, everything is logged
	guarded  = "guarded"  // personal data goes out as placeholders; in answers it is redacted; secrets and attacks end them
	blocking = "blocking" // personal data in a request refuses it
	spender  = "spender"  // a budget of 5,000 micro-USD
	hasty    = "hasty"    // two requests in an hour
	measured = "measured" // a budget that is never reached, to read the account
	small    = "small"    // at most 200 tokens and 3 messages a request
)

// of names the tenant of a kind in a dialect. Its key has the same name.
func of(kind, dialect string) string { return kind + "-" + dialect }

func newCast() (*cast, error) {
	c := &cast{keys: map[string]string{}}
	for _, d := range process.Dialects() {
		for kind, t := range kinds() {
			t.ID, t.Dialect = of(kind, d), d
			if err := c.add(t); err != nil {
				return nil, err
			}
		}
	}
	if err := c.odd(); err != nil {
		return nil, err
	}
	return c, c.catalogue()
}

// kinds are the tenants that each dialect has.
func kinds() map[string]config.Tenant {
	open := config.Settings{
		PII:        config.PII{Request: "log", Response: "log"},
		Secrets:    config.Directions{Request: "log", Response: "log"},
		Guardrails: config.Guardrails{Request: "log", Response: "log"},
	}
	reversible := true
	strict := config.Settings{
		PII:        config.PII{Request: "redact", Response: "redact", Reversible: &reversible},
		Secrets:    config.Directions{Request: "block", Response: "block"},
		Guardrails: config.Guardrails{Request: "block", Response: "block"},
	}
	refusing := strict
	refusing.PII = config.PII{Request: "block", Response: "block"}
	limited := open
	limited.Limits = config.InputLimits{InputTokens: 200, Messages: 3}
	return map[string]config.Tenant{
		plain:    {Settings: open},
		guarded:  {Settings: strict},
		blocking: {Settings: refusing},
		spender:  {Settings: open, Budgets: []config.Budget{{Limit: "0.005", Period: "total"}}},
		hasty:    {Settings: open, Rates: []config.Rate{{Limit: "2/h"}}},
		measured: {Settings: open, Budgets: []config.Budget{{Limit: "1000", Period: "total"}}},
		small:    {Settings: limited},
	}
}

// odd adds tenants and keys that may not be used, or only for some models.
func (c *cast) odd() error {
	for _, d := range process.Dialects() {
		if err := c.add(config.Tenant{ID: of("suspended", d), Dialect: d, Status: "suspended", SuspendedReason: "manual"}); err != nil {
			return err
		}
		t := config.Tenant{ID: of("picky", d), Dialect: d, Models: config.Permit{Deny: []string{"slow*"}}}
		if err := c.add(t, config.Key{ID: of("revoked", d), RevokedAt: "2026-01-01T00:00:00Z"},
			config.Key{ID: of("expired", d), ExpiresAt: "2026-01-01T00:00:00Z"}); err != nil {
			return err
		}
	}
	return nil
}

// add gives a tenant its key, and others if asked.
func (c *cast) add(t config.Tenant, more ...config.Key) error {
	for _, k := range append([]config.Key{{ID: t.ID}}, more...) {
		secret, err := tenant.Mint(tenant.PrefixFor(t.Dialect), rand.Reader)
		if err != nil {
			return err
		}
		h := tenant.HashOf(secret)
		k.SHA256, k.Prefix = hex.EncodeToString(h[:]), tenant.VisiblePrefix(secret)
		c.keys[k.ID] = secret
		t.Keys = append(t.Keys, k)
	}
	c.tenants = append(c.tenants, t)
	return nil
}

// yaml is the configuration of a stage.
func (c *cast) yaml(dir, providerURL, credential string) ([]byte, error) {
	f := config.File{
		Listen:   "unix:" + filepath.Join(dir, weirSocket),
		Admin:    config.Admin{Listen: "127.0.0.1:0"},
		Store:    config.Store{Path: filepath.Join(dir, "weir.db")},
		Envoy:    config.Envoy{Listen: "127.0.0.1:0", Admin: "unix:" + filepath.Join(dir, adminSocket), Secrets: filepath.Join(dir, "secrets")},
		Limits:   config.Limits{Body: fmt.Sprint(bodyBytes), Answer: "4MiB", Decision: "5s"},
		Policies: config.Policies{Dir: filepath.Join(dir, policiesDir)},
		Providers: []config.Provider{
			{Name: "demo", Kind: "openai-compatible", BaseURL: providerURL, Credential: config.Reference{File: credential}},
			{Name: "prefixed", Kind: "openai-compatible", BaseURL: providerURL + "/prefix", Credential: config.Reference{File: credential}},
			{Name: "no-key", Kind: "openai-compatible", BaseURL: providerURL, Credential: config.Reference{Env: "WEIR_TEST_KEY_THAT_IS_NOT_SET"}},
			{Name: "dead", Kind: "openai-compatible", BaseURL: "http://127.0.0.1:1"},
		},
		// Cases want to find each of their requests without a key.
		Trail:   config.Trail{Unidentified: config.Unidentified{Each: 100_000, All: 100_000}},
		Breaker: config.Breaker{Window: 500, Least: 500, Percent: 100}, // cases share a provider and have it fail, SDKs hundreds of times on end
		Tenants: c.tenants,
	}
	price := config.Price{Input: "1.00", Output: "2.00"}
	for _, m := range provider.Models() {
		f.Models = append(f.Models, config.Model{Name: m[0], Provider: "demo", Price: price})
	}
	f.Models = append(f.Models,
		config.Model{Name: "scripted", Provider: "demo", Price: price},
		config.Model{Name: "renamed", Provider: "prefixed", Upstream: "echo", Price: price},
		config.Model{Name: "keyless", Provider: "no-key", Price: price},
		config.Model{Name: "nobody", Provider: "dead", Price: price},
	)
	if err := vendors(&f, providerURL, credential); err != nil {
		return nil, err
	}
	if c.alter != nil {
		c.alter(&f)
	}
	return yaml.Marshal(f)
}
