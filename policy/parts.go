package policy

import (
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// parts keeps the values that the settings of many tenants have in common, each once, so that a decision for one of
// thousands of tenants finds most of what it reads in the processor's caches. Values are kept by their own text and are
// immutable: what is shared is equal.
type parts struct {
	mu   sync.Mutex
	kept map[string]*ast.Term
}

// share is t with every part that was seen before replaced by that.
func (p *parts) share(t *ast.Term) *ast.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.term(t)
}

func (p *parts) term(t *ast.Term) *ast.Term {
	text := t.Value.String() // tells values of different types apart: strings are quoted, an empty set is set()
	if have := p.kept[text]; have != nil {
		return have
	}
	switch v := t.Value.(type) {
	case ast.Object:
		pairs := make([][2]*ast.Term, 0, v.Len())
		v.Foreach(func(k, member *ast.Term) { pairs = append(pairs, [2]*ast.Term{p.term(k), p.term(member)}) })
		t = ast.NewTerm(ast.NewObject(pairs...))
	case *ast.Array:
		terms := make([]*ast.Term, 0, v.Len())
		v.Foreach(func(member *ast.Term) { terms = append(terms, p.term(member)) })
		t = ast.NewTerm(ast.NewArray(terms...))
	case ast.Set:
		terms := make([]*ast.Term, 0, v.Len())
		v.Foreach(func(member *ast.Term) { terms = append(terms, p.term(member)) })
		t = ast.NewTerm(ast.NewSet(terms...))
	}
	t.Value.Hash() // computed once here, read by many goroutines later
	if p.kept == nil {
		p.kept = map[string]*ast.Term{}
	}
	p.kept[text] = t
	return t
}

// forget starts over; what was given out stays as it is.
func (p *parts) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = nil
}
