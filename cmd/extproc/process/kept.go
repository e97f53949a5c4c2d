package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"weir/admin"
	"weir/cmd/extproc/config"
	"weir/policy/provider"
	"weir/policy/store"
	"weir/policy/tenant"
)

// What operators add to the file's providers and models is kept in the store, beside tenants and keys, and is in force on every
// Weir of that store: on the one that was asked when it answers, on others as soon as they see it.

// lookEvery is how often what is kept is compared with what is in force.
const lookEvery = 250 * time.Millisecond

// againAfter is how long what could not be put in force is left alone, unless it changes.
const againAfter = 5 * time.Second

// joined is a file's configuration with what the store adds now.
func (p *Process) joined(c *config.Config) (*config.Config, error) {
	kept := config.KeptOf(p.Directory.Kept())
	out, err := c.With(kept)
	if err != nil {
		return nil, fmt.Errorf("providers: %w", err)
	}
	return out, nil
}

// begin puts what the store adds in force at the start.
func (p *Process) begin(c *config.Config) (err error) {
	if p.vault, err = Vault(c); err != nil {
		return err
	}
	old := p.config.Load()
	if c, err = p.joined(c); err != nil || c == old.Config {
		return err
	}
	if err := layCredentials(c, config.KeptOf(p.Directory.Kept()), p.vault); err != nil {
		p.log.Error("opening credentials of providers", "error", err)
	}
	catalogue, err := provider.NewCatalogue(c.Providers, c.Models, p.ready.set)
	if err != nil {
		return fmt.Errorf("providers: %w", err)
	}
	p.ready.mark(c.Providers, time.Time{})
	p.config.Store(&settled{c, catalogue, old.services})
	return nil
}

// adopt puts what is kept now in force, if it is not. Who calls it holds p.applying.
func (p *Process) adopt(ctx context.Context) error {
	rows, old := p.Directory.Kept(), p.config.Load()
	c, err := p.joined(old.Config)
	if err != nil {
		return err
	}
	// One that cannot be opened leaves its provider without a credential, which is told; it keeps no other from being used.
	sealed := layCredentials(c, config.KeptOf(rows), p.vault)
	if !reflect.DeepEqual(old.Providers, c.Providers) || !reflect.DeepEqual(old.Models, c.Models) {
		if err := p.enforce(ctx, old, c, nil); err != nil {
			return err
		}
	}
	p.adopted = rows
	return sealed
}

// sendsMore says whether a provider that Envoy knows gets a credential and had none.
func sendsMore(old, c *config.Config) bool {
	return slices.ContainsFunc(c.Providers, func(p provider.Provider) bool {
		return p.Credential != provider.Credential{} && slices.ContainsFunc(old.Providers, func(o provider.Provider) bool {
			return o.Located() == p.Located() && o.Credential == provider.Credential{}
		})
	})
}

// followKept puts in force what is added to the store, by whomever, until ctx ends.
func (p *Process) followKept(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var tried []tenant.Row
	var at time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		p.applying.Lock()
		rows := p.Directory.Kept()
		if again := !slices.Equal(rows, tried) || time.Since(at) > againAfter; !slices.Equal(rows, p.adopted) && again {
			tried, at = rows, time.Now()
			err := p.adopt(ctx)
			p.keptErr.Store(&err)
			if err != nil {
				p.log.Error("what the store adds to providers and models is not all in force", "error", err)
			}
		}
		p.applying.Unlock()
	}
}

// keptInForce says why what the store adds is not in force here.
func (p *Process) keptInForce(context.Context) error {
	if err := p.keptErr.Load(); err != nil {
		return *err
	}
	return nil
}

// keep changes what the store adds to providers and models, and puts it in force. change is told the file's configuration and
// what is kept now. What could not stand is refused before it is written.
func (p *Process) keep(ctx context.Context, change func(file *config.Config, k config.Kept) error) error {
	p.applying.Lock()
	defer p.applying.Unlock()
	old := p.config.Load()
	err := p.Directory.Keep(ctx, func(rows []tenant.Row) ([]tenant.Row, error) {
		has := config.KeptOf(rows)
		k := has.Clone()
		if err := change(old.File(), k); err != nil {
			return nil, err
		}
		c, err := old.With(k)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", tenant.ErrDocument, err)
		}
		if err := p.reaches(old.Config, c); err != nil {
			return nil, err
		}
		return k.Rows(has), nil
	})
	if err != nil {
		return err
	}
	err = p.adopt(context.WithoutCancel(ctx)) // it is kept, whoever still waits
	p.keptErr.Store(&err)
	return err
}

// reaches refuses a change that Envoy would have to know of and does not follow.
func (p *Process) reaches(old, c *config.Config) error {
	if reflect.DeepEqual(BootstrapOptions(old, 0), BootstrapOptions(c, 0)) {
		return nil
	}
	if live, err := p.envoys.live(); live || err != nil {
		return err
	}
	return admin.ErrNotFollowed
}

// layCredentials writes the opened credentials of the store's providers where they are read from, each readable by its owner
// alone, and takes away those of nobody.
func layCredentials(c *config.Config, k config.Kept, vault *provider.Vault) error {
	dir := filepath.Dir(config.KeptCredential(c.Envoy.Secrets, "x"))
	var failed []error
	laid := map[string]bool{}
	for _, p := range c.Providers {
		sealed, ok := k.Sealed[p.Name]
		if !ok || p.Credential.File != config.KeptCredential(c.Envoy.Secrets, p.Name) {
			continue
		}
		value, err := vault.Open("", sealedFor(p), sealed)
		if err == nil {
			err = lay(p.Credential.File, value+"\n")
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("the credential of provider %q: %w", p.Name, err))
			continue
		}
		laid[p.Name] = true
	}
	list, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		failed = append(failed, fmt.Errorf("looking for credentials of nobody: %w", err))
	}
	for _, e := range list {
		if !laid[e.Name()] {
			failed = append(failed, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(failed...)
}

// lay writes a file that has another content, or is not there.
func lay(path, text string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replaceFile(path, text)
}

// sealedFor is what the platform's credential for a provider is bound to: it is of no use where the provider is elsewhere.
func sealedFor(p provider.Provider) string { return p.Name + " " + config.Origin(p) }

// Joined is a configuration with what its store adds to providers and models, where there is a store already, for who has no
// process. Their credentials lie where they are read from.
func Joined(ctx context.Context, c *config.Config) (*config.Config, error) {
	rows, err := keptBy(ctx, c)
	if err != nil || len(rows) == 0 {
		return c, err
	}
	k := config.KeptOf(rows)
	out, err := c.With(k)
	if err != nil || len(k.Sealed) == 0 {
		return out, err
	}
	vault, err := Vault(c)
	if err != nil {
		return nil, err
	}
	return out, layCredentials(out, k, vault)
}

// keptBy reads what a store keeps.
func keptBy(ctx context.Context, c *config.Config) ([]tenant.Row, error) {
	var source tenant.Source
	if c.Redis == nil {
		if _, err := os.Stat(c.StorePath); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		s, err := store.Open(ctx, c.StorePath)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		source = tenant.NewSQLite(s)
	} else {
		o, err := c.Redis.Options()
		if err != nil {
			return nil, err
		}
		r, err := store.OpenRedis(o)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		source = tenant.NewRedis(r)
	}
	rows, _, err := source.Rows(ctx)
	return tenant.KeptOf(rows), err
}
