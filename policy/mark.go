package policy

import (
	"sort"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"
)

// markName is a built-in that only the loader can call: it is put at the end of every rule that speaks, once the rule
// is compiled, and notes that the rule was left with success. A tracer would cost more than the evaluation itself.
const markName = "weir.fired"

// witnessKey is where an evaluation's witness stands for the mark.
const witnessKey = "witness"

// marks are the built-ins an evaluation has beside OPA's own.
var marks = map[string]*topdown.Builtin{markName: {
	Decl: &ast.Builtin{Name: markName, Decl: types.NewFunction(types.Args(types.N), nil)},
	Func: func(c topdown.BuiltinContext, operands []*ast.Term, iter func(*ast.Term) error) error {
		if w, ok := c.ResponseMetadata[witnessKey].(*witness); ok {
			w.note(operands[0])
		}
		return iter(nil)
	},
}}

// mark puts the mark of number n at the end of a compiled rule.
func mark(r *ast.Rule, n int) {
	e := ast.NewExpr([]*ast.Term{ast.NewTerm(ast.Ref{ast.VarTerm("weir"), ast.StringTerm("fired")}), ast.IntNumberTerm(n)})
	e.Index = len(r.Body)
	e.Location = r.Location
	r.Body = append(r.Body, e)
}

// witness remembers which rules spoke in one evaluation, by their numbers.
type witness struct{ fired []int }

func (w *witness) note(t *ast.Term) {
	number, _ := t.Value.(ast.Number)
	n, ok := number.Int()
	if !ok {
		return
	}
	for _, have := range w.fired {
		if have == n {
			return
		}
	}
	w.fired = append(w.fired, n)
}

// report lists the rules that fired by file and line, which is the order of their numbers.
func (w *witness) report(rules []Rule) []Rule {
	sort.Ints(w.fired)
	out := make([]Rule, 0, len(w.fired))
	for _, n := range w.fired {
		out = append(out, rules[n])
	}
	return out
}
