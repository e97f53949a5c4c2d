package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/admin"
	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy/audit"
	"weir/policy/store"
	"weir/policy/tenant"
)

func newKeys() *cobra.Command {
	var path string
	c := group("keys", "Create, list, rotate and revoke tenants' keys in the store", newKeysCreate(&path), newKeysList(&path), newKeysRotate(&path), newKeysRevoke(&path))
	c.PersistentFlags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

// directory opens what a configuration says about tenants and keys, where the server keeps them. What is changed is written down
// there, too.
func directory(ctx context.Context, path string) (*config.Config, *recorder, func(), error) {
	conf, err := load(path)
	if err != nil {
		return nil, nil, nil, err
	}
	master, err := process.MasterSecret(conf)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := conf.Seal(master); err != nil {
		return nil, nil, nil, err
	}
	file, shared, done, err := stores(ctx, conf)
	if err != nil {
		return nil, nil, nil, err
	}
	d, err := process.Directory(ctx, conf, file, shared)
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	keys, err := audit.NewKeys(master)
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return conf, record(d, process.Changes(file, shared, keys)), done, nil
}

// stores opens the file, or the Redis that is there instead.
func stores(ctx context.Context, conf *config.Config) (*store.Store, *store.Redis, func(), error) {
	if conf.Redis == nil {
		s, err := store.Open(ctx, conf.StorePath)
		if err != nil {
			return nil, nil, nil, err
		}
		return s, nil, func() { _ = s.Close() }, nil
	}
	o, err := conf.Redis.Options()
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := store.OpenRedis(o)
	if err != nil {
		return nil, nil, nil, err
	}
	return nil, r, func() { _ = r.Close() }, nil
}

// keyFlags are the terms of a key as the command line says them.
type keyFlags struct {
	name, terms                  string
	scopes, tags, models, denied []string
	expires                      time.Duration
}

func newKeysCreate(path *string) *cobra.Command {
	var o keyFlags
	c := &cobra.Command{
		Use: "create TENANT", Short: "Make a key; its plaintext is shown once", Args: exactly(1, "a tenant's id"),
		Long: "Make a key; its plaintext is shown once. Flags say the usual terms; --terms names a file with all there are, budgets and\n" +
			"rates among them, in the form that POST /v1/keys of the admin API takes, as YAML or JSON.",
		RunE: func(c *cobra.Command, args []string) error {
			conf, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			t, ok := d.Current().Tenant(args[0])
			if !ok {
				return noTenant(args[0])
			}
			plain, made, err := mint(t)
			if err != nil {
				return err
			}
			k, err := o.key(c, conf, t.ID, made.CreatedAt)
			if err != nil {
				return err
			}
			k.ID, k.Prefix, k.Hash = made.ID, made.Prefix, made.Hash
			if err := d.Create(c.Context(), k); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n%s\n", k.ID, plain)
			return err
		},
	}
	c.Flags().StringVar(&o.name, "name", "", "what the key is for")
	c.Flags().DurationVar(&o.expires, "expires", 0, "how long the key is good for, like 720h; 0 is for ever")
	c.Flags().StringSliceVar(&o.scopes, "scope", nil, "a scope; may be given several times")
	c.Flags().StringSliceVar(&o.tags, "tag", nil, "a tag; may be given several times")
	c.Flags().StringSliceVar(&o.models, "model", nil, "a model or pattern it may ask for; may be given several times")
	c.Flags().StringSliceVar(&o.denied, "deny-model", nil, "a model or pattern it may not ask for; may be given several times")
	c.Flags().StringVar(&o.terms, "terms", "", "a file with the key's terms, instead of the flags above; - is standard input")
	for _, flag := range []string{"name", "expires", "scope", "tag", "model", "deny-model"} {
		c.MarkFlagsMutuallyExclusive("terms", flag)
	}
	return c
}

// key is the key of a tenant that the flags ask for, without its id and hash.
func (o *keyFlags) key(c *cobra.Command, conf *config.Config, owner string, now time.Time) (tenant.Key, error) {
	if o.terms != "" {
		text, err := readInput(o.terms, c.InOrStdin())
		if err != nil {
			return tenant.Key{}, fmt.Errorf("reading the key's terms: %w", err)
		}
		return conf.Key(owner, text, now)
	}
	for flag, list := range map[string][]string{"model": o.models, "deny-model": o.denied} {
		if c.Flags().Changed(flag) && (len(list) == 0 || slices.Contains(list, "")) {
			return tenant.Key{}, &usageError{fmt.Errorf("--%s must name a model; without it the key may ask for every model of its tenant", flag)}
		}
	}
	k := tenant.Key{Tenant: owner, Name: o.name, Scopes: o.scopes, Tags: o.tags, CreatedAt: now, Models: tenant.Permit{Allow: o.models, Deny: o.denied}}
	if o.expires < 0 {
		return tenant.Key{}, &usageError{fmt.Errorf("--expires %s must not be negative", o.expires)}
	}
	if o.expires > 0 {
		k.ExpiresAt = now.Add(o.expires)
	}
	return k, nil
}

// noTenant says that an id is nobody's.
func noTenant(id string) error { return fmt.Errorf("tenant %q is not configured", id) }

// mint makes a key of a tenant, with nothing but what every key has.
func mint(t *tenant.Tenant) (plain string, k tenant.Key, err error) {
	if plain, err = tenant.Mint(tenant.PrefixFor(t.Dialect), rand.Reader); err != nil {
		return "", k, err
	}
	return plain, tenant.Key{
		ID: "key_" + rand.Text()[:16], Tenant: t.ID, Prefix: tenant.VisiblePrefix(plain), Hash: tenant.HashOf(plain), CreatedAt: time.Now().UTC(),
	}, nil
}

func newKeysRotate(path *string) *cobra.Command {
	var overlap time.Duration
	c := &cobra.Command{
		Use: "rotate ID", Short: "Make a key in the place of another, with its terms and its account", Args: exactly(1, "a key's id"),
		RunE: func(c *cobra.Command, args []string) error {
			if overlap < 0 {
				return &usageError{fmt.Errorf("--overlap %s must not be negative", overlap)}
			}
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			list, err := d.List(c.Context(), "")
			if err != nil {
				return err
			}
			var t *tenant.Tenant
			for i := range list {
				if list[i].ID == args[0] {
					t, _ = d.Current().Tenant(list[i].Tenant)
				}
			}
			if t == nil { // the directory knows why
				_, err := d.Rotate(c.Context(), args[0], time.Now(), tenant.Key{})
				return err
			}
			plain, next, err := mint(t)
			if err != nil {
				return err
			}
			end := next.CreatedAt.Add(overlap)
			made, err := d.Rotate(c.Context(), args[0], end, next)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n%s\n%s is good until %s\n", made.ID, plain, args[0], end.Format(time.RFC3339))
			return err
		},
	}
	c.Flags().DurationVar(&overlap, "overlap", admin.DefaultOverlap, "how long the old key goes on beside the new one")
	return c
}

func newKeysList(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "list [TENANT]", Short: "List keys, without their plaintext", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tTENANT\tPREFIX\tNAME\tSTATE")
			for _, t := range d.Current().Tenants() {
				if len(args) == 1 && args[0] != t.ID {
					continue
				}
				for _, k := range d.Current().Keys(t.ID) {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Tenant, k.Prefix, inert(k.Name), state(k, time.Now()))
				}
			}
			return w.Flush()
		},
	}
}

// state says whether a key may be used, and since or until when.
func state(k *tenant.Key, now time.Time) string {
	switch s := k.State(now); {
	case s == tenant.KeyRevoked:
		return s + " " + k.RevokedAt.Format(time.DateOnly)
	case s == tenant.KeyExpired:
		return s + " " + k.ExpiresAt.Format(time.DateOnly)
	case !k.ExpiresAt.IsZero():
		return s + " until " + k.ExpiresAt.Format(time.DateOnly)
	default:
		return s
	}
}

func newKeysRevoke(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke a key; running servers notice within a second", Args: exactly(1, "a key's id"),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			if err := d.Revoke(c.Context(), args[0], time.Now().UTC()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "revoked", args[0])
			return err
		},
	}
}

// exactly wants n arguments and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return &usageError{fmt.Errorf("want %s, found %d arguments", what, len(args))}
		}
		return nil
	}
}
