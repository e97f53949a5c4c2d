package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/policy/provider"
)

// routed is a catalogue of three providers, whose first model has a routing.
func routed(r provider.Routing) (*provider.Catalogue, error) {
	price := func(in, out int64) provider.Price { return provider.Price{Input: in, Output: out} }
	return provider.NewCatalogue(
		[]provider.Provider{
			{Name: "a", Kind: "vllm", BaseURL: "http://a", Region: "us"}, {Name: "b", Kind: "vllm", BaseURL: "http://b", Region: "eu"},
			{Name: "c", Kind: "vllm", BaseURL: "http://c", Region: "asia"}, {Name: "caller", Kind: "vllm", BaseURL: "http://d", Caller: true},
		},
		[]provider.Model{
			{Name: "m", Provider: "a", Fallbacks: []string{"mb", "mc"}, Price: price(3_000_000, 1_000_000), Routing: r},
			{Name: "mb", Provider: "b", Price: price(1_000_000, 9_000_000)}, {Name: "mc", Provider: "c", Price: provider.Price{Unknown: true}},
			{Name: "next", Provider: "a"}, {Name: "gone", Provider: "c", RetiresAt: time.Unix(1, 0)}, {Name: "glob-*", Provider: "a"}, {Name: "their", Provider: "caller"},
		}, always)
}

func TestRouting(t *testing.T) {
	size := func(in, out int64) func() (int64, int64) { return func() (int64, int64) { return in, out } }
	for name, c := range map[string]struct {
		r     provider.Routing
		asked provider.Asked
		want  string
	}{
		"none":                   {provider.Routing{}, provider.Asked{}, "a/m b/mb c/mc"},
		"cheap output":           {provider.Routing{By: provider.ByCost}, provider.Asked{Size: size(100, 1000)}, "a/m b/mb c/mc"},
		"cheap input":            {provider.Routing{By: provider.ByCost}, provider.Asked{Size: size(100_000, 1000)}, "b/mb a/m c/mc"},
		"the size is not known":  {provider.Routing{By: provider.ByCost}, provider.Asked{}, "a/m b/mb c/mc"},
		"quick":                  {provider.Routing{By: provider.ByLatency}, provider.Asked{Delay: delays(30, 20, 10)}, "c/mc b/mb a/m"},
		"those nobody knows":     {provider.Routing{By: provider.ByLatency}, provider.Asked{Delay: delays(30, 20, 0)}, "c/mc b/mb a/m"},
		"no delay is known":      {provider.Routing{By: provider.ByLatency}, provider.Asked{}, "a/m b/mb c/mc"},
		"one region":             {provider.Routing{Regions: []string{"eu"}}, provider.Asked{}, "b/mb a/m c/mc"},
		"regions in turn":        {provider.Routing{Regions: []string{"asia", "eu"}}, provider.Asked{}, "c/mc b/mb a/m"},
		"a region over cost":     {provider.Routing{By: provider.ByCost, Regions: []string{"us", "eu"}}, provider.Asked{Size: size(100_000, 1)}, "a/m b/mb c/mc"},
		"a tag":                  {provider.Routing{Tags: map[string]string{"batch": "mc"}}, provider.Asked{Tags: []string{"x", "batch"}}, "c/mc a/m b/mb"},
		"another tag":            {provider.Routing{Tags: map[string]string{"batch": "mc"}}, provider.Asked{Tags: []string{"x"}}, "a/m b/mb c/mc"},
		"the first tag":          {provider.Routing{Tags: map[string]string{"x": "mb", "y": "mc"}}, provider.Asked{Tags: []string{"y", "x"}}, "c/mc a/m b/mb"},
		"all of the canary":      {provider.Routing{Canary: "mb", Percent: 100}, provider.Asked{}, "b/mb a/m c/mc"},
		"a tag over the canary":  {provider.Routing{Canary: "mb", Percent: 100, Tags: map[string]string{"x": "mc"}}, provider.Asked{Tags: []string{"x"}}, "c/mc b/mb a/m"},
		"of the same provider":   {provider.Routing{Canary: "next", Percent: 100}, provider.Asked{}, "a/next b/mb c/mc"},
		"a canary not permitted": {provider.Routing{Canary: "next", Percent: 100}, provider.Asked{Permits: func(m string) bool { return m != "next" }}, "a/m b/mb c/mc"},
		"a canary that retired":  {provider.Routing{Canary: "gone", Percent: 100}, provider.Asked{At: time.Unix(9, 0)}, "a/m b/mb c/mc"},
		"weights":                {provider.Routing{By: provider.ByWeight, Weights: map[string]int64{"mc": 1}}, provider.Asked{Seed: "s"}, "c/mc a/m b/mb"},
	} {
		shop, err := routed(c.r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.asked.Model = "m"
		list, err := shop.Candidates(c.asked)
		if got := names(list, err); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		known := map[string]bool{}
		for _, o := range shop.Orders() {
			known[strings.Join(o, "+")] = true
		}
		if order := strings.TrimPrefix(provider.Order(list), "order-"); !known[order] {
			t.Errorf("%s: Envoy does not know %s", name, order)
		}
	}
}

func delays(ms ...int) func(provider.Candidate) time.Duration {
	return func(c provider.Candidate) time.Duration {
		return time.Duration(ms[strings.Index("abc", c.Provider)]) * time.Millisecond
	}
}

// Weights and percentages are met over many requests, and requests of a session go the same way.
func TestShares(t *testing.T) {
	first := func(r provider.Routing, n int) map[string]int {
		shop, err := routed(r)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int{}
		for i := range n {
			a := provider.Asked{Model: "m", Seed: fmt.Sprint("session-", i)}
			one, err := shop.Candidates(a)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := shop.Candidates(a); names(again, err) != names(one, nil) {
				t.Errorf("session %d: %s, then %s", i, names(one, nil), names(again, err))
			}
			out[one[0].Name]++
		}
		return out
	}
	const n = 20_000
	near := func(what string, got, want int) {
		if d := got - want; d < -n/50 || d > n/50 {
			t.Errorf("%s: %d of %d, want about %d", what, got, n, want)
		}
	}
	weighted := first(provider.Routing{By: provider.ByWeight, Weights: map[string]int64{"m": 7, "mb": 2, "mc": 1}}, n)
	near("7 of 10", weighted["m"], n*7/10)
	near("2 of 10", weighted["mb"], n*2/10)
	near("1 of 10", weighted["mc"], n/10)
	near("a canary of 5 %", first(provider.Routing{Canary: "next", Percent: 5}, n)["next"], n/20)
}

func TestRoutingRefused(t *testing.T) {
	for says, r := range map[string]provider.Routing{
		`by is "chance"`:                   {By: "chance"},
		"go together":                      {Weights: map[string]int64{"m": 1}},
		"weights and by":                   {By: provider.ByWeight},
		"neither the model nor a fallback": {By: provider.ByWeight, Weights: map[string]int64{"next": 1}},
		`the weight of "m" is -1`:          {By: provider.ByWeight, Weights: map[string]int64{"m": -1}},
		"no weight is above 0":             {By: provider.ByWeight, Weights: map[string]int64{"m": 0}},
		"a percentage between 1 and 100":   {Canary: "mb"},
		"a model and a percentage":         {Percent: 5},
		"a canary is a model":              {Canary: "mb", Percent: 101},
		"the canary is the model itself":   {Canary: "m", Percent: 5},
		`model "nobody" is not declared`:   {Canary: "nobody", Percent: 5},
		`model "glob-*" is not declared`:   {Tags: map[string]string{"x": "glob-*"}},
		"called with the caller's own":     {Tags: map[string]string{"x": "their"}},
	} {
		if _, err := routed(r); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

func TestMeterKeepsDelays(t *testing.T) {
	m, at := provider.NewMeter(), time.Unix(1000, 0)
	c := provider.Candidate{Provider: "a", Model: "m"}
	if d := m.Delay(c, true, at); d != 0 {
		t.Errorf("at first: %s", d)
	}
	for range 50 {
		m.Began(c, true, 100*time.Millisecond, at)
	}
	m.Began(c, true, 200*time.Millisecond, at)
	if d := m.Delay(c, true, at); d != 120*time.Millisecond {
		t.Errorf("after a slow one: %s", d)
	}
	if d := m.Delay(c, false, at); d != 0 {
		t.Errorf("whole answers: %s", d)
	}
	if d := m.Delay(c, true, at.Add(2*time.Minute)); d != 0 {
		t.Errorf("long after: %s", d)
	}
	m.Began(c, true, 10*time.Millisecond, at.Add(2*time.Minute))
	if d := m.Delay(c, true, at.Add(2*time.Minute)); d != 10*time.Millisecond {
		t.Errorf("anew: %s", d)
	}
}

func TestMeterReadsQuotas(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		status  int
		headers string // "name: value" by line
		short   float64
		lasts   time.Duration
	}{
		"nothing":              {200, "", 0, 0},
		"plenty":               {200, "x-ratelimit-limit-requests: 100\nx-ratelimit-remaining-requests: 50\nx-ratelimit-reset-requests: 1m", 0, 0},
		"half way":             {200, "x-ratelimit-limit-requests: 100\nx-ratelimit-remaining-requests: 10\nx-ratelimit-reset-requests: 6m0s", 0.5, 6 * time.Minute},
		"the scarcest":         {200, "x-ratelimit-limit-requests: 100\nx-ratelimit-remaining-requests: 10\nx-ratelimit-limit-tokens: 1000\nx-ratelimit-remaining-tokens: 50\nx-ratelimit-reset-tokens: 20ms", 0.75, 20 * time.Millisecond},
		"Anthropic's":          {200, "anthropic-ratelimit-output-tokens-limit: 8000\nanthropic-ratelimit-output-tokens-remaining: 0\nanthropic-ratelimit-output-tokens-reset: 2026-01-02T03:04:35Z", 1, 30 * time.Second},
		"Azure's":              {200, "x-ratelimit-remaining-requests: 0", 1, 10 * time.Second},
		"a reset far away":     {200, "x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 90000", 1, time.Hour},
		"a moment far away":    {200, "x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 2027-01-01T00:00:00Z", 1, time.Hour},
		"nonsense":             {200, "x-ratelimit-limit-requests: x\nx-ratelimit-remaining-requests: -4", 0, 0},
		"refused":              {429, "", 1, time.Second},
		"refused for a while":  {429, "retry-after: 30", 1, 30 * time.Second},
		"refused until":        {429, "retry-after: Fri, 02 Jan 2026 03:05:05 GMT", 1, time.Minute},
		"refused for less":     {429, "retry-after: 30\nretry-after-ms: 1500", 1, 1500 * time.Millisecond},
		"refused for nonsense": {429, "retry-after: -1", 1, time.Second},
		"refused for ever":     {429, "retry-after: 99999999999", 1, time.Hour},
	} {
		h := map[string]string{}
		for line := range strings.Lines(c.headers) {
			n, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
			h[n] = v
		}
		m := provider.NewMeter()
		m.Answered("a", c.status, func(name string) string { return h[name] }, at)
		if got := m.Short("a", at); got < c.short-1e-9 || got > c.short+1e-9 {
			t.Errorf("%s: %v, want %v", name, got, c.short)
		}
		if c.short > 0 && (m.Short("a", at.Add(c.lasts-1)) == 0 || m.Short("a", at.Add(c.lasts)) > 0) {
			t.Errorf("%s: it does not last %s", name, c.lasts)
		}
		if m.Short("b", at) > 0 {
			t.Errorf("%s: another account is short", name)
		}
	}
	m := provider.NewMeter()
	plenty := func(string) string { return "100" }
	m.Answered("a", 429, func(string) string { return "" }, at)
	m.Answered("a", 200, plenty, at)
	if m.Short("a", at) != 1 {
		t.Error("an older answer undid a refusal")
	}
	m.Answered("a", 200, plenty, at.Add(2*time.Second))
	if m.Short("a", at.Add(2*time.Second)) != 0 {
		t.Error("a refusal outlives its time")
	}
}
