package main

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/issuers"
	"weir/cmd/extproc/process"
	"weir/cmd/extproc/providers"
	"weir/policy/provider"
)

func newProviders() *cobra.Command {
	return group("providers", "List providers, test them, and change those of the store",
		newProvidersList(), newProvidersTest(), newPut(aProvider, true), newPut(aProvider, false), newRemove(aProvider), newProvidersCredential())
}

// joined is the configuration of a file with what its store adds to providers and models.
func joined(c *cobra.Command, path string) (*config.Config, error) {
	conf, err := load(path)
	if err != nil {
		return nil, err
	}
	return process.Joined(c.Context(), conf)
}

func newProvidersList() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "list", Short: "List the providers of the file and of the store, and whether their credentials are set", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := joined(c, path)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tKIND\tBASE URL\tREGION\tCREDENTIAL")
			for _, p := range conf.Providers {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Name, p.Kind, p.BaseURL, p.Region, providers.Standing(p))
			}
			return w.Flush()
		},
	}
	configFlag(c, &path)
	return c
}

// probeBound is how long a provider may take to answer the test.
const probeBound = 30 * time.Second

func newProvidersTest() *cobra.Command {
	var path, model string
	c := &cobra.Command{
		Use: "test NAME", Short: "Ask a provider for a token and explain what keeps it from answering", Args: exactly(1, "a provider's name"),
		RunE: func(c *cobra.Command, args []string) error {
			conf, err := joined(c, path)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(conf.Providers, func(p provider.Provider) bool { return p.Name == args[0] })
			if i < 0 {
				return fmt.Errorf("no provider is called %q", args[0])
			}
			p := conf.Providers[i]
			if err := issuers.Once(c.Context(), conf.Providers[i:i+1]); err != nil {
				return fmt.Errorf("%s: its credential cannot be fetched: %w", p.Name, err)
			}
			if p.From.AWS != nil {
				return fmt.Errorf("%s is asked with requests that Envoy signs; ask it through Envoy", p.Name)
			}
			if p.Caller {
				return fmt.Errorf("%s is called with the caller's own credential, so there is none to test it with", p.Name)
			}
			if model == "" {
				if model = providers.FirstModel(conf.Models, p.Name); model == "" {
					return fmt.Errorf("no model of %s has a name of its own; say --model", p.Name)
				}
			}
			ctx, cancel := context.WithTimeout(c.Context(), probeBound)
			defer cancel()
			a, err := providers.Probe(ctx, p, model)
			if err != nil {
				return fmt.Errorf("%s, asked for %s: %w", p.Name, model, err)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s answered %d to %s in %d ms\n", p.Name, a.Status, model, a.Took.Milliseconds())
			return err
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&model, "model", "", "the provider's own name of a model; the first that is configured where nothing is said")
	return c
}
