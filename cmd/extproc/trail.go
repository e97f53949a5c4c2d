package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/policy/audit"
)

func newTrail() *cobra.Command {
	var path string
	find := newTrailFind(&path)
	find.Flags().StringVarP(&path, "config", "c", "", "configuration file")
	return group("trail", "Look into the audit trail", find, newTrailTail())
}

func newTrailFind(path *string) *cobra.Command {
	var q audit.Query
	var since, until, form, server string
	c := &cobra.Command{
		Use: "find [TRACE]", Short: "Find exchanges by trace id, tenant, key, code, model, finding, rule and time", Args: cobra.MaximumNArgs(1),
		Long: "Find exchanges, newest first, by all that is given. One that is found by its trace id is printed whole, with the rules that fired and\n" +
			"the body that the client got.",
		RunE: func(c *cobra.Command, args []string) error {
			if err := textOrJSON(form); err != nil {
				return err
			}
			if len(args) == 1 {
				q.Trace = args[0]
			}
			if q.Limit < 1 || q.Limit > audit.MaxRecent {
				return &usageError{fmt.Errorf("--limit %d must be between 1 and %d", q.Limit, audit.MaxRecent)}
			}
			var err error
			if q.From, q.Until, err = span(since, until); err != nil {
				return err
			}
			trail, name, done, err := trailToRead(c, server, *path)
			if err != nil {
				return err
			}
			defer done()
			p, err := trail.Search(c.Context(), q)
			if err != nil {
				return err
			}
			if len(p.Records) == 0 {
				return fmt.Errorf("nothing in the trail of %s fits", name)
			}
			switch {
			case form == "json":
				enc := json.NewEncoder(c.OutOrStdout())
				for i := range p.Records {
					if err := enc.Encode(&p.Records[i]); err != nil {
						return err
					}
				}
				return printMore(c.ErrOrStderr(), p) // beside the records, which are read by programs
			case q.Trace != "":
				for i := range p.Records {
					if err := printRecord(c, &p.Records[i]); err != nil {
						return err
					}
				}
				return printMore(c.OutOrStdout(), p)
			}
			return printRecords(c, p)
		},
	}
	readerFlag(c, &server)
	f := c.Flags()
	f.StringVar(&q.Tenant, "tenant", "", "id of a tenant")
	f.StringVar(&q.Key, "key", "", "id of a key")
	f.StringVar(&q.Code, "code", "", "code of a refusal, such as pii_detected")
	f.StringVar(&q.Model, "model", "", "model that was asked for, or that served")
	f.StringVar(&q.Type, "finding", "", "type of a finding, such as US_SSN")
	f.StringVar(&q.Rule, "rule", "", "rule that fired, as FILE:LINE")
	f.StringVar(&since, "since", "", "leave out what is older: 24h, or 2026-12-31T00:00:00Z")
	f.StringVar(&until, "until", "", "leave out what is not older: 24h, or 2026-12-31T00:00:00Z")
	f.IntVar(&q.Limit, "limit", audit.DefaultPage, "most exchanges that are printed")
	f.StringVar(&q.Cursor, "cursor", "", "where the page before ended")
	f.StringVar(&form, "format", "text", "text, or json: one record a line")
	return c
}

func printRecords(c *cobra.Command, p *audit.Page) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tTRACE\tTENANT\tMODEL\tSTATUS\tEVENT\tBILLED")
	for i := range p.Records {
		r := &p.Records[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%d\n", r.Time.Format(time.RFC3339), inert(r.Trace), inert(r.Tenant), inert(r.ModelAsked), r.Status, inert(r.Event), r.BilledMicro)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return printMore(c.OutOrStdout(), p)
}

// printMore says how to go on where there is more.
func printMore(to io.Writer, p *audit.Page) error {
	if p.Next == "" {
		return nil
	}
	_, err := fmt.Fprintf(to, "more with --cursor %s\n", p.Next)
	return err
}

// printRecord prints one exchange for a person.
func printRecord(c *cobra.Command, r *audit.Record) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, inert(fmt.Sprintf(format, args...)))
	}
	line("trace", "%s", r.Trace)
	line("time", "%s", r.Time.Format(time.RFC3339Nano))
	line("event", "%s (%s)", r.Event, r.Ended)
	line("who", "tenant %s, key %s, actor %s, from %s", orDash(r.Tenant), orDash(r.KeyID), orDash(r.Actor), orDash(r.Client))
	line("request", "%s %s, model %s, stream %t", r.Method, r.Path, orDash(r.ModelAsked), r.Stream)
	line("served by", "%s %s, status %d", orDash(r.Provider), r.ModelServed, r.UpstreamStatus)
	line("answer", "%d %s", r.Status, r.Code)
	if r.Answer != "" {
		line("body", "%s", r.Answer)
	}
	var d struct {
		Version string
		Reasons []struct{ Code, Mode, Detail string }
		Fired   []struct {
			Name, File string
			Line       int
		}
	}
	if len(r.Decision) > 0 {
		if err := json.Unmarshal(r.Decision, &d); err != nil {
			return fmt.Errorf("reading a decision: %w", err)
		}
		line("policies", "%s", d.Version)
	}
	for _, x := range d.Reasons {
		line("reason", "%s %s %s", x.Mode, x.Code, x.Detail)
	}
	for _, f := range d.Fired {
		line("rule", "%s:%d %s", f.File, f.Line, f.Name)
	}
	for _, f := range r.Findings {
		line("finding", "%s %s %d times, %s, %s, score %.2f, rule %s %s", f.Direction, f.Type, f.Count, f.Action, f.Severity, f.Score, f.Rule, f.Place)
	}
	for _, e := range r.Edits {
		line("edit", "%s", e)
	}
	for _, f := range r.Failures {
		line("failure", "%s", f)
	}
	line("tokens", "%d in, %d out, estimated %t", r.InputTokens, r.OutputTokens, r.Estimated)
	line("micro-USD", "held %d, cost %d, billed %d, overrun %d", r.HeldMicro, r.CostMicro, r.BilledMicro, r.OverrunMicro)
	line("took", "%d us here, of it %d us the decision; %d us the provider, %d us to its first byte", r.OursMicros, r.DecisionMicros, r.UpstreamMicros, r.FirstMicros)
	fmt.Fprintln(w)
	return w.Flush()
}

func newUsage() *cobra.Command {
	var path, since, until, form, server string
	var q audit.UsageQuery
	c := &cobra.Command{
		Use: "usage", Short: "Print what was used and spent, by tenant, key, model and day", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := textOrJSON(form); err != nil {
				return err
			}
			var err error
			if q.From, err = day("--since", since); err != nil {
				return err
			}
			if q.Until, err = day("--until", until); err != nil {
				return err
			}
			trail, _, done, err := trailToRead(c, server, path)
			if err != nil {
				return err
			}
			defer done()
			rows, err := trail.Use(c.Context(), q)
			if err != nil {
				return err
			}
			if form == "json" {
				enc := json.NewEncoder(c.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(map[string]any{"usage": rows})
			}
			return printUsage(c, rows)
		},
	}
	configFlag(c, &path)
	readerFlag(c, &server)
	f := c.Flags()
	f.StringVar(&q.Tenant, "tenant", "", "id of a tenant")
	f.StringVar(&q.Key, "key", "", "id of a key")
	f.StringVar(&q.Model, "model", "", "model that served")
	f.StringSliceVar(&q.By, "by", []string{audit.ByTenant}, "what to tell apart: day, tenant, key, model")
	f.StringVar(&since, "since", "", "first day (UTC), like 2026-12-01")
	f.StringVar(&until, "until", "", "last day (UTC), like 2026-12-31")
	f.StringVar(&form, "format", "text", "text or json")
	return c
}

func printUsage(c *cobra.Command, rows []audit.Usage) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "DAY\tTENANT\tKEY\tMODEL\tEXCHANGES\tREFUSED\tIN\tOUT\tCOST USD\tBILLED USD")
	for _, u := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", orDash(u.Day), orDash(inert(u.Tenant)), orDash(inert(u.Key)), orDash(inert(u.Model)),
			u.Exchanges, u.Refused, u.InputTokens, u.OutputTokens, usd(u.Cost), usd(u.Billed))
	}
	return w.Flush()
}

// usd is micro-USD as USD, with all six decimals.
func usd(micro int64) string {
	sign := ""
	if micro < 0 {
		sign, micro = "-", -micro
	}
	return fmt.Sprintf("%s%d.%06d", sign, micro/1_000_000, micro%1_000_000)
}

// day reads a day.
func day(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, &usageError{fmt.Errorf("%s %q must be a day like 2026-12-31", flag, s)}
	}
	return t, nil
}
