package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/policy/store"
	"weir/policy/tenant"
)

func newKeys() *cobra.Command {
	var path string
	c := group("keys", "Create, list and revoke tenants' keys in the store", newKeysCreate(&path), newKeysList(&path), newKeysRevoke(&path))
	c.PersistentFlags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

// directory opens what a configuration says about tenants and keys.
func directory(ctx context.Context, path string) (*config.Config, *tenant.Directory, func(), error) {
	conf, err := load(path)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := conf.Seal([]byte("keys only")); err != nil {
		return nil, nil, nil, err
	}
	s, err := store.Open(ctx, conf.StorePath)
	if err != nil {
		return nil, nil, nil, err
	}
	d, err := tenant.NewDirectory(ctx, tenant.NewSQLite(s), tenant.Declared{Tenants: conf.Tenants, Keys: conf.Keys})
	if err != nil {
		_ = s.Close()
		return nil, nil, nil, err
	}
	return conf, d, func() { _ = s.Close() }, nil
}

func newKeysCreate(path *string) *cobra.Command {
	var name string
	var expires time.Duration
	c := &cobra.Command{
		Use: "create TENANT", Short: "Make a key; its plaintext is shown once", Args: exactly(1, "a tenant's id"),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			t, ok := d.Current().Tenant(args[0])
			if !ok {
				return fmt.Errorf("tenant %q is not configured", args[0])
			}
			plain, err := tenant.Mint(tenant.PrefixFor(t.Dialect), rand.Reader)
			if err != nil {
				return err
			}
			k := tenant.Key{
				ID: "key_" + rand.Text()[:12], Tenant: t.ID, Name: name, Prefix: tenant.VisiblePrefix(plain), Hash: tenant.HashOf(plain),
				CreatedAt: time.Now().UTC(),
			}
			if expires > 0 {
				k.ExpiresAt = k.CreatedAt.Add(expires)
			}
			if err := d.Create(c.Context(), k); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n%s\n", k.ID, plain)
			return err
		},
	}
	c.Flags().StringVar(&name, "name", "", "what the key is for")
	c.Flags().DurationVar(&expires, "expires", 0, "how long the key is good for, like 720h; 0 is for ever")
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
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Tenant, k.Prefix, k.Name, state(k, time.Now()))
				}
			}
			return w.Flush()
		},
	}
}

func state(k *tenant.Key, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero() && !now.Before(k.RevokedAt):
		return "revoked " + k.RevokedAt.Format(time.DateOnly)
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		return "expired " + k.ExpiresAt.Format(time.DateOnly)
	case !k.ExpiresAt.IsZero():
		return "active until " + k.ExpiresAt.Format(time.DateOnly)
	default:
		return "active"
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
