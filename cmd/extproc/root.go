package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy"
)

// textOrJSON reports a --format that is neither.
func textOrJSON(form string) error {
	if form != "text" && form != "json" {
		return &usageError{fmt.Errorf("--format %q must be text or json", form)}
	}
	return nil
}

// newRoot is the command line.
func newRoot() *cobra.Command {
	root := group("extproc", "Weir governs LLM traffic inside an Envoy",
		newServe(), newCheck(), newExplain(), newReplay(), newPolicies(), newTrail(), newUsage(), newAudit(), newAdmin(), newDemo(), newHealth(), newEnvoy(), newKeys(), newActors(), newTenants(), newCredentials(), newWebhooks(), newProviders(), newModels(), newBackup(), newSchema(), newVersion())
	root.Long = root.Short + ".\n\nExit codes: 0 success; 1 failure; 2 wrong usage, a wrong configuration or a wrong policy;\n3 a replay over its threshold; 4 a trail that is broken."
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	return root
}

// group is a command that only holds others; by itself it prints what they are.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, SuggestionsMinimumDistance: 2,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := ""
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				hint = fmt.Sprintf(" (did you mean %q?)", near[0])
			}
			return &usageError{fmt.Errorf("unknown command %q of %s%s", args[0], c.CommandPath(), hint)}
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(commands...)
	return c
}

// none wants no arguments.
func none(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("want no arguments, found %q", args[0])}
	}
	return nil
}

// configFlag adds --config to a command.
func configFlag(c *cobra.Command, into *string) {
	c.Flags().StringVarP(into, "config", "c", "", "configuration file; without one the defaults hold")
}

// load reads the configuration a flag names.
func load(path string) (*config.Config, error) { return config.Load(path, process.Dialects()) }

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), "weir", process.Version())
			return err
		},
	}
}

func newSchema() *cobra.Command {
	var input bool
	c := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the configuration file, or of what policies read", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			text := config.Schema()
			if input {
				var err error
				if text, err = policy.Schema(); err != nil {
					return err
				}
			}
			_, err := c.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().BoolVar(&input, "input", false, "the schema of what policies read as input")
	return c
}

// newLog writes to standard error, in the form asked for.
func newLog(form, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, &usageError{fmt.Errorf("--log-level %q must be debug, info, warn or error", level)}
	}
	o := &slog.HandlerOptions{Level: l}
	switch form {
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, o)), nil
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, o)), nil
	default:
		return nil, &usageError{fmt.Errorf("--log-format %q must be json or text", form)}
	}
}
