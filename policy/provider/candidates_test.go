package provider_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/policy/provider"
)

// shop has a model with two fallbacks, one by an alias, one that is retired soon, and one by a glob.
func shop(t *testing.T, set func(provider.Credential) bool) *provider.Catalogue {
	t.Helper()
	c, err := provider.NewCatalogue(
		[]provider.Provider{
			{Name: "openai", Kind: "openai", BaseURL: "https://api.openai.com", Credential: provider.Credential{Env: "OPENAI"}},
			{Name: "claude", Kind: "anthropic", BaseURL: "https://api.anthropic.com", Credential: provider.Credential{Env: "CLAUDE"}},
			{Name: "spare", Kind: "azure", BaseURL: "https://spare.openai.azure.com", Region: "eu", Credential: provider.Credential{Env: "SPARE"}},
		},
		[]provider.Model{
			{Name: "gpt", Aliases: []string{"best"}, Provider: "openai", Upstream: "gpt-1", Fallbacks: []string{"gpt-eu", "opus"}, Modalities: []string{"image"}},
			{Name: "gpt-eu", Provider: "spare"},
			{Name: "opus", Provider: "claude"},
			{Name: "old", Provider: "openai", RetiresAt: time.Unix(1000, 0)},
			{Name: "gpt-4o*", Provider: "openai", Price: provider.Price{Unknown: true}},
			{Name: "gpt-4o-m*i", Provider: "spare"},
		}, set)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func names(list []provider.Candidate, err error) string {
	out := []string{}
	for _, c := range list {
		out = append(out, c.Provider+"/"+c.Model)
	}
	if err != nil {
		out = append(out, fmt.Sprintf("%T", err))
	}
	return strings.Join(out, " ")
}

func TestWhoCouldServe(t *testing.T) {
	only := func(names ...string) func(provider.Credential) bool {
		return func(c provider.Credential) bool { return strings.Contains(strings.Join(names, " "), c.Env) }
	}
	for name, c := range map[string]struct {
		asked provider.Asked
		set   func(provider.Credential) bool
		want  string
	}{
		"in turn":               {provider.Asked{Model: "gpt", Surface: "openai.chat"}, always, "openai/gpt-1 spare/gpt-eu claude/opus"},
		"by alias":              {provider.Asked{Model: "best"}, always, "openai/gpt-1 spare/gpt-eu claude/opus"},
		"by provider and alias": {provider.Asked{Model: "openai/best"}, always, "openai/gpt-1 spare/gpt-eu claude/opus"},
		"another's provider":    {provider.Asked{Model: "claude/gpt"}, always, "*provider.UnknownModelError"},
		"by glob":               {provider.Asked{Model: "gpt-4o-2024"}, always, "openai/gpt-4o-2024"},
		"by the longer glob":    {provider.Asked{Model: "gpt-4o-mini"}, always, "spare/gpt-4o-mini"},
		"by provider and glob":  {provider.Asked{Model: "openai/gpt-4o-mini"}, always, "openai/gpt-4o-mini"},
		"the glob itself":       {provider.Asked{Model: "gpt-4o*"}, always, "*provider.UnknownModelError"},
		"before it retires":     {provider.Asked{Model: "old", At: time.Unix(999, 0)}, always, "openai/old"},
		"when it retires":       {provider.Asked{Model: "old", At: time.Unix(1000, 0)}, always, "*provider.UnknownModelError"},
		"a surface of some":     {provider.Asked{Model: "gpt", Surface: "openai.embeddings"}, always, "openai/gpt-1 spare/gpt-eu"},
		"a surface of one":      {provider.Asked{Model: "gpt", Surface: "anthropic.messages"}, always, "claude/opus"},
		"a surface of none":     {provider.Asked{Model: "old", Surface: "anthropic.messages"}, always, "*provider.IncapableError"},
		"a picture":             {provider.Asked{Model: "gpt", Media: []string{"image_url"}}, always, "openai/gpt-1 spare/gpt-eu claude/opus"},
		"a sound":               {provider.Asked{Model: "gpt", Media: []string{"input_audio"}}, always, "spare/gpt-eu claude/opus"},
		"credentials of some":   {provider.Asked{Model: "gpt"}, only("CLAUDE"), "claude/opus"},
		"credentials of none":   {provider.Asked{Model: "gpt"}, never, "*provider.NoCredentialError"},
		"permitted":             {provider.Asked{Model: "gpt", Permits: func(m string) bool { return m == "opus" }}, always, "openai/gpt-1 claude/opus"},
		"own beside":            {provider.Asked{Model: "gpt", Own: func(p string) bool { return p == "spare" }}, never, "spare/gpt-eu"},
		"own alone":             {provider.Asked{Model: "gpt", Own: func(p string) bool { return p == "spare" }, OwnOnly: true}, always, "spare/gpt-eu"},
		"own missing":           {provider.Asked{Model: "gpt", OwnOnly: true}, always, "*provider.NoCredentialError"},
	} {
		if got := names(shop(t, c.set).Candidates(c.asked)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	var unset *provider.NoCredentialError
	if _, err := shop(t, always).Candidates(provider.Asked{Model: "gpt", OwnOnly: true}); !errors.As(err, &unset) || !unset.Own {
		t.Errorf("got %v", err)
	}
	list, err := shop(t, always).Candidates(provider.Asked{Model: "gpt-4o-2024-08-06"})
	if want, _, _ := provider.ListPrice("openai", "gpt-4o-2024-08-06"); err != nil || list[0].Price != want || want.Unknown || want.Input == 0 {
		t.Errorf("by glob: %+v, %v", list, err)
	}
}

func TestModelsToAskFor(t *testing.T) {
	listed := func(at int64) (out []string) {
		for _, m := range shop(t, always).Models(time.Unix(at, 0)) {
			out = append(out, m.Name)
		}
		return out
	}
	if got, want := listed(0), []string{"best", "gpt", "gpt-eu", "old", "opus"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := listed(2000), []string{"best", "gpt", "gpt-eu", "opus"}; !reflect.DeepEqual(got, want) {
		t.Errorf("when one is retired: %v, want %v", got, want)
	}
}

// Whatever policies and breakers leave of a list, Envoy knows its order.
func TestOrders(t *testing.T) {
	got := shop(t, always).Orders()
	if len(got) != 12 { // 6 of two, 6 of three
		t.Errorf("%d orders: %v", len(got), got)
	}
	for _, order := range got {
		if len(order) < 2 || len(order) > provider.MaxAttempts {
			t.Errorf("order %v", order)
		}
	}
	if name := provider.Order([]provider.Candidate{{Located: "a"}, {Located: "b"}}); name != "order-a+b" {
		t.Error(name)
	}
}

func TestTooManyOrders(t *testing.T) {
	var providers []provider.Provider
	var models []provider.Model
	for i := range 40 {
		name := fmt.Sprint("p", i)
		providers = append(providers, provider.Provider{Name: name, Kind: "vllm", BaseURL: "http://x"})
		models = append(models, provider.Model{Name: name, Provider: name})
		for j := 0; j+2 < i; j++ {
			models = append(models, provider.Model{Name: fmt.Sprint(name, "-", j), Provider: name, Fallbacks: []string{fmt.Sprint("p", j), fmt.Sprint("p", j+1)}})
		}
	}
	if _, err := provider.NewCatalogue(providers, models, always); err == nil || !strings.Contains(err.Error(), "1000") {
		t.Errorf("got %v", err)
	}
}

func TestPlaces(t *testing.T) {
	for _, c := range [][4]string{
		{"openai", "openai.chat", "authorization", "Bearer "},
		{"anthropic", "anthropic.messages", "x-api-key", ""},
		{"anthropic", "openai.chat", "authorization", "Bearer "},
		{"gemini", "gemini.generate_content", "x-goog-api-key", ""},
		{"gemini", "openai.chat", "authorization", "Bearer "},
		{"azure", "openai.chat", "api-key", ""},
		{"openai-compatible", "anthropic.messages", "authorization", "Bearer "},
	} {
		if h, s := provider.Place(c[0], c[1], false); h != c[2] || s != c[3] {
			t.Errorf("%v: %q %q", c, h, s)
		}
	}
	if h, s := provider.Place("azure", "openai.chat", true); h != "authorization" || s != "Bearer " {
		t.Errorf("an access token: %q %q", h, s)
	}
	for _, c := range [][3]string{
		{"vertex", "/v1/chat/completions", "/base/endpoints/openapi/chat/completions"},
		{"vertex", "/v1beta/models/m:streamGenerateContent?alt=sse", "/base/publishers/google/models/m:streamGenerateContent?alt=sse"},
		{"vertex", "/v1/models/m:generateContent", "/base/publishers/google/models/m:generateContent"},
		{"openai", "/v1/chat/completions", "/base/v1/chat/completions"},
		{"azure", "/v1/chat/completions", "/base/openai/v1/chat/completions"},
		{"azure", "/openai/deployments/d/chat/completions?api-version=1", "/base/openai/deployments/d/chat/completions?api-version=1"},
		{"gemini", "/v1/chat/completions", "/base/v1beta/openai/chat/completions"},
		{"gemini", "/v1beta/models/m:generateContent", "/base/v1beta/models/m:generateContent"},
	} {
		if got := (provider.Candidate{Kind: c[0], Path: "/base"}).Target(c[1]); got != c[2] {
			t.Errorf("%v: %s", c, got)
		}
	}
	if u := provider.DefaultURL("bedrock", "eu-central-1"); u != "https://bedrock-runtime.eu-central-1.amazonaws.com/openai" {
		t.Error(u)
	}
	if u := provider.DefaultURL("bedrock", ""); u != "" {
		t.Error(u)
	}
}

// What names a provider is asked of its own globs, and of no other's but those that say such names themselves.
func TestGlobsBehindAProvider(t *testing.T) {
	c, err := provider.NewCatalogue([]provider.Provider{
		{Name: "b", Kind: "openai-compatible", BaseURL: "http://b.example"}, {Name: "d", Kind: "openai-compatible", BaseURL: "http://d.example"},
	}, []provider.Model{{Name: "*", Provider: "d"}, {Name: "b/special-*", Provider: "d"}, {Name: "solo", Aliases: []string{"only"}, Provider: "b", Upstream: "dep-17"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"xyz": "d xyz xyz", "d/xyz": "d xyz xyz", "org/xyz": "d org/xyz org/xyz", "b/xyz": "", "b/special-1": "d b/special-1 b/special-1",
		"b/solo": "b solo dep-17", "only": "b solo dep-17", "b/only": "b solo dep-17",
	} {
		got := ""
		if list, err := c.Candidates(provider.Asked{Model: name}); err == nil {
			got = list[0].Provider + " " + list[0].Name + " " + list[0].Model
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if c.Canonical("only") != "solo" || c.Canonical("none") != "none" {
		t.Error("an alias is not known by its model's name")
	}
}

// A weight counts by whichever of its names routing has a model.
func TestWeightOfAnAlias(t *testing.T) {
	c, err := provider.NewCatalogue([]provider.Provider{
		{Name: "a", Kind: "openai-compatible", BaseURL: "http://a.example"}, {Name: "b", Kind: "openai-compatible", BaseURL: "http://b.example"},
	}, []provider.Model{
		{Name: "m", Provider: "a", Fallbacks: []string{"al"}, Routing: provider.Routing{By: provider.ByWeight, Weights: map[string]int64{"m": 0, "al": 1}}},
		{Name: "n", Aliases: []string{"al"}, Provider: "b"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := c.Candidates(provider.Asked{Model: "m", Seed: "s"}); err != nil || len(list) != 2 || list[0].Provider != "b" {
		t.Errorf("%v, %v", list, err)
	}
}
