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

// modelPrice is what the file says a model costs; where it says nothing of the standard tier, that is the vendor's list.
func (c *checker) modelPrice(at string, p Price, providers []provider.Provider, m *provider.Model) provider.Price {
	standard := TierPrice{Input: p.Input, Cached: p.Cached, CacheWrite: p.CacheWrite, Output: p.Output, Reasoning: p.Reasoning}
	out := listPrice(providers, m)
	if standard != (TierPrice{}) {
		c.both(at, standard)
		r := c.tier(at, standard, provider.Rates{})
		out = provider.Price{Input: r.Input, Cached: r.Cached, Written: r.Written, Output: r.Output, Reasoning: r.Reasoning}
	}
	base := provider.Rates{Input: out.Input, Cached: out.Cached, Written: out.Written, Output: out.Output, Reasoning: out.Reasoning}
	for _, t := range []struct {
		name string
		said TierPrice
		into *provider.Rates
	}{{"batch", p.Batch, &out.Batch}, {"priority", p.Priority, &out.Priority}} {
		if t.said == (TierPrice{}) {
			continue
		}
		if out.Unknown {
			c.both(at+"."+t.name, t.said)
		}
		*t.into = c.tier(at+"."+t.name, t.said, base)
	}
	return out
}

// both reports a price that says what goes in costs and not what comes out, or the other way round: neither is free unless
// somebody says so.
func (c *checker) both(at string, t TierPrice) {
	const want, hint = "USD per million tokens, like 2.50", "0 where it costs nothing; a model without any price has that of the vendor's list"
	if t.Input == "" {
		c.add(at+".input", "nothing", want, hint)
	}
	if t.Output == "" {
		c.add(at+".output", "nothing", want, hint)
	}
}

// tier reads a price over what is left out of it.
func (c *checker) tier(at string, t TierPrice, over provider.Rates) provider.Rates {
	for _, f := range []struct {
		name, said string
		into       *int64
	}{
		{"input", t.Input, &over.Input}, {"cached", t.Cached, &over.Cached}, {"cache_write", t.CacheWrite, &over.Written},
		{"output", t.Output, &over.Output}, {"reasoning", t.Reasoning, &over.Reasoning},
	} {
		if f.said != "" {
			*f.into = c.price(at+"."+f.name, f.said)
		}
	}
	return over
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
