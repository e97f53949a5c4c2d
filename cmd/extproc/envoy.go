package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/issuers"
	"weir/cmd/extproc/process"
	"weir/envoy"
)

func newEnvoy() *cobra.Command {
	return group("envoy", "What Envoy must be told", newBootstrap(), newEnvoyFilter(), newEnvoyCheck(), newGateway(), newIstio())
}

func newBootstrap() *cobra.Command {
	var path, form, file string
	var minor int
	var static, xds bool
	var replicas []string
	var way wayToWeir
	c := &cobra.Command{
		Use: "bootstrap", Short: "Print a complete Envoy bootstrap, and write what it reads beside it", Args: none,
		Long: "Print a complete Envoy bootstrap, and write what it reads beside it into the directory envoy.secrets: the providers'\ncredentials, and the routes and clusters that Envoy follows there, so that providers come and go without a restart.",
		RunE: func(c *cobra.Command, _ []string) error {
			if form != "yaml" && form != "json" {
				return &usageError{fmt.Errorf("--format %q must be yaml or json", form)}
			}
			if minor != 0 {
				if err := supported(minor); err != nil {
					return err
				}
			}
			conf, err := load(path)
			if err != nil {
				return err
			}
			if with, err := process.Joined(c.Context(), conf); err != nil {
				fmt.Fprintln(c.ErrOrStderr(), "Warning: without what the store adds to providers until extproc serve hands it over:", err)
			} else {
				conf = with
			}
			if minor == 0 {
				if minor, err = minorHere(c.Context(), "the bootstrap"); err != nil {
					return err
				}
			}
			if err := issuers.Once(c.Context(), conf.Providers); err != nil {
				fmt.Fprintln(c.ErrOrStderr(), "Warning: without a credential until extproc serve has fetched it:", err)
			}
			o := process.BootstrapOptions(conf, minor)
			o.Replicas = replicas
			if err := way.apply(conf, &o); err != nil {
				return err
			}
			if o.XDS = xds; !static && !xds {
				o.Discovery = envoy.DiscoveryDir(conf.Envoy.Secrets)
			}
			if conf.Mesh != nil {
				return &usageError{errors.New("the configuration leaves routing to a mesh, so there is nothing to put into a bootstrap: extproc envoy filter prints what goes into the mesh's own")}
			}
			if err := process.Prepare(conf, o); err != nil {
				return err
			}
			b, err := envoy.Bootstrap(o)
			if err != nil {
				return err
			}
			write := envoy.YAML
			if form == "json" {
				write = envoy.JSON
			}
			text, err := write(b)
			if err != nil {
				return err
			}
			if file != "" {
				if err := os.WriteFile(file, text, 0o600); err != nil {
					return fmt.Errorf("--output: %w", err)
				}
				return nil
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	configFlag(c, &path)
	way.add(c)
	c.Flags().StringVar(&file, "output", "", "file to write to, readable by its owner alone; empty is standard output")
	c.Flags().IntVar(&minor, "minor", 0, "minor version of Envoy 1, from 36; 0 asks the Envoy found on this machine")
	c.Flags().BoolVar(&static, "static", false, "everything in the bootstrap: a change of providers needs a new one, and a restart of Envoy")
	c.Flags().BoolVar(&xds, "xds", false, "only where Weir is: everything else is served by extproc serve --xds")
	c.MarkFlagsMutuallyExclusive("static", "xds")
	c.Flags().StringArrayVar(&replicas, "replica", nil, "address of another Weir beside listen, host:port or unix:/path; may be repeated")
	c.Flags().StringVar(&form, "format", "yaml", "yaml or json")
	return c
}

// supported refuses a minor version of Envoy that Weir does not know.
func supported(minor int) error {
	if minor < envoy.MinMinor {
		return &usageError{fmt.Errorf("--minor %d is not supported, the oldest is %d", minor, envoy.MinMinor)}
	}
	return nil
}

// minorHere is the minor version of the Envoy that is found on this machine; what is made for it.
func minorHere(ctx context.Context, what string) (int, error) {
	found, err := envoy.Find(ctx, os.Getenv, exec.LookPath)
	if err != nil {
		return 0, fmt.Errorf("which Envoy %s is for is not known; say --minor, or: %w", what, err)
	}
	return found.Minor, nil
}
