package policy

import (
	"sort"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// spoken are the sets of package weir whose rules are reported as fired.
var spoken = map[string]bool{"reasons": true, "redact": true, "flags": true, "excluded": true}

// speaks says whether a rule adds to one of the sets that make a decision, and to which.
func speaks(m *ast.Module, r *ast.Rule) (set string, ok bool) {
	if m.Package.Path.String() != "data.weir" || len(r.Head.Reference) == 0 {
		return "", false
	}
	v, isVar := r.Head.Reference[0].Value.(ast.Var)
	return string(v), isVar && spoken[string(v)]
}

// watched lists the rules that speak, by the pointer the evaluation reports.
func watched(c *ast.Compiler) map[*ast.Rule]Rule {
	out := map[*ast.Rule]Rule{}
	for _, m := range c.Modules {
		for _, r := range m.Rules {
			set, ok := speaks(m, r)
			if !ok {
				continue
			}
			out[r] = Rule{Name: orWord(titleOf(r), "weir."+set), File: r.Location.File, Line: r.Location.Row}
		}
	}
	return out
}

func titleOf(r *ast.Rule) string {
	for _, a := range r.Annotations {
		if a.Scope == "rule" && a.Title != "" {
			return a.Title
		}
	}
	return ""
}

// witness is a tracer that notes which of the watched rules were left with success, and looks at nothing else.
type witness struct {
	rules map[*ast.Rule]Rule
	fired []*ast.Rule
}

// Enabled is always true.
func (w *witness) Enabled() bool { return true }

// Config asks for no variables, which would cost more than the evaluation.
func (w *witness) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent notes a rule once.
func (w *witness) TraceEvent(e topdown.Event) {
	if e.Op != topdown.ExitOp {
		return
	}
	r, ok := e.Node.(*ast.Rule)
	if !ok {
		return
	}
	if _, ok = w.rules[r]; !ok {
		return
	}
	for _, have := range w.fired {
		if have == r {
			return
		}
	}
	w.fired = append(w.fired, r)
}

// report lists the rules that fired by file and line.
func (w *witness) report() []Rule {
	out := make([]Rule, 0, len(w.fired))
	for _, r := range w.fired {
		out = append(out, w.rules[r])
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].File != out[j].File {
			return out[i].File < out[j].File
		}
		return out[i].Line < out[j].Line
	})
	return out
}

// checkCodes refuses codes that no dialect has words for: in METADATA custom.codes, and where a rule adds a reason whose
// code stands in the policy as a constant.
func checkCodes(modules map[string]*ast.Module) []Problem {
	var out []Problem
	for _, m := range modules {
		for _, a := range m.Annotations {
			for _, code := range listed(a) {
				out = append(out, unknownCode(code, a.Location)...)
			}
		}
		for _, r := range m.Rules {
			if set, ok := speaks(m, r); ok && set == "reasons" && r.Head.Key != nil {
				out = append(out, unknownCode(constantCode(r.Head.Key), r.Location)...)
			}
		}
	}
	return out
}

// listed are the codes an annotation declares.
func listed(a *ast.Annotations) []string {
	list, _ := a.Custom["codes"].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// constantCode is the code a reason's term names, or nothing where it is computed.
func constantCode(t *ast.Term) string {
	switch v := t.Value.(type) {
	case ast.String:
		return string(v)
	case ast.Object:
		if c := v.Get(keyCode); c != nil {
			s, _ := c.Value.(ast.String)
			return string(s)
		}
	}
	return ""
}

func unknownCode(code string, at *ast.Location) []Problem {
	if _, ok := ranks[code]; ok || code == "" {
		return nil
	}
	return []Problem{{
		File: at.File, Line: at.Row, Column: at.Col, Message: "unknown reason code " + code,
		Hint: "use " + nearest(code) + ", or policy_denied with a message of your own",
	}}
}

// nearest is the known code that shares the longest beginning with code.
func nearest(code string) string {
	best, length := codePolicyDenied, 0
	for _, c := range order {
		n := 0
		for n < len(c) && n < len(code) && c[n] == code[n] {
			n++
		}
		if n > length {
			best, length = c, n
		}
	}
	return best
}
