package provider

import (
	"fmt"
	"net/url"
	"os"
	"sort"
	"strings"
)

// RoutePrefix starts the name of the Envoy cluster that leads to a provider.
const RoutePrefix = "order-"

// Catalogue holds every provider and model. It is immutable and safe for concurrent use.
type Catalogue struct {
	providers map[string]Provider
	models    map[string]Model
	listed    []Model
	set       func(Credential) bool
}

// UnknownModelError says that no provider serves a model.
type UnknownModelError struct{ Model string }

// Error implements error.
func (e *UnknownModelError) Error() string {
	return fmt.Sprintf("no provider serves model %q", e.Model)
}

// NoCredentialError says that the provider of a model has no credential. Variable is the environment variable that
// would give it one; it is empty where a file is configured instead.
type NoCredentialError struct{ Model, Provider, Variable string }

// Error implements error.
func (e *NoCredentialError) Error() string {
	return fmt.Sprintf("provider %q of model %q has no credential", e.Provider, e.Model)
}

// NewCatalogue checks providers and models. set says whether a credential has a value now; nil asks the process's
// environment and files.
func NewCatalogue(providers []Provider, models []Model, set func(Credential) bool) (*Catalogue, error) {
	c := &Catalogue{providers: map[string]Provider{}, models: map[string]Model{}, set: set}
	if c.set == nil {
		c.set = func(cr Credential) bool { _, err := Secret(cr); return err == nil }
	}
	for _, p := range providers {
		if err := c.addProvider(p); err != nil {
			return nil, err
		}
	}
	for _, m := range models {
		if err := c.addModel(m); err != nil {
			return nil, err
		}
	}
	sort.Slice(c.listed, func(i, j int) bool { return c.listed[i].Name < c.listed[j].Name })
	return c, nil
}

func (c *Catalogue) addProvider(p Provider) error {
	if p.Name == "" || strings.ContainsAny(p.Name, " /\t\r\n") {
		return fmt.Errorf("provider name %q must be non-empty, without blanks or slashes", p.Name)
	}
	if _, dup := c.providers[p.Name]; dup {
		return fmt.Errorf("provider %q is declared twice", p.Name)
	}
	u, err := url.Parse(p.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("provider %q: base URL %q must be http(s)://host[:port][/prefix]", p.Name, p.BaseURL)
	}
	if p.Credential.Env != "" && p.Credential.File != "" {
		return fmt.Errorf("provider %q: credential must name an environment variable or a file, not both", p.Name)
	}
	c.providers[p.Name] = p
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
	c.models[m.Name] = m
	c.listed = append(c.listed, m)
	return nil
}

// Candidates lists who could serve a model, the preferred one first. A model may also be asked for as provider/model. The
// errors are *UnknownModelError and *NoCredentialError.
func (c *Catalogue) Candidates(model string) ([]Candidate, error) {
	m, ok := c.Model(model)
	if !ok {
		return nil, &UnknownModelError{Model: model}
	}
	p := c.providers[m.Provider]
	if p.Credential != (Credential{}) && !c.set(p.Credential) {
		return nil, &NoCredentialError{Model: model, Provider: p.Name, Variable: p.Credential.Env}
	}
	upstream := m.Upstream
	if upstream == "" {
		upstream = m.Name
	}
	return []Candidate{{
		Provider: p.Name, Model: upstream, Region: p.Region, Route: Route(p.Name), Path: prefix(p.BaseURL), Price: m.Price,
		Context: m.ContextTokens,
	}}, nil
}

// prefix is the path of a base URL, without a slash at its end.
func prefix(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

// Models lists every model by name.
func (c *Catalogue) Models() []Model { return c.listed }

// Model finds a model by its public name, or by that of its provider and its own: openai/gpt-4o. A public name that has
// a slash itself comes first.
func (c *Catalogue) Model(name string) (Model, bool) {
	if m, ok := c.models[name]; ok {
		return m, true
	}
	owner, own, _ := strings.Cut(name, "/")
	m, ok := c.models[own]
	return m, ok && m.Provider == owner
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

// Route is the Envoy cluster that leads to a provider.
func Route(provider string) string { return RoutePrefix + provider }

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
