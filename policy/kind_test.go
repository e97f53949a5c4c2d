package policy_test

import (
	"strings"
	"testing"

	"weir/policy"
	"weir/rego"
)

const ofFinding = "has no %s; one of: category, count, data_class, direction, risk_category, roles, rules, score, scores, severity, type"

// A misspelt member of a finding is refused when the policy is loaded, by whatever way the finding was come by; what is spelt
// right, or cannot be followed, is loaded.
func TestMisspeltFieldsOfFindingsAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, line, wrong string }{
		"directly":               {`flags contains "x" if input.found.pii.US_SSN.scor > 0`, ":5", "scor"},
		"by any type":            {`flags contains "x" if input.answered.secret[_].sevrity == "high"`, ":5", "sevrity"},
		"by any category":        {`flags contains "x" if input.found[_][_].cuont > 1`, ":5", "cuont"},
		"some in":                {"flags contains \"x\" if {\n\tsome f in input.found.injection\n\tf.scor > 0\n}", ":7", "scor"},
		"some key, value in":     {"flags contains type if {\n\tsome type, f in input.found.content\n\tf.scor > 0\n}", ":7", "scor"},
		"some in some in":        {"flags contains \"x\" if {\n\tsome group in [input.found.pii, input.found.secret]\n\tsome f in group\n\tf.scor > 0\n}", "", ""},
		"a group, then some in":  {"flags contains \"x\" if {\n\tgroup := input.found.pii\n\tsome f in group\n\n\tf.scor > 0\n}", ":9", "scor"},
		"assigned":               {"flags contains \"x\" if {\n\tf := input.found.pii.US_SSN\n\tf.scor > 0\n}", ":7", "scor"},
		"unified":                {"flags contains \"x\" if {\n\tsome f\n\tinput.found.pii[_] = f\n\tf.scor > 0\n}", ":8", "scor"},
		"by parts":               {"flags contains k if {\n\t[k, f] := [\"a\", input.found.pii.US_SSN]\n\tf.scor > 0\n}", ":7", "scor"},
		"every":                  {"flags contains \"x\" if {\n\tevery f in input.found.pii {\n\t\tf.scor > 0\n\t}\n}", ":7", "scor"},
		"not":                    {`flags contains "x" if not input.found.pii.US_SSN.scor`, ":5", "scor"},
		"a comprehension":        {`flags contains "x" if count([f | some f in input.found.pii; f.scor > 0]) > 0`, ":5", "scor"},
		"out of a comprehension": {"flags contains \"x\" if {\n\tlist := [f | some f in input.found.pii]\n\tlist[0].scor > 0\n}", ":7", "scor"},
		"object.get":             {"flags contains \"x\" if object.get(input.found.pii, \"US_SSN\", {}).scor > 0", ":5", "scor"},
		"a function's argument":  {"flags contains \"x\" if _bad(input.found.pii.US_SSN)\n\n_bad(f) if f.scor > 0", ":7", "scor"},
		"a function's result":    {"flags contains \"x\" if _ssn(1).scor > 0\n\n_ssn(_) := input.found.pii.US_SSN", ":5", "scor"},
		"a document":             {"flags contains \"x\" if _ssn.scor > 0\n\n_ssn := input.found.pii.US_SSN", ":5", "scor"},
		"a document of many":     {"flags contains type if _all[type].scor > 0\n\n_all[type] := f if some type, f in input.found.pii", ":5", "scor"},
		"a set":                  {"flags contains \"x\" if {\n\tsome f in _all\n\tf.scor > 0\n}\n\n_all contains f if some f in input.found.pii", ":7", "scor"},
		"an else":                {"flags contains _w\n\n_w := \"a\" if input.request.stream else := \"b\" if input.found.pii.US_SSN.scor > 0", ":7", "scor"},
		"in the head":            {`flags contains input.found.pii.US_SSN.typ`, ":5", "typ"},
		"a category":             {`flags contains "x" if input.found.pi.US_SSN`, ":5", "pi"},
		"below a string":         {`flags contains "x" if input.client.headers["x-a"].name == "b"`, ":5", "name"},

		"spelt right":              {"flags contains type if {\n\tsome category\n\tsome type, f in input.found[category]\n\tf.score > 0.5\n\tsome role in f.roles\n\trole == \"user\"\n\tinput.answered[category][type].count > 1\n}", "", ""},
		"a function of two things": {"flags contains \"x\" if {\n\t_name(input.found.pii.US_SSN)\n\t_name(input.candidates[0])\n}\n\n_name(x) if x.region == \"eu\"", "", ""},
		"another's object":         {"flags contains \"x\" if {\n\tsome f in [{\"scor\": 1}]\n\tf.scor > 0\n}", "", ""},
		"a header":                 {`flags contains "x" if input.client.headers["x-anything"] == "b"`, "", ""},
		"a label":                  {`flags contains "x" if input.settings.labels.team == "b"`, "", ""},
		"a type of one's own":      {`flags contains "x" if input.found.content.OUR_WORDS.score > 0.5`, "", ""},
	} {
		err := loadAs(t, "mine.rego", "package weir\n\nimport rego.v2\n\n"+c.text+"\n")
		switch {
		case c.line == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.line != "" && (err == nil || !strings.Contains(err.Error(), "mine.rego"+c.line+":") || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v", name, err)
		case c.line != "" && strings.Contains(err.Error(), "data_class") && !strings.Contains(err.Error(), strings.ReplaceAll(ofFinding, "%s", c.wrong)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is refused says where, what, and what there is.
func TestAMisspeltFieldSaysWhatThereIs(t *testing.T) {
	err := loadAs(t, "mine.rego", "package weir\n\nimport rego.v2\n\nflags contains type if {\n\tsome type, f in input.found.pii\n\tf.scor > 0\n}\n")
	want := `mine.rego:7:2: undefined field: scor (input.found.pii[_] ` + strings.ReplaceAll(ofFinding, "%s", "scor") + ")"
	if err == nil || err.Error() != want {
		t.Errorf("%v\n%s", err, want)
	}
	if _, err := policy.Load(t.Context(), rego.Shipped()); err != nil {
		t.Errorf("the shipped policies: %v", err)
	}
}
