package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy/provider"
	"weir/policy/tenant"
)

func newCredentials() *cobra.Command {
	var path string
	c := group("credentials", "Keep tenants' own credentials for providers in the store",
		newCredentialsSet(&path), newCredentialsList(&path), newCredentialsDelete(&path))
	c.PersistentFlags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

// maxCredentialInput bounds what is read of standard input.
const maxCredentialInput = 64 << 10

func newCredentialsSet(path *string) *cobra.Command {
	var grace string
	c := &cobra.Command{
		Use: "set TENANT PROVIDER", Short: "Seal the credential on standard input; running servers use it within a second", Args: exactly(2, "a tenant's id and a provider's name"),
		RunE: func(c *cobra.Command, args []string) error {
			stays, err := tenant.ParseGrace(grace)
			if err != nil {
				return &usageError{fmt.Errorf("--%w", err)}
			}
			conf, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			all, err := conf.With(config.KeptOf(d.Kept()))
			if err != nil {
				return err
			}
			if err := declaredProvider(all, args[1]); err != nil {
				return err
			}
			value, err := io.ReadAll(io.LimitReader(c.InOrStdin(), maxCredentialInput))
			if err != nil {
				return fmt.Errorf("reading standard input: %w", err)
			}
			vault, err := process.Vault(conf)
			if err != nil {
				return err
			}
			sealed, err := vault.Seal(args[0], args[1], strings.TrimSpace(string(value)))
			if err != nil {
				return err
			}
			at := time.Now().UTC()
			if err := d.PutCredential(c.Context(), tenant.SealedCredential{Tenant: args[0], Provider: args[1], Sealed: sealed, At: at, Until: at.Add(stays)}); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "set: %s for %s\n", args[1], args[0])
			return err
		},
	}
	c.Flags().StringVar(&grace, "grace", "", "how long the one before may stand in where the provider refuses the new one, like 24h")
	return c
}

func declaredProvider(conf *config.Config, name string) error {
	if slices.ContainsFunc(conf.Providers, func(p provider.Provider) bool { return p.Name == name }) {
		return nil
	}
	return fmt.Errorf("no provider is called %q", name)
}

func newCredentialsList(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "list TENANT", Short: "List a tenant's own credentials, never their values", Args: exactly(1, "a tenant's id"),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			t, ok := d.Current().Tenant(args[0])
			if !ok {
				return noTenant(args[0])
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "PROVIDER\tKEPT IN\tSINCE")
			for name := range t.Own.References {
				fmt.Fprintf(w, "%s\tthe configuration\t\n", name)
			}
			for _, s := range d.Current().Credentials(t.ID) {
				fmt.Fprintf(w, "%s\tthe store\t%s\n", s.Provider, s.At.Format(time.RFC3339))
			}
			return w.Flush()
		},
	}
}

func newCredentialsDelete(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "delete TENANT PROVIDER", Short: "Forget a tenant's own credential", Args: exactly(2, "a tenant's id and a provider's name"),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			if err := d.DropCredential(c.Context(), args[0], args[1]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "deleted: %s for %s\n", args[1], args[0])
			return err
		},
	}
}
