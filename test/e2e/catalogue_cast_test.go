package e2e_test

import (
	"os"
	"path/filepath"

	"weir/cmd/extproc/config"
)

// The products that publish a page of their errors.
var pages = []string{"dvara", "rivaro", "korad", "dosai", "olava"}

// What the tenants of the catalogue are there for, once a page each.
const (
	hundred    = "hundred"    // 100 requests an hour
	fifty      = "fifty"      // $50 a month
	prepaid    = "prepaid"    // $50 of prepaid credit
	partial    = "partial"    // $5 a month, of which what is left is taken
	failing    = "failing"    // its policy fails
	forbidden  = "forbidden"  // its policy denies
	worded     = "worded"     // the same in words of the policy's own
	wordy      = "wordy"      // at most 32,768 tokens
	short      = "short"      // at most 50 characters a message
	inactive   = "inactive"   // an account that is not active
	onboarding = "onboarding" // without a spend cap
	unpaid     = "unpaid"     // whose last invoice failed
	canceled   = "canceled"   // without a subscription
	dependent  = "dependent"  // that must bring its own credentials, and has none
	replying   = "replying"   // a blocked request is a reply; only Rivaro has one
)

// policies is what the team's own rules say, by a label of the tenant.
const catalogueRules = `package weir

import rego.v2

# METADATA
# title: This tenant may ask nothing
# custom: {codes: [policy_denied]}
reasons contains "policy_denied" if input.identity.labels.catalogue == "denied"

# METADATA
# title: This tenant may ask nothing, in words
# custom: {codes: [policy_denied]}
reasons contains {"code": "policy_denied", "message": "No models on Fridays."} if input.identity.labels.catalogue == "worded"

# METADATA
# title: A rule that is broken for one tenant
# custom: {codes: [policy_denied]}
reasons contains "policy_denied" if {
	input.identity.labels.catalogue == "failing"
	_broken(input.identity.tenant) == 3
}

_broken(t) := 1 if t != ""

_broken(t) := 2 if t != ""
`

// catalogue adds the tenants that the pages' rows need.
func (c *cast) catalogue() error {
	open := kinds()[plain].Settings
	labelled := func(label string) config.Settings {
		s := open
		s.Labels = map[string]string{"catalogue": label}
		return s
	}
	limited := func(l config.InputLimits) config.Settings {
		s := open
		s.Limits = l
		return s
	}
	for _, d := range pages {
		for kind, t := range map[string]config.Tenant{
			hundred:    {Settings: open, Rates: []config.Rate{{Limit: "100/h"}}},
			fifty:      {Settings: open, Budgets: []config.Budget{{Limit: "50.00", Period: "month"}}},
			prepaid:    {Settings: open, Budgets: []config.Budget{{Kind: "credits", Limit: "50.00", Period: "total"}}},
			partial:    {Settings: open, Budgets: []config.Budget{{Limit: "5.00", Period: "month", Partial: true}}},
			failing:    {Settings: labelled("failing")},
			forbidden:  {Settings: labelled("denied")},
			worded:     {Settings: labelled("worded")},
			wordy:      {Settings: limited(config.InputLimits{InputTokens: 32_768})},
			short:      {Settings: limited(config.InputLimits{MessageLength: 50})},
			inactive:   {Status: "inactive"},
			onboarding: {Status: "onboarding_incomplete"},
			unpaid:     {Status: "payment_failed"},
			canceled:   {Status: "subscription_canceled"},
			dependent:  {Settings: open, OwnCredentials: true},
		} {
			t.ID, t.Dialect = of(kind, d), d
			if err := c.add(t); err != nil {
				return err
			}
		}
	}
	s := kinds()[blocking].Settings
	s.BlockedRequest = "reply"
	return c.add(config.Tenant{ID: of(replying, "rivaro"), Dialect: "rivaro", Settings: s})
}

// vendors adds what the pages name: a vendor whose variable is not set, one that answers, a dear model and a small one;
// and a host for each page, since before there is a key only the host can say whose client asks.
func vendors(f *config.File, providerURL, credential string) error {
	// What the page prints is the answer where nobody has set it.
	if err := os.Unsetenv("OPENAI_API_KEY"); err != nil {
		return err
	}
	f.Providers = append(f.Providers,
		config.Provider{Name: "openai", Kind: "openai", BaseURL: providerURL},
		config.Provider{Name: "flaky", Kind: "openai-compatible", BaseURL: providerURL, Credential: config.Reference{File: credential}},
		config.Provider{Name: "vendor", Kind: "openai", BaseURL: providerURL, Credential: config.Reference{File: credential}},
	)
	f.Models = append(f.Models,
		config.Model{Name: "gpt-4o", Provider: "openai"},
		config.Model{Name: "error-vendor", Provider: "vendor", Upstream: "error-401"},
		config.Model{Name: "dear", Provider: "demo", Price: config.Price{Input: "1000.00", Output: "1000.00"}},
		config.Model{Name: "flaky", Provider: "flaky", Upstream: "error-500"},
		config.Model{Name: "windowed", Provider: "demo", ContextTokens: 8192},
	)
	for _, d := range pages {
		f.Hosts = append(f.Hosts, config.Host{Name: d + ".test", Dialect: d})
	}
	f.Hosts = append(f.Hosts,
		config.Host{Name: "prefix.test", Prefix: "/v1/messages", Dialect: "anthropic"},
		config.Host{Name: "prefix.test", Prefix: "/v1/", Dialect: "olava"},
	)
	return os.WriteFile(filepath.Join(f.Policies.Dir, "catalogue.rego"), []byte(catalogueRules), 0o600)
}
