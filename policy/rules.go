package policy

import (
	"fmt"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// spoken are the sets of package weir whose rules are reported as fired.
var spoken = map[string]bool{
	"reasons": true, "redact": true, "flags": true, "excluded": true, "obligations": true,
	"closing_flags": true, "alerts": true, "closing_obligations": true,
}

// speaks says whether a rule adds to one of the sets that make a decision, and to which.
func speaks(m *ast.Module, r *ast.Rule) (set string, ok bool) {
	if !ours(m) || len(r.Head.Reference) == 0 {
		return "", false
	}
	v, isVar := r.Head.Reference[0].Value.(ast.Var)
	return string(v), isVar && spoken[strings.TrimPrefix(string(v), shadowPrefix)]
}

// watch lists the rules that speak by file and line, and marks each with its number.
func watch(c *ast.Compiler) ([]Rule, []*ast.Rule) {
	var found []*ast.Rule
	for _, m := range c.Modules {
		for _, r := range m.Rules {
			if _, ok := speaks(m, r); ok {
				found = append(found, r)
			}
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Location.Compare(found[j].Location) < 0 })
	out := make([]Rule, 0, len(found))
	for n, r := range found {
		set, _ := speaks(r.Module, r)
		out = append(out, Rule{Name: orWord(titleOf(r), "weir."+set), File: r.Location.File, Line: r.Location.Row})
		mark(r, n)
	}
	return out, found
}

func titleOf(r *ast.Rule) string {
	for _, a := range r.Annotations {
		if a.Scope == "rule" && a.Title != "" {
			return a.Title
		}
	}
	return ""
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
			} else if ok && strings.HasSuffix(set, "obligations") && r.Head.Key != nil {
				out = append(out, unknownDuty(r.Head.Key, r.Location)...)
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

// unknownDuty refuses obligations that nobody carries out, or that lack what they need, where that stands in the policy.
func unknownDuty(t *ast.Term, at *ast.Location) []Problem {
	o, ok := t.Value.(ast.Object)
	if !ok {
		return nil
	}
	out := unknownCode(constantCode(t), at)
	do := textAt(o, keyDo)
	needed, known := duties[do]
	if d := o.Get(keyDo); d != nil && !known {
		if _, constant := d.Value.(ast.String); !constant {
			return out
		}
	}
	if !known {
		return append(out, Problem{
			File: at.File, Line: at.Row, Column: at.Col, Message: fmt.Sprintf("unknown obligation %q", do),
			Hint: "do is one of " + strings.Join(dutyNames(), ", "),
		})
	}
	for _, name := range needed {
		if o.Get(word(name)) == nil {
			out = append(out, Problem{
				File: at.File, Line: at.Row, Column: at.Col, Message: fmt.Sprintf("the obligation %s lacks %s", do, name),
			})
		}
	}
	return out
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

// ours says whether a module is of the package that Weir asks.
func ours(m *ast.Module) bool { return m.Package.Path.String() == weirPackage }

// headName is the first part of what a rule defines.
func headName(r *ast.Rule) string { return strings.Trim(r.Head.Reference[0].String(), `"`) }
