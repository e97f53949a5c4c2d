package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/admin"
	"weir/policy/audit"
)

func newAdmin() *cobra.Command {
	return group("admin", "Ask a running Weir over its admin API, and say who may",
		newAdminToken(), newAdminHealth(), newAdminChanges(), newAdminPolicies(), newAdminSettings(), newAdminBudgets(), newAdminProviders(), newAdminScan())
}

func newAdminToken() *cobra.Command {
	return &cobra.Command{
		Use: "token", Short: "Make a token for the admin API, and the hash of it that the configuration takes", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			token := "weir_" + rand.Text()
			sum := sha256.Sum256([]byte(token))
			_, err := fmt.Fprintf(c.OutOrStdout(), "token:  %s\nsha256: %s\n", token, hex.EncodeToString(sum[:]))
			return err
		},
	}
}

// table prints rows under their names.
func table(c *cobra.Command, names string, rows func(w io.Writer)) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, names)
	rows(w)
	return w.Flush()
}

func newAdminHealth() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use: "health", Short: "Say what must hold, whether it does, and why not", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			var out struct {
				Status string
				Checks []struct {
					Name string
					OK   bool
					Why  string
				}
			}
			if printed, err := r.get(c, http.MethodGet, "/v1/health", nil, nil, &out); err != nil || printed {
				return err
			}
			if err := table(c, "CHECK\tHOLDS\tWHY NOT", func(w io.Writer) {
				for _, x := range out.Checks {
					fmt.Fprintf(w, "%s\t%t\t%s\n", x.Name, x.OK, inert(x.Why))
				}
			}); err != nil {
				return err
			}
			if out.Status != "ready" {
				return fmt.Errorf("weir is %s", out.Status)
			}
			return nil
		},
	}
	remoteFlags(c, &r)
	return c
}

func newAdminChanges() *cobra.Command {
	var r remote
	var tenant, who, operation, cursor string
	var limit int
	c := &cobra.Command{
		Use: "changes", Short: "List what operators changed, newest first", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			for name, v := range map[string]string{"tenant": tenant, "who": who, "operation": operation, "cursor": cursor} {
				if v != "" {
					query.Set(name, v)
				}
			}
			var out struct {
				Changes []audit.Change
				Next    string
			}
			if printed, err := r.get(c, http.MethodGet, "/v1/changes", query, nil, &out); err != nil || printed {
				return err
			}
			if err := table(c, "N\tTIME\tWHO\tROLE\tFROM\tOPERATION\tPATH\tSTATUS", func(w io.Writer) {
				for _, x := range out.Changes {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", x.N, x.At.Format(time.RFC3339), inert(x.Who), x.Role, x.Client, x.Operation, inert(x.Path), x.Status)
				}
			}); err != nil || out.Next == "" {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "more with --cursor %s\n", out.Next)
			return err
		},
	}
	remoteFlags(c, &r)
	f := c.Flags()
	f.StringVar(&tenant, "tenant", "", "id of a tenant")
	f.StringVar(&who, "who", "", "who changed it")
	f.StringVar(&operation, "operation", "", "what was done, such as suspendTenant")
	f.StringVar(&cursor, "cursor", "", "where the page before ended")
	f.IntVar(&limit, "limit", audit.DefaultPage, "most changes that are printed")
	return c
}

func newAdminPolicies() *cobra.Command {
	var r remote
	var reload bool
	c := &cobra.Command{
		Use: "policies", Short: "Say which policies are in force, or read them again", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			method, path := http.MethodGet, "/v1/policies"
			if reload {
				method, path = http.MethodPost, "/v1/policies/reload"
			}
			var out struct{ Policies []admin.PolicySet }
			if printed, err := r.get(c, method, path, nil, nil, &out); err != nil || printed {
				return err
			}
			refused := false
			if err := table(c, "POLICIES\tVERSION\tSINCE\tREFUSED", func(w io.Writer) {
				for _, x := range out.Policies {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Name, x.Version, x.LoadedAt, orDash(inert(x.Error)))
					refused = refused || x.Error != ""
				}
			}); err != nil {
				return err
			}
			if refused {
				return fmt.Errorf("the last reading was refused")
			}
			return nil
		},
	}
	remoteFlags(c, &r)
	c.Flags().BoolVar(&reload, "reload", false, "read them again first")
	return c
}

func newAdminSettings() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use: "settings TENANT", Short: "Print a tenant's settings as they are in force, and where each came from", Args: exactly(1, "a tenant's id"),
		RunE: func(c *cobra.Command, args []string) error {
			var out struct{ Settings []admin.Setting }
			if printed, err := r.get(c, http.MethodGet, "/v1/tenants/"+url.PathEscape(args[0])+"/settings", nil, nil, &out); err != nil || printed {
				return err
			}
			return table(c, "SETTING\tVALUE\tFROM", func(w io.Writer) {
				for _, x := range out.Settings {
					fmt.Fprintf(w, "%s\t%s\t%s\n", inert(x.Name), inert(string(x.Value)), x.Origin)
				}
			})
		},
	}
	remoteFlags(c, &r)
	return c
}

func newAdminBudgets() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use: "budgets TENANT", Short: "Print a tenant's budgets as they stand", Args: exactly(1, "a tenant's id"),
		RunE: func(c *cobra.Command, args []string) error {
			var out struct{ Budgets []admin.Budget }
			if printed, err := r.get(c, http.MethodGet, "/v1/tenants/"+url.PathEscape(args[0])+"/budgets", nil, nil, &out); err != nil || printed {
				return err
			}
			return table(c, "BUDGET\tKIND\tPERIOD\tLIMIT\tSPENT\tHELD\tLEFT", func(w io.Writer) {
				for _, x := range out.Budgets {
					told := usd
					if x.Kind == "quota" {
						told = func(n int64) string { return strconv.FormatInt(n, 10) }
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.ID, x.Kind, x.Period, told(x.Limit), told(x.Spent), told(x.Held), told(x.Left))
				}
			})
		},
	}
	remoteFlags(c, &r)
	return c
}

func newAdminProviders() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use: "providers", Short: "Print the providers with their breakers", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			var out struct{ Providers []admin.Provider }
			if printed, err := r.get(c, http.MethodGet, "/v1/providers", nil, nil, &out); err != nil || printed {
				return err
			}
			return table(c, "NAME\tKIND\tBASE URL\tBREAKER\tCREDENTIAL", func(w io.Writer) {
				for _, x := range out.Providers {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", x.Name, x.Kind, inert(x.BaseURL), x.Breaker, x.Credential)
				}
			})
		},
	}
	remoteFlags(c, &r)
	return c
}

func newAdminScan() *cobra.Command {
	var r remote
	var tenant, place string
	c := &cobra.Command{
		Use: "scan", Short: "Try the detectors on what standard input says; it is kept nowhere", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := io.ReadAll(c.InOrStdin())
			if err != nil {
				return err
			}
			body := map[string]string{"text": string(text), "place": place}
			if tenant != "" {
				body["tenant"] = tenant
			}
			var out struct{ Findings []admin.ScanFinding }
			if printed, err := r.get(c, http.MethodPost, "/v1/detectors/scan", nil, body, &out); err != nil || printed {
				return err
			}
			return table(c, "TYPE\tSCORE\tBYTES\tRULE", func(w io.Writer) {
				for _, x := range out.Findings {
					fmt.Fprintf(w, "%s\t%.2f\t%d-%d\t%s\n", x.Type, x.Score, x.Start, x.End, x.Rule)
				}
			})
		},
	}
	remoteFlags(c, &r)
	c.Flags().StringVar(&tenant, "tenant", "", "whose detectors; the built-in ones where nothing is said")
	c.Flags().StringVar(&place, "place", string(admin.PlacePrompt), "prompt, document or answer")
	return c
}
