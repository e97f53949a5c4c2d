package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
)

// newRoot is the command line.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "extproc",
		Short:         "Weir governs LLM traffic inside an Envoy",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          known,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newServe(), newCheck(), newDemo(), newEnvoy(), newKeys(), newSchema(), newVersion())
	return root
}

// known refuses a command that does not exist.
func known(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("unknown command %q", args[0])}
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
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), "weir", version())
			return err
		},
	}
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the configuration file", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(b)
			return err
		},
	}
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
