package replay

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"weir/policy"
)

// Report is what other policies would have changed.
type Report struct {
	Version    string `json:"version"`    // of the policies that were tried
	Decided    int    `json:"decided"`    // records that were decided once more
	Undecided  int    `json:"undecided"`  // records without a decision: refused before any policy was asked
	Unreadable int    `json:"unreadable"` // records that are none
	// Unrepeatable are records of decisions that saw text, which is not kept, while the policies that are tried look at text.
	Unrepeatable int `json:"unrepeatable"`
	Failed       int `json:"failed"` // records on which the policies gave no decision

	Changes map[policy.Change]*Group `json:"changes"`
}

// Group counts one kind of change.
type Group struct {
	Count  int            `json:"count"`
	Codes  map[string]int `json:"codes"` // of the denial: the new one, or that which fell away
	Tenant map[string]int `json:"tenants"`
	Model  map[string]int `json:"models"`
	Traces []string       `json:"traces"` // examples
}

// The bounds of a report.
const (
	maxTraces = 5
	maxNames  = 1000 // tenants or models that are counted apart
	others    = "(others)"
)

func newReport(version string) *Report {
	r := &Report{Version: version, Changes: map[policy.Change]*Group{}}
	for _, c := range []policy.Change{policy.Same, policy.NewlyDenied, policy.NewlyAllowed, policy.Otherwise} {
		r.Changes[c] = &Group{Codes: map[string]int{}, Tenant: map[string]int{}, Model: map[string]int{}}
	}
	return r
}

// note counts one record.
func (r *Report) note(rec *record, after *policy.Decision) {
	r.Decided++
	if after.Outcome != policy.Decided {
		r.Failed++
	}
	change := policy.Compare(rec.Decision, after)
	g := r.Changes[change]
	g.Count++
	if change == policy.Same {
		return
	}
	code := after.Code()
	if code == "" {
		code = rec.Decision.Code()
	}
	count(g.Codes, code, 1)
	count(g.Tenant, rec.Tenant, 1)
	count(g.Model, rec.Model, 1)
	g.Traces = append(g.Traces, rec.Trace)
	if len(g.Traces) > 4*maxTraces {
		g.settle()
	}
}

// settle keeps the first traces in their order, so that the report does not depend on who was faster.
func (g *Group) settle() {
	slices.Sort(g.Traces)
	g.Traces = slices.Compact(g.Traces)
	g.Traces = g.Traces[:min(len(g.Traces), maxTraces)]
}

func (r *Report) settle() {
	for _, g := range r.Changes {
		g.settle()
	}
}

// count adds under a name, or under the others where there are too many.
func count(m map[string]int, name string, n int) {
	if name == "" {
		name = "(none)"
	}
	if _, ok := m[name]; !ok && len(m) >= maxNames {
		name = others
	}
	m[name] += n
}

// add puts another report's counts to this one's.
func (r *Report) add(o *Report) {
	r.Decided, r.Undecided, r.Unreadable, r.Failed = r.Decided+o.Decided, r.Undecided+o.Undecided, r.Unreadable+o.Unreadable, r.Failed+o.Failed
	r.Unrepeatable += o.Unrepeatable
	for c, g := range o.Changes {
		to := r.Changes[c]
		to.Count += g.Count
		for _, pair := range [...][2]map[string]int{{to.Codes, g.Codes}, {to.Tenant, g.Tenant}, {to.Model, g.Model}} {
			for name, n := range pair[1] {
				count(pair[0], name, n)
			}
		}
		to.Traces = append(to.Traces, g.Traces...)
	}
}

// Share is how many percent of the decisions have a change.
func (r *Report) Share(c policy.Change) float64 {
	if r.Decided == 0 {
		return 0
	}
	return 100 * float64(r.Changes[c].Count) / float64(r.Decided)
}

// titles are what the changes are called, in the order they are printed.
var titles = []struct {
	change policy.Change
	title  string
}{
	{policy.NewlyDenied, "newly denied"}, {policy.NewlyAllowed, "newly allowed"}, {policy.Otherwise, "changed otherwise"}, {policy.Same, "as before"},
}

// WriteText prints the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d decisions made again with policies %s", r.Decided, r.Version)
	for _, part := range []struct {
		n    int
		what string
	}{{r.Undecided, "records without a decision"}, {r.Unreadable, "unreadable records"}, {r.Unrepeatable, "that saw text, which is not kept"}, {r.Failed, "without an outcome"}} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %d %s", part.n, part.what)
		}
	}
	b.WriteByte('\n')
	for _, t := range titles {
		g := r.Changes[t.change]
		fmt.Fprintf(&b, "%-18s %8d  %6.2f %%\n", t.title, g.Count, r.Share(t.change))
		if t.change == policy.Same || g.Count == 0 {
			continue
		}
		fmt.Fprintf(&b, "    by code    %s\n    by tenant  %s\n    by model   %s\n    such as    %s\n",
			most(g.Codes), most(g.Tenant), most(g.Model), strings.Join(g.Traces, " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// most lists the largest counts.
func most(m map[string]int) string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(m[b]-m[a], cmp.Compare(a, b)) })
	var out []string
	for _, n := range names[:min(len(names), 10)] {
		out = append(out, fmt.Sprintf("%s %d", n, m[n]))
	}
	return strings.Join(out, ", ")
}
