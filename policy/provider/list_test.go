package provider_test

import (
	"strings"
	"testing"

	"weir/policy/provider"
)

// The numbers are those of the vendors' pages for models whose prices do not change any more.
func TestListPrice(t *testing.T) {
	for _, c := range []struct {
		vendor, model string
		want          provider.Price
	}{
		{"openai", "gpt-4o-mini", provider.Price{Input: 150_000, Cached: 75_000, Output: 600_000}},
		{"openai", "GPT-4o-mini", provider.Price{Input: 150_000, Cached: 75_000, Output: 600_000}},
		{"openai", "gpt-4o-mini-2024-07-18", provider.Price{Input: 150_000, Cached: 75_000, Output: 600_000}},
		{"anthropic", "claude-3-7-sonnet-20250219", provider.Price{Input: 3_000_000, Cached: 300_000, Written: 3_750_000, Output: 15_000_000}},
		{"openai", "text-embedding-3-small", provider.Price{Input: 20_000}},
	} {
		if got, _, ok := provider.ListPrice(c.vendor, c.model); !ok || got != c.want {
			t.Errorf("%s %s: %+v, %v, want %+v", c.vendor, c.model, got, ok, c.want)
		}
	}
	for _, c := range [][2]string{{"openai", "no-such-model"}, {"nobody", "gpt-4o"}, {"openai", ""}} {
		if p, _, ok := provider.ListPrice(c[0], c[1]); ok {
			t.Errorf("%v: %+v", c, p)
		}
	}
	if s := provider.ListSource(); !strings.HasPrefix(s, "@pydantic/genai-prices ") || !strings.Contains(s, "made 20") {
		t.Errorf("the list comes from %q", s)
	}
}

func TestLongInputsCostMore(t *testing.T) {
	p, _, ok := provider.ListPrice("anthropic", "claude-sonnet-4-5")
	if !ok || p.Above == 0 {
		t.Fatalf("%+v, %v", p, ok)
	}
	if got := provider.Cost(p, provider.Used{Input: p.Above}); got != p.Above*p.Input/1_000_000 {
		t.Errorf("at the border: %d", got)
	}
	if got := provider.Cost(p, provider.Used{Input: p.Above + 1}); got != ((p.Above+1)*p.Long.Input+999_999)/1_000_000 {
		t.Errorf("above it: %d", got)
	}
}

// What is held is never less than what can be charged, whatever the provider has kept or keeps.
func TestMostIsTheMost(t *testing.T) {
	p := provider.Price{Input: 300, Cached: 30, Written: 375, Output: 1500, Above: 2_000, Long: provider.Rates{Input: 600, Written: 750, Output: 2250}}
	p.Reasoning, p.Batch, p.Priority = 1700, provider.Rates{Input: 150, Output: 750}, provider.Rates{Input: 500, Output: 1600, Reasoning: 1800}
	for in := int64(0); in < 4_000; in += 333 {
		for _, u := range []provider.Used{{Input: in}, {Input: in, Cached: in}, {Input: in, Written: in}, {Input: in, Cached: in / 2, Written: in, Output: 9_999}} {
			for _, u.Tier = range []string{"", provider.Batch, provider.Priority, "made up"} {
				for _, u.Reasoning = range []int64{0, 4_000, 9_999, 20_000} {
					if cost, most := provider.Cost(p, u), provider.Most(p, in, 9_999); cost > most {
						t.Errorf("%+v costs %d, held were %d", u, cost, most)
					}
				}
			}
		}
	}
}
