package policy

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The bounds of one decision. What is beyond them is cut; the verdict is made before.
const (
	maxReasons = 64
	maxFlags   = 256
	maxWords   = 1024 // bytes of a message or a detail
)

var errForm = errors.New("the decision has the wrong form")

// read turns what the policies said about f into a decision, with the tenant's modes applied.
func read(said ast.Value, set *settings, f *Facts) (Decision, error) {
	o, ok := said.(ast.Object)
	if !ok {
		return Decision{}, errForm
	}
	r := reader{object: o, set: set}
	d := Decision{Reasons: r.reasons(), Redact: []Redact{}, Flags: r.words(keyFlags), Plan: r.plan()}
	d.Redact = r.redactions(&d.Flags)
	r.obligations(keyObligations, &d.Obligations, &d.Plan, &d.Flags)
	d.Candidates = d.Obligations.place(remaining(len(f.Candidates), r.excluded()), f.Candidates)
	if r.bad != "" {
		return Decision{}, fmt.Errorf("%w: %s", errForm, r.bad)
	}
	if d.Obligations.Region != "" && len(d.Candidates) == 0 {
		d.Reasons = append(d.Reasons, Reason{Code: codeRegion, Detail: "required " + bounded(d.Obligations.Region), Mode: Enforce})
		order := d.Reasons
		sort.SliceStable(order, func(i, j int) bool { return ranks[order[i].Code] < ranks[order[j].Code] })
	}
	d.Allow = !slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.Mode == Enforce })
	d.Reasons = d.Reasons[:min(len(d.Reasons), maxReasons)]
	d.Flags = tidy(d.Flags)
	return d, nil
}

// reader walks a decision and remembers the first member that is not what it must be.
type reader struct {
	object ast.Object
	set    *settings
	bad    string
}

func (r *reader) wrong(what string) {
	if r.bad == "" {
		r.bad = what
	}
}

// each calls f for every member of the set or array at key. An absent one is empty.
func (r *reader) each(key *ast.Term, f func(ast.Value)) { each(r, r.object, key, f) }

func each(r *reader, o ast.Object, key *ast.Term, f func(ast.Value)) {
	t := o.Get(key)
	if t == nil {
		return
	}
	switch v := t.Value.(type) {
	case ast.Set:
		v.Foreach(func(t *ast.Term) { f(t.Value) })
	case *ast.Array:
		v.Foreach(func(t *ast.Term) { f(t.Value) })
	default:
		r.wrong(key.String() + " is not a set")
	}
}

// reasons reads strings (a code) and objects (code, message, detail), drops those that are off, and sorts the rest: the
// enforced and shadowed ones together, in the order of checks.
func (r *reader) reasons() []Reason {
	out := []Reason{}
	r.each(keyReasons, func(v ast.Value) {
		reason, ok := reasonOf(v)
		if !ok {
			r.wrong("a reason is neither a code nor an object with a code")
			return
		}
		if reason.Mode = r.set.mode(reason.Code); reason.Mode != Off {
			out = append(out, reason)
		}
	})
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if ranks[a.Code] != ranks[b.Code] {
			return ranks[a.Code] < ranks[b.Code]
		}
		if a.Detail != b.Detail {
			return a.Detail < b.Detail
		}
		return a.Message < b.Message
	})
	return out
}

func reasonOf(v ast.Value) (Reason, bool) {
	if s, ok := v.(ast.String); ok {
		return coded(string(s), "", ""), s != ""
	}
	o, ok := v.(ast.Object)
	if !ok {
		return Reason{}, false
	}
	code := textAt(o, keyCode)
	return coded(code, textAt(o, keyMessage), textAt(o, keyDetail)), code != ""
}

// coded makes a reason of known code and bounded words.
func coded(code, message, detail string) Reason {
	known := codeOf(code)
	if known != code && detail == "" {
		detail = "unknown code " + code
	}
	return Reason{Code: known, Message: bounded(message), Detail: bounded(detail)}
}

func bounded(s string) string {
	if len(s) <= maxWords {
		return s
	}
	return strings.ToValidUTF8(s[:maxWords], "")
}

// words reads a set of strings.
func (r *reader) words(key *ast.Term) []string {
	out := []string{}
	r.each(key, func(v ast.Value) {
		s, ok := v.(ast.String)
		if !ok {
			r.wrong("one of the " + strings.Trim(key.String(), `"`) + " is not a string")
			return
		}
		out = append(out, bounded(string(s)))
	})
	return out
}

// redactions reads what to take out, one entry for each type. Where entries differ, the one that cannot be undone wins.
// What a shadowed code would have taken out becomes a flag.
func (r *reader) redactions(flags *[]string) []Redact {
	byType := map[string]bool{}
	r.each(keyRedact, func(v ast.Value) {
		o, ok := v.(ast.Object)
		if !ok || textAt(o, keyType) == "" {
			r.wrong("a redaction is not an object with a type")
			return
		}
		name := textAt(o, keyType)
		switch r.set.mode(codeOf(textAt(o, keyCode))) {
		case Shadow:
			*flags = append(*flags, "would_redact:"+bounded(name))
		case Enforce:
			reversible, seen := byType[name]
			byType[name] = boolAt(o, keyReversible) && (reversible || !seen)
		}
	})
	out := make([]Redact, 0, len(byType))
	for name, reversible := range byType {
		out = append(out, Redact{Type: name, Reversible: reversible})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Type < out[j].Type })
	return out
}

// plan merges what the policies want done with the answer. Where two name the same type or category, the stronger action
// wins. What belongs to a code that is not enforced is left out, so it is only logged.
func (r *reader) plan() Plan {
	p := Plan{Types: map[string]string{}, Categories: map[string]string{}}
	o := objectAt(r.object, keyPlan)
	if o == nil {
		r.wrong("there is no plan")
		return p
	}
	p.Restore = boolAt(o, keyRestore)
	if t := o.Get(keyThreshold); t != nil {
		n, _ := t.Value.(ast.Number)
		x, ok := n.Float64()
		if !ok {
			r.wrong("threshold is not a number")
		}
		p.Threshold = x
	}
	each(r, o, keyAnswers, func(v ast.Value) {
		o, ok := v.(ast.Object)
		if !ok {
			r.wrong("an answer's plan is not an object")
			return
		}
		if r.set.mode(codeOf(textAt(o, keyCode))) == Enforce {
			r.merge(p.Types, o, keyTypes)
			r.merge(p.Categories, o, keyCategories)
		}
	})
	return p
}

// strength orders the actions; a word that is none of them has strength 0 and is refused.
var strength = map[string]int{"log": 1, "redact": 2, "block": 3}

func (r *reader) merge(into map[string]string, o ast.Object, key *ast.Term) {
	t := o.Get(key)
	if t == nil {
		return
	}
	actions, ok := t.Value.(ast.Object)
	if !ok {
		r.wrong(key.String() + " of an answer's plan is not an object")
		return
	}
	actions.Foreach(func(k, v *ast.Term) {
		name, _ := k.Value.(ast.String)
		action, _ := v.Value.(ast.String)
		if strength[string(action)] == 0 || name == "" {
			r.wrong("an action is not log, redact or block")
			return
		}
		if strength[string(action)] > strength[into[string(name)]] {
			into[string(name)] = string(action)
		}
	})
}

// excluded are the candidates the policies take out.
func (r *reader) excluded() map[int]bool {
	var out map[int]bool
	r.each(keyExcluded, func(v ast.Value) {
		n, ok := v.(ast.Number)
		i, whole := n.Int()
		if !ok || !whole {
			r.wrong("an excluded candidate is not an index")
			return
		}
		if out == nil {
			out = map[int]bool{}
		}
		out[i] = true
	})
	return out
}

// remaining lists the indices below n that are not excluded.
func remaining(n int, excluded map[int]bool) []int {
	out := make([]int, 0, n)
	for i := range n {
		if !excluded[i] {
			out = append(out, i)
		}
	}
	return out
}

func textAt(o ast.Object, key *ast.Term) string {
	if t := o.Get(key); t != nil {
		s, _ := t.Value.(ast.String)
		return string(s)
	}
	return ""
}

func boolAt(o ast.Object, key *ast.Term) bool {
	if t := o.Get(key); t != nil {
		v, _ := t.Value.(ast.Boolean)
		return bool(v)
	}
	return false
}

func objectAt(o ast.Object, key *ast.Term) ast.Object {
	if t := o.Get(key); t != nil {
		v, _ := t.Value.(ast.Object)
		return v
	}
	return nil
}
