package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/policy/tenant"
)

func newActors() *cobra.Command {
	var path string
	c := group("actors", "Put users and agents in quarantine, and release them",
		newActorsList(&path), newActorsQuarantine(&path), newActorsRelease(&path))
	c.PersistentFlags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

func newActorsList(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "list [TENANT]", Short: "List who is in quarantine", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			of := ""
			if len(args) == 1 {
				of = args[0]
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "TENANT\tACTOR\tSINCE\tBY\tREASON")
			for _, q := range d.Current().Quarantines(of) {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", q.Tenant, q.Actor, q.At.Format(time.RFC3339), inert(q.By), inert(q.Reason))
			}
			return w.Flush()
		},
	}
}

func newActorsQuarantine(path *string) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "quarantine TENANT ACTOR", Short: "Keep an actor out; running servers notice within a second", Args: exactly(2, "a tenant's id and an actor's"),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			q := tenant.Quarantine{Tenant: args[0], Actor: args[1], Reason: reason, By: "operator", At: time.Now().UTC()}
			if err := d.Quarantine(c.Context(), q); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "in quarantine:", args[1])
			return err
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for whoever reviews it")
	return c
}

func newActorsRelease(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "release TENANT ACTOR", Short: "Let an actor in again", Args: exactly(2, "a tenant's id and an actor's"),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			if err := d.Release(c.Context(), args[0], args[1]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "released:", args[1])
			return err
		},
	}
}
