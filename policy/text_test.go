package policy_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"weir/policy"
	"weir/rego"
)

const falcon = "Falcon flies at dawn"

// told are facts of a tenant whose policies see text.
func told(text string) *policy.Facts {
	f := reference(1)
	f.Findings = nil
	f.Text = &policy.TextFacts{Count: 2, Segments: []policy.SegmentFact{
		{Role: "system", Place: "/messages/0/content", Text: "Be brief."}, {Role: "user", Place: "/messages/1/content", Text: text},
	}}
	return f
}

// A policy may decide by the text of requests, where the operator lets it see any; nothing of it is in what is written down.
func TestTextIsSeenAndNeverWrittenDown(t *testing.T) {
	p, err := beside(t, `
package weir

import rego.v2

_secret_project if {
	some i
	input.text.segments[i].role == "user"
	contains(input.text.segments[i].text, "Falcon")
}

reasons contains {"code": "policy_denied", "message": "Not about this.", "detail": input.identity.actor} if _secret_project

flags contains "text_was_cut" if input.text.cut
`)
	if err != nil || !p.ReadsText() {
		t.Fatalf("%v, reads text %v", err, p != nil && p.ReadsText())
	}
	f := told(falcon)
	d := p.Decide(t.Context(), f)
	if d.Allow || d.Reasons[len(d.Reasons)-1].Detail != "ana" {
		t.Errorf("decision %+v", d)
	}
	if d := p.Decide(t.Context(), told("hello")); !d.Allow {
		t.Errorf("of other text: %+v", d)
	}
	if d := p.Decide(t.Context(), reference(1)); !d.Allow || d.Outcome != policy.Decided {
		t.Errorf("where no text is shown: %+v", d)
	}
	f.Text.Cut = true
	if d := p.Decide(t.Context(), f); len(d.Flags) == 0 || d.Flags[len(d.Flags)-1] != "text_was_cut" {
		t.Errorf("flags %v", d.Flags)
	}
	e := p.Explain(t.Context(), f)
	var text bytes.Buffer
	if err := e.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for what, v := range map[string]any{"facts": f, "decision": d, "explanation": e, "closing": p.Close(t.Context(), f), "text": text.String()} {
		b, err := json.Marshal(v)
		if err != nil || strings.Contains(string(b), "Falcon flies") || strings.Contains(string(b), "Be brief") {
			t.Errorf("%s: %v %s", what, err, b)
		}
	}
	if e.Note != "" || !strings.Contains(text.String(), `{"count":2,"cut":true}`) {
		t.Errorf("note %q\n%s", e.Note, text.String())
	}
	var kept policy.Facts
	if b, _ := json.Marshal(f); json.Unmarshal(b, &kept) != nil || kept.Text.Kept() {
		t.Errorf("kept %+v", kept.Text)
	}
	if e := p.Explain(t.Context(), &kept); !strings.Contains(e.Note, "2 segments, which no record keeps") {
		t.Errorf("note %q", e.Note)
	}
}

func TestTextByHand(t *testing.T) {
	f, err := policy.ReadFacts([]byte(`{"identity":{"tenant":"a"},"text":{"segments":[{"role":"user","text":"hi"}]}}`))
	if err != nil || f.Text.Count != 1 || !f.Text.Kept() || f.Text.Segments[0].Text != "hi" || f.Identity.Tenant != "a" {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err = policy.ReadFacts([]byte(`{"text":{"count":3,"cut":true}}`)); err != nil || f.Text.Kept() || !f.Text.Cut {
		t.Errorf("of a record: %+v, %v", f, err)
	}
	if _, err = policy.ReadFacts([]byte(`{"text":{"segment":[]}}`)); err == nil || !strings.Contains(err.Error(), "segment") {
		t.Errorf("a member that does not exist: %v", err)
	}
}

// A rule whose value could hold text is refused when it is loaded, whatever way the text takes; one that only chooses is not.
func TestRulesMadeOfTextAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line string // empty: it is loaded
	}{
		"a detail":              {`reasons contains {"code": "policy_denied", "detail": input.text.segments[0].text}`, ":5"},
		"a message, formatted":  {"reasons contains {\"code\": \"policy_denied\", \"message\": m} if {\n\tsome s in input.text.segments\n\tm := sprintf(\"%s!\", [upper(s.text)])\n}", ":5"},
		"a flag":                {"flags contains s.text if some s in input.text.segments", ":5"},
		"a flag, in a template": {"flags contains $\"saw {s.text}\" if some s in input.text.segments", ":5"},
		"a place":               {"flags contains input.text.segments[_].place", ":5"},
		"a tag's value":         {`obligations contains {"code": "policy_denied", "do": "tag", "name": "t", "value": substring(input.text.segments[0].text, 0, 9)}`, ":5"},
		"an alert":              {"alerts contains input.text.segments[_].text", ":5"},
		"a plan":                {`answers contains {"code": "pii_detected", "types": {input.text.segments[0].text: "log"}}`, ":5"},
		"another rule":          {"flags contains _first\n\n_first := input.text.segments[0].text", ":5"},
		"a rule's rule":         {"flags contains _b\n\n_b := concat(\"\", [_a])\n\n_a := input.text.segments[0].text", ":5"},
		"a function":            {"flags contains _low(input.text.segments[0].text)\n\n_low(s) := lower(s)", ":5"},
		"a comprehension":       {"flags contains concat(\",\", [s.text | some s in input.text.segments])", ":5"},
		"an else":               {"flags contains _w\n\n_w := \"a\" if input.request.stream else := input.text.segments[0].text", ":5"},
		"walk":                  {"flags contains v if {\n\twalk(input, [_, v])\n\tis_string(v)\n}", ":5"},
		"the whole input":       {"flags contains json.marshal(input)", ":5"},
		"a member by variable":  {"flags contains json.marshal(input[k]) if some k in [\"time\", \"te\"]", ":5"},
		"the decision itself":   {"decision := {\"excluded\": set(), \"flags\": {input.text.segments[0].text}, \"obligations\": set(), \"plan\": plan, \"reasons\": reasons, \"redact\": redact}", ":5"},

		"a constant":             {`reasons contains "policy_denied" if contains(input.text.segments[_].text, "x")`, ""},
		"one of constants":       {"flags contains _kind\n\n_kind := \"long\" if count(input.text.segments[0].text) > 9 else := \"short\"", ""},
		"a role":                 {"flags contains input.text.segments[_].role", ""},
		"a count":                {"flags contains sprintf(\"segments:%d\", [input.text.count])", ""},
		"a rule that gives true": {"flags contains input.identity.tenant if _long\n\n_long if count(input.text.segments[0].text) > 9", ""},
		"candidates":             {"excluded contains i if {\n\tcontains(input.text.segments[_].text, \"x\")\n\tsome i, c in input.candidates\n\tc.region != \"eu\"\n}", ""},
	} {
		text := "package weir\n\nimport rego.v2\n\n" + c.text + "\n"
		file := "mine.rego"
		if strings.HasPrefix(c.text, "decision :=") {
			file = "decision.rego"
			text += "\nplan := {\"answers\": answers, \"restore\": false, \"threshold\": 0}\n"
		}
		err := loadAs(t, file, text)
		switch {
		case c.line == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.line != "" && (err == nil || !strings.Contains(err.Error(), file+c.line) || !strings.Contains(err.Error(), "may hold text of a request")):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func loadAs(t *testing.T, file, text string) error {
	t.Helper()
	_, err := policy.Load(t.Context(), policy.Beside(rego.Shipped(), fstest.MapFS{file: {Data: []byte(text)}}))
	return err
}
