package provider

import (
	"slices"
	"strings"
)

// MaxOrders bounds the orders of several providers: each is a cluster of Envoy's with connections of its own.
const MaxOrders = 1000

const (
	orderPrefix = "order-"
	orderSign   = "+"
)

// Order is the Envoy cluster that tries candidates one after the other.
func Order(list []Candidate) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Located
	}
	return orderPrefix + strings.Join(names, orderSign)
}

// Orders are the orders of two and more providers that a request may take: whatever of a model's list is left by policies
// and breakers, in whatever order, and at most MaxAttempts of it; each as Envoy knows it. They are sorted, and none is there twice.
func (c *Catalogue) Orders() [][]string {
	seen := map[string][]string{}
	for _, m := range c.listed {
		list := []string{c.located[m.Provider]}
		for _, name := range append(slices.Clone(m.Fallbacks), m.Routing.named()...) {
			if at := c.located[c.models[name].Provider]; !slices.Contains(list, at) {
				list = append(list, at)
			}
		}
		arrange(nil, list, func(order []string) { seen[strings.Join(order, orderSign)] = order })
	}
	out := make([][]string, 0, len(seen))
	for _, order := range seen {
		out = append(out, order)
	}
	slices.SortFunc(out, slices.Compare)
	return out
}

// arrange calls with every arrangement of two to MaxAttempts names.
func arrange(taken, left []string, with func([]string)) {
	if len(taken) > 1 {
		with(slices.Clone(taken))
	}
	if len(taken) == MaxAttempts {
		return
	}
	for i, name := range left {
		rest := slices.Delete(slices.Clone(left), i, i+1)
		arrange(append(slices.Clone(taken), name), rest, with)
	}
}
