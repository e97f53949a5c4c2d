package config

import (
	"cmp"
	"fmt"
	"time"

	"weir/policy/tenant"
)

// KeyTerms are what a key is made with through the admin API: those of a key in the file, without its hash.
type KeyTerms struct {
	// Tenant is whose key it is.
	Tenant string `yaml:"tenant" json:"tenant"`
	// Name says what it is for.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Scopes are words that policies may ask for.
	Scopes []string `yaml:"scopes,omitempty" json:"scopes,omitempty"`
	// Tags are names of the tenant's tags, or words for policies.
	Tags []string `yaml:"tags,omitempty" json:"tags,omitempty"`
	// ExpiresIn is how long it is good for, like 720h; for ever where nothing is said.
	ExpiresIn string `yaml:"expires_in,omitempty" json:"expires_in,omitempty"`
	// Budgets hold for this key, beside the tenant's.
	Budgets []Budget `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	// Rates hold for this key, beside the tenant's.
	Rates []Rate `yaml:"rates,omitempty" json:"rates,omitempty"`
	// Concurrency is how many requests it may have under way at once; 0 is no limit.
	Concurrency int64 `yaml:"concurrency,omitempty" json:"concurrency,omitempty"`
	// PerCall is USD that one request may cost at most.
	PerCall string `yaml:"per_call,omitempty" json:"per_call,omitempty"`
	// Models hold for this key, beside the tenant's.
	Models Permit `yaml:"models,omitempty" json:"models,omitempty"`
}

// Tenant reads the document of a tenant that the store keeps: the form it has in the file, as JSON or YAML, without keys
// and without a secret of its own. What is wrong is an *Error with every problem in it.
func (c *Config) Tenant(id string, document []byte) (tenant.Tenant, error) {
	check := newChecker("tenant")
	check.above = c.above
	f, ok := read[Tenant](check, document)
	if !ok {
		return tenant.Tenant{}, check.err()
	}
	if f.ID != "" && f.ID != id {
		check.add("id", fmt.Sprintf("%q", f.ID), fmt.Sprintf("%q, or nothing", id), "")
	}
	if len(f.Keys) > 0 {
		check.add("keys", "keys", "none", "keys of tenants in the store are made by themselves")
	}
	if f.Secret != (Reference{}) {
		check.add("secret", "a secret", "none", "it is derived from the secret beside the store")
	}
	if len(f.Credentials) > 0 {
		check.add("credentials", "credentials", "none", "those of tenants in the store are kept there, sealed; a file or variable of this host is not theirs to name")
	}
	f.Credentials = nil
	f.ID, f.Keys, f.Secret = id, nil, Reference{}
	out := Config{Dialect: c.Dialect, Detectors: c.Detectors}
	check.tenant("", f, &out, c.dialects)
	made := out.Tenants[0]
	if len(check.problems) == 0 {
		check.fits("", made, nil)
	}
	made.Secret = derived(c.master, id)
	return made, check.err()
}

// Key reads the terms of a key that is to be made now. Where owner is not empty, the key is that tenant's, and the document
// may leave it out. Its id, hash and prefix are the caller's to add. What is wrong is an *Error with every problem in it.
func (c *Config) Key(owner string, document []byte, now time.Time) (tenant.Key, error) {
	check := newChecker("key")
	f, ok := read[KeyTerms](check, document)
	if !ok {
		return tenant.Key{}, check.err()
	}
	if owner != "" && f.Tenant != "" && f.Tenant != owner {
		check.add("tenant", fmt.Sprintf("%q", f.Tenant), fmt.Sprintf("%q, or nothing", owner), "")
	}
	f.Tenant = cmp.Or(owner, f.Tenant)
	made := tenant.Key{
		Tenant: f.Tenant, Name: f.Name, Scopes: f.Scopes, Tags: f.Tags, CreatedAt: now,
		Budgets: check.budgets("budgets", f.Budgets), Rates: check.rates("rates", f.Rates),
		Models: tenant.Permit{Allow: f.Models.Allow, Deny: f.Models.Deny},
	}
	check.count("concurrency", f.Concurrency)
	made.Concurrency, made.PerCall = f.Concurrency, check.perCall("per_call", f.PerCall)
	if f.Tenant == "" {
		check.add("tenant", "nothing", "the id of a tenant", "")
	}
	if f.ExpiresIn != "" {
		d, err := time.ParseDuration(f.ExpiresIn)
		if err != nil || d <= 0 {
			check.add("expires_in", fmt.Sprintf("%q", f.ExpiresIn), "a duration like 720h", "")
		}
		made.ExpiresAt = now.Add(d)
	}
	return made, check.err()
}
