package policy

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Obligations are what is to be done about a request beyond letting it pass or not.
type Obligations struct {
	Clamp  int64             `json:"clamp_output,omitempty"`   // most output tokens of a choice; 0: no clamp
	Strip  []string          `json:"strip_tools,omitempty"`    // tools to leave out of the request, by name
	Route  string            `json:"route,omitempty"`          // the provider to try first
	Region string            `json:"require_region,omitempty"` // where the provider must be; has been applied to Candidates
	Tags   map[string]string `json:"tags,omitempty"`           // for the bill
	// Quarantine keeps the actor out until somebody releases it; at the close alone.
	Quarantine bool `json:"quarantine,omitempty"`
}

// The bounds of what a policy may oblige to.
const (
	maxTags      = 16
	maxTagBytes  = 128
	maxToolLists = 64
	maxToolNames = 1024
)

// duties are what an obligation's "do" may say, each with the members it needs.
var duties = map[string][]string{
	"clamp_output":    {"tokens"},
	"strip_tool":      {"tool"},
	"route":           {"provider"},
	"require_region":  {"region"},
	"permit_tools":    {"allow"},
	"deny_tools":      {"deny"},
	"guard_arguments": {"action"},
	"cut":             {"characters"},
	"allow_echo":      {},
	"quarantine":      {},
	"tag":             {"name", "value"},
}

// dutyNames are the words of duties, sorted.
func dutyNames() []string {
	out := make([]string, 0, len(duties))
	for d := range duties {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}

// obligations reads what is to be done, into the decision's obligations and its plan. Where two ask for different
// amounts, the stricter wins. What belongs to a shadowed code becomes a flag.
func (r *reader) obligations(key *ast.Term, into *Obligations, plan *Plan, flags *[]string) {
	r.each(key, func(v ast.Value) {
		o, ok := v.(ast.Object)
		do := ""
		if ok {
			do = textAt(o, keyDo)
		}
		if _, known := duties[do]; !known {
			r.wrong("an obligation does not say what to do: one of " + strings.Join(dutyNames(), ", "))
			return
		}
		switch r.set.mode(codeOf(textAt(o, keyCode))) {
		case Shadow:
			*flags = append(*flags, "would_"+do)
		case Enforce:
			if !oblige(do, o, into, plan) {
				r.wrong("the obligation " + do + " needs " + strings.Join(duties[do], " and "))
			}
		}
	})
	slices.Sort(into.Strip)
}

// oblige enters one obligation. It says whether it had what it needs.
func oblige(do string, o ast.Object, into *Obligations, plan *Plan) bool {
	switch do {
	case "clamp_output":
		return least(&into.Clamp, o, "tokens")
	case "strip_tool":
		tool := textAt(o, word("tool"))
		into.Strip = append(into.Strip, tool)
		return tool != "" && len(into.Strip) <= maxToolNames
	case "route":
		return first(&into.Route, textAt(o, keyProvider))
	case "require_region":
		return first(&into.Region, textAt(o, keyRegion))
	case "permit_tools":
		list, ok := textsAt(o, "allow")
		plan.PermitTools = append(plan.PermitTools, list)
		slices.SortFunc(plan.PermitTools, slices.Compare)
		return ok && len(plan.PermitTools) <= maxToolLists
	case "deny_tools":
		list, ok := textsAt(o, "deny")
		plan.DenyTools = append(plan.DenyTools, list...)
		slices.Sort(plan.DenyTools)
		plan.DenyTools = slices.Compact(plan.DenyTools)
		return ok && len(plan.DenyTools) <= maxToolNames
	case "guard_arguments":
		action := textAt(o, word("action"))
		if strength[action] > strength[plan.Arguments] {
			plan.Arguments = action
		}
		return strength[action] > 0
	case "cut":
		return least(&plan.Characters, o, "characters")
	case "allow_echo":
		plan.Echo = true
		return true
	case "quarantine":
		into.Quarantine = true
		return true
	default:
		return into.tag(textAt(o, keyName), textAt(o, word("value")))
	}
}

// tag sets a tag; of two values for one name the lesser stays, so that order decides nothing.
func (o *Obligations) tag(name, value string) bool {
	if name == "" || len(name) > maxTagBytes || len(value) > maxTagBytes {
		return false
	}
	if o.Tags == nil {
		o.Tags = map[string]string{}
	}
	if have, ok := o.Tags[name]; !ok || value < have {
		o.Tags[name] = value
	}
	return len(o.Tags) <= maxTags
}

// first keeps the lesser of two words.
func first(into *string, s string) bool {
	if s != "" && (*into == "" || s < *into) {
		*into = s
	}
	return s != ""
}

// least keeps the lesser of two amounts.
func least(into *int64, o ast.Object, key string) bool {
	n, ok := integerAt(o, key)
	if ok && n > 0 && (*into == 0 || n < *into) {
		*into = n
	}
	return ok && n > 0
}

func integerAt(o ast.Object, key string) (int64, bool) {
	t := o.Get(word(key))
	if t == nil {
		return 0, false
	}
	n, ok := t.Value.(ast.Number)
	if !ok {
		return 0, false
	}
	return n.Int64()
}

func textsAt(o ast.Object, key string) (out []string, ok bool) {
	t := o.Get(word(key))
	if t == nil {
		return nil, false
	}
	ok = true
	each := func(t *ast.Term) {
		s, is := t.Value.(ast.String)
		out, ok = append(out, string(s)), ok && is
	}
	switch v := t.Value.(type) {
	case *ast.Array:
		v.Foreach(each)
	case ast.Set:
		v.Foreach(each)
	default:
		return nil, false
	}
	slices.Sort(out)
	return out, ok
}

// place puts the candidates that may be used in the order to try them: those of the required region alone, the preferred
// provider first.
func (o *Obligations) place(candidates []int, facts []CandidateFact) []int {
	if o.Region != "" {
		candidates = slices.DeleteFunc(candidates, func(i int) bool { return facts[i].Region != o.Region })
	}
	if o.Route != "" {
		slices.SortStableFunc(candidates, func(a, b int) int {
			return rankOf(facts[a].Provider == o.Route) - rankOf(facts[b].Provider == o.Route)
		})
	}
	return candidates
}

func rankOf(preferred bool) int {
	if preferred {
		return 0
	}
	return 1
}
