package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/policy"
	"weir/rego"
)

// checks is what extproc check is asked to look at.
type checks struct {
	config, dir string
	coverage    float64
	fix, quick  bool
	allowDead   bool
}

func newCheck() *cobra.Command {
	var o checks
	c := &cobra.Command{
		Use: "check", Short: "Check the configuration and its policies without starting, and run the policies' tests", Args: none,
		Long: "Check the configuration and its policies without starting: the form of opa fmt, the strict compiler, the schema of the\n" +
			"input, tests with coverage, and reasons that no test has seen given. Ends with 2 where something cannot be loaded and\n" +
			"with 1 where form, tests or coverage fall short or a reason is not tested: what may refuse is to be seen refusing.",
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	configFlag(c, &o.config)
	c.Flags().StringVar(&o.dir, "policies", "", "directory of policies, instead of the configuration's")
	c.Flags().Float64Var(&o.coverage, "coverage", 0, "least percent of the policies' lines that tests must reach")
	c.Flags().BoolVar(&o.allowDead, "allow-dead", false, "list reasons that no test has seen given, and pass all the same")
	c.Flags().BoolVar(&o.fix, "fix", false, "write files that are not in the form of opa fmt in that form")
	c.Flags().BoolVar(&o.quick, "no-tests", false, "load only: no form, no tests")
	return c
}

func (o *checks) run(c *cobra.Command) error {
	conf, err := load(o.config)
	if err != nil {
		return err
	}
	if o.dir == "" {
		o.dir = conf.PoliciesDir
	}
	conf.PoliciesDir = o.dir
	e, err := engineOf(c, conf)
	if err != nil {
		return err
	}
	if err := beside(c, conf); err != nil {
		return err
	}
	if o.dir != "" && !o.quick {
		if err := o.policies(c); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "ok: %d tenants, %d keys, %d providers, %d models, policies %s\n",
		len(conf.Tenants), len(conf.Keys), len(conf.Providers), len(conf.Models), e.Current().Version())
	return err
}

// beside loads the policies that the configuration names beside those in force.
func beside(c *cobra.Command, conf *config.Config) error {
	if conf.CandidateDir != "" {
		if _, err := policy.NewEngine(c.Context(), rego.Shipped(), conf.CandidateDir, time.Now); err != nil {
			return fmt.Errorf("policies.candidate: %w", err)
		}
	}
	if conf.Authz.Dir != "" {
		if _, err := policy.NewAuthorizerEngine(c.Context(), conf.Authz.Dir, conf.Authz.Path, time.Now); err != nil {
			return fmt.Errorf("authz.dir: %w", err)
		}
	}
	return nil
}

// policies looks at a team's own directory, with the shipped policies beside it.
func (o *checks) policies(c *cobra.Command) error {
	own := os.DirFS(o.dir)
	r, err := policy.Check(c.Context(), policy.Beside(rego.Shipped(), own), func(name string) bool {
		_, err := fs.Stat(own, name)
		return err == nil
	})
	if err != nil {
		return err
	}
	if o.fix {
		if err := reform(c, o.dir, r.Unformatted); err != nil {
			return err
		}
		r.Unformatted = nil
	}
	if len(r.Load) > 0 {
		return &policy.LoadError{Problems: r.Load}
	}
	bad := append(append([]policy.Problem{}, r.Unformatted...), r.Failed...)
	short := r.Coverage < o.coverage
	if short {
		bad = append(bad, r.Uncovered...)
	}
	out := c.OutOrStdout()
	for _, p := range bad {
		fmt.Fprintln(out, p)
	}
	for _, p := range r.Dead {
		fmt.Fprintln(out, p)
	}
	fmt.Fprintf(out, "policies: %d tests, %.1f%% of the lines of %s\n", r.Tests, r.Coverage, o.dir)
	switch {
	case len(r.Unformatted)+len(r.Failed) > 0:
		return fmt.Errorf("%d files not in form, %d tests failed", len(r.Unformatted), len(r.Failed))
	case short:
		return fmt.Errorf("tests reach %.1f%% of the lines, want %g%%", r.Coverage, o.coverage)
	case len(r.Dead) > 0 && !o.allowDead:
		return fmt.Errorf("%d reasons that no test has seen given (--allow-dead passes all the same)", len(r.Dead))
	}
	return nil
}

// reform writes files in the form of opa fmt.
func reform(c *cobra.Command, dir string, list []policy.Problem) error {
	for _, p := range list {
		path := filepath.Join(dir, filepath.FromSlash(p.File))
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("formatting: %w", err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("formatting: %w", err)
		}
		if text, err = policy.Formatted(p.File, text); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, info.Mode().Perm()); err != nil {
			return fmt.Errorf("formatting: %w", err)
		}
		fmt.Fprintln(c.OutOrStdout(), "formatted", strings.TrimPrefix(path, "./"))
	}
	return nil
}
