package config

import (
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"weir/policy/provider"
	"weir/policy/tenant"
)

// Kept is what operators add to the file's providers and models, as the store keeps it: documents in the form that they have in
// the file, as JSON or YAML, by name.
type Kept struct {
	Providers, Models map[string]string
	// Sealed are the platform's credentials for providers that are kept here, by the provider's name.
	Sealed map[string]string
}

// The bounds of what is kept beside the file.
const (
	MaxKeptProviders = 500
	MaxKeptModels    = 5000
)

// keptNames are what a model may be called that is kept beside the file.
var keptNames = regexp.MustCompile(`^[!-~]{1,256}$`)

// KeptOf is what rows of the store say.
func KeptOf(rows []tenant.Row) Kept {
	k := Kept{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, r := range rows {
		if m := k.of(r.Kind); m != nil {
			m[r.ID] = r.Doc
		}
	}
	return k
}

func (k Kept) of(kind string) map[string]string {
	switch kind {
	case tenant.RowProvider:
		return k.Providers
	case tenant.RowModel:
		return k.Models
	case tenant.RowCredential:
		return k.Sealed
	}
	return nil
}

// Clone is a copy that can be changed.
func (k Kept) Clone() Kept {
	return Kept{maps.Clone(k.Providers), maps.Clone(k.Models), maps.Clone(k.Sealed)}
}

// Rows are the rows that make the store hold this instead of what it has.
func (k Kept) Rows(has Kept) []tenant.Row {
	var out []tenant.Row
	for _, kind := range [...]string{tenant.RowProvider, tenant.RowModel, tenant.RowCredential} {
		now, was := k.of(kind), has.of(kind)
		for _, id := range slices.Sorted(maps.Keys(now)) {
			if was[id] != now[id] {
				out = append(out, tenant.Row{Kind: kind, ID: id, Doc: now[id]})
			}
		}
		for _, id := range slices.Sorted(maps.Keys(was)) {
			if _, ok := now[id]; !ok {
				out = append(out, tenant.Row{Kind: kind, ID: id})
			}
		}
	}
	return out
}

// File is the configuration as the file alone has it.
func (c *Config) File() *Config {
	if c.file != nil {
		return c.file
	}
	return c
}

// With is the file's configuration with what the store adds to its providers and models. All of it is checked as the file is,
// and what does not fit is refused whole.
func (c *Config) With(k Kept) (*Config, error) {
	file := c.File()
	if len(k.Providers) == 0 && len(k.Models) == 0 {
		return file, nil
	}
	if len(k.Providers) > MaxKeptProviders || len(k.Models) > MaxKeptModels {
		return nil, fmt.Errorf("%w: the store keeps %d providers and %d models, at most %d and %d may stand beside the file",
			tenant.ErrFull, len(k.Providers), len(k.Models), MaxKeptProviders, MaxKeptModels)
	}
	out := *file
	out.file = file
	out.Providers, out.Models = slices.Clone(file.Providers), slices.Clone(file.Models)
	for _, name := range slices.Sorted(maps.Keys(k.Providers)) {
		if file.DeclaresProvider(name) {
			return nil, fmt.Errorf("provider %q is declared in the file and kept in the store", name)
		}
		p, err := file.Provider(name, []byte(k.Providers[name]), k.Sealed[name] != "")
		if err != nil {
			return nil, fmt.Errorf("provider %q of the store: %w", name, err)
		}
		out.Providers = append(out.Providers, p)
	}
	for _, name := range slices.Sorted(maps.Keys(k.Models)) {
		if file.DeclaresModel(name) {
			return nil, fmt.Errorf("model %q is declared in the file and kept in the store", name)
		}
		m, err := file.model(name, []byte(k.Models[name]), out.Providers)
		if err != nil {
			return nil, fmt.Errorf("model %q of the store: %w", name, err)
		}
		out.Models = append(out.Models, m)
	}
	catalogue, err := provider.NewCatalogue(out.Providers, out.Models, func(provider.Credential) bool { return true })
	if err != nil {
		return nil, err
	}
	out.Orders = catalogue.Orders()
	return &out, nil
}

// DeclaresProvider says whether the file declares a provider.
func (c *Config) DeclaresProvider(name string) bool {
	return slices.ContainsFunc(c.File().Providers, func(p provider.Provider) bool { return p.Name == name })
}

// DeclaresModel says whether the file declares a model.
func (c *Config) DeclaresModel(name string) bool {
	return slices.ContainsFunc(c.File().Models, func(m provider.Model) bool { return m.Name == name })
}

// KeptCredential is the file that the opened credential of a provider of the store is read from, beside those that Envoy reads.
func KeptCredential(secrets, name string) string { return filepath.Join(secrets, "kept", name) }

// Provider reads the document of a provider that the store keeps: the form it has in the file. sealed says that the store has a
// credential for it, too. What is wrong is an *Error with every problem in it.
func (c *Config) Provider(name string, document []byte, sealed bool) (provider.Provider, error) {
	check := newChecker("provider")
	f, ok := read[Provider](check, document)
	if !ok {
		return provider.Provider{}, check.err()
	}
	check.called(f.Name, name)
	f.Name = name
	if c.Mesh != nil {
		check.add("", "a provider of Weir's own", "none beside mesh", "the mesh has providers, credentials and fallbacks")
	}
	check.borrowed(c.AdminSecrets, f)
	made := check.provider("", f, c.Envoy.Secrets)
	if made.From.IsZero() && f.Credential == (Reference{}) && !made.Caller {
		// What this host's environment calls the credential of a kind is the file's to give away.
		made.Credential = provider.Credential{}
		if sealed || provider.PresetOf(made.Kind).Env != "" {
			made.Credential.File = KeptCredential(c.Envoy.Secrets, name)
		}
	}
	if len(check.problems) == 0 {
		if _, err := provider.NewCatalogue([]provider.Provider{made}, nil, nil); err != nil {
			check.add("", "", "a provider that can be meant", err.Error())
		}
	}
	return made, check.err()
}

// Sealable says whether a provider of the store takes a credential that is kept there, too, and none that is named or issued.
func (c *Config) Sealable(p provider.Provider) bool {
	file := KeptCredential(c.Envoy.Secrets, p.Name)
	return !p.Caller && p.From.IsZero() && (p.Credential == provider.Credential{} || p.Credential == provider.Credential{File: file})
}

// Origin is who gets a provider's credential: the scheme and host of its base URL, and the name that its certificate is for.
func Origin(p provider.Provider) string {
	u, err := url.Parse(p.BaseURL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme+"://"+u.Host) + " " + p.TLS.ServerName
}

// model reads the document of a model that the store keeps.
func (c *Config) model(name string, document []byte, providers []provider.Provider) (provider.Model, error) {
	check := newChecker("model")
	f, ok := read[Model](check, document)
	if !ok {
		return provider.Model{}, check.err()
	}
	check.called(f.Name, name)
	if !keptNames.MatchString(name) {
		check.add("name", fmt.Sprintf("%q", name), "1 to 256 characters of ASCII that show", "")
	}
	f.Name = name
	if c.Mesh != nil {
		check.meshed("", f)
	}
	names := make([]string, 0, len(providers))
	for _, p := range providers {
		names = append(names, p.Name)
	}
	if !slices.Contains(names, f.Provider) {
		check.add("provider", fmt.Sprintf("%q", f.Provider), "the name of a provider", nearest(f.Provider, names))
	}
	made := check.model("", f, providers)
	return made, check.err()
}

// called wants a document to be of the name that it is kept under.
func (c *checker) called(said, name string) {
	if said != "" && said != name {
		c.add("name", fmt.Sprintf("%q", said), fmt.Sprintf("%q, or nothing", name), "")
	}
}

// borrowed refuses what a document may not name of this host: a variable or a file whose value would go wherever the document
// says, unless the file lets it, and addresses that only the file may lead to.
func (c *checker) borrowed(may AdminSecrets, f *Provider) {
	refs := map[string]Reference{"credential": f.Credential}
	from := f.CredentialFrom
	if o := from.OAuth; o != nil {
		refs["credential_from.oauth.client_secret"] = o.ClientSecret
	}
	if g := from.Google; g != nil {
		refs["credential_from.google.key"] = g.Key
	}
	if v := from.Vault; v != nil {
		refs["credential_from.vault.token"] = v.Token
	}
	if a := from.AWS; a != nil {
		refs["credential_from.aws.credentials_file"] = Reference{File: a.CredentialsFile}
	}
	for _, field := range slices.Sorted(maps.Keys(refs)) {
		if r := refs[field]; r != (Reference{}) && !may.let(r) {
			c.add(field, "what this host keeps", "nothing, or what admin.secrets of the configuration lets be named",
				"a credential is written with PUT /v1/providers/"+f.Name+"/credential")
		}
	}
	if f.AllowLinkLocal {
		c.add("allow_link_local", "true", "nothing", "only the configuration file may lead to link-local addresses")
	}
}

// let says whether what a reference names may be named over the admin API.
func (s AdminSecrets) let(r Reference) bool {
	if r.Env != "" && !slices.ContainsFunc(s.Env, func(glob string) bool { return provider.Fits(glob, r.Env) }) {
		return false
	}
	return r.File == "" || slices.ContainsFunc(s.Dirs, func(dir string) bool {
		rest, err := filepath.Rel(dir, r.File)
		return err == nil && rest != "." && filepath.IsLocal(rest)
	})
}
