package eval

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"weir/policy/detect"
)

// Span is a value that stands in a text.
type Span struct {
	Type       detect.Type
	Start, End int
}

// Text is a text whose values are known.
type Text struct {
	Text  string
	Spans []Span
}

// Count is what became of the values of one type.
type Count struct{ Hit, Missed, Mistaken int }

// Precision is the share of findings that were right; 1 where there were none.
func (c Count) Precision() float64 { return share(c.Hit, c.Mistaken) }

// Recall is the share of values that were found; 1 where there were none.
func (c Count) Recall() float64 { return share(c.Hit, c.Missed) }

// F is the F measure that holds recall beta times as important as precision.
func (c Count) F(beta float64) float64 {
	p, r := c.Precision(), c.Recall()
	if p+r == 0 {
		return 0
	}
	return (1 + beta*beta) * p * r / (beta*beta*p + r)
}

func share(hit, other int) float64 {
	if hit+other == 0 {
		return 1
	}
	return float64(hit) / float64(hit+other)
}

// Table is counts by type.
type Table map[detect.Type]Count

// Measure scans texts as prompts and counts. A finding is right if its type is the value's and half of both together is in both.
func Measure(s *detect.Scanner, texts []Text, counts func(detect.Type) bool, mistaken func(Text, detect.Finding), missed func(Text, Span)) Table {
	out := Table{}
	for _, t := range texts {
		found := s.ScanPrompt(t.Text, detect.Reading{}, nil)
		hit := make([]bool, len(found))
		for _, want := range t.Spans {
			c := out[want.Type]
			if k := slices.IndexFunc(found, func(f detect.Finding) bool { return f.Type == want.Type && overlap(f, want) >= 0.5 }); k >= 0 {
				c.Hit++
				hit[k] = true
			} else {
				c.Missed++
				missed(t, want)
			}
			out[want.Type] = c
		}
		for k, f := range found {
			if !hit[k] && counts(f.Type) {
				c := out[f.Type]
				c.Mistaken++
				out[f.Type] = c
				mistaken(t, f)
			}
		}
	}
	return out
}

// overlap is the intersection of a finding and a value over their union.
func overlap(f detect.Finding, s Span) float64 {
	both := min(f.End, s.End) - max(f.Start, s.Start)
	if both <= 0 {
		return 0
	}
	return float64(both) / float64(max(f.End, s.End)-min(f.Start, s.Start))
}

// Total is all types together.
func (t Table) Total() Count {
	var sum Count
	for _, c := range t {
		sum.Hit, sum.Missed, sum.Mistaken = sum.Hit+c.Hit, sum.Missed+c.Missed, sum.Mistaken+c.Mistaken
	}
	return sum
}

// Print writes the table for people.
func (t Table) Print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "type\tvalues\tprecision\trecall\tF1\tF2\t")
	row := func(name string, c Count) {
		fmt.Fprintf(tw, "%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t\n", name, c.Hit+c.Missed, c.Precision(), c.Recall(), c.F(1), c.F(2))
	}
	for _, k := range slices.Sorted(maps.Keys(t)) {
		row(string(k), t[k])
	}
	row("all", t.Total())
	return tw.Flush()
}
