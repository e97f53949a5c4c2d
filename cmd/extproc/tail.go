package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"weir/policy/audit"
)

func newTrailTail() *cobra.Command {
	var r remote
	var tenant, code, event string
	var count int
	c := &cobra.Command{
		Use: "tail", Short: "Print exchanges of a running Weir as they end", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{}
			for name, v := range map[string]string{"tenant": tenant, "code": code, "event": event} {
				if v != "" {
					query.Set(name, v)
				}
			}
			seen := 0
			return r.follow(c.Context(), "/v1/trail/tail", query, func(data []byte) (bool, error) {
				seen++
				if err := printTailed(c, r.form, data); err != nil {
					return false, err
				}
				return count == 0 || seen < count, nil
			})
		},
	}
	remoteFlags(c, &r)
	f := c.Flags()
	f.StringVar(&tenant, "tenant", "", "id of a tenant")
	f.StringVar(&code, "code", "", "code of a refusal, such as pii_detected")
	f.StringVar(&event, "event", "", "event, such as PII_REDACTED")
	f.IntVar(&count, "count", 0, "how many to print before it ends; 0: it does not end")
	return c
}

// printTailed prints one record on a line.
func printTailed(c *cobra.Command, form string, data []byte) error {
	if form == "json" {
		_, err := fmt.Fprintf(c.OutOrStdout(), "%s\n", data)
		return err
	}
	var r audit.Record
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("reading a record: %w", err)
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s  %s  %s  %s  %d  %s\n", r.Time.Format(time.RFC3339), inert(r.Trace), orDash(inert(r.Tenant)), orDash(inert(r.ModelAsked)), r.Status, inert(r.Event))
	return err
}
