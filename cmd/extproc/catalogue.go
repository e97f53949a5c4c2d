package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"weir/admin"
)

// entry is a kind of thing that a running Weir keeps in its store beside the configuration file.
type entry struct{ noun, path string }

var (
	aProvider = entry{"provider", "/v1/providers/"}
	aModel    = entry{"model", "/v1/models/"}
)

func newModels() *cobra.Command {
	return group("models", "List models, and change those of the store", newModelsList(), newPut(aModel, true), newPut(aModel, false), newRemove(aModel))
}

func newModelsList() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use: "list", Short: "List the models of a running Weir", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			var all []admin.Model
			for query := (url.Values{"limit": {"1000"}}); ; {
				var out struct {
					Models []admin.Model
					Next   string
				}
				if printed, err := r.get(c, http.MethodGet, "/v1/models", query, nil, &out); err != nil || printed {
					return err
				}
				if all = append(all, out.Models...); out.Next == "" {
					break
				}
				query.Set("cursor", out.Next)
			}
			return table(c, "MODEL\tPROVIDER\tALIASES\tFALLBACKS\tINPUT\tOUTPUT\tFROM", func(w io.Writer) {
				for _, m := range all {
					in, out := "-", "-"
					if m.Price != nil {
						in, out = usd(m.Price.Input), usd(m.Price.Output)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", inert(m.Name), m.Provider, orDash(inert(strings.Join(m.Aliases, ","))),
						orDash(inert(strings.Join(m.Fallbacks, ","))), in, out, m.Origin)
				}
			})
		},
	}
	remoteFlags(c, &r)
	return c
}

// newPut makes or replaces something; add only makes what is not there.
func newPut(e entry, add bool) *cobra.Command {
	var r remote
	var file string
	use, short := "set", "Make or replace a "+e.noun+" of the store; it is in force when this ends"
	if add {
		use, short = "add", "Make a "+e.noun+" of the store; it is in force when this ends"
	}
	c := &cobra.Command{
		Use: use + " NAME", Short: short, Args: exactly(1, "the name of a "+e.noun),
		Long: short + ". It is said as in the configuration file, by what\n--file names, as YAML or JSON, and asked of a running Weir over its admin API.",
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readInput(file, c.InOrStdin())
			if err != nil {
				return fmt.Errorf("reading the %s: %w", e.noun, err)
			}
			document, err := yaml.YAMLToJSON(text)
			if err != nil || !json.Valid(document) {
				return &usageError{fmt.Errorf("--file %s holds no YAML or JSON of a %s", file, e.noun)}
			}
			if r.only = ""; add {
				r.only = "*"
			}
			if err := r.done(c, http.MethodPut, e.path+url.PathEscape(args[0]), json.RawMessage(document)); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "in force: %s %s\n", e.noun, inert(args[0]))
			return err
		},
	}
	remoteServer(c, &r)
	c.Flags().StringVar(&file, "file", "-", "what it is, as the configuration file says it; - is standard input")
	return c
}

func newRemove(e entry) *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use: "remove NAME", Short: "Remove a " + e.noun + " of the store", Args: exactly(1, "the name of a "+e.noun),
		RunE: func(c *cobra.Command, args []string) error {
			if err := r.done(c, http.MethodDelete, e.path+url.PathEscape(args[0]), nil); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "removed: %s %s\n", e.noun, inert(args[0]))
			return err
		},
	}
	remoteServer(c, &r)
	return c
}

func newProvidersCredential() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use: "credential NAME", Short: "Write the credential on standard input for a provider of a running Weir", Args: exactly(1, "the name of a provider"),
		RunE: func(c *cobra.Command, args []string) error {
			value, err := io.ReadAll(io.LimitReader(c.InOrStdin(), maxCredentialInput))
			if err != nil {
				return fmt.Errorf("reading standard input: %w", err)
			}
			body := struct {
				Value string `json:"value"`
			}{strings.TrimSpace(string(value))}
			if err := r.done(c, http.MethodPut, aProvider.path+url.PathEscape(args[0])+"/credential", body); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "set: the credential of %s\n", inert(args[0]))
			return err
		},
	}
	remoteServer(c, &r)
	return c
}
