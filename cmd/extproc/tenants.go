package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/policy/tenant"
)

func newTenants() *cobra.Command {
	var path string
	c := group("tenants", "List tenants, suspend them and let them go on", newTenantsList(&path), newTenantsSuspend(&path), newTenantsResume(&path))
	c.PersistentFlags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

func newTenantsList(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the tenants of the file and of the store", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tNAME\tDIALECT\tSTATUS\tKEYS")
			s := d.Current()
			for _, t := range s.Tenants() {
				status := string(t.Status)
				if t.SuspendedReason != "" {
					status += " (" + t.SuspendedReason + ")"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", t.ID, t.Name, t.Dialect, status, len(s.Keys(t.ID)))
			}
			return w.Flush()
		},
	}
}

func newTenantsSuspend(path *string) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "suspend TENANT", Short: "Stop a tenant's traffic; running servers notice within a second", Args: exactly(1, "a tenant's id"),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			if err := d.Suspend(c.Context(), tenant.Suspension{Tenant: args[0], Reason: reason, At: time.Now().UTC()}); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "suspended:", args[0])
			return err
		},
	}
	c.Flags().StringVar(&reason, "reason", "manual", "trial_ended, abuse, deletion_scheduled or manual")
	return c
}

func newTenantsResume(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "resume TENANT", Short: "Lift what suspend did", Args: exactly(1, "a tenant's id"),
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			if err := d.Resume(c.Context(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "resumed:", args[0])
			return err
		},
	}
}
