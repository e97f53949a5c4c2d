package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy/audit"
	"weir/policy/store"
)

func newAudit() *cobra.Command {
	var path string
	c := group("audit", "Verify and export the audit trail, and read captured content", newAuditVerify(&path), newAuditCheckpoint(&path), newAuditExport(&path), newAuditContent(&path))
	c.PersistentFlags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

// brokenError says that a trail is not what was written. The process ends with 4.
type brokenError struct{ what string }

func (e *brokenError) Error() string { return e.what }

// ownTrail opens the trail of a configuration's store with the keys that are derived from its secret.
func ownTrail(ctx context.Context, conf *config.Config) (*audit.Trail, *audit.Keys, func(), error) {
	if _, err := os.Stat(conf.StorePath); err != nil {
		return nil, nil, nil, fmt.Errorf("opening the trail: %w", err)
	}
	secret, err := process.MasterSecret(conf)
	if err != nil {
		return nil, nil, nil, err
	}
	keys, err := audit.NewKeys(secret)
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := store.Open(ctx, conf.StorePath)
	if err != nil {
		return nil, nil, nil, err
	}
	t, err := audit.Open(ctx, s, keys)
	if err != nil {
		_ = s.Close()
		return nil, nil, nil, err
	}
	return t, keys, func() { _ = s.Close() }, nil
}

func newAuditVerify(path *string) *cobra.Command {
	var checkpoints []string
	var form string
	c := &cobra.Command{
		Use: "verify", Short: "Check that nothing of the trail was changed, removed, moved or cut off", Args: none,
		Long: "Check every record of the trail and every checkpoint with the keys that the store's secret gives, while Weir runs or not, without\n" +
			"any server. Ends with 4 and names the first record with which something is wrong. What was cut off together with all that the file\n" +
			"says about it is found with a checkpoint that was kept elsewhere (extproc audit checkpoint, or the log's line of each stop).",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := textOrJSON(form); err != nil {
				return err
			}
			var outside []*audit.Checkpoint
			for _, name := range checkpoints {
				text, err := os.ReadFile(name)
				if err != nil {
					return fmt.Errorf("reading a checkpoint: %w", err)
				}
				p, err := audit.ReadCheckpoint(text)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				outside = append(outside, p)
			}
			conf, err := load(*path)
			if err != nil {
				return err
			}
			trail, keys, done, err := ownTrail(c.Context(), conf)
			if err != nil {
				return err
			}
			defer done()
			v, err := trail.Verify(c.Context(), keys, outside...)
			if err != nil {
				return err
			}
			if err := printVerified(c, v, form); err != nil {
				return err
			}
			if b := v.Broken; b != nil {
				what := b.Why
				if b.Seq > 0 {
					what = fmt.Sprintf("record %d%s: %s", b.Seq, inParens("trace", b.Trace), b.Why)
				}
				return &brokenError{"the trail is broken: " + what}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&checkpoints, "checkpoint", nil, "file with a checkpoint that was kept elsewhere; may be given several times")
	c.Flags().StringVar(&form, "format", "text", "text or json")
	return c
}

func inParens(what, s string) string {
	if s == "" {
		return ""
	}
	return " (" + what + " " + inert(s) + ")"
}

// inert is text of a record as it may be printed on a terminal.
func inert(s string) string { return strings.Map(audit.Inert, s) }

func printVerified(c *cobra.Command, v *audit.Verified, form string) error {
	if form == "json" {
		enc := json.NewEncoder(c.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	word := "whole"
	if v.Broken != nil {
		word = "broken"
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s: %d records verified, %d of them expired, %d older than the chain, %d checkpoints, trail %s, key %s\n",
		word, v.Records, v.Expired, v.Unchained, v.Checkpoints, orDash(v.Writer), v.Key)
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func newAuditCheckpoint(path *string) *cobra.Command {
	var public bool
	c := &cobra.Command{
		Use: "checkpoint", Short: "Sign where the trail stands now, to be kept elsewhere", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := load(*path)
			if err != nil {
				return err
			}
			trail, keys, done, err := ownTrail(c.Context(), conf)
			if err != nil {
				return err
			}
			defer done()
			if public {
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s %s\n", keys.ID(), base64.StdEncoding.EncodeToString(keys.Public()))
				return err
			}
			p, err := trail.Checkpoint(c.Context())
			if err != nil {
				return err
			}
			if p == nil {
				return fmt.Errorf("the trail of %s has no record", conf.StorePath)
			}
			return json.NewEncoder(c.OutOrStdout()).Encode(p)
		},
	}
	c.Flags().BoolVar(&public, "public-key", false, "print the Ed25519 key that checkpoints are verified with, and its id, instead")
	return c
}

func newAuditExport(path *string) *cobra.Command {
	var form, out, tenant, since, until string
	c := &cobra.Command{
		Use: "export", Short: "Write the trail as JSON Lines, CSV, Parquet or CEF", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			q := audit.ExportQuery{Tenant: tenant}
			var err error
			if q.From, q.Until, err = span(since, until); err != nil {
				return err
			}
			_, trail, done, err := configuredTrail(c.Context(), *path)
			if err != nil {
				return err
			}
			defer done()
			if out == "" || out == "-" {
				_, err = trail.Export(c.Context(), c.OutOrStdout(), form, q)
				return err
			}
			f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fmt.Errorf("exporting the trail: %w", err)
			}
			n, err := trail.Export(c.Context(), f, form, q)
			if closed := f.Close(); err == nil {
				err = closed
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%d records in %s\n", n, out)
			return err
		},
	}
	c.Flags().StringVar(&form, "format", audit.FormatJSONL, strings.Join(audit.Formats(), ", "))
	c.Flags().StringVarP(&out, "output", "o", "", "file to write, which must not exist; standard output where nothing is said")
	c.Flags().StringVar(&tenant, "tenant", "", "of one tenant")
	c.Flags().StringVar(&since, "since", "", "leave out what is older: 24h, or 2026-12-31T00:00:00Z")
	c.Flags().StringVar(&until, "until", "", "leave out what is not older: 24h, or 2026-12-31T00:00:00Z")
	return c
}
