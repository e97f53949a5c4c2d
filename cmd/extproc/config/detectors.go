package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/policy"
	"weir/policy/detect"
	"weir/policy/detect/remote"
	"weir/policy/tenant"
)

// Detector is a slower detector in another process, asked about requests after the rules in process.
type Detector struct {
	// Name is what tenants call it.
	Name string `yaml:"name" json:"name"`
	// Kind is how it is spoken to: an analyzer of Presidio, or a text classifier of Hugging Face's inference servers.
	Kind string `yaml:"kind" json:"kind" jsonschema:"enum=presidio,enum=classifier"`
	// URL is the whole address of the question.
	URL string `yaml:"url" json:"url" jsonschema:"example=http://127.0.0.1:5002/analyze"`
	// Token is sent as a bearer token.
	Token Reference `yaml:"token,omitempty" json:"token,omitempty"`
	// Timeout bounds the wait for all texts of a request together.
	Timeout string `yaml:"timeout,omitempty" json:"timeout,omitempty" jsonschema:"example=1s"`
	// Piece is the most text of one question; a longer text is asked about in pieces.
	Piece string `yaml:"piece,omitempty" json:"piece,omitempty" jsonschema:"example=16KiB"`
	// Threshold is the least score that counts; 0.5 where nothing is said.
	Threshold float64 `yaml:"threshold,omitempty" json:"threshold,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Language is what Presidio is told of the text; en where nothing is said.
	Language string `yaml:"language,omitempty" json:"language,omitempty"`
	// Entities are those Presidio looks for; all it knows where nothing is said.
	Entities []string `yaml:"entities,omitempty" json:"entities,omitempty"`
	// Labels say which type an entity or a label is; what is not among them is no finding. Presidio's own entities have
	// their types already.
	Labels map[string]detect.Type `yaml:"labels,omitempty" json:"labels,omitempty"`
	// Roles are whose texts it is asked about; all where nothing is said.
	Roles []string `yaml:"roles,omitempty" json:"roles,omitempty" jsonschema:"example=user"`
}

// CheckedDetector is a detector whose sizes and times are read; its token is not.
type CheckedDetector struct {
	remote.Config
	Token Reference
}

// thresholds are those of guardrails for texts of single roles.
func (c *checker) thresholds(at string, in map[string]float64, out *tenant.Settings) {
	for _, role := range slices.Sorted(maps.Keys(in)) {
		if !slices.Contains(tenant.TextRoles, role) {
			c.add(at, fmt.Sprintf("%q", role), "a role", nearest(role, tenant.TextRoles))
		}
		if t := in[role]; !(t > 0 && t <= 1) {
			c.add(at+"."+role, fmt.Sprint(t), "a number over 0 and at most 1", "")
		}
	}
	out.Guardrails.Thresholds = in
}

// services reads the slower detectors.
func (c *checker) services(list []Detector) []CheckedDetector {
	var out []CheckedDetector
	seen := places{}
	for i, d := range list {
		at := fmt.Sprintf("detectors[%d]", i)
		c.once(seen, at+".name", d.Name, "a name of its own")
		c.reference(at+".token", d.Token, true)
		c.bundleURL(at+".url", d.URL)
		made := CheckedDetector{Token: d.Token, Config: remote.Config{
			Name: d.Name, Kind: remote.Kind(d.Kind), URL: d.URL,
			Timeout: cmp.Or(c.wait(at+".timeout", d.Timeout), remote.DefaultTimeout), Bytes: cmp.Or(int(c.size(at+".piece", d.Piece)), remote.DefaultBytes),
			Threshold: remote.DefaultThreshold, Language: or(d.Language, remote.DefaultLanguage), Entities: d.Entities, Roles: d.Roles,
			Labels: map[string]detect.Type{},
		}}
		if d.Threshold < 0 || d.Threshold > 1 {
			c.add(at+".threshold", fmt.Sprint(d.Threshold), "a number between 0 and 1", "")
		} else if d.Threshold > 0 {
			made.Threshold = d.Threshold
		}
		for k, role := range d.Roles {
			if !slices.Contains(tenant.TextRoles, role) {
				c.add(fmt.Sprintf("%s.roles[%d]", at, k), fmt.Sprintf("%q", role), "a role", nearest(role, tenant.TextRoles))
			}
		}
		c.labels(at, d, &made.Config)
		out = append(out, made)
	}
	return out
}

// labels fills in what a service's words mean.
func (c *checker) labels(at string, d Detector, made *remote.Config) {
	switch made.Kind {
	case remote.Presidio:
		made.Labels = remote.PresidioLabels()
	case remote.Classifier:
		if len(d.Labels) == 0 {
			c.add(at+".labels", "nothing", "what its labels mean, like {INJECTION: PROMPT_INJECTION}", "a label that is not listed is no finding")
		}
		if d.Language != "" || len(d.Entities) > 0 {
			c.add(at, "language or entities", "neither for a classifier", "only presidio is asked for them")
		}
	default:
		c.add(at+".kind", fmt.Sprintf("%q", d.Kind), "a kind of detector", nearest(d.Kind, remote.Kinds()))
	}
	known := findingTypes()
	for label, typ := range d.Labels {
		if !slices.Contains(known, string(typ)) {
			c.add(at+".labels", fmt.Sprintf("%q for %q", typ, label), "a type of finding", nearest(string(typ), known))
		}
		made.Labels[label] = typ
	}
}

// findingTypes are the built-in types of findings.
func findingTypes() []string {
	var out []string
	for _, k := range detect.Kinds() {
		out = append(out, string(k.Type))
	}
	return out
}

// named reports types, categories and codes in a tenant's settings that nothing has: they would switch nothing.
func (c *checker) named(at string, t *Tenant) {
	types := findingTypes()
	for _, p := range t.Detectors.Patterns {
		types = append(types, string(p.Type))
	}
	for _, w := range t.Detectors.Words {
		types = append(types, string(w.Type))
	}
	wide := append(slices.Clone(types), string(detect.PII), string(detect.Secret), string(detect.Injection), string(detect.Content))
	one := func(field, name, what string, known []string) {
		if !slices.Contains(known, name) {
			c.add(field, fmt.Sprintf("%q", name), what, nearest(name, known))
		}
	}
	s := t.Settings
	for _, name := range slices.Sorted(maps.Keys(s.PII.Types)) {
		one(at+".pii.types", name, "a type of finding", types)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Guardrails.Categories)) {
		one(at+".guardrails.categories", name, "a type or category of findings", wide)
	}
	for i, name := range s.Quarantine.Types {
		one(fmt.Sprintf("%s.quarantine.types[%d]", at, i), name, "a type or category of findings", wide)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Modes)) {
		one(at+".modes", name, "a reason's code", policy.Codes())
	}
}

// detectors reports what a tenant's own rules cannot mean, and detectors that nobody declared, each at its place in the file.
func (c *checker) detectors(at string, s detect.Settings, declared []CheckedDetector) {
	var names []string
	for i := range declared {
		names = append(names, declared[i].Name)
	}
	for i, name := range s.Services {
		if !slices.Contains(names, name) {
			c.add(fmt.Sprintf("%s.services[%d]", at, i), fmt.Sprintf("%q", name), "the name of one of detectors", nearest(name, names))
		}
	}
	_, err := detect.Compile(s)
	if err == nil {
		return
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		field, what, _ := strings.Cut(line, ": ")
		found, want := what, "a rule that can be compiled"
		if said, wanted, ok := strings.Cut(strings.TrimPrefix(what, "found "), ", want "); ok && strings.HasPrefix(what, "found ") {
			found, want = said, wanted
		}
		c.addAt(at+"."+ruleQuoted(field), at+"."+field, found, want, "docs/detectors.md says what rules of your own may be")
	}
}

// ruleQuoted is the path of a field in the form that finds a rule's id, which has dots in it.
func ruleQuoted(field string) string {
	id, ok := strings.CutPrefix(field, "rules.")
	if !ok {
		return field
	}
	member := ""
	for _, m := range [...]string{".score", ".severity"} {
		if strings.HasSuffix(id, m) {
			id, member = strings.TrimSuffix(id, m), m
		}
	}
	return "rules.'" + id + "'" + member
}
