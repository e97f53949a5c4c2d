package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
)

func newServe() *cobra.Command {
	var path, form, level string
	var xds bool
	c := &cobra.Command{
		Use: "serve", Short: "Serve ext_proc to an Envoy", Args: none,
		Long: "Serve ext_proc to an Envoy. Without a configuration file it starts with an SQLite file in the current directory and\nprints where everything is. SIGTERM drains: open exchanges finish, new ones are refused by health.",
		RunE: func(c *cobra.Command, _ []string) error {
			log, err := newLog(form, level)
			if err != nil {
				return err
			}
			conf, err := load(path)
			if err != nil {
				return err
			}
			conf.XDS = xds
			return serve(c.Context(), conf, log)
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&xds, "xds", false, "serve listeners, routes, clusters and credentials to Envoys that have no control plane, where ext_proc is served")
	c.Flags().StringVar(&form, "log-format", "text", "json or text")
	c.Flags().StringVar(&level, "log-level", "info", "debug, info, warn or error")
	return c
}

func serve(ctx context.Context, conf *config.Config, log *slog.Logger) error {
	p, err := process.New(ctx, conf, log)
	if err != nil {
		return err
	}
	defer p.Close()
	policies := conf.PoliciesDir
	if policies == "" {
		policies = "shipped"
	}
	log.Info("serving",
		"ext_proc", p.Addr().String(), "admin", "http://"+p.AdminAddr().String(), "store", conf.StorePath,
		"policies", policies, "policy_version", p.Engine.Current().Version(), "config", conf.Path,
		"tenants", len(conf.Tenants), "models", len(conf.Models))
	if len(conf.Tenants) == 0 {
		log.Warn("no tenant is configured, so every request will be refused with 401; see docs/configuration.md")
	}
	return p.Serve(ctx)
}
