package policy

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// scope is one rule while its variables are followed. OPA gives each variable of a compiled rule a name of its own, so one map
// holds those of all its bodies.
type scope struct {
	*fields
	env    map[ast.Var]*kind
	params map[string][]*kind // of functions, as this round sees them called
	at     *ast.Location
}

// body learns what the variables of a body are.
func (s *scope) body(b ast.Body) {
	for _, e := range b {
		switch terms := e.Terms.(type) {
		case *ast.Every:
			s.bind(terms.Value, s.element(terms.Domain))
			s.body(terms.Body)
		case []*ast.Term:
			s.inside(terms)
			s.call(e, terms)
		case *ast.Term:
			s.inside([]*ast.Term{terms})
		}
	}
}

// inside goes into the bodies of comprehensions.
func (s *scope) inside(terms []*ast.Term) {
	for _, t := range terms {
		ast.NewGenericVisitor(func(x any) bool {
			switch c := x.(type) {
			case *ast.ArrayComprehension:
				s.body(c.Body)
			case *ast.SetComprehension:
				s.body(c.Body)
			case *ast.ObjectComprehension:
				s.body(c.Body)
			}
			return false
		}).Walk(t)
	}
}

// call learns from one expression: an equation, a built-in that takes a member out, or a function of the policies.
func (s *scope) call(e *ast.Expr, terms []*ast.Term) {
	operands := terms[1:]
	switch name := terms[0].String(); {
	case e.IsEquality() || e.IsAssignment():
		s.equal(operands[0], operands[1])
	case name == "object.get" && len(operands) == 4:
		member, _ := s.kindOf(operands[0]).at(operands[1])
		s.bind(operands[3], member)
	case strings.HasPrefix(name, weirPackage+"."):
		function := strings.TrimPrefix(name, weirPackage+".")
		for i, t := range operands {
			for len(s.params[function]) <= i {
				s.params[function] = append(s.params[function], nil)
			}
			given := s.kindOf(t)
			if given == nil {
				given = mixed
			}
			s.params[function][i] = meet(s.params[function][i], given)
		}
		if n := len(operands); n > 0 && !e.Negated {
			if rules := s.compiler.GetRulesExact(terms[0].Value.(ast.Ref)); len(rules) > 0 && len(rules[0].Head.Args) < n {
				s.bind(operands[n-1], s.results[function])
			}
		}
	}
}

// equal learns from two terms that are the same, member by member where both are lists.
func (s *scope) equal(a, b *ast.Term) {
	x, isArray := a.Value.(*ast.Array)
	y, alsoArray := b.Value.(*ast.Array)
	if isArray && alsoArray && x.Len() == y.Len() {
		for i := range x.Len() {
			s.equal(x.Elem(i), y.Elem(i))
		}
		return
	}
	s.bind(a, s.kindOf(b))
	s.bind(b, s.kindOf(a))
}

// bind notes what a variable is.
func (s *scope) bind(t *ast.Term, k *kind) {
	if v, ok := t.Value.(ast.Var); ok && k != nil && k != mixed {
		s.env[v] = meet(s.env[v], k)
	}
}

// element is what a collection holds.
func (s *scope) element(t *ast.Term) *kind {
	if k := s.kindOf(t); k != nil && k.members == nil {
		return k.each
	}
	return nil
}

// kindOf is what a term is, as far as it is known.
func (s *scope) kindOf(t *ast.Term) *kind {
	if t == nil {
		return nil
	}
	switch v := t.Value.(type) {
	case ast.Var:
		if k := s.env[v]; k != mixed {
			return k
		}
	case ast.Ref:
		k, _, _ := s.resolve(v)
		return k
	case *ast.ArrayComprehension:
		return lists(s.kindOf(v.Term))
	case *ast.SetComprehension:
		return lists(s.kindOf(v.Term))
	case *ast.ObjectComprehension:
		return lists(s.kindOf(v.Value))
	}
	return nil
}

// resolve follows a reference. wrong says which member does not exist, and at says which of the reference's terms names it.
func (s *scope) resolve(ref ast.Ref) (k *kind, wrong string, at *ast.Term) {
	rest := ref[1:]
	switch head, _ := ref[0].Value.(ast.Var); {
	case ref[0].Equal(ast.InputRootDocument):
		k = s.input
	case ref[0].Equal(ast.DefaultRootDocument):
		name, ok := document(ref[:min(len(ref), 3)])
		if !ok {
			return nil, "", nil
		}
		k, rest = s.documents[name], ref[3:]
	default:
		k = s.env[head]
	}
	if k == mixed {
		return nil, "", nil
	}
	for _, t := range rest {
		if k, wrong = k.at(t); wrong != "" {
			return nil, wrong, t
		}
		if k == nil {
			return nil, "", nil
		}
	}
	return k, "", nil
}

// check reports every reference of a rule to what does not exist.
func (s *scope) check(r *ast.Rule) {
	place := r.Location
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Expr:
			if x.Location != nil && x.Location.Row > 0 {
				place = x.Location
			}
		case *ast.Term:
			if x.Location != nil && x.Location.Row > 0 && x.Location.File != "" {
				place = x.Location
			}
		case ast.Ref:
			if _, wrong, member := s.resolve(x); wrong != "" {
				s.problems = append(s.problems, Problem{
					File: place.File, Line: place.Row, Column: place.Col, Message: "undefined field: " + strings.Trim(member.String(), `"`), Hint: wrong,
				})
			}
		}
		return false
	}).Walk(r)
}
