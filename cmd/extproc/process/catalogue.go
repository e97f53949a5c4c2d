package process

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"weir/admin"
	"weir/cmd/extproc/config"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// PutProvider implements admin.Engine.
func (o operator) PutProvider(ctx context.Context, name string, document []byte) error {
	document, value := withoutValue(document)
	return o.keep(ctx, func(file *config.Config, k config.Kept) error {
		if file.DeclaresProvider(name) {
			return tenant.ErrDeclared
		}
		p, err := file.Provider(name, document, value != "" || k.Sealed[name] != "")
		if err != nil {
			return fmt.Errorf("%w: %w", tenant.ErrDocument, err)
		}
		// What was written for one place is never sent to another, nor kept where another credential was named.
		if was, err := file.Provider(name, []byte(k.Providers[name]), true); err != nil || config.Origin(was) != config.Origin(p) || !file.Sealable(p) {
			delete(k.Sealed, name)
		}
		k.Providers[name] = string(document)
		if value == "" {
			return nil
		}
		return o.seal(file, k, p, value)
	})
}

// seal keeps the platform's credential for a provider of the store.
func (p *Process) seal(file *config.Config, k config.Kept, of provider.Provider, value string) (err error) {
	if !file.Sealable(of) {
		return admin.ErrNotKept
	}
	if was, err := p.vault.Open("", sealedFor(of), k.Sealed[of.Name]); err == nil && was == value {
		return nil
	}
	if k.Sealed[of.Name], err = p.vault.Seal("", sealedFor(of), value); err != nil {
		return fmt.Errorf("%w: %w", tenant.ErrDocument, err)
	}
	return nil
}

// withoutValue takes a credential's value out of a provider's document: credential: {value: ...}. It is sealed apart.
func withoutValue(document []byte) (rest []byte, value string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(document, &members) != nil {
		return document, ""
	}
	var c map[string]string
	if json.Unmarshal(members["credential"], &c) != nil || len(c) != 1 || c["value"] == "" {
		return document, ""
	}
	delete(members, "credential")
	rest, err := json.Marshal(members)
	if err != nil {
		return document, ""
	}
	return rest, c["value"]
}

// DeleteProvider implements admin.Engine.
func (o operator) DeleteProvider(ctx context.Context, name string) error {
	return o.keep(ctx, func(file *config.Config, k config.Kept) error {
		if file.DeclaresProvider(name) {
			return tenant.ErrDeclared
		}
		if _, ok := k.Providers[name]; !ok {
			return admin.ErrNoProvider
		}
		now, err := file.With(k)
		if err != nil {
			return err
		}
		var used []string
		for _, m := range now.Models {
			if m.Provider == name {
				used = append(used, m.Name)
			}
		}
		if len(used) > 0 {
			return fmt.Errorf("%w: models %s are of it", admin.ErrInUse, strings.Join(used, ", "))
		}
		delete(k.Providers, name)
		delete(k.Sealed, name)
		return nil
	})
}

// SetCredential implements admin.Engine: the file that it is read from gets it at once, whole, and Envoy has it as soon as rotate
// sees it; that of a provider of the store is sealed and kept there.
func (o operator) SetCredential(ctx context.Context, name, value string) error {
	p, err := o.provider(name)
	if err != nil {
		return err
	}
	if o.config.Load().DeclaresProvider(name) || !o.config.Load().Sealable(p) {
		return o.writeCredential(p, value)
	}
	return o.keep(ctx, func(file *config.Config, k config.Kept) error {
		document, ok := k.Providers[name]
		if !ok {
			return admin.ErrNoProvider
		}
		p, err := file.Provider(name, []byte(document), true)
		if err != nil {
			return fmt.Errorf("%w: %w", tenant.ErrDocument, err)
		}
		return o.seal(file, k, p, value)
	})
}

// DropCredential implements admin.Engine.
func (o operator) DropCredential(ctx context.Context, name string) error {
	if o.config.Load().DeclaresProvider(name) {
		return admin.ErrNotKept
	}
	return o.keep(ctx, func(_ *config.Config, k config.Kept) error {
		if k.Sealed[name] == "" {
			return tenant.ErrNotHere
		}
		delete(k.Sealed, name)
		return nil
	})
}

// PutModel implements admin.Engine.
func (o operator) PutModel(ctx context.Context, name string, document []byte) error {
	return o.keep(ctx, func(file *config.Config, k config.Kept) error {
		if file.DeclaresModel(name) {
			return tenant.ErrDeclared
		}
		k.Models[name] = string(document)
		return nil
	})
}

// DeleteModel implements admin.Engine.
func (o operator) DeleteModel(ctx context.Context, name string) error {
	return o.keep(ctx, func(file *config.Config, k config.Kept) error {
		if file.DeclaresModel(name) {
			return tenant.ErrDeclared
		}
		if _, ok := k.Models[name]; !ok {
			return admin.ErrNoModel
		}
		delete(k.Models, name)
		if _, err := file.With(k); err != nil {
			return fmt.Errorf("%w: %w", admin.ErrInUse, err)
		}
		return nil
	})
}

// Models implements admin.Engine.
func (o operator) Models() []admin.Model {
	c := o.config.Load()
	kept, out := config.KeptOf(o.Directory.Kept()), []admin.Model{}
	for _, m := range c.Models {
		v := admin.Model{
			Name: m.Name, Aliases: m.Aliases, Provider: m.Provider, Upstream: m.Upstream, Fallbacks: m.Fallbacks, Modalities: m.Modalities,
			ContextTokens: m.ContextTokens, OutputTokens: m.OutputTokens, RetiresAt: stamp(m.RetiresAt), Origin: "file",
			Price: &admin.ModelPrice{Input: m.Price.Input, Cached: m.Price.Cached, CacheWrite: m.Price.Written, Output: m.Price.Output, Reasoning: m.Price.Reasoning},
		}
		if m.Price.Unknown {
			v.Price = nil
		}
		if !c.DeclaresModel(m.Name) {
			v.Origin, v.Document = "store", admin.DocumentOf(kept.Models[m.Name])
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b admin.Model) int { return strings.Compare(a.Name, b.Name) })
	return out
}
