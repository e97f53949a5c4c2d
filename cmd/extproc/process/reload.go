package process

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"weir/cmd/extproc/config"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// quietFor is how long a file must rest before it is read again: an editor saves in several steps.
const quietFor = 100 * time.Millisecond

// mountedData is the link that Kubernetes swaps when it replaces a mounted file.
const mountedData = "..data"

// watch reloads the configuration whenever its file changes, until ctx ends.
func (p *Process) watch(ctx context.Context) error {
	path := p.config.Load().Path
	if path == "" {
		<-ctx.Done()
		return nil
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	defer w.Close()
	// The directory is watched, since editors and mounted volumes replace files.
	if err := w.Add(filepath.Dir(path)); err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	quiet := time.NewTimer(quietFor)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.Events:
			if concerns(e, path) {
				quiet.Reset(quietFor)
			}
		case <-w.Errors: // events may have been lost
			quiet.Reset(quietFor)
		case <-quiet.C:
			p.reloadFile(ctx, path)
		}
	}
}

// concerns says whether an event is about the file: the database may live in the same directory and changes with every
// request.
func concerns(e fsnotify.Event, path string) bool {
	name := filepath.Base(e.Name)
	return e.Op != fsnotify.Chmod && (name == filepath.Base(path) || name == mountedData)
}

// reloadFile reads the file again and puts it in force, or refuses it whole and keeps what is in force.
func (p *Process) reloadFile(ctx context.Context, path string) {
	err := p.apply(ctx, path)
	if err != nil {
		p.reload.Store(&err)
		p.log.Error("configuration refused, the old one stays in force", "error", err)
		return
	}
	p.reload.Store(nil)
}

func (p *Process) apply(ctx context.Context, path string) error {
	p.applying.Lock()
	defer p.applying.Unlock()
	c, err := config.Load(path, Dialects())
	if err != nil {
		return err
	}
	if err := c.Seal(p.master); err != nil {
		return err
	}
	old := p.config.Load()
	later := startOnly(old.Config, c)
	if c, err = p.joined(c); err != nil {
		return err
	}
	return p.enforce(ctx, old, c, later)
}

// enforce puts a configuration into the place of the one in force, or refuses it whole. It returns when Envoys have taken up the
// providers, and requests are decided on with them. later are the changes that need a restart. Who calls it holds p.applying.
func (p *Process) enforce(ctx context.Context, old *settled, c *config.Config, later []string) error {
	catalogue, err := provider.NewCatalogue(c.Providers, c.Models, p.ready.set)
	if err != nil {
		return fmt.Errorf("providers: %w", err)
	}
	services, err := p.servicesOf(c, old.services)
	if err != nil {
		return err
	}
	hooks, err := hooksOf(c)
	if err != nil {
		return err
	}
	if later, err = p.announce(ctx, old.Config, c, later); err != nil {
		return p.takeBack(old, err)
	}
	p.ready.mark(c.Providers, time.Time{})
	if err := p.settle(&settled{c, catalogue, services}); err != nil {
		return p.takeBack(old, err)
	}
	p.envoys.settled()
	if now, _ := p.telemetry.office.Hooks(); !reflect.DeepEqual(now, hooks) {
		p.telemetry.office.Put(hooks)
	}
	p.log.Info("configuration in force", "tenants", len(c.Tenants), "models", len(c.Models))
	if len(later) > 0 {
		p.log.Warn("changes that need a restart are not in force", "fields", later)
	}
	return nil
}

// takeBack tells Envoys again what is in force, where something else did not come to be.
func (p *Process) takeBack(old *settled, why error) error {
	_, err := p.envoys.tell(old.Config)
	p.envoys.settled()
	return errors.Join(why, err)
}

// announce lets Envoy know of a configuration's providers before any request is decided on with them. Where Envoy follows
// nothing they need a new bootstrap, and that is added to what needs a restart.
func (p *Process) announce(ctx context.Context, old, c *config.Config, later []string) ([]string, error) {
	same := reflect.DeepEqual(old.Providers, c.Providers) && reflect.DeepEqual(old.Orders, c.Orders) && old.Attempt == c.Attempt
	if same && !p.envoys.concerns(old, c) {
		return later, nil
	}
	live, err := p.envoys.live()
	if err != nil {
		return later, err
	}
	if !live {
		return append(later, "providers, as far as Envoy's bootstrap says them"), nil
	}
	silent, err := p.envoys.tell(c)
	if err != nil {
		return later, err
	}
	p.envoys.await(ctx, silent)
	p.log.Info("providers handed to Envoy", "providers", len(c.Providers), "orders", len(c.Orders))
	return later, nil
}

// settle puts tenants and models in force together.
func (p *Process) settle(c *settled) error {
	p.settling.Lock()
	defer p.settling.Unlock()
	if err := p.Directory.Declare(tenant.Declared{Tenants: c.Tenants, Keys: c.Keys, Parse: c.Tenant}); err != nil {
		return fmt.Errorf("tenants: %w", err)
	}
	p.config.Store(c)
	return nil
}

// startOnly names the fields that a new file changes and that are read only at the start. It puts the old values back,
// so that the next change is compared with what is in force.
func startOnly(old, c *config.Config) []string {
	var out []string
	for _, f := range []struct {
		name     string
		old, now *string
	}{
		{"listen", &old.Listen, &c.Listen},
		{"admin.listen", &old.AdminListen, &c.AdminListen},
		{"admin.token.env", &old.AdminToken.Env, &c.AdminToken.Env},
		{"admin.token.file", &old.AdminToken.File, &c.AdminToken.File},
		{"store.secret.env", &old.StoreSecret.Env, &c.StoreSecret.Env},
		{"store.secret.file", &old.StoreSecret.File, &c.StoreSecret.File},
		{"store.path", &old.StorePath, &c.StorePath},
		{"policies.dir", &old.PoliciesDir, &c.PoliciesDir},
		{"policies.candidate", &old.CandidateDir, &c.CandidateDir},
		{"policies.persist", &old.PersistDir, &c.PersistDir},
		{"authz.dir", &old.Authz.Dir, &c.Authz.Dir},
		{"authz.path", &old.Authz.Path, &c.Authz.Path},
		{"envoy.listen", &old.Envoy.Listen, &c.Envoy.Listen},
		{"envoy.admin", &old.Envoy.Admin, &c.Envoy.Admin},
		{"envoy.secrets", &old.Envoy.Secrets, &c.Envoy.Secrets},
	} {
		out = held(out, f.name, *f.old == *f.now, *f.old, f.now)
	}
	out = held(out, "transport", reflect.DeepEqual(old.Transport, c.Transport), old.Transport, &c.Transport)
	out = held(out, "envoy.tls", old.Envoy.TLS == c.Envoy.TLS, old.Envoy.TLS, &c.Envoy.TLS)
	out = held(out, "store.redis", reflect.DeepEqual(old.Redis, c.Redis), old.Redis, &c.Redis)
	out = held(out, "store.kms", reflect.DeepEqual(old.KMS, c.KMS), old.KMS, &c.KMS)
	out = held(out, "trail, but for its retention", old.Trail == c.Trail, old.Trail, &c.Trail)
	out = held(out, "telemetry.otlp", reflect.DeepEqual(old.OTLP, c.OTLP), old.OTLP, &c.OTLP)
	out = held(out, "admin.tokens", slices.Equal(old.AdminTokens, c.AdminTokens), old.AdminTokens, &c.AdminTokens)
	out = held(out, "admin.oidc", reflect.DeepEqual(old.AdminOIDC, c.AdminOIDC), old.AdminOIDC, &c.AdminOIDC)
	out = held(out, "admin.rate", old.AdminRate == c.AdminRate, old.AdminRate, &c.AdminRate)
	out = held(out, "policies.bundles", reflect.DeepEqual(old.Bundles, c.Bundles), old.Bundles, &c.Bundles)
	out = held(out, "breaker", old.Breaker == c.Breaker, old.Breaker, &c.Breaker)
	if !reflect.DeepEqual(old.Token, c.Token) {
		out = append(out, "identity.token, as far as Envoy's bootstrap says it")
	}
	return out
}

// held adds the name of a field that is not the same any more, and puts its old value back.
func held[T any](out []string, name string, same bool, old T, now *T) []string {
	if same {
		return out
	}
	*now = old
	return append(out, name)
}

func (p *Process) configInForce(context.Context) error {
	if err := p.reload.Load(); err != nil {
		return fmt.Errorf("the last change was refused: %w", *err)
	}
	return nil
}
