package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/replay"
	"weir/policy"
	"weir/rego"
)

// thresholdError says that a replay changed more than was allowed. The process ends with 3.
type thresholdError struct{ what string }

func (e *thresholdError) Error() string { return e.what }

func newReplay() *cobra.Command {
	var from, dir, since, denied, allowed, form string
	c := &cobra.Command{
		Use: "replay", Short: "Decide recorded exchanges once more with other policies, and report what would change", Args: none,
		Long: "Decide recorded exchanges once more with other policies, and report what would change: newly denied, newly allowed, by code,\n" +
			"tenant and model, with trace ids to look at. The trail is a store's file, a .jsonl file with a record a line, or - for\n" +
			"standard input; it holds facts, never prompts. Ends with 3 where more changes than a threshold allows.",
		RunE: func(c *cobra.Command, _ []string) error {
			if from == "" || dir == "" {
				return &usageError{fmt.Errorf("--from and --policy must both be given")}
			}
			if err := textOrJSON(form); err != nil {
				return err
			}
			begin, err := moment("--since", since, time.Now())
			if err != nil {
				return err
			}
			limits, err := thresholds(denied, allowed)
			if err != nil {
				return err
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return &usageError{fmt.Errorf("--policy %q must be a directory", dir)}
			}
			program, err := policy.Load(c.Context(), policy.Beside(rego.Shipped(), os.DirFS(dir)))
			if err != nil {
				return err
			}
			source, done, err := replay.Open(c.Context(), from, begin)
			if err != nil {
				return err
			}
			defer func() { _ = done() }()
			r, err := replay.Run(c.Context(), source, program, begin)
			if err != nil {
				return err
			}
			if form == "json" {
				enc := json.NewEncoder(c.OutOrStdout())
				enc.SetIndent("", "  ")
				err = enc.Encode(r)
			} else {
				err = r.WriteText(c.OutOrStdout())
			}
			if err != nil {
				return err
			}
			return exceeded(r, limits)
		},
	}
	c.Flags().StringVar(&from, "from", "", "the trail: a store's file, a .jsonl file, or -")
	c.Flags().StringVar(&dir, "policy", "", "directory of the policies to try, beside the shipped ones")
	c.Flags().StringVar(&since, "since", "", "leave out what is older: 24h, or 2026-12-31T00:00:00Z")
	c.Flags().StringVar(&denied, "max-denied", "", "most decisions that may be newly denied, as a number or like 0.5%; more ends with 3")
	c.Flags().StringVar(&allowed, "max-allowed", "", "most decisions that may be newly allowed, as a number or like 0.5%; more ends with 3")
	c.Flags().StringVar(&form, "format", "text", "text or json")
	return c
}

// moment reads a duration before now, or a time; nothing is no bound.
func moment(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, &usageError{fmt.Errorf("%s %q must be like 24h or 2026-12-31T00:00:00Z", flag, s)}
	}
	return t, nil
}

// span reads --since and --until.
func span(since, until string) (from, to time.Time, err error) {
	now := time.Now()
	if from, err = moment("--since", since, now); err != nil {
		return from, to, err
	}
	to, err = moment("--until", until, now)
	return from, to, err
}

// threshold is the most of one change.
type threshold struct {
	change  policy.Change
	most    float64
	percent bool
}

func thresholds(denied, allowed string) ([]threshold, error) {
	var out []threshold
	for _, f := range [...]struct {
		flag, text string
		change     policy.Change
	}{{"--max-denied", denied, policy.NewlyDenied}, {"--max-allowed", allowed, policy.NewlyAllowed}} {
		if f.text == "" {
			continue
		}
		number, percent := strings.CutSuffix(f.text, "%")
		most, err := strconv.ParseFloat(number, 64)
		if err != nil || !(most >= 0) {
			return nil, &usageError{fmt.Errorf("%s %q must be a number, or a share like 0.5%%", f.flag, f.text)}
		}
		out = append(out, threshold{f.change, most, percent})
	}
	return out, nil
}

func exceeded(r *replay.Report, limits []threshold) error {
	for _, l := range limits {
		found, unit := float64(r.Changes[l.change].Count), ""
		if l.percent {
			found, unit = r.Share(l.change), "%"
		}
		if found > l.most {
			return &thresholdError{fmt.Sprintf("%s: %g%s, at most %g%s are allowed", strings.ReplaceAll(string(l.change), "_", " "), found, unit, l.most, unit)}
		}
	}
	return nil
}
