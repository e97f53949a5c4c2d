package provider

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Asked is what a request asks for, and what its tenant brings.
type Asked struct {
	Model   string
	Surface string
	Media   []string // kinds of parts that are no text, as a surface names them
	At      time.Time
	// Permits says whether the tenant may use a model; it is asked about fallbacks alone, since about the model that was
	// asked for the policies decide. Nil: all.
	Permits func(model string) bool
	// Own says whether the tenant has a credential of its own for a provider. Nil: for none.
	Own func(provider string) bool
	// OwnOnly says that no other credential may be used for it.
	OwnOnly bool

	Seed string   // what is drawn by: the same seed draws the same
	Tags []string // of the request, the ones that routing may go by
	// Size is about how many tokens the request has, and how many its answer may have; 0: not limited. Nil: nobody knows.
	Size func() (input, output int64)
	// Delay is how soon a candidate begins to answer, of late; 0: not known. Nil: of none.
	Delay func(Candidate) time.Duration
}

// UnknownModelError says that no provider serves a model.
type UnknownModelError struct{ Model string }

// Error implements error.
func (e *UnknownModelError) Error() string {
	return fmt.Sprintf("no provider serves model %q", e.Model)
}

// NoCredentialError says that the provider of a model has no credential. Variable is the environment variable that
// would give it one; it is empty where a file is configured instead. Own says that it would have to be the tenant's own.
type NoCredentialError struct {
	Model, Provider, Variable string
	Own                       bool
}

// Error implements error.
func (e *NoCredentialError) Error() string {
	return fmt.Sprintf("provider %q of model %q has no credential", e.Provider, e.Model)
}

// IncapableError says that the provider of a model cannot do what is asked: What is a surface or a modality.
type IncapableError struct{ Model, Provider, What string }

// Error implements error.
func (e *IncapableError) Error() string {
	return fmt.Sprintf("provider %q of model %q is not capable of %s", e.Provider, e.Model, e.What)
}

// Candidates lists who could serve a request, the preferred one first: the model's own provider, then its fallbacks, unless
// its routing says otherwise. Those that cannot are left out; where none is left the error says what the first lacks. The errors are *UnknownModelError,
// *NoCredentialError and *IncapableError.
func (c *Catalogue) Candidates(a Asked) ([]Candidate, error) {
	m, ok := c.find(a.Model, a.At)
	if !ok {
		return nil, &UnknownModelError{Model: a.Model}
	}
	first := c.candidate(m)
	var out []Candidate
	err := c.able(m, a)
	if err == nil {
		out = append(out, first)
	}
	for _, name := range m.Fallbacks {
		f := c.models[name]
		if a.Permits != nil && !a.Permits(f.Name) || retired(f, a.At) || c.able(f, a) != nil {
			continue
		}
		out = append(out, c.candidate(f))
	}
	if out = c.route(m, a, out); len(out) == 0 {
		return nil, err
	}
	return out, nil
}

// able says what keeps a model's provider from serving a request.
func (c *Catalogue) able(m Model, a Asked) error {
	p := c.providers[m.Provider]
	if a.Surface != "" && !p.serves(a.Surface) {
		return &IncapableError{Model: a.Model, Provider: p.Name, What: a.Surface}
	}
	if m.Modalities != nil {
		for _, kind := range a.Media {
			if modality := modalityOf(kind); !slices.Contains(m.Modalities, modality) {
				return &IncapableError{Model: a.Model, Provider: p.Name, What: modality}
			}
		}
	}
	if p.Caller || a.Own != nil && a.Own(p.Name) {
		return nil
	}
	if a.OwnOnly {
		return &NoCredentialError{Model: a.Model, Provider: p.Name, Own: true}
	}
	if p.Credential != (Credential{}) && !c.set(p.Credential) {
		return &NoCredentialError{Model: a.Model, Provider: p.Name, Variable: p.Credential.Env}
	}
	return nil
}

// modalityOf is the modality of a part of a request, by the kind that its surface names it by.
func modalityOf(kind string) string {
	switch {
	case strings.Contains(kind, "image"):
		return "image"
	case strings.Contains(kind, "audio"):
		return "audio"
	}
	return "file"
}

func (c *Catalogue) candidate(m Model) Candidate {
	p := c.providers[m.Provider]
	upstream := m.Upstream
	if upstream == "" {
		upstream = m.Name
	}
	return Candidate{
		Provider: p.Name, Located: c.located[p.Name], Kind: p.Kind, Token: p.From.Token(), Name: m.Name, Model: upstream, Region: p.Region, Path: prefix(p.BaseURL), Price: m.Price,
		Context: m.ContextTokens, Output: m.OutputTokens, RetiresAt: m.RetiresAt,
	}
}

// Models lists every model that is served at a time and has a name to ask for, by name.
func (c *Catalogue) Models(at time.Time) []Model {
	var out []Model
	for _, m := range c.listed {
		if retired(m, at) || strings.Contains(m.Name, "*") {
			continue
		}
		out = append(out, m)
		for _, name := range m.Aliases {
			alias := m
			alias.Name = name
			out = append(out, alias)
		}
	}
	slices.SortFunc(out, func(a, b Model) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Canonical is the name of the model that has a name or an alias; the same where there is none.
func (c *Catalogue) Canonical(name string) string {
	if m, ok := c.models[name]; ok {
		return m.Name
	}
	return name
}

// Find is the model that a name asks for at a time, under the name that clients are billed by.
func (c *Catalogue) Find(name string, at time.Time) (Model, bool) { return c.find(name, at) }

// find finds a model by its public name or alias, or by its provider and one of those, as openai/gpt-4o, or by the
// longest glob that fits. A public name that has a slash itself comes first.
func (c *Catalogue) find(name string, at time.Time) (Model, bool) {
	m, ok := c.models[name]
	if !ok {
		owner, own, _ := strings.Cut(name, "/")
		if m, ok = c.models[own]; !ok || m.Provider != owner {
			m, ok = c.byGlob(name)
		}
	}
	return m, ok && !retired(m, at) && !strings.Contains(m.Name, "*")
}

// byGlob is the model whose glob a name fits, under that very name.
func (c *Catalogue) byGlob(name string) (Model, bool) {
	owner, own, _ := strings.Cut(name, "/")
	_, named := c.providers[owner]
	for _, g := range c.globs {
		if named && g.Provider == owner && Fits(g.Name, own) {
			g.Name = own
			return c.priced(g), true
		}
	}
	for _, g := range c.globs {
		// What names a provider is no other's, unless a glob says the whole of such names itself.
		if (!named || strings.Contains(g.Name, "/")) && Fits(g.Name, name) {
			g.Name = name
			return c.priced(g), true
		}
	}
	return Model{}, false
}

// priced gives a model that was found by a glob the price of the vendor's list, where the glob was given none.
func (c *Catalogue) priced(m Model) Model {
	if !m.Price.Unknown {
		return m
	}
	p := c.providers[m.Provider]
	for _, vendor := range [...]string{p.Kind, p.Name} {
		if price, context, ok := ListPrice(vendor, m.Name); ok {
			m.Price = price
			if m.ContextTokens == 0 {
				m.ContextTokens = context
			}
			break
		}
	}
	return m
}

// Fits says whether a name fits a glob, in which * stands for any run of characters.
func Fits(glob, name string) bool {
	parts := strings.Split(glob, "*")
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, p := range parts[1:last] {
		_, after, found := strings.Cut(rest, p)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[last])
}

func retired(m Model, at time.Time) bool {
	return !m.RetiresAt.IsZero() && !at.Before(m.RetiresAt)
}
