package config

import (
	"fmt"

	"weir/policy/provider"
	"weir/policy/tenant"
)

// listPrice is what the vendor's list says about a model whose price the file leaves out. A server that speaks a
// vendor's interface is asked for by its own name, as groq or mistral are; the list has no prices for any other.
func listPrice(providers []provider.Provider, m *provider.Model) provider.Price {
	name := or(m.Upstream, m.Name)
	for _, p := range providers {
		if p.Name != m.Provider {
			continue
		}
		for _, vendor := range [...]string{p.Kind, p.Name} {
			if price, _, ok := provider.ListPrice(vendor, name); ok {
				return price
			}
		}
	}
	return provider.Price{Unknown: true}
}

func (c *checker) modelPrice(at string, p Price) provider.Price {
	standard := c.tier(at, TierPrice{Input: p.Input, Cached: p.Cached, CacheWrite: p.CacheWrite, Output: p.Output, Reasoning: p.Reasoning})
	return provider.Price{
		Input: standard.Input, Cached: standard.Cached, Written: standard.Written, Output: standard.Output, Reasoning: standard.Reasoning,
		Batch: c.tier(at+".batch", p.Batch.over(p)), Priority: c.tier(at+".priority", p.Priority.over(p)),
	}
}

// over fills what a tier leaves out; a tier that says nothing stays empty.
func (t TierPrice) over(p Price) TierPrice {
	if t == (TierPrice{}) {
		return t
	}
	return TierPrice{
		Input: or(t.Input, p.Input), Cached: or(t.Cached, p.Cached), CacheWrite: or(t.CacheWrite, p.CacheWrite),
		Output: or(t.Output, p.Output), Reasoning: or(t.Reasoning, p.Reasoning),
	}
}

func (c *checker) tier(at string, t TierPrice) provider.Rates {
	return provider.Rates{
		Input: c.price(at+".input", t.Input), Cached: c.price(at+".cached", t.Cached), Written: c.price(at+".cache_write", t.CacheWrite),
		Output: c.price(at+".output", t.Output), Reasoning: c.price(at+".reasoning", t.Reasoning),
	}
}

// price reads USD per million tokens: micro-USD per million are its six decimals.
func (c *checker) price(field, s string) int64 {
	if s == "" {
		return 0
	}
	n, err := microUSD(s)
	if err != nil {
		c.add(field, fmt.Sprintf("%q", s), "USD per million tokens with at most six decimals, like 2.50", "")
	}
	return n
}

// markup reads a percentage as hundredths of a percent, exactly.
func (c *checker) markup(field, s string) int64 {
	if s == "" {
		return 0
	}
	n, err := microUSD(s)
	if err != nil || n%10_000 != 0 || n/10_000 > tenant.MaxMarkup {
		c.add(field, fmt.Sprintf("%q", s), fmt.Sprintf("a percentage between 0 and %d with at most two decimals, like 15 or 12.5", tenant.MaxMarkup/100), "")
		return 0
	}
	return n / 10_000
}
