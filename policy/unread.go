package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// gathered are the sets that rego's decision and closing gather. A team's own decision may leave some of them out.
var gathered = []string{
	"alerts", "answers", "closing_flags", "closing_obligations", "excluded", "flags", "obligations", "reasons", "redact",
}

// checkUnread refuses rules of this package that add to a set which nothing reads: a misspelt name, such as reason for
// reasons, would keep its rules from ever deciding anything.
func checkUnread(modules map[string]*ast.Module) []Problem {
	read := map[string]bool{}
	for _, name := range gathered {
		read[name] = true
	}
	for _, m := range modules {
		for _, r := range m.Rules {
			noteRead(r, read)
		}
	}
	var out []Problem
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		m := modules[name]
		if !ours(m) || strings.HasSuffix(name, "_test.rego") {
			continue
		}
		for _, r := range m.Rules {
			set := headName(r)
			if r.Head.RuleKind() != ast.MultiValue || read[set] {
				continue
			}
			out = append(out, Problem{
				File: name, Line: r.Location.Row, Column: r.Location.Col,
				Message: "nothing reads the set " + set + ", so the rule decides nothing; those that are read: " + strings.Join(gathered, ", "),
			})
		}
	}
	return out
}

// noteRead enters what a rule reads: names of its own package, and those of this one by their whole path.
func noteRead(r *ast.Rule, read map[string]bool) {
	note := func(x any) {
		ast.WalkVars(x, func(v ast.Var) bool {
			read[string(v)] = true
			return false
		})
		ast.WalkRefs(x, func(ref ast.Ref) bool {
			if s := ref.String(); strings.HasPrefix(s, weirPackage+".") && len(ref) > 2 {
				if name, ok := ref[2].Value.(ast.String); ok {
					read[string(name)] = true
				}
			}
			return false
		})
	}
	for ; r != nil; r = r.Else {
		note(r.Body)
		for _, t := range append(slices.Clone(r.Head.Args), r.Head.Key, r.Head.Value) {
			if t != nil {
				note(t)
			}
		}
	}
}
