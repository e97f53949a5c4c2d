package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

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

// kept is what a configuration's Weir wrote down, with the keys that are derived from its secret.
type kept struct {
	keys    *audit.Keys
	file    *store.Store
	trail   *audit.Trail
	changes *audit.Changes
	shared  *store.Redis // nil: the changes are in the file
}

func (k *kept) close() {
	_ = k.file.Close()
	if k.shared != nil {
		_ = k.shared.Close()
	}
}

// ownTrail opens the trail and the log of changes of a configuration. It does not wait for a Redis.
func ownTrail(ctx context.Context, conf *config.Config) (*kept, error) {
	if _, err := os.Stat(conf.StorePath); err != nil {
		return nil, fmt.Errorf("opening the trail: %w", err)
	}
	secret, err := process.KeptSecret(conf)
	if err != nil {
		return nil, err
	}
	k := &kept{}
	if k.keys, err = audit.NewKeys(secret); err != nil {
		return nil, err
	}
	if k.file, err = store.Open(ctx, conf.StorePath); err != nil {
		return nil, err
	}
	if k.trail, err = audit.Open(ctx, k.file, k.keys); err == nil && conf.Redis != nil {
		_, k.shared, _, err = stores(ctx, conf)
	}
	if err != nil {
		k.close()
		return nil, err
	}
	k.changes = process.Changes(k.file, k.shared, k.keys)
	return k, nil
}

// What audit verify can be told to look at alone.
const (
	onlyTrail   = "trail"
	onlyChanges = "changes"
)

func newAuditVerify(path *string) *cobra.Command {
	var checkpoints []string
	var form, only string
	c := &cobra.Command{
		Use: "verify", Short: "Check that nothing of the trail and of the log of changes was changed, removed, moved or cut off", Args: none,
		Long: "Check every record of the trail, every checkpoint, and every change that operators made, with the keys that the store's secret gives,\n" +
			"while Weir runs or not, without any server but the Redis that several Weirs share, which has their changes. Ends with 4 and names\n" +
			"the first record with which something is wrong. What was cut off together with all that the file says about it is found with a\n" +
			"checkpoint that was kept elsewhere (extproc audit checkpoint, or the log's lines of each stop).",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := textOrJSON(form); err != nil {
				return err
			}
			if only != "" && only != onlyTrail && only != onlyChanges {
				return &usageError{fmt.Errorf("--only %q must be %s or %s", only, onlyTrail, onlyChanges)}
			}
			outside, err := outsideOf(checkpoints)
			if err != nil {
				return err
			}
			conf, err := load(*path)
			if err != nil {
				return err
			}
			k, err := ownTrail(c.Context(), conf)
			if err != nil {
				return err
			}
			defer k.close()
			return k.verify(c, form, only, outside)
		},
	}
	c.Flags().StringArrayVar(&checkpoints, "checkpoint", nil, "file with checkpoints that were kept elsewhere; may be given several times")
	c.Flags().StringVar(&form, "format", "text", "text or json")
	c.Flags().StringVar(&only, "only", "", "trail or changes; both where nothing is said")
	return c
}

// outsideOf reads the files of checkpoints.
func outsideOf(names []string) (out []*audit.Checkpoint, err error) {
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading a checkpoint: %w", err)
		}
		list, err := audit.ReadCheckpoints(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// verified is what was verified: both, or what was asked for.
type verified struct {
	*audit.Verified
	Log *audit.VerifiedChanges `json:"log_of_changes,omitempty"`
}

func (k *kept) verify(c *cobra.Command, form, only string, outside []*audit.Checkpoint) (err error) {
	var v verified
	if only != onlyChanges {
		if v.Verified, err = k.trail.Verify(c.Context(), k.keys, outside...); err != nil {
			return err
		}
	}
	var unread error // the trail is told of all the same
	if only != onlyTrail {
		of := slices.DeleteFunc(slices.Clone(outside), func(p *audit.Checkpoint) bool { return p.Of != audit.OfChanges })
		v.Log, unread = k.changes.Verify(c.Context(), k.keys, of...)
	}
	if err := v.print(c, form); err != nil {
		return err
	}
	if v.Verified != nil && v.Broken != nil {
		what := v.Broken.Why
		if v.Broken.Seq > 0 {
			what = fmt.Sprintf("record %d%s: %s", v.Broken.Seq, inParens("trace", v.Broken.Trace), what)
		}
		return &brokenError{"the trail is broken: " + what}
	}
	if v.Log != nil && v.Log.Broken != nil {
		what := v.Log.Broken.Why
		if v.Log.Broken.Seq > 0 {
			what = fmt.Sprintf("link %d: %s", v.Log.Broken.Seq, what)
		}
		return &brokenError{"the log of changes is broken: " + what}
	}
	return unread
}

func inParens(what, s string) string {
	if s == "" {
		return ""
	}
	return " (" + what + " " + inert(s) + ")"
}

// inert is text of a record as it may be printed on a terminal.
func inert(s string) string { return strings.Map(audit.Inert, s) }

func (v *verified) print(c *cobra.Command, form string) error {
	if form == "json" {
		enc := json.NewEncoder(c.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	word := func(b *audit.Broken) string {
		if b != nil {
			return "broken"
		}
		return "whole"
	}
	if t := v.Verified; t != nil {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%s: %d records verified, %d of them expired, %d older than the chain, %d checkpoints, trail %s, key %s\n",
			word(t.Broken), t.Records, t.Expired, t.Unchained, t.Checkpoints, orDash(t.Writer), t.Key); err != nil {
			return err
		}
	}
	if l := v.Log; l != nil {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%s: %d changes by operators verified, %d older than the chain, %d removed since there were too many, %d checkpoints, log %s, key %s\n",
			word(l.Broken), l.Changes-l.Unchained, l.Unchained, l.Removed, l.Checkpoints, orDash(l.Writer), l.Key); err != nil {
			return err
		}
	}
	return nil
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
		Use: "checkpoint", Short: "Sign where the trail and the log of changes stand now, to be kept elsewhere", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := load(*path)
			if err != nil {
				return err
			}
			k, err := ownTrail(c.Context(), conf)
			if err != nil {
				return err
			}
			defer k.close()
			if public {
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s %s\n", k.keys.ID(), base64.StdEncoding.EncodeToString(k.keys.Public()))
				return err
			}
			p, err := k.trail.Checkpoint(c.Context())
			if err != nil {
				return err
			}
			of, err := k.changes.Checkpoint(c.Context(), time.Now())
			if err != nil {
				return err
			}
			if p == nil && of == nil {
				return fmt.Errorf("the trail of %s has no record", conf.StorePath)
			}
			enc := json.NewEncoder(c.OutOrStdout())
			for _, p := range []*audit.Checkpoint{p, of} {
				if p == nil {
					continue
				}
				if err := enc.Encode(p); err != nil {
					return err
				}
			}
			return nil
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
			if !slices.Contains(audit.Formats(), form) {
				return &usageError{fmt.Errorf("--format %q must be one of %s", form, strings.Join(audit.Formats(), ", "))}
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
				_ = os.Remove(out) // what is not whole is nothing
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
