package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The life of a file of policies, as its package's annotation says: custom: {mode: shadow}. A file that says nothing is
// active.
const (
	draft  = "draft"  // compiled and tested, not evaluated
	shadow = "shadow" // evaluated, and whatever it gives is at most recorded
	active = "active"
)

// shadowPrefix names the sets that the rules of a shadowed file add to instead of the usual ones.
const shadowPrefix = "shadowed_"

// plans is the set of plans for the answer.
const plans = "answers"

// shadowEntry is the document of all shadowed sets.
const shadowEntry = weirPackage + ".shadowed"

// modeOf is the life of a file.
func modeOf(m *ast.Module) (string, *Problem) {
	for _, a := range m.Annotations {
		if !ofFile(a) {
			continue
		}
		v, ok := a.Custom["mode"]
		if !ok {
			continue
		}
		mode, _ := v.(string)
		mode = strings.ToLower(mode)
		if !slices.Contains(lives, mode) {
			return "", &Problem{File: a.Location.File, Line: a.Location.Row, Column: a.Location.Col,
				Message: fmt.Sprintf("the mode %v of the file is unknown", v), Hint: "draft, shadow or active"}
		}
		return mode, nil
	}
	return active, nil
}

// ofFile says whether an annotation is about a whole file. OPA takes one such in a package, whose files all are; here each file
// may have its own.
func ofFile(a *ast.Annotations) bool { return a.Scope == "package" || a.Scope == "subpackages" }

// apart are modules whose annotations of whole files do not meet in the compiler.
func apart(modules map[string]*ast.Module) map[string]*ast.Module {
	out := make(map[string]*ast.Module, len(modules))
	for name, m := range modules {
		if slices.ContainsFunc(m.Annotations, ofFile) {
			copied := *m
			copied.Annotations = slices.DeleteFunc(slices.Clone(m.Annotations), ofFile)
			m = &copied
		}
		out[name] = m
	}
	return out
}

// lives are the modes, from the one that does least.
var lives = []string{draft, shadow, active}

// lesser is the mode that does less of two; an empty one says nothing.
func lesser(a, b string) string {
	if a == "" || b != "" && slices.Index(lives, b) < slices.Index(lives, a) {
		return b
	}
	return a
}

// live takes drafts out of modules and turns the rules of shadowed files to sets of their own. shadowed says whether
// there are any. modes are those of the bundles that files came in.
func live(modules map[string]*ast.Module, modes map[string]string) (kept map[string]*ast.Module, shadowed bool, problems []Problem) {
	kept = map[string]*ast.Module{}
	sets := map[string]bool{}
	for name, m := range modules {
		mode, problem := modeOf(m)
		mode = lesser(mode, modes[name])
		switch {
		case problem != nil:
			problems = append(problems, *problem)
		case mode == active:
			kept[name] = m
		case mode == shadow:
			m = m.Copy()
			overshadow(m, sets)
			kept[name] = m
		}
	}
	if len(sets) == 0 {
		return kept, false, problems
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package weir\n\nimport rego.v2\n\nshadowed := {")
	names := make([]string, 0, len(sets))
	for s := range sets {
		names = append(names, s)
	}
	slices.Sort(names)
	for _, s := range names {
		fmt.Fprintf(&b, "%q: %s%s, ", s, shadowPrefix, s)
	}
	b.WriteString("}\n")
	const made = "shadowed.rego"
	m, err := ast.ParseModuleWithOpts(made, b.String(), ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: capabilities()})
	if err != nil {
		return kept, false, append(problems, problemsOf(err)...)
	}
	kept["/"+made] = m // no file of a source has such a name
	return kept, true, problems
}

// overshadow renames what the rules of a file add to.
func overshadow(m *ast.Module, sets map[string]bool) {
	for _, r := range m.Rules {
		set, ok := speaks(m, r)
		if v, isVar := r.Head.Reference[0].Value.(ast.Var); isVar && string(v) == plans && ours(m) {
			r.Head.Name, r.Head.Reference[0] = shadowPrefix+plans, ast.VarTerm(shadowPrefix+plans) // what is not enforced is only logged
		}
		if !ok || strings.HasPrefix(set, "closing") || set == "alerts" {
			continue
		}
		sets[set] = true
		r.Head.Name = ast.Var(shadowPrefix + set)
		r.Head.Reference[0] = ast.VarTerm(shadowPrefix + set)
	}
}

// shade adds to a decision what shadowed files would have said: reasons with mode shadow, and flags.
func shade(d *Decision, said ast.Value, set *settings) error {
	o, ok := said.(ast.Object)
	if !ok {
		return errForm
	}
	r := reader{object: o, set: set}
	for _, reason := range r.reasons() {
		reason.Mode = Shadow
		d.Reasons = append(d.Reasons, reason)
	}
	slices.SortStableFunc(d.Reasons, func(a, b Reason) int { return ranks[a.Code] - ranks[b.Code] })
	d.Reasons = d.Reasons[:min(len(d.Reasons), maxReasons)]
	d.Flags = append(d.Flags, r.words(keyFlags)...)
	for _, e := range r.redactions(&d.Flags) {
		d.Flags = append(d.Flags, "would_redact:"+bounded(e.Type))
	}
	for i := range r.excluded() {
		d.Flags = append(d.Flags, fmt.Sprintf("would_exclude:%d", i))
	}
	r.each(keyObligations, func(v ast.Value) {
		if o, ok := v.(ast.Object); ok {
			d.Flags = append(d.Flags, "would_"+textAt(o, keyDo))
		}
	})
	if r.bad != "" {
		return fmt.Errorf("%w: %s", errForm, r.bad)
	}
	d.Flags = tidy(d.Flags)
	return nil
}

// checkPrivate refuses a private rule that two files define: each would change what the other means by it.
func checkPrivate(modules map[string]*ast.Module) []Problem {
	var out []Problem
	files := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		m := modules[name]
		if !ours(m) {
			continue
		}
		for _, r := range m.Rules {
			rule := headName(r)
			if !strings.HasPrefix(rule, "_") {
				continue
			}
			if first, ok := files[rule]; ok && first != name {
				out = append(out, Problem{
					File: name, Line: r.Location.Row, Column: r.Location.Col, Message: "the private rule " + rule + " is defined in " + first + ", too",
					Hint: "give it another name",
				})
				continue
			}
			files[rule] = name
		}
	}
	return out
}
