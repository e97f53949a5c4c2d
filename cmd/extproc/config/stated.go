package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"weir/policy/tenant"
)

// Stated are the settings that a tenant's document says something about, by their names: pii.request.
type Stated map[string]bool

// statedOf is what a tenant in a file or in the store says.
func statedOf(t *Tenant) Stated {
	out := Stated{}
	text, err := json.Marshal(t.Settings)
	var tree map[string]any
	if err != nil || json.Unmarshal(text, &tree) != nil {
		return out // a form that was read is one that can be written
	}
	leaves("", tree, func(name string, _ any) { out[name] = true })
	if t.Dialect != "" {
		out["dialect"] = true
	}
	return out
}

// Says whether a setting is stated. Those of lists and hours are told as a whole, since their form here is another one.
func (s Stated) says(name string) bool {
	if s[name] {
		return true
	}
	group, _, _ := strings.Cut(name, ".")
	if slices.Contains([]string{"pii", "secrets", "guardrails", "limits"}, group) {
		return false
	}
	for stated := range s {
		if stated == group || strings.HasPrefix(stated, group+".") {
			return true
		}
	}
	return false
}

// leaves calls f for every value below a tree that is no object, with its name.
func leaves(at string, v any, f func(name string, v any)) {
	tree, ok := v.(map[string]any)
	if !ok {
		f(at, v)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		below := name
		if at != "" {
			below = at + "." + name
		}
		leaves(below, tree[name], f)
	}
}

// Setting is one value that is in force for a tenant.
type Setting struct {
	Name   string
	Value  json.RawMessage
	Stated bool // the tenant's document says it; else it is the default
}

// Settings are those in force for a tenant, by name. document is what the store keeps of it; nil: it is of the file. Amounts are
// micro-USD.
func (c *Config) Settings(t *tenant.Tenant, document []byte) ([]Setting, error) {
	said := Stated{}
	if document != nil {
		if f, ok := read[Tenant](newChecker("tenant"), document); ok {
			said = statedOf(f)
		}
	} else if i := slices.IndexFunc(c.Tenants, func(x tenant.Tenant) bool { return x.ID == t.ID }); i >= 0 && i < len(c.stated) {
		said = c.stated[i]
	}
	text, err := json.Marshal(t.Settings)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	tree["dialect"] = t.Dialect
	tree["lease"] = map[string]any{"amount": t.Settings.Lease.Amount, "requests": t.Settings.Lease.Requests}
	tree["billing"] = map[string]any{"markup_percent": float64(t.Settings.Billing.Markup) / 100}
	if t.Settings.State == "" {
		tree["state"] = tenant.StateRefuse
	}
	var out []Setting
	leaves("", tree, func(name string, v any) {
		value, bad := json.Marshal(v)
		if bad != nil {
			err = bad
		}
		out = append(out, Setting{name, value, said.says(name)})
	})
	return out, err
}
