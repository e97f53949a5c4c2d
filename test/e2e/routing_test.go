package e2e_test

import (
	"fmt"
	"testing"

	"weir/cmd/extproc/config"
)

// A model's routing says who is tried first: by session, tag, region, price or share; what policies strike and what fails is
// passed over as ever.
func TestRoutingThroughEnvoy(t *testing.T) {
	route := func(name string, r config.Routing) config.Model {
		return config.Model{Name: name, Provider: "alpha", Upstream: "alpha", Fallbacks: []string{"model-beta", "model-gamma"}, Price: config.Price{Input: "0", Output: "5.00"}, Routing: r}
	}
	s, f := sail(t, func(c *config.File) {
		for i := range c.Providers {
			if c.Providers[i].Name == "gamma" {
				c.Providers[i].Region = "eu"
			}
		}
	},
		route("cheap", config.Routing{By: "cost"}), route("near", config.Routing{Regions: []string{"eu"}}),
		route("shared", config.Routing{By: "weight", Weights: map[string]int64{"shared": 1, "model-beta": 1}}),
		route("tried", config.Routing{Canary: config.Canary{Model: "model-gamma", Percent: 50}}),
		route("quick", config.Routing{By: "latency"}),
	)
	by := func(model, text, session string) string {
		c := call{key: of(plain, "dvara"), body: ask(model, "hello "+text)}
		if session != "" {
			c.header = append([]string{"X-Session-Id", session}, bearerOf(s.cast.keys[c.key])...)
		}
		got := s.do(t, c)
		if got.status != 200 {
			t.Errorf("%s: %d %s", model, got.status, got.body)
		}
		return got.header.Get("X-Weir-Provider")
	}
	if p := by("cheap", "", ""); p != "beta" {
		t.Errorf("the cheapest is beta, asked was %s", p)
	}
	if p := by("cheap", "beta=503", ""); p != "gamma" {
		t.Errorf("the next cheapest is gamma, asked was %s", p)
	}
	if p := by("near", "", ""); p != "gamma" {
		t.Errorf("the nearest is gamma, asked was %s", p)
	}
	if p := by("quick", "", ""); p == "" {
		t.Error("nobody is quick")
	}
	for model, want := range map[string][2]string{"shared": {"alpha", "beta"}, "tried": {"alpha", "gamma"}} {
		seen := map[string]int{}
		for i := range 24 {
			session := fmt.Sprintf("session-%s-%d", model, i)
			p := by(model, "", session)
			if again := by(model, "", session); again != p {
				t.Errorf("%s: %s went to %s, then to %s", model, session, p, again)
			}
			seen[p]++
		}
		if seen[want[0]] < 4 || seen[want[1]] < 4 || len(seen) != 2 {
			t.Errorf("%s: asked were %v", model, seen)
		}
	}
	f.unharmed(t)
}

// A provider that says its quota is used up, or refuses for it, is put behind others until it is not.
func TestQuotasSlowRouting(t *testing.T) {
	s, f := sail(t, nil)
	by := func(model, text string) string {
		return s.do(t, call{key: of(plain, "dvara"), body: ask(model, "hello "+text)}).header.Get("X-Weir-Provider")
	}
	if p := by("fleet", "alpha=spent"); p != "alpha" {
		t.Errorf("at first: %s", p)
	}
	if p := by("fleet", ""); p != "beta" {
		t.Errorf("when alpha's quota is used up: %s", p)
	}
	if p := by("fleet", "beta=busy"); p != "gamma" {
		t.Errorf("when beta refuses: %s", p)
	}
	for range 3 {
		if p := by("fleet", ""); p != "gamma" {
			t.Errorf("when gamma alone has some left: %s", p)
		}
	}
	if p := by("fleet", "gamma=503"); p != "alpha" {
		t.Errorf("when nobody else is left: %s", p)
	}
	if p := by("model-beta", ""); p != "beta" {
		t.Errorf("one that stands alone is asked all the same: %q", p)
	}
	f.unharmed(t)
}
