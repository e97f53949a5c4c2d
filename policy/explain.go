package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Explanation says how a decision came about.
type Explanation struct {
	Facts    *Facts      `json:"facts"`
	Decision Decision    `json:"decision"`
	Rules    []Explained `json:"rules"` // every rule that can speak, by file and line
	// Note says why the decision may be another than the one that was made; usually empty.
	Note string `json:"note,omitempty"`
}

// Explained is what became of one rule.
type Explained struct {
	Rule
	Set   string `json:"set"`            // what it adds to: reasons, redact, flags, ...
	State string `json:"state"`          // fired, failed, skipped
	At    int    `json:"at,omitempty"`   // line of the expression that did not hold, of a rule that failed
	Text  string `json:"text,omitempty"` // that expression, as it stands in the file
}

// The states of a rule.
const (
	Fired   = "fired"
	Failed  = "failed"  // it was evaluated, and something in it did not hold
	Skipped = "skipped" // the index left it out: what it begins with does not hold, or the set was not asked for
)

// Explain decides f and says what each rule did. It is many times slower than Decide and gives the same decision.
func (p *Program) Explain(ctx context.Context, f *Facts) Explanation {
	w := watcher{rules: map[*ast.Rule]int{}, states: make([]Explained, len(p.rules)), queries: map[uint64]int{}}
	for n, r := range p.marked {
		set, _ := speaks(r.Module, r)
		w.rules[r], w.states[n] = n, Explained{Rule: p.rules[n], Set: set, State: Skipped}
	}
	d := p.decide(ctx, f, how{tracer: &w})
	e := Explanation{Facts: f, Decision: d, Rules: w.states}
	if f != nil && p.readsText && !f.Text.Kept() {
		e.Note = fmt.Sprintf("the policies saw the text of %d segments, which no record keeps: rules that look at it are explained as if there were none", f.Text.Count)
	}
	return e
}

// watcher is a tracer that follows the rules that can speak.
type watcher struct {
	rules   map[*ast.Rule]int
	states  []Explained
	queries map[uint64]int // which rule's body a query is
}

// Enabled is always true.
func (w *watcher) Enabled() bool { return true }

// Config asks for no variables.
func (w *watcher) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent notes what a rule comes to.
func (w *watcher) TraceEvent(e topdown.Event) {
	switch node := e.Node.(type) {
	case *ast.Rule:
		n, ok := w.rules[node]
		if !ok {
			return
		}
		switch e.Op {
		case topdown.EnterOp:
			w.queries[e.QueryID] = n
			if w.states[n].State == Skipped {
				w.states[n].State = Failed
			}
		case topdown.ExitOp:
			w.states[n].State, w.states[n].At, w.states[n].Text = Fired, 0, ""
		}
	case *ast.Expr:
		n, ok := w.queries[e.QueryID]
		if ok && e.Op == topdown.FailOp && w.states[n].State == Failed && node.Location != nil {
			w.states[n].At, w.states[n].Text = node.Location.Row, oneLine(node.Location.Text)
		}
	}
}

// oneLine is a text of a policy's source on one line, bounded.
func oneLine(text []byte) string {
	s := strings.Join(strings.Fields(string(text)), " ")
	if len(s) > 100 {
		s = strings.ToValidUTF8(s[:100], "") + " ..."
	}
	return s
}

// WriteText prints an explanation for a person.
func (e Explanation) WriteText(w io.Writer) error {
	p := printer{w: w}
	verdict := "denied"
	if e.Decision.Allow {
		verdict = "allowed"
	}
	p.line("%s  (%s, policies %s)", verdict, e.Decision.Outcome, e.Decision.Version)
	for _, r := range e.Decision.Reasons {
		p.line("  reason      %s %s%s%s", r.Mode, r.Code, after(": ", r.Detail), after(", told the client: ", r.Message))
	}
	for _, r := range e.Decision.Redact {
		p.line("  redact      %s, reversible %t", r.Type, r.Reversible)
	}
	for _, f := range e.Decision.Flags {
		p.line("  flag        %s", f)
	}
	p.json("  obligations ", e.Decision.Obligations)
	p.json("  plan        ", e.Decision.Plan)
	p.line("  candidates  %v of %d", e.Decision.Candidates, len(e.Facts.Candidates))
	if e.Note != "" {
		p.line("  note        %s", e.Note)
	}
	p.line("\nfacts")
	p.facts(e.Facts)
	for _, part := range [...]struct{ title, state string }{{"rules that fired", Fired}, {"rules that did not hold", Failed}, {"rules that were not reached", Skipped}} {
		p.line("\n%s", part.title)
		for _, r := range e.Rules {
			if r.State == part.state {
				p.line("  %s:%d  %s  %s", r.File, r.Line, r.Set, r.Name)
				if r.At > 0 {
					p.line("      line %d: %s", r.At, r.Text)
				}
			}
		}
	}
	return p.err
}

func after(sep, s string) string {
	if s == "" {
		return ""
	}
	return sep + s
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) json(title string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		p.err = err
		return
	}
	if string(text) != "{}" && string(text) != "null" {
		p.line("%s%s", title, text)
	}
}

// facts prints one member of the facts a line.
func (p *printer) facts(f *Facts) {
	for _, part := range [...]struct {
		name  string
		value any
	}{
		{"time", f.Time}, {"identity", f.Identity}, {"request", f.Request}, {"findings", f.Findings}, {"candidates", f.Candidates},
		{"tokens", f.Tokens}, {"rates", f.Rates}, {"budgets", f.Budgets}, {"client", f.Client}, {"models", f.Models}, {"text", f.Text}, {"settings", f.Settings},
	} {
		p.json(fmt.Sprintf("  %-11s ", part.name), part.value)
	}
}
