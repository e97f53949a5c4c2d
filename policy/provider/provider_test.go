package provider_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"weir/policy/provider"
)

var openai = provider.Provider{Name: "openai", Kind: "openai", BaseURL: "https://api.openai.com/base/", Credential: provider.Credential{Env: "X"}}

func never(provider.Credential) bool  { return false }
func always(provider.Credential) bool { return true }

func TestCandidates(t *testing.T) {
	c, err := provider.NewCatalogue([]provider.Provider{openai}, []provider.Model{{Name: "gpt", Provider: "openai", Upstream: "gpt-1"}}, always)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Candidates(provider.Asked{Model: "gpt"})
	if err != nil || len(got) != 1 {
		t.Fatalf("got %v, %v", got, err)
	}
	want := provider.Candidate{Provider: "openai", Located: openai.Located(), Kind: "openai", Name: "gpt", Model: "gpt-1", Path: "/base"}
	if got[0] != want {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	var unknown *provider.UnknownModelError
	if _, err := c.Candidates(provider.Asked{Model: "nope"}); !errors.As(err, &unknown) || unknown.Model != "nope" {
		t.Errorf("got %v", err)
	}
}

func TestNoCredential(t *testing.T) {
	c, err := provider.NewCatalogue([]provider.Provider{openai}, []provider.Model{{Name: "gpt", Provider: "openai"}}, never)
	if err != nil {
		t.Fatal(err)
	}
	var unset *provider.NoCredentialError
	if _, err := c.Candidates(provider.Asked{Model: "gpt"}); !errors.As(err, &unset) || unset.Variable != "X" {
		t.Errorf("got %v", err)
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		p []provider.Provider
		m []provider.Model
	}{
		"two providers":    {p: []provider.Provider{openai, openai}},
		"bad URL":          {p: []provider.Provider{{Name: "a", BaseURL: "ftp://x"}}},
		"URL with a user":  {p: []provider.Provider{{Name: "a", BaseURL: "http://u:p@x"}}},
		"no provider":      {m: []provider.Model{{Name: "a", Provider: "b"}}},
		"two models":       {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a", Provider: "openai"}, {Name: "a", Provider: "openai"}}},
		"negative price":   {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a", Provider: "openai", Price: provider.Price{Input: -1}}}},
		"absurd price":     {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a", Provider: "openai", Price: provider.Price{Output: math.MaxInt64}}}},
		"two credentials":  {p: []provider.Provider{{Name: "a", BaseURL: "http://x", Credential: provider.Credential{Env: "A", File: "B"}}}},
		"metadata service": {p: []provider.Provider{{Name: "a", BaseURL: "http://169.254.169.254/latest"}}},
		"the same in IPv6": {p: []provider.Provider{{Name: "a", BaseURL: "http://[::ffff:169.254.169.254]/"}}},
		"link-local":       {p: []provider.Provider{{Name: "a", BaseURL: "https://[fe80::1]"}}},
		"its name":         {p: []provider.Provider{{Name: "a", BaseURL: "http://metadata.google.internal"}}},
		"plus in a name":   {p: []provider.Provider{{Name: "a+b", BaseURL: "http://x"}}},
		"no such surface":  {p: []provider.Provider{{Name: "a", BaseURL: "http://x", Surfaces: []string{"openai.chats"}}}},
		"no such modality": {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a", Provider: "openai", Modalities: []string{"smell"}}}},
		"alias twice":      {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a", Provider: "openai"}, {Name: "b", Provider: "openai", Aliases: []string{"a"}}}},
		"alias of a glob":  {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a*", Provider: "openai", Aliases: []string{"b"}}}},
		"no such fallback": {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a", Provider: "openai", Fallbacks: []string{"b"}}}},
		"same provider":    {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a", Provider: "openai", Fallbacks: []string{"b"}}, {Name: "b", Provider: "openai"}}},
		"caller's own": {p: []provider.Provider{openai, {Name: "own", BaseURL: "http://x", Caller: true}},
			m: []provider.Model{{Name: "a", Provider: "openai", Fallbacks: []string{"b"}}, {Name: "b", Provider: "own"}}},
		"negative context": {p: []provider.Provider{openai}, m: []provider.Model{{Name: "a", Provider: "openai", ContextTokens: -1}}},
	} {
		if _, err := provider.NewCatalogue(c.p, c.m, always); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCost(t *testing.T) {
	p := provider.Price{Input: 2_500_000, Cached: 1_250_000, Output: 10_000_000}
	for _, c := range []struct {
		in, cached, out, want int64
	}{
		{0, 0, 0, 0},
		{1, 0, 0, 3}, // 2.5 rounded up
		{1_000_000, 0, 0, 2_500_000},
		{1_000_000, 400_000, 100, 1_500_000 + 500_000 + 1000},
		{10, 50, 0, 13}, // no more cached than input
		{-5, -5, -5, 0},
		{math.MaxInt64, 0, math.MaxInt64, math.MaxInt64},
	} {
		if got := provider.Cost(p, provider.Used{Input: c.in, Cached: c.cached, Output: c.out}); got != c.want {
			t.Errorf("Cost(%d, %d, %d) = %d, want %d", c.in, c.cached, c.out, got, c.want)
		}
	}
}

// A tier that has no price of its own costs as much as the standard, and what is thought as much as what is shown.
func TestCostOfTiersAndReasoning(t *testing.T) {
	p := provider.Price{Input: 2_000_000, Output: 8_000_000, Batch: provider.Rates{Input: 1_000_000, Output: 4_000_000}}
	dear := p
	dear.Reasoning, dear.Batch.Reasoning = 10_000_000, 5_000_000
	for _, c := range []struct {
		p    provider.Price
		u    provider.Used
		want int64
	}{
		{p, provider.Used{Input: 100, Output: 10, Reasoning: 4}, 280},
		{p, provider.Used{Input: 100, Output: 10, Reasoning: 4, Tier: provider.Batch}, 140},
		{p, provider.Used{Input: 100, Output: 10, Tier: provider.Priority}, 280},
		{dear, provider.Used{Input: 100, Output: 10, Reasoning: 4}, 288},
		{dear, provider.Used{Input: 100, Output: 10, Reasoning: 99}, 300},
		{dear, provider.Used{Input: 100, Output: 10, Reasoning: -1, Tier: provider.Batch}, 140},
		{dear, provider.Used{Input: 100, Output: 10, Reasoning: 10, Tier: provider.Batch}, 150},
	} {
		if got := provider.Cost(c.p, c.u); got != c.want {
			t.Errorf("%+v costs %d, want %d", c.u, got, c.want)
		}
	}
}

// What Bedrock does not have, and what Envoy signs, is refused where it is configured.
func TestBedrock(t *testing.T) {
	signed := provider.From{AWS: &provider.AWS{Service: "bedrock", Region: "eu-central-1"}}
	for says, p := range map[string]provider.Provider{
		"its own interface": {Name: "b", Kind: "bedrock", BaseURL: "https://b", Surfaces: []string{"anthropic.messages"}},
		"Envoy signs":       {Name: "b", Kind: "bedrock", BaseURL: "https://b", From: signed},
	} {
		_, err := provider.NewCatalogue([]provider.Provider{p, openai}, []provider.Model{{Name: "m", Provider: "b", Fallbacks: []string{"n"}}, {Name: "n", Provider: "openai"}}, always)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
	c, err := provider.NewCatalogue([]provider.Provider{{Name: "b", Kind: "bedrock", BaseURL: "https://b", From: signed}}, []provider.Model{{Name: "m", Provider: "b"}}, always)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := c.Candidates(provider.Asked{Model: "m", Surface: "openai.chat"}); len(list) != 1 || err != nil {
		t.Errorf("%v %v", list, err)
	}
}
