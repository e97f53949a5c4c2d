package policy

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// settledDoc is a document of package weir that reads nothing of the input but the tenant's settings. It is evaluated
// once for each tenant's settings, and what it gave is put into every later evaluation.
type settledDoc struct {
	name  string // of the rule, below data.weir
	query ast.Body
}

// settledDocs finds the documents whose rules, and whatever rules those refer to, read only input.settings. Documents
// whose rules are reported as fired are left out: they must be seen to fire.
func settledDocs(e *evaluator) ([]settledDoc, error) {
	var out []settledDoc
	for name, rules := range documents(e.compiler) {
		if spoken[strings.TrimPrefix(name, shadowPrefix)] || "data.weir."+name == shadowEntry || "data.weir."+name == entrypoint || "data.weir."+name == closing || !settled(e.compiler, rules, map[*ast.Rule]bool{}) {
			continue
		}
		query, err := e.ask("data.weir." + name)
		if err != nil {
			return nil, err
		}
		out = append(out, settledDoc{name, query})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out, nil
}

// documents are the rules of package weir by name, without functions and rules with longer names.
func documents(c *ast.Compiler) map[string][]*ast.Rule {
	out, longer := map[string][]*ast.Rule{}, map[string]bool{}
	for _, m := range c.Modules {
		if !ours(m) {
			continue
		}
		for _, r := range m.Rules {
			name, ok := r.Head.Reference[0].Value.(ast.Var)
			if !ok || len(r.Head.Args) > 0 || len(r.Head.Reference) > 1 {
				longer[headName(r)] = true
				continue
			}
			out[string(name)] = append(out[string(name)], r)
		}
	}
	for name := range longer {
		delete(out, name)
	}
	return out
}

// settled says whether rules, and all they refer to, read nothing of the input but its settings.
func settled(c *ast.Compiler, rules []*ast.Rule, seen map[*ast.Rule]bool) bool {
	for _, r := range rules {
		if seen[r] {
			continue
		}
		seen[r] = true
		if !onlySettings(r) {
			return false
		}
		for dep := range c.Graph.Dependencies(r) {
			if d, ok := dep.(*ast.Rule); ok && !settled(c, []*ast.Rule{d}, seen) {
				return false
			}
		}
	}
	return true
}

func onlySettings(r *ast.Rule) bool {
	only := true
	var visitor *ast.GenericVisitor
	visitor = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			if len(x) > 0 && x[0].Equal(ast.InputRootDocument) {
				only = only && len(x) > 1 && x[1].Equal(keySettings)
				for _, t := range x[1:] {
					visitor.Walk(t)
				}
				return true
			}
		case ast.Var:
			only = only && !x.Equal(ast.InputRootDocument.Value)
		case *ast.With:
			only = false
		}
		return !only
	})
	visitor.Walk(r)
	return only
}

// kept is a document that need not be evaluated again.
type kept struct {
	name  string
	value *ast.Term // nil: undefined
}

// remember evaluates the settled documents for one tenant's settings.
func (p *Program) remember(ctx context.Context, s *settings) ([]kept, error) {
	input := ast.NewObject([2]*ast.Term{keySettings, s.term})
	out := make([]kept, 0, len(p.settled))
	for _, d := range p.settled {
		v, err := p.eval(ctx, d.query, input, nil, &witness{}, how{})
		if err != nil {
			return nil, fmt.Errorf("evaluating %s: %w", d.name, err)
		}
		k := kept{name: d.name}
		if v != nil {
			v.Hash() // computed once here, read by many goroutines later
			k.value = ast.NewTerm(v)
		}
		out = append(out, k)
	}
	return out, nil
}

// memo is the cache of documents within one evaluation. Documents of package weir stand in a short list, which costs a
// third of the tree that OPA keeps them in; everything else goes there.
type memo struct {
	frames []frame
}

type frame struct {
	docs []kept
	rest topdown.VirtualCache
}

func newMemo(known []kept) *memo {
	docs := make([]kept, len(known), len(known)+16)
	copy(docs, known)
	return &memo{frames: []frame{{docs: docs}}}
}

// Push opens a frame that knows nothing: for what is evaluated under a `with`.
func (m *memo) Push() { m.frames = append(m.frames, frame{}) }

// Pop closes it.
func (m *memo) Pop() { m.frames = m.frames[:len(m.frames)-1] }

// document is the name of a document of package weir, where ref is one and nothing in it.
func document(ref ast.Ref) (string, bool) {
	if len(ref) != 3 {
		return "", false
	}
	pkg, _ := ref[1].Value.(ast.String)
	name, ok := ref[2].Value.(ast.String)
	return string(name), ok && pkg == "weir" && ref[0].Equal(ast.DefaultRootDocument)
}

// Get returns what is known of a document, and whether that is that it is undefined.
func (m *memo) Get(ref ast.Ref) (value *ast.Term, undefined bool) {
	f := &m.frames[len(m.frames)-1]
	if name, ok := document(ref); ok {
		for i := range f.docs {
			if f.docs[i].name == name {
				return f.docs[i].value, f.docs[i].value == nil
			}
		}
		return nil, false
	}
	if f.rest == nil {
		return nil, false
	}
	return f.rest.Get(ref)
}

// Put keeps a document; nil says that it is undefined.
func (m *memo) Put(ref ast.Ref, value *ast.Term) {
	f := &m.frames[len(m.frames)-1]
	if name, ok := document(ref); ok {
		f.docs = append(f.docs, kept{name, value})
		return
	}
	if f.rest == nil {
		f.rest = topdown.NewVirtualCache()
	}
	f.rest.Put(ref, value)
}

// Keys are not kept: OPA asks for them only when it explains itself.
func (m *memo) Keys() []ast.Ref { return nil }
