package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// kind is what a value of the input can be, as the schema says: an object of named members, an object of any names, a list, or
// a value without members. A nil kind is one that is not known.
type kind struct {
	path    string           // how it is reached, as input.found.pii[_]
	leaf    string           // string, number, integer, boolean; empty for what has members
	members map[string]*kind // of an object that has these and no others
	each    *kind            // of an object of any names, or of a list
}

// kindIn reads a JSON Schema as schemaOf writes it.
func kindIn(path string, schema any) *kind {
	s, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	k := &kind{path: path}
	switch s["type"] {
	case "array":
		k.each = kindIn(path+"[_]", s["items"])
	case "object":
		if each, open := s["additionalProperties"].(map[string]any); open {
			k.each = kindIn(path+"[_]", each)
			return k
		}
		members, _ := s["properties"].(map[string]any)
		k.members = make(map[string]*kind, len(members))
		for name, m := range members {
			k.members[name] = kindIn(path+"."+name, m)
		}
	default:
		k.leaf, _ = s["type"].(string)
	}
	return k
}

// lists is the kind of a list, or a set, of a kind.
func lists(of *kind) *kind {
	if of == nil {
		return nil
	}
	return &kind{path: of.path, each: of}
}

// at is the kind of a member. wrong says that there is none, and why.
func (k *kind) at(t *ast.Term) (member *kind, wrong string) {
	if k == nil {
		return nil, ""
	}
	name, named := t.Value.(ast.String)
	switch {
	case k.leaf != "":
		return nil, k.path + " is a " + k.leaf + ", and has no " + strings.Trim(t.String(), `"`)
	case k.members == nil:
		return k.each, ""
	case !named:
		return k.any(), ""
	}
	if m, ok := k.members[string(name)]; ok {
		return m, ""
	}
	return nil, k.path + " has no " + string(name) + "; one of: " + strings.Join(slices.Sorted(maps.Keys(k.members)), ", ")
}

// any is what all members are, where they are all the same.
func (k *kind) any() *kind {
	var out *kind
	for _, name := range slices.Sorted(maps.Keys(k.members)) {
		switch m := k.members[name]; {
		case m == nil || out != nil && !m.same(out):
			return nil
		case out == nil:
			out = m
		}
	}
	return out
}

// same says whether two kinds have the same members, all the way down.
func (k *kind) same(other *kind) bool {
	if k == nil || other == nil {
		return k == other
	}
	return k.leaf == other.leaf && k.each.same(other.each) && maps.EqualFunc(k.members, other.members, (*kind).same)
}

// checkFields refuses references to members that the schema does not have. OPA's own check sees only objects of named members;
// this one follows objects of any names, such as findings by their type, and what is taken out of them: into variables (some,
// in, every, :=, =), comprehensions, functions that are called with one kind of thing, and documents that hold one kind.
func checkFields(c *ast.Compiler, schema any) []Problem {
	f := fields{compiler: c, input: kindIn("input", schema), of: map[*ast.Rule]map[ast.Var]*kind{}, documents: map[string]*kind{}, results: map[string]*kind{}, params: map[string][]*kind{}}
	for range followed {
		f.round()
	}
	f.report = true
	f.round()
	sortProblems(f.problems)
	return slices.Compact(f.problems)
}

// followed is through how many rules in a row what a value is can be followed.
const followed = 4

// fields follows kinds through the rules of a program.
type fields struct {
	compiler  *ast.Compiler
	input     *kind
	of        map[*ast.Rule]map[ast.Var]*kind // variables, by rule
	documents map[string]*kind                // of package weir, by name
	results   map[string]*kind                // of functions, by name
	params    map[string][]*kind              // of functions, by name
	report    bool
	problems  []Problem
}

// mixed is the kind of what is one thing here and another there: it is not checked.
var mixed = &kind{path: "mixed"}

// meet is what two kinds have in common.
func meet(a, b *kind) *kind {
	switch {
	case a == nil:
		return b
	case b == nil || a.same(b):
		return a
	default:
		return mixed
	}
}

// round goes once over all rules, with what the rounds before found out about documents and functions.
func (f *fields) round() {
	documents, results, params := map[string]*kind{}, map[string]*kind{}, map[string][]*kind{}
	for _, m := range f.compiler.Modules {
		if !ours(m) {
			continue
		}
		for _, r := range m.Rules {
			name := headName(r)
			env := f.of[r]
			if env == nil {
				env = map[ast.Var]*kind{}
				f.of[r] = env
			}
			for i, arg := range r.Head.Args {
				if v, ok := arg.Value.(ast.Var); ok && i < len(f.params[name]) {
					env[v] = f.params[name][i]
				}
			}
			s := scope{f, env, params, r.Location}
			for e := r; e != nil; e = e.Else {
				s.body(e.Body)
				given := s.kindOf(e.Head.Value)
				switch {
				case len(e.Head.Reference) == 2: // an object; it has a key, too
					given = lists(given)
				case e.Head.Key != nil:
					given = lists(s.kindOf(e.Head.Key))
				}
				if given == nil || len(e.Head.Reference) > 2 {
					given = mixed
				}
				if len(r.Head.Args) > 0 {
					results[name] = meet(results[name], given)
				} else {
					documents[name] = meet(documents[name], given)
				}
			}
			if f.report {
				s.check(r)
			}
		}
	}
	f.documents, f.results, f.params = known(documents), known(results), params
	for name, list := range params {
		for i, k := range list {
			if k == mixed {
				params[name][i] = nil
			}
		}
	}
}

// known leaves out what is mixed.
func known(m map[string]*kind) map[string]*kind {
	maps.DeleteFunc(m, func(_ string, k *kind) bool { return k == mixed })
	return m
}
