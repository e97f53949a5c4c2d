package provider

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// everySurface and everyModality are what a provider and a model may be said to be capable of.
var (
	everySurface  = []string{chat, completions, responses, embeddings, moderations, messages, countTokens, gemini}
	everyModality = []string{"image", "audio", "file"}
)

// names are what a provider may be called: its name stands in that of an Envoy cluster, and of a file.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Catalogue holds every provider and model. It is immutable and safe for concurrent use.
type Catalogue struct {
	providers map[string]Provider
	located   map[string]string // providers as Envoy knows them
	models    map[string]Model  // by name and by alias
	globs     []Model           // those with a glob for a name, the longest first
	listed    []Model
	set       func(Credential) bool
}

// NewCatalogue checks providers and models. set says whether a credential has a value now; nil asks the process's
// environment and files. The error joins all that is wrong, each line beginning with what it is about: provider "NAME": or
// model "NAME":.
func NewCatalogue(providers []Provider, models []Model, set func(Credential) bool) (*Catalogue, error) {
	c := &Catalogue{providers: map[string]Provider{}, located: map[string]string{}, models: map[string]Model{}, set: set}
	if c.set == nil {
		c.set = func(cr Credential) bool { _, err := Secret(cr); return err == nil }
	}
	var errs []error
	for _, p := range providers {
		errs = append(errs, c.addProvider(p))
	}
	for _, m := range models {
		errs = append(errs, c.addModel(m))
	}
	sort.Slice(c.listed, func(i, j int) bool { return c.listed[i].Name < c.listed[j].Name })
	sort.SliceStable(c.globs, func(i, j int) bool { return len(c.globs[i].Name) > len(c.globs[j].Name) })
	for _, m := range c.listed {
		errs = append(errs, c.checkFallbacks(m), c.checkRouting(m))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if n := len(c.Orders()); n > MaxOrders {
		return nil, fmt.Errorf("the fallbacks of all models make %d orders of providers, at most %d are kept in Envoy", n, MaxOrders)
	}
	return c, nil
}

func (c *Catalogue) addProvider(p Provider) error {
	if !names.MatchString(p.Name) {
		return fmt.Errorf("provider %[1]q: the name %[1]q must be 1 to 63 letters, digits, dots, dashes and underscores, and begin with a letter or a digit", p.Name)
	}
	if _, dup := c.providers[p.Name]; dup {
		return fmt.Errorf("provider %q is declared twice", p.Name)
	}
	if p.Kind == MeshKind {
		c.providers[p.Name], c.located[p.Name] = p, p.Located()
		return nil
	}
	u, err := url.Parse(p.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("provider %q: base URL %q must be http(s)://host[:port][/prefix]", p.Name, p.BaseURL)
	}
	if p.Credential.Env != "" && p.Credential.File != "" {
		return fmt.Errorf("provider %q: credential must name an environment variable or a file, not both", p.Name)
	}
	if Inward(u.Hostname()) && !p.Inward {
		return fmt.Errorf("provider %q: base URL %q leads to a link-local address, where clouds keep the credentials of their machines", p.Name, p.BaseURL)
	}
	for _, s := range p.Surfaces {
		if !slices.Contains(everySurface, s) {
			return fmt.Errorf("provider %q: surface %q is not one of %s", p.Name, s, strings.Join(everySurface, ", "))
		}
		if p.Kind == "bedrock" && s != chat {
			return fmt.Errorf("provider %q: Bedrock is asked on its OpenAI-compatible endpoint, which has %s alone; its own interface (InvokeModel, Converse) is not spoken, so %s cannot be served", p.Name, chat, s)
		}
	}
	c.providers[p.Name], c.located[p.Name] = p, p.Located()
	return nil
}

func (c *Catalogue) addModel(m Model) error {
	if m.Name == "" {
		return fmt.Errorf("a model of provider %q has no name", m.Provider)
	}
	if _, dup := c.models[m.Name]; dup {
		return fmt.Errorf("model %q is declared twice", m.Name)
	}
	if _, ok := c.providers[m.Provider]; !ok {
		return fmt.Errorf("model %q: provider %q is not declared", m.Name, m.Provider)
	}
	for _, r := range [...]Rates{m.Price.at(0), m.Price.Long, m.Price.Batch, m.Price.Priority, {Input: m.Price.Above}} {
		for _, n := range [...]int64{r.Input, r.Cached, r.Written, r.Output, r.Reasoning} {
			if n < 0 || n > maxPrice {
				return fmt.Errorf("model %q: a price must be between 0 and %d micro-USD per million tokens, found %d", m.Name, maxPrice, n)
			}
		}
	}
	if m.ContextTokens < 0 || m.OutputTokens < 0 {
		return fmt.Errorf("model %q: token limits must not be negative", m.Name)
	}
	for _, kind := range m.Modalities {
		if !slices.Contains(everyModality, kind) {
			return fmt.Errorf("model %q: modality %q is not one of %s", m.Name, kind, strings.Join(everyModality, ", "))
		}
	}
	if strings.Contains(m.Name, "*") {
		if m.Upstream != "" || len(m.Aliases) > 0 {
			return fmt.Errorf("model %q: a glob has neither an upstream name nor aliases", m.Name)
		}
		c.globs = append(c.globs, m)
	}
	c.models[m.Name] = m
	c.listed = append(c.listed, m)
	return c.addAliases(m)
}

func (c *Catalogue) addAliases(m Model) error {
	for _, name := range m.Aliases {
		if name == "" || strings.Contains(name, "*") {
			return fmt.Errorf("model %q: alias %q must be a name", m.Name, name)
		}
		if _, dup := c.models[name]; dup {
			return fmt.Errorf("model %q: alias %q is the name of another", m.Name, name)
		}
		c.models[name] = m
	}
	return nil
}

// checkFallbacks wants models that are declared, each of a provider of its own: what one provider is sent must be found
// by its name. A provider that is called with the caller's credential stands alone, since nobody else may see that.
func (c *Catalogue) checkFallbacks(m Model) error {
	if len(m.Fallbacks) > MaxFallbacks {
		return fmt.Errorf("model %q: %d fallbacks, at most %d may stand behind a model", m.Name, len(m.Fallbacks), MaxFallbacks)
	}
	seen := map[string]bool{m.Provider: true}
	for _, name := range m.Fallbacks {
		f, ok := c.models[name]
		switch {
		case !ok || strings.Contains(f.Name, "*"):
			return fmt.Errorf("model %q: fallback %q is not declared", m.Name, name)
		case seen[f.Provider]:
			return fmt.Errorf("model %q: fallback %q is of provider %q, which is in the list already", m.Name, name, f.Provider)
		case c.providers[f.Provider].From.AWS != nil || c.providers[m.Provider].From.AWS != nil:
			return fmt.Errorf("model %q: fallback %q: a provider whose requests Envoy signs can neither have fallbacks nor be one, since what is signed for one would reach the other", m.Name, name)
		case c.providers[f.Provider].Caller || c.providers[m.Provider].Caller:
			return fmt.Errorf("model %q: fallback %q: a provider that is called with the caller's own credential can neither have fallbacks nor be one", m.Name, name)
		}
		seen[f.Provider] = true
	}
	return nil
}

// prefix is the path of a base URL, without a slash at its end.
func prefix(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

// Provider finds a provider by name.
func (c *Catalogue) Provider(name string) (Provider, bool) {
	p, ok := c.providers[name]
	return p, ok
}

// Providers lists every provider by name.
func (c *Catalogue) Providers() []Provider {
	out := make([]Provider, 0, len(c.providers))
	for _, p := range c.providers {
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Secret reads a credential's value. It is not kept.
func Secret(c Credential) (string, error) {
	switch {
	case c.Env != "":
		if v := os.Getenv(c.Env); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("environment variable %s is not set", c.Env)
	case c.File != "":
		b, err := os.ReadFile(c.File)
		if err != nil {
			return "", fmt.Errorf("reading a credential: %w", err)
		}
		if v := strings.TrimSpace(string(b)); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("credential file %s is empty", c.File)
	default:
		return "", nil
	}
}
