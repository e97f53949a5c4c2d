package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"weir/policy/provider"
	"weir/policy/tenant"
)

// providers reads providers and models.
func (c *checker) providers(f *File, out *Config) {
	names := c.mesh(f, out)
	seen := places{}
	for i := range f.Providers {
		at := fmt.Sprintf("providers[%d]", i)
		c.once(seen, at+".name", f.Providers[i].Name, "a name of its own")
		out.Providers = append(out.Providers, c.provider(at, &f.Providers[i], out.Envoy.Secrets))
		names = append(names, f.Providers[i].Name)
	}
	seen = places{}
	for i := range f.Models {
		at := fmt.Sprintf("models[%d]", i)
		c.once(seen, at+".name", f.Models[i].Name, "the name clients ask for")
		if m := f.Models[i]; !slices.Contains(names, m.Provider) {
			c.add(at+".provider", fmt.Sprintf("%q", m.Provider), "the name of a provider", nearest(m.Provider, names))
		}
		out.Models = append(out.Models, c.model(at, &f.Models[i], out.Providers))
	}
}

func (c *checker) provider(at string, p *Provider, secrets string) provider.Provider {
	kinds := provider.Kinds()
	if !slices.Contains(kinds, p.Kind) {
		c.add(at+".kind", fmt.Sprintf("%q", p.Kind), "a kind of provider", nearest(p.Kind, kinds))
	}
	c.reference(at+".credential", p.Credential, true)
	made := provider.Provider{
		Name: p.Name, Kind: p.Kind, BaseURL: or(p.BaseURL, provider.DefaultURL(p.Kind, p.Region)), Region: p.Region,
		Credential: provider.Credential{Env: p.Credential.Env, File: p.Credential.File}, Caller: p.CallerCredential,
		Surfaces: p.Surfaces, TLS: provider.TLS{CAFile: p.TLS.CAFile, ServerName: p.TLS.ServerName}, Inward: p.AllowLinkLocal,
	}
	if made.Caller && p.Credential != (Reference{}) {
		c.add(at+".credential", "a credential", "none beside caller_credential", "a provider is called with one or the other")
	}
	if made.From = c.from(at+".credential_from", p); !made.From.IsZero() {
		if p.Credential != (Reference{}) || made.Caller {
			c.add(at+".credential_from", "an issuer", "nothing beside credential and caller_credential", "a provider is called with one of them")
		}
		if made.From.AWS == nil {
			made.Credential.File = filepath.Join(secrets, "issued", p.Name)
		}
	} else if made.Credential == (provider.Credential{}) && !made.Caller {
		made.Credential.Env = provider.PresetOf(p.Kind).Env
	}
	c.baseURL(at+".base_url", made.BaseURL)
	return made
}

// kms reads who opens the store's secret.
func (c *checker) kms(s Store) {
	k := s.KMS
	if k == nil {
		return
	}
	if s.Secret != (Reference{}) {
		c.add("store.kms", "a service beside secret", "one of them", "")
	}
	c.baseURL("store.kms.address", k.Address)
	c.reference("store.kms.token", k.Token, false)
	c.reference("store.kms.sealed", k.Sealed, false)
	if k.Key == "" {
		c.add("store.kms.key", "nothing", "the name of a key", "")
	}
	k.Mount = or(k.Mount, "transit")
}

// googleScope is what tokens for Vertex AI are for.
const googleScope = "https://www.googleapis.com/auth/cloud-platform"

// from reads who issues a provider's credential.
func (c *checker) from(at string, p *Provider) (out provider.From) {
	f, n := p.CredentialFrom, 0
	filled := func(field, s, want string) {
		if s == "" {
			c.add(field, "nothing", want, "")
		}
	}
	if o := f.OAuth; o != nil {
		n++
		c.issuerURL(at+".oauth.token_url", o.TokenURL, p.AllowLinkLocal)
		c.reference(at+".oauth.client_secret", o.ClientSecret, false)
		filled(at+".oauth.client_id", o.ClientID, "the client's id")
		out.OAuth = &provider.OAuth{TokenURL: o.TokenURL, ClientID: o.ClientID, Secret: provider.Credential(o.ClientSecret), Scopes: o.Scopes}
	}
	if g := f.Google; g != nil {
		n++
		c.reference(at+".google.key", g.Key, false)
		out.Google = &provider.Google{Key: provider.Credential(g.Key), Scopes: g.Scopes}
		if len(g.Scopes) == 0 {
			out.Google.Scopes = []string{googleScope}
		}
	}
	if v := f.Vault; v != nil {
		n++
		c.issuerURL(at+".vault.address", v.Address, p.AllowLinkLocal)
		c.reference(at+".vault.token", v.Token, false)
		filled(at+".vault.path", v.Path, "mount/data/name")
		filled(at+".vault.field", v.Field, "a field of the secret")
		out.KV = &provider.KV{Address: v.Address, Token: provider.Credential(v.Token), Path: v.Path, Field: v.Field}
	}
	if a := f.AWS; a != nil {
		n++
		region := or(a.Region, p.Region)
		filled(at+".aws.region", region, "a region of AWS")
		if a.Profile != "" && a.CredentialsFile == "" {
			c.add(at+".aws.profile", fmt.Sprintf("%q", a.Profile), "credentials_file beside it", "")
		}
		out.AWS = &provider.AWS{Service: or(a.Service, "bedrock"), Region: region, File: a.CredentialsFile, Profile: a.Profile}
	}
	if n > 1 {
		c.add(at, fmt.Sprintf("%d issuers", n), "one of oauth, google, vault and aws", "")
	}
	return out
}

func (c *checker) model(at string, m *Model, providers []provider.Provider) provider.Model {
	c.count(at+".context_tokens", m.ContextTokens)
	c.count(at+".output_tokens", m.OutputTokens)
	made := provider.Model{
		Name: m.Name, Aliases: m.Aliases, Provider: m.Provider, Upstream: m.Upstream, ContextTokens: m.ContextTokens, OutputTokens: m.OutputTokens,
		Fallbacks: m.Fallbacks, Modalities: m.Modalities, RetiresAt: c.moment(at+".retires_at", m.RetiresAt),
		Routing: provider.Routing{
			By: m.Routing.By, Weights: m.Routing.Weights, Canary: m.Routing.Canary.Model, Percent: m.Routing.Canary.Percent,
			Regions: m.Routing.Regions, Tags: m.Routing.Tags,
		},
	}
	made.Price = c.modelPrice(at+".price", m.Price, providers, &made)
	return made
}

// issuerURL is baseURL for who issues a credential, which is no metadata service unless that is meant.
func (c *checker) issuerURL(field, s string, inward bool) {
	c.baseURL(field, s)
	if u, err := url.Parse(s); err == nil && !inward && provider.Inward(u.Hostname()) {
		c.add(field, "a link-local address", "the address of an issuer", "clouds keep the credentials of their machines there; allow_link_local says that it is meant")
	}
}

// baseURL refuses what cannot be one. It prints none that holds a password.
func (c *checker) baseURL(field, s string) {
	const want = "http(s)://host[:port][/prefix]"
	u, err := url.Parse(s)
	switch {
	case s == "":
		c.add(field, "nothing", want, "only kinds with a public address have one of their own; bedrock needs a region")
	case err != nil:
		c.add(field, "something else", want, "")
	case u.User != nil:
		c.add(field, "a user or password", want, "credentials go to credential: {env: NAME} or {file: PATH}")
	case u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "":
		c.add(field, fmt.Sprintf("%q", s), want, "")
	}
}

// maxWindow bounds how many answers a breaker keeps.
const maxWindow = 1000

func (c *checker) breaker(b Breaker) provider.BreakerSettings {
	for _, n := range []struct {
		field      string
		value, max int64
	}{{"window", b.Window, maxWindow}, {"least", b.Least, maxWindow}, {"percent", b.Percent, 100}, {"probes", b.Probes, maxWindow}} {
		if n.value < 0 || n.value > n.max {
			c.add("breaker."+n.field, fmt.Sprint(n.value), fmt.Sprintf("a whole number between 1 and %d", n.max), "")
		}
	}
	return provider.BreakerSettings{
		Window: int(b.Window), Least: int(b.Least), Rate: float64(b.Percent) / 100, Open: c.wait("breaker.open", b.Open), Probes: int(b.Probes),
	}
}

// own reads a tenant's own credentials.
func (c *checker) own(at string, t *Tenant, providers []provider.Provider) tenant.Own {
	out := tenant.Own{Required: t.OwnCredentials}
	for name, r := range t.Credentials {
		field := at + ".credentials." + name
		c.reference(field, r, false)
		i := slices.IndexFunc(providers, func(p provider.Provider) bool { return p.Name == name })
		switch {
		case i < 0:
			c.add(field, fmt.Sprintf("%q", name), "the name of a provider", "")
		case providers[i].Caller:
			c.add(field, "a credential", "none for a provider that is called with the caller's own", "")
		}
		if out.References == nil {
			out.References = map[string]tenant.Reference{}
		}
		out.References[name] = tenant.Reference(r)
	}
	return out
}

// about is what a line of the catalogue's errors is about, and the field that it names first.
var about = regexp.MustCompile(`^(provider|model) ("(?:[^"\\\\]|\\\\.)*"):? (fallback|base URL|surface|modality|alias|routing)?`)

// fieldsOf are the fields by the words that the catalogue has for them.
var fieldsOf = map[string]string{
	"fallback": ".fallbacks", "base URL": ".base_url", "surface": ".surfaces", "modality": ".modalities", "alias": ".aliases", "routing": ".routing",
}

// unfit reports what the catalogue says of providers and models, each where it stands in the file.
func (c *checker) unfit(out *Config, err error) {
	const fit = "providers and models that fit together"
	for _, line := range strings.Split(err.Error(), "\n") {
		m := about.FindStringSubmatch(line)
		if m == nil {
			c.add("models", "", fit, line)
			continue
		}
		name, _ := strconv.Unquote(m[2])
		at := slices.IndexFunc(out.Providers, func(p provider.Provider) bool { return p.Name == name })
		if m[1] == "model" {
			at = slices.IndexFunc(out.Models, func(p provider.Model) bool { return p.Name == name })
		}
		c.add(fmt.Sprintf("%ss[%d]%s", m[1], max(0, at), fieldsOf[m[3]]), "", fit, line)
	}
}
