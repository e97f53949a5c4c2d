package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"weir/policy/audit"
)

func newAuditContent(path *string) *cobra.Command {
	var of string
	c := &cobra.Command{
		Use: "content TRACE", Short: "Print what is kept of an exchange's text, of a tenant that has it captured", Args: exactly(1, "a trace id"),
		Long: "Print what is kept of an exchange's text, as JSON. It is opened with the tenant's secret, so whoever runs this must be able to read\n" +
			"what that is derived from: the file beside the store, or store.secret.",
		RunE: func(c *cobra.Command, args []string) error {
			_, d, done, err := directory(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			_, trail, close, err := configuredTrail(c.Context(), *path)
			if err != nil {
				return err
			}
			defer close()
			records, err := trail.FindOf(c.Context(), args[0], of)
			if err != nil {
				return err
			}
			if len(records) == 0 {
				return fmt.Errorf("the trail has no trace %q", args[0])
			}
			enc := json.NewEncoder(c.OutOrStdout())
			enc.SetIndent("", "  ")
			found := false
			for i := range records {
				content, err := d.content(c.Context(), trail, &records[i])
				if errors.Is(err, audit.ErrNoContent) {
					continue
				}
				if err != nil {
					return err
				}
				found = true
				if err := enc.Encode(content); err != nil {
					return err
				}
			}
			if !found {
				return audit.ErrNoContent
			}
			return nil
		},
	}
	c.Flags().StringVar(&of, "tenant", "", "of one tenant, where several use the same trace id")
	return c
}

// content opens what is kept of an exchange's text. That somebody looks at it is written down before it is opened.
func (r *recorder) content(ctx context.Context, trail *audit.Trail, of *audit.Record) (out *audit.Content, err error) {
	t, ok := r.Current().Tenant(of.Tenant)
	if !ok || of.ContentSHA256 == "" {
		return nil, audit.ErrNoContent
	}
	nothing := func() (any, error) { return nil, nil }
	err = r.change(ctx, "traceContent", "/v1/trail/"+of.Trace+"/content", of.Tenant, nothing, func() (err error) {
		out, err = trail.ContentOf(ctx, of, t.Secret)
		return err
	})
	return out, err
}
