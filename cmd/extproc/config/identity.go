package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"weir/filter"
)

// Identity says what of a request may name the user or agent behind a key, in this order. What is not set is not looked
// at, and what stands in a body never is.
type Identity struct {
	// Token is a JSON Web Token that Envoy verifies.
	Token Token `yaml:"token,omitempty" json:"token,omitempty"`
	// Principal takes the name in the client's certificate that Envoy has verified.
	Principal bool `yaml:"principal,omitempty" json:"principal,omitempty"`
	// Header is one that nobody but your own proxy can set.
	Header TrustedHeader `yaml:"header,omitempty" json:"header,omitempty"`
}

// Token is a JSON Web Token that names the actor. One that is not valid is refused, never passed over.
type Token struct {
	// Header is where the bare token stands. It goes no further.
	Header string `yaml:"header,omitempty" json:"header,omitempty" jsonschema:"example=x-actor-token"`
	// Issuer is the iss that a token must have.
	Issuer string `yaml:"issuer,omitempty" json:"issuer,omitempty"`
	// Audiences are what aud must be one of; without any it is not looked at.
	Audiences []string `yaml:"audiences,omitempty" json:"audiences,omitempty"`
	// JWKS are the issuer's keys, for the generated bootstrap. In a mesh whose own Envoy verifies, leave them out.
	JWKS JWKS `yaml:"jwks,omitempty" json:"jwks,omitempty"`
	// Actor is the claim that names the actor; sub where nothing is said.
	Actor string `yaml:"actor,omitempty" json:"actor,omitempty"`
	// Tags is the claim that names tags, a text of words or a list.
	Tags string `yaml:"tags,omitempty" json:"tags,omitempty"`
}

// JWKS are an issuer's keys: exactly one member is set.
type JWKS struct {
	// File is a path, as Envoy sees it.
	File string `yaml:"file,omitempty" json:"file,omitempty"`
	// URI is where Envoy fetches them from.
	URI string `yaml:"uri,omitempty" json:"uri,omitempty"`
}

// TrustedHeader names the actor.
type TrustedHeader struct {
	// Name is the header's. It goes no further.
	Name string `yaml:"name,omitempty" json:"name,omitempty" jsonschema:"example=x-authenticated-user"`
	// From are the networks of the peers that are believed; without any, all are.
	From []string `yaml:"from,omitempty" json:"from,omitempty" jsonschema:"example=10.0.0.0/8"`
}

// Actors are the users and agents behind a tenant's keys.
type Actors struct {
	// Required refuses requests that name none.
	Required bool `yaml:"required,omitempty" json:"required,omitempty"`
	// Budgets hold for each of them. Requests that name none share one account.
	Budgets []Budget `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	// Rates hold for each of them. Requests that name none share one account.
	Rates []Rate `yaml:"rates,omitempty" json:"rates,omitempty"`
	// Concurrency is how many requests one may have under way at once; 0 is no limit.
	Concurrency int64 `yaml:"concurrency,omitempty" json:"concurrency,omitempty" jsonschema:"minimum=0"`
	// PerCall is USD that one request may cost at most.
	PerCall string `yaml:"per_call,omitempty" json:"per_call,omitempty" jsonschema:"oneof_type=string;number,example=0.50"`
	// Named have terms of their own.
	Named []Actor `yaml:"named,omitempty" json:"named,omitempty"`
}

// Actor has terms of its own, which stand in for those that all have.
type Actor struct {
	// ID is what a token, a certificate or a header names it.
	ID string `yaml:"id" json:"id"`
	// Budgets stand in for those of all actors.
	Budgets []Budget `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	// Rates stand in for those of all actors.
	Rates []Rate `yaml:"rates,omitempty" json:"rates,omitempty"`
	// Concurrency is how many requests one may have under way at once; 0 is no limit.
	Concurrency int64 `yaml:"concurrency,omitempty" json:"concurrency,omitempty" jsonschema:"minimum=0"`
	// PerCall is USD that one request may cost at most.
	PerCall string `yaml:"per_call,omitempty" json:"per_call,omitempty" jsonschema:"oneof_type=string;number,example=0.50"`
}

// Tag has budgets and rates that every request of a key with that tag is charged to.
type Tag struct {
	// Name is what keys call it.
	Name string `yaml:"name" json:"name"`
	// Budgets hold for all requests with the tag together.
	Budgets []Budget `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	// Rates hold for all requests with the tag together.
	Rates []Rate `yaml:"rates,omitempty" json:"rates,omitempty"`
}

// keyHeaders are where Weir's own keys stand, so nothing else may.
var keyHeaders = []string{"authorization", "x-api-key", "x-detection-key", "x-bf-vk", "x-goog-api-key", "api-key"}

func (c *checker) identity(f Identity) filter.Identity {
	out := filter.Identity{Principal: f.Principal}
	if t := f.Token; t.Header != "" || t.Issuer != "" || len(t.Audiences) > 0 || t.JWKS != (JWKS{}) || t.Actor != "" || t.Tags != "" {
		out.Claim = filter.Claim{Header: c.headerName("identity.token.header", t.Header), Issuer: t.Issuer, Actor: or(t.Actor, "sub"), Tags: t.Tags}
		if t.Issuer == "" {
			c.add("identity.token.issuer", "nothing", "the iss of the tokens", "a token of anybody else says nothing about your users")
		}
		if t.JWKS.File != "" && t.JWKS.URI != "" {
			c.add("identity.token.jwks", "file and uri", "one of them", "")
		}
	}
	if h := f.Header; h.Name != "" || len(h.From) > 0 {
		out.Header.Name = c.headerName("identity.header.name", h.Name)
		out.Header.From = c.peers("identity.header.from", h.From)
		if out.Header.Name == out.Claim.Header && out.Header.Name != "" {
			c.add("identity.header.name", fmt.Sprintf("%q", h.Name), "another header than the token's", "")
		}
	}
	return out
}

// headerName reads the name of a header that is neither Weir's nor Envoy's own.
func (c *checker) headerName(field, name string) string {
	low := strings.ToLower(name)
	word := strings.Trim(low, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	if low == "" || !word || slices.Contains(keyHeaders, low) || strings.HasPrefix(low, "x-weir-") || strings.HasPrefix(low, "x-envoy-") {
		c.add(field, orNothing(name), "a header's name of letters, digits and hyphens, for this alone",
			"those of keys and x-weir- and x-envoy- are taken, and no client may write underscores")
	}
	return low
}

func (c *checker) peers(field string, list []string) []netip.Prefix {
	var out []netip.Prefix
	for i, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			c.add(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("%q", s), "a network like 10.0.0.0/8", "one address is like 10.1.2.3/32")
		}
		out = append(out, p)
	}
	return out
}
