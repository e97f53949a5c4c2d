package policy

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Program is a set of policies, compiled. It is immutable but for a cache of tenants' settings and a count, and safe for use by
// many goroutines.
type Program struct {
	*evaluator
	version  string
	rules    []Rule      // that can speak, by their numbers
	marked   []*ast.Rule // the same as they are evaluated
	shape    *shape      // of the input: what the policies read
	settled  []settledDoc
	shadowed ast.Body // the query for what shadowed files say; nil without any
	closing  ast.Body // the query at the close; nil where no rule gives one
	shelf    shelf

	readsText bool
	asked     atomic.Int64
}

// Version names the sources the program was made of: twelve hex characters of a SHA-256 over names and texts.
func (p *Program) Version() string { return p.version }

// ReadsText says whether a rule looks at text of requests. What such a rule makes of an exchange cannot be made again from its
// record, which holds no text.
func (p *Program) ReadsText() bool { return p.readsText }

// Evaluations is how often the policies were asked about an exchange: once on its request, once at its close.
func (p *Program) Evaluations() int64 { return p.asked.Load() }

// Decide evaluates the policies on f, within the deadline of ctx, which the caller must set. It always gives a complete
// decision: where none could be made, Outcome says how, and the request is denied with the code policy_failed unless
// f's settings say settings.failure.policy: allow. It changes nothing in f.
func (p *Program) Decide(ctx context.Context, f *Facts) Decision {
	return p.decide(ctx, f, how{})
}

// how says what is different about an evaluation; the zero value is what Decide does.
type how struct {
	afresh    bool                // nothing is remembered
	unindexed bool                // every rule of a set is evaluated
	all       bool                // nothing is left out of the input, and nothing is remembered
	tracer    topdown.QueryTracer // sees every step; slow
}

func (p *Program) decide(ctx context.Context, f *Facts, how how) Decision {
	if err := f.complete(); err != nil {
		return p.failed(Errored, err.Error(), nil, f)
	}
	set, err := p.shelf.get(ctx, f.Settings, p)
	if err != nil {
		return p.failed(Errored, "settings cannot be read", nil, f)
	}
	shape := p.shape
	if how.all {
		shape = whole()
	}
	input, ok := f.value(set.term, shape)
	if !ok {
		return p.failed(Errored, "a fact is not a finite number", set, f)
	}
	if ctx.Err() != nil {
		return p.failed(TimedOut, "the deadline had passed before the evaluation", set, f)
	}
	p.asked.Add(1)
	var w witness
	said, err := p.eval(ctx, p.query, input, set.memory, &w, how)
	if err != nil {
		outcome, detail := classify(err)
		return p.failed(outcome, detail, set, f)
	}
	if said == nil {
		return p.failed(Undefined, "no rule gave a decision", set, f)
	}
	d, err := read(said, set, f)
	if err != nil {
		return p.failed(Errored, err.Error(), set, f)
	}
	if p.shadowed != nil {
		p.askShadowed(ctx, input, set, &w, how, &d)
	}
	d.Fired, d.Version, d.Outcome = w.report(p.rules), p.version, Decided
	return d
}

// askShadowed adds what shadowed files would have said. That they fail changes nothing and is recorded.
func (p *Program) askShadowed(ctx context.Context, input ast.Value, set *settings, w *witness, how how, d *Decision) {
	said, err := p.eval(ctx, p.shadowed, input, set.memory, w, how)
	if err == nil && said != nil {
		err = shade(d, said, set)
	}
	if err != nil || said == nil {
		d.Flags = tidy(append(d.Flags, "shadow_failed"))
	}
}

// classify names the outcome of an evaluation that failed, and says where it did. OPA's own message is left out: it may
// quote facts.
func classify(err error) (outcome, detail string) {
	e, ok := errors.AsType[*topdown.Error](err)
	switch {
	case topdown.IsCancel(err):
		return TimedOut, "the deadline passed during the evaluation"
	case !ok:
		return Errored, "the evaluation failed"
	}
	detail = e.Code
	if e.Location != nil {
		detail = fmt.Sprintf("%s at %s:%d", e.Code, e.Location.File, e.Location.Row)
	}
	if e.Code == topdown.ConflictErr {
		return Conflicted, detail
	}
	return Errored, detail
}

// failed is the decision where the policies made none. Where the tenant lets traffic pass then, the reason is kept as a
// shadow, every candidate may be used, and the answer is only logged.
func (p *Program) failed(outcome, detail string, set *settings, f *Facts) Decision {
	d := Decision{
		Reasons: []Reason{{Code: codePolicyFailed, Detail: detail, Mode: Enforce}},
		Redact:  []Redact{}, Flags: []string{}, Candidates: []int{}, Fired: []Rule{},
		Plan:    Plan{Types: map[string]string{}, Categories: map[string]string{}},
		Version: p.version, Outcome: outcome,
	}
	if set != nil && set.allowFail {
		d.Allow, d.Reasons[0].Mode = true, Shadow
		d.Candidates = remaining(len(f.Candidates), nil)
	}
	return d
}

// complete says which fact is missing that every policy builds on. Such facts are refused here and not in Rego, where a
// missing value makes rules silent.
func (f *Facts) complete() error {
	switch {
	case f == nil:
		return errors.New("there are no facts")
	case f.Schema != FactsSchema:
		return fmt.Errorf("facts are of schema %d, not %d", f.Schema, FactsSchema)
	case f.Phase != "request" && f.Phase != "close":
		return errors.New("facts name no phase")
	case f.Identity.Tenant == "":
		return errors.New("facts name no tenant")
	case len(f.Settings) == 0:
		return errors.New("facts hold no settings")
	}
	return nil
}
