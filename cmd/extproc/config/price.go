package config

import "weir/policy/provider"

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
