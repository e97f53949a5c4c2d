package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy"
	"weir/policy/audit"
	"weir/policy/store"
	"weir/policy/tenant"
)

func newExplain() *cobra.Command {
	var path, trace, input, form string
	var live bool
	c := &cobra.Command{
		Use: "explain", Short: "Say how a decision comes about: facts, rules that fired, rules that did not, obligations", Args: none,
		Long: "Say how a decision comes about. The facts are those of an exchange in the trail (--trace), of the next one that ends\n" +
			"(--live), or of a file (--input) that holds facts or a whole record; - is standard input. They are decided with the\n" +
			"policies that the configuration names: its directory, and its bundles as a running Weir keeps them in policies.persist.",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := textOrJSON(form); err != nil {
				return err
			}
			conf, err := load(path)
			if err != nil {
				return err
			}
			engine, err := engineOf(c, conf)
			if err != nil {
				return err
			}
			var facts []*policy.Facts
			switch {
			case trace != "" && input == "" && !live:
				facts, err = traced(c.Context(), conf.StorePath, trace)
			case live && trace == "" && input == "":
				facts, err = awaited(c.Context(), conf.StorePath)
			case input != "" && trace == "" && !live:
				if facts, err = factsIn(input, c.InOrStdin()); err == nil {
					err = settle(c, conf, facts[0])
				}
			default:
				return &usageError{errors.New("say one of --trace, --live and --input")}
			}
			if err != nil {
				return err
			}
			for _, f := range facts {
				if err := printExplained(c, engine.Current().Explain(c.Context(), f), form); err != nil {
					return err
				}
			}
			return nil
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&trace, "trace", "", "trace id of an exchange in the trail")
	c.Flags().BoolVar(&live, "live", false, "wait for the next exchange that ends")
	c.Flags().StringVar(&input, "input", "", "file with facts, or with a record; - is standard input")
	c.Flags().StringVar(&form, "format", "text", "text or json")
	return c
}

// engineOf loads the policies that a configuration names, and says which bundles it had to do without.
func engineOf(c *cobra.Command, conf *config.Config) (*policy.Engine, error) {
	readable := *conf
	readable.Bundles = slices.DeleteFunc(slices.Clone(conf.Bundles), func(b config.CheckedBundle) bool {
		key, err := b.Key.Secret()
		return err != nil || key == ""
	})
	e, _, err := process.EngineOf(c.Context(), &readable)
	if err != nil {
		return nil, err
	}
	for _, b := range conf.Bundles {
		if e.Has(b.Name) {
			continue
		}
		if _, err := fmt.Fprintf(c.ErrOrStderr(), "note: without the bundle %s: policies.persist does not keep it, or its key is not here\n", b.Name); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func printExplained(c *cobra.Command, e policy.Explanation, form string) error {
	if form == "json" {
		enc := json.NewEncoder(c.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(e)
	}
	return e.WriteText(c.OutOrStdout())
}

// openTrail opens the trail of a store that exists.
func openTrail(ctx context.Context, path string) (*audit.Trail, func(), error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fmt.Errorf("opening the trail: %w", err)
	}
	s, err := store.Open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	t, err := audit.Open(ctx, s, nil)
	if err != nil {
		_ = s.Close()
		return nil, nil, err
	}
	return t, func() { _ = s.Close() }, nil
}

// configuredTrail opens the trail of the store that a configuration names.
func configuredTrail(ctx context.Context, path string) (*config.Config, *audit.Trail, func(), error) {
	conf, err := load(path)
	if err != nil {
		return nil, nil, nil, err
	}
	trail, done, err := openTrail(ctx, conf.StorePath)
	return conf, trail, done, err
}

// traced are the facts of an exchange in the trail.
func traced(ctx context.Context, path, trace string) ([]*policy.Facts, error) {
	trail, done, err := openTrail(ctx, path)
	if err != nil {
		return nil, err
	}
	defer done()
	records, err := trail.Find(ctx, trace)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("the trail of %s has no trace %q", path, trace)
	}
	return factsOf(records)
}

// factsOf are the facts of records; that none has any is an error that says why.
func factsOf(records []audit.Record) ([]*policy.Facts, error) {
	var out []*policy.Facts
	for i := range records {
		if len(records[i].Facts) == 0 {
			continue
		}
		var f policy.Facts
		if err := json.Unmarshal(records[i].Facts, &f); err != nil {
			return nil, fmt.Errorf("reading the facts of a record: %w", err)
		}
		out = append(out, &f)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no policy was asked about it: it was refused before, with the code %q", records[0].Code)
	}
	return out, nil
}

// livePoll is how often the trail is looked at for the next exchange.
const livePoll = 200 * time.Millisecond

// awaited are the facts of the next exchange that ends.
func awaited(ctx context.Context, path string) ([]*policy.Facts, error) {
	trail, done, err := openTrail(ctx, path)
	if err != nil {
		return nil, err
	}
	defer done()
	last, err := trail.Head(ctx)
	if err != nil {
		return nil, err
	}
	for tick := time.NewTicker(livePoll); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return nil, ctx.Err()
		case <-tick.C:
		}
		// In the order in which they were written: one that ends now may have begun before others that are over.
		records, err := trail.Follow(ctx, last, "")
		if err != nil {
			return nil, err
		}
		if len(records) > 0 {
			tick.Stop()
			return factsOf([]audit.Record{records[0].Record})
		}
	}
}

// maxInput bounds a file that a command reads whole.
const maxInput = 16 << 20

// readInput reads a file, or standard input where the path is -.
func readInput(path string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, maxInput))
}

// settle gives facts by hand that say no settings those of their tenant, as the configuration has them, and warns where
// there is no such tenant: an exchange of nobody's is refused before any policy is asked.
func settle(c *cobra.Command, conf *config.Config, f *policy.Facts) error {
	at := slices.IndexFunc(conf.Tenants, func(t tenant.Tenant) bool { return t.ID == f.Identity.Tenant })
	if at < 0 {
		_, err := fmt.Fprintf(c.ErrOrStderr(), "note: the configuration has no tenant %q; a request of nobody's is refused with 401 before any policy is asked\n", f.Identity.Tenant)
		return err
	}
	if string(f.Settings) == "{}" {
		f.Settings = conf.Tenants[at].SettingsJSON()
	}
	return nil
}

// factsIn reads facts, or the facts of a record.
func factsIn(path string, stdin io.Reader) ([]*policy.Facts, error) {
	text, err := readInput(path, stdin)
	if err != nil {
		return nil, fmt.Errorf("reading the facts: %w", err)
	}
	var whole struct{ Facts *policy.Facts }
	if err := json.Unmarshal(text, &whole); err == nil && whole.Facts != nil {
		return []*policy.Facts{whole.Facts}, nil
	}
	f, err := policy.ReadFacts(text)
	if err != nil {
		return nil, err
	}
	return []*policy.Facts{f}, nil
}
