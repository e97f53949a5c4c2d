package main

import (
	"github.com/spf13/cobra"

	"weir/cmd/extproc/process"
	"weir/envoy"
)

func newEnvoyFilter() *cobra.Command {
	var path string
	var minor int
	var authz bool
	var way wayToWeir
	c := &cobra.Command{
		Use: "filter", Short: "Print just what goes into an Envoy's own configuration: filter, clusters, limits, local replies", Args: none,
		Long: "Print just what goes into an Envoy's own configuration, each part below a line that says where: the ext_proc filter, Weir's\ncluster, bounds, time-outs, the words for Envoy's own failures. With providers in the configuration it has their routes and\nclusters, too; with mesh it has none, since the mesh routes. Then check the whole: extproc envoy check FILE.",
		RunE: func(c *cobra.Command, _ []string) error {
			if minor != 0 {
				if err := supported(minor); err != nil {
					return err
				}
			}
			conf, err := load(path)
			if err != nil {
				return err
			}
			if minor == 0 {
				if minor, err = minorHere(c.Context(), "it"); err != nil {
					return err
				}
			}
			o := process.BootstrapOptions(conf, minor)
			if err := way.apply(conf, &o); err != nil {
				return err
			}
			f, err := envoy.NewFragment(o, authz)
			if err != nil {
				return err
			}
			if err := process.Prepare(conf, o); err != nil {
				return err
			}
			text, err := f.YAML()
			return printed(c, text, err)
		},
	}
	configFlag(c, &path)
	way.add(c)
	c.Flags().IntVar(&minor, "minor", 0, "minor version of Envoy 1, from 36; 0 asks the Envoy found on this machine")
	c.Flags().BoolVar(&authz, "authz", false, "print the ext_authz filter, too, for chains in which Weir only admits requests")
	return c
}
