package policy

import (
	"context"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Closing is what Rego makes of an exchange that is over. It changes no byte.
type Closing struct {
	Flags       []string    `json:"flags"`
	Alerts      []string    `json:"alerts"` // for somebody to look at
	Obligations Obligations `json:"obligations"`
	Fired       []Rule      `json:"fired"`
	Version     string      `json:"version"`
	Outcome     string      `json:"outcome"` // as of a Decision; one that is not decided asks for nothing
	Detail      string      `json:"detail,omitempty"`
}

// Closes says whether the policies have anything to say at the close.
func (p *Program) Closes() bool { return p.closing != nil }

// Close evaluates the policies on an exchange that is over, within the deadline of ctx, which the caller must set. f is
// what Decide was given, with the phase close, an answer, and the findings of the answer. Nothing depends on the result,
// so a failure asks for nothing and is only named.
func (p *Program) Close(ctx context.Context, f *Facts) Closing {
	c := Closing{Flags: []string{}, Alerts: []string{}, Fired: []Rule{}, Version: p.version, Outcome: Decided}
	fail := func(outcome, detail string) Closing {
		c.Outcome, c.Detail = outcome, detail
		return c
	}
	if err := f.complete(); err != nil {
		return fail(Errored, err.Error())
	}
	set, err := p.shelf.get(ctx, f.Settings, p)
	if err != nil {
		return fail(Errored, "settings cannot be read")
	}
	input, ok := f.value(set.term, p.shape)
	if !ok {
		return fail(Errored, "a fact is not a finite number")
	}
	p.asked.Add(1)
	var w witness
	said, err := p.eval(ctx, p.closing, input, set.memory, &w, how{})
	if err != nil {
		return fail(classify(err))
	}
	o, ok := said.(ast.Object)
	if said == nil || !ok {
		return fail(Undefined, "no rule gave a closing")
	}
	r := reader{object: o, set: set}
	read := Closing{Flags: r.words(keyFlags), Alerts: r.words(keyAlerts), Fired: w.report(p.rules), Version: p.version, Outcome: Decided}
	r.obligations(keyObligations, &read.Obligations, &Plan{}, &read.Flags)
	if r.bad != "" {
		return fail(Errored, "the closing has the wrong form: "+r.bad)
	}
	read.Flags, read.Alerts = tidy(read.Flags), tidy(read.Alerts)
	return read
}

// tidy sorts words, without doubles, within their bound.
func tidy(list []string) []string {
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), maxFlags)]
}
