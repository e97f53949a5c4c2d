package policy

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// textName is the member of the input that holds text of the request.
const textName = "text"

// textual follows the text of requests through a compiled program. What a decision says goes into the trail, so nothing of
// it may be made of text: a rule that looks at text may only choose among what stands in the policy itself.
type textual struct {
	compiler *ast.Compiler
	known    map[*ast.Rule]bool
}

// checkText refuses rules whose values could hold text of a request and reach a decision. reads says whether any rule looks
// at text at all.
func checkText(c *ast.Compiler) (reads bool, problems []Problem) {
	t := textual{c, map[*ast.Rule]bool{}}
	var last []Problem // of the documents themselves, where no rule that speaks is to blame
	for _, m := range c.Modules {
		for _, r := range m.Rules {
			reads = reads || looks(r)
			if !ours(m) || !t.carries(r) {
				continue
			}
			p := Problem{
				File: r.Location.File, Line: r.Location.Row, Column: r.Location.Col, Message: "what this rule gives may hold text of a request, and goes into the trail",
				Hint: "let a rule of its own that gives true look at input.text, and this one ask for that rule",
			}
			set, ok := speaks(m, r)
			name := headName(r)
			switch {
			case ok && strings.TrimPrefix(set, shadowPrefix) == indices:
			case ok || strings.TrimPrefix(name, shadowPrefix) == plans:
				problems = append(problems, p)
			case weirPackage+"."+name == entrypoint || weirPackage+"."+name == closing:
				last = append(last, p)
			}
		}
	}
	if len(problems) == 0 {
		problems = last
	}
	return reads, problems
}

// indices is the set of numbers of candidates: a number that is not one of them means nothing.
const indices = "excluded"

// carries says whether a rule's value may hold text: where it is no constant, and the rule looks at text itself or at a rule
// whose value may.
func (t textual) carries(r *ast.Rule) bool {
	if out, ok := t.known[r]; ok {
		return out
	}
	t.known[r] = false
	out := false
	if !constant(r) && !isIndices(r) {
		out = looks(r)
		for dep := range t.compiler.Graph.Dependencies(r) {
			if d, ok := dep.(*ast.Rule); ok && t.carries(d) {
				out = true
			}
		}
	}
	t.known[r] = out
	return out
}

func isIndices(r *ast.Rule) bool {
	name := headName(r)
	return r.Module != nil && ours(r.Module) && strings.TrimPrefix(name, shadowPrefix) == indices
}

// constant says whether a rule can give nothing but what stands in it.
func constant(r *ast.Rule) bool {
	for ; r != nil; r = r.Else {
		for _, x := range append([]*ast.Term{r.Head.Key, r.Head.Value}, r.Head.Reference[1:]...) {
			if x != nil && !plain(x) {
				return false
			}
		}
	}
	return true
}

// plain says whether a term is a constant.
func plain(t *ast.Term) bool {
	out := true
	ast.NewGenericVisitor(func(x any) bool {
		switch x.(type) {
		case ast.Var, ast.Ref, ast.Call, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			out = false
		}
		return !out
	}).Walk(t)
	return out
}

// looks says whether a rule reads text of a request: more of input.text than counts and roles.
func looks(r *ast.Rule) bool {
	found := false
	var visitor *ast.GenericVisitor
	visitor = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			if len(x) > 0 && x[0].Equal(ast.InputRootDocument) {
				found = found || reveals(x[1:])
				for _, t := range x[1:] {
					visitor.Walk(t)
				}
				return true
			}
		case ast.Var:
			found = found || x.Equal(ast.InputRootDocument.Value)
		}
		return found
	})
	visitor.Walk(r)
	return found
}

// reveals says whether a path below input gives text, or a place, which may hold names that the client chose.
func reveals(path ast.Ref) bool {
	name := func(i int) (string, bool) {
		s, ok := path[i].Value.(ast.String)
		return string(s), ok
	}
	if len(path) == 0 {
		return true
	}
	if s, ok := name(0); ok && s != textName {
		return false
	}
	if len(path) > 1 {
		if s, ok := name(1); ok && s != "segments" {
			return false
		}
	}
	if len(path) > 3 {
		if s, ok := name(3); ok && s == "role" {
			return false
		}
	}
	return true
}
