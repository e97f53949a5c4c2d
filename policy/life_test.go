package policy_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"weir/policy"
	"weir/rego"
)

// beside loads one file beside the shipped policies.
func beside(t *testing.T, text string) (*policy.Program, error) {
	t.Helper()
	return policy.Load(context.Background(), policy.Beside(rego.Shipped(), fstest.MapFS{"mine.rego": {Data: []byte(text)}}))
}

const mine = `
package weir

import rego.v2

reasons contains {"code": "policy_denied", "detail": "mine"} if input.request.method == "POST"

excluded contains 0 if input.request.method == "POST"

answers contains {"code": "policy_denied", "types": {"US_SSN": "block"}}

obligations contains {"code": "policy_denied", "do": "clamp_output", "tokens": 5} if input.request.method == "POST"
`

// The life of a file: a draft says nothing, a shadow is recorded, an active one decides.
func TestTheLifeOfAFile(t *testing.T) {
	for mode, want := range map[string]struct {
		allow      bool
		reasons    int
		candidates int
		flags      []string
		clamp      int64
		plan       string
	}{
		"draft":  {true, 0, 2, nil, 0, ""},
		"shadow": {true, 1, 2, []string{"would_clamp_output", "would_exclude:0"}, 0, ""},
		"SHADOW": {true, 1, 2, []string{"would_clamp_output", "would_exclude:0"}, 0, ""},
		"active": {false, 1, 1, nil, 5, "block"},
		"":       {false, 1, 1, nil, 5, "block"},
	} {
		text := mine
		if mode != "" {
			text = "# METADATA\n# scope: package\n# custom: {mode: " + mode + "}" + mine
		}
		p, err := beside(t, text)
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		f := reference(1)
		f.Findings = nil
		d := p.Decide(context.Background(), f)
		if d.Outcome != policy.Decided || d.Allow != want.allow || len(d.Reasons) != want.reasons || len(d.Candidates) != want.candidates ||
			!slices.Equal(d.Flags, want.flags) || d.Obligations.Clamp != want.clamp {
			t.Errorf("%s: %+v", mode, d)
		}
		if want.plan != "" && d.Plan.Types["US_SSN"] != want.plan || want.plan == "" && d.Plan.Characters != 0 {
			t.Errorf("%s: plan %+v", mode, d.Plan)
		}
		if fired := slices.ContainsFunc(d.Fired, func(r policy.Rule) bool { return r.File == "mine.rego" }); fired != (want.reasons > 0) {
			t.Errorf("%s: fired %v", mode, d.Fired)
		}
	}
}

// Each file has a life of its own, whatever the other files of the package say.
func TestSeveralFilesHaveLivesOfTheirOwn(t *testing.T) {
	files := fstest.MapFS{}
	for name, mode := range map[string]string{"a": "shadow", "b": "shadow", "c": "draft", "d": "active"} {
		text := "# METADATA\n# scope: package\n# custom: {mode: " + mode + "}\npackage weir\n\nimport rego.v2\n\n" +
			"reasons contains {\"code\": \"policy_denied\", \"detail\": \"" + name + "\"} if input.request.method == \"POST\"\n"
		files[name+".rego"] = &fstest.MapFile{Data: []byte(text)}
	}
	all := policy.Beside(rego.Shipped(), files)
	p, err := policy.Load(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	f := reference(1)
	f.Findings = nil
	var got []string
	for _, r := range p.Decide(t.Context(), f).Reasons {
		got = append(got, r.Detail+" "+string(r.Mode))
	}
	slices.Sort(got)
	if want := []string{"a shadow", "b shadow", "d enforce"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if r, err := policy.Check(t.Context(), all, func(name string) bool { return len(name) == len("a.rego") }); err != nil || len(r.Load) > 0 {
		t.Errorf("%v, %v", err, r.Load)
	}
}

// What cannot be meant is refused when it is loaded, with the place and what to do about it.
func TestBadPoliciesAreRefused(t *testing.T) {
	const head = "package weir\n\nimport rego.v2\n\n"
	loop := "reasons contains \"policy_denied\" if a\n\na if b\n\nb if a\n"
	for name, c := range map[string]struct{ text, want string }{
		"misspelt":        {head + `reasons contains "policy_denied" if input.request.modle == "x"`, "mine.rego:5:.*one of: bytes, longest_chars"},
		"no import":       {"package weir\n\nreasons contains \"policy_denied\" if true", "mine.rego:1:.*import rego.v2 is missing"},
		"code":            {head + `reasons contains "modle_not_permitted" if true`, "mine.rego:5:.*unknown reason code"},
		"duty":            {head + `obligations contains {"code": "policy_denied", "do": "dance"} if true`, "mine.rego:5:.*unknown obligation \"dance\" .*clamp_output"},
		"duty lacks":      {head + `obligations contains {"code": "policy_denied", "do": "clamp_output"} if true`, "mine.rego:5:.*lacks tokens"},
		"life":            {"# METADATA\n# scope: package\n# custom: {mode: maybe}\n" + head, "mine.rego:1:.*mode maybe .*draft, shadow or active"},
		"clock":           {head + `reasons contains "policy_denied" if time.now_ns() > 1`, "mine.rego:5:.*input.time has the moment"},
		"network":         {head + `reasons contains "policy_denied" if http.send({"method": "get", "url": "http://127.0.0.1"}).status_code == 200`, "mine.rego:5:.*withheld"},
		"chance":          {head + `reasons contains "policy_denied" if rand.intn("x", 2) == 1`, "mine.rego:5:.*withheld"},
		"paths":           {head + `reasons contains "policy_denied" if count(graph.reachable_paths({"a": ["a"]}, {"a"})) == 9`, "mine.rego:5:.*cannot be stopped"},
		"unread set":      {head + `reason contains "policy_denied" if input.request.stream`, "mine.rego:5:.*nothing reads the set reason, .*: .*reasons"},
		"cannot stop":     {head + `reasons contains "policy_denied" if bits.lsh(1, 4000000000) > 1`, "mine.rego:5:.*cannot be stopped"},
		"recursion":       {head + loop, "mine.rego:.*recursive"},
		"unused":          {head + "reasons contains \"policy_denied\" if {\n\tx := 1\n\ttrue\n}", "mine.rego:6:.*x"},
		"private":         {head + "_matches(a, b) if a == b\n", "_matches is defined in mine.rego, too"},
		"syntax":          {head + "reasons contains if", "mine.rego:5"},
		"10 MB":           {head + "# " + strings.Repeat("x", 10<<20), "larger than"},
		"never a verdict": {head + "decision := 1", "conflict"},
	} {
		_, err := beside(t, c.text)
		var load *policy.LoadError
		if !errors.As(err, &load) || !matches(c.want, load.Error()) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A policy that fails while it decides denies, and the outcome has a name.
func TestOutcomesHaveNames(t *testing.T) {
	const head = "package weir\n\nimport rego.v2\n\n"
	const only = ` if input.request.model == "trap"`
	for name, c := range map[string]struct{ text, outcome string }{
		"undefined": {head + "reasons contains \"policy_denied\"" + only, policy.Undefined}, // beside a decision that is not for it
		"error":     {head + `reasons contains "policy_denied" if { input.request.model == "trap"; 1 / input.request.bytes > 1 }`, policy.Errored},
		"conflict":  {head + "_x := 1" + only + "\n\n_x := 2" + only + "\n\nreasons contains \"policy_denied\" if _x == 1", policy.Conflicted},
		"timeout": {head + "reasons contains \"policy_denied\" if {\n\tinput.request.model == \"trap\"\n\tsome a in numbers.range(1, 9000)\n\t" +
			"some b in numbers.range(1, 9000)\n\ta * b == -1\n}", policy.TimedOut},
		"allocates": {head + "reasons contains \"policy_denied\" if {\n\tinput.request.model == \"trap\"\n\tcount(numbers.range(1, 900000000)) == 1\n}", policy.TimedOut},
		"form":      {head + `reasons contains 7` + only, policy.Errored},
		"duty":      {head + "_d := input.request.surface\n\nobligations contains {\"code\": \"policy_denied\", \"do\": _d}" + only, policy.Errored},
	} {
		files := fstest.MapFS{"mine.rego": {Data: []byte(c.text)}}
		if c.outcome == policy.Undefined {
			whole, err := fs.ReadFile(rego.Shipped(), "decision.rego")
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(string(whole), "\t\"redact\": redact,\n}", "\t\"redact\": redact,\n} if input.request.model != \"trap\"", 1)
			files["decision.rego"] = &fstest.MapFile{Data: []byte(text)}
		}
		p, err := policy.Load(t.Context(), policy.Beside(rego.Shipped(), files))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, failure := range []string{"deny", "allow"} {
			f := reference(1)
			f.Request.Model, f.Request.Bytes, f.Models = "trap", 0, policy.ModelFacts{}
			f.Settings = []byte(`{"failure":{"policy":"` + failure + `"}}`)
			deadline := decisionTime
			if c.outcome != policy.TimedOut {
				deadline = time.Minute // a busy machine may take its time
			}
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			d := p.Decide(ctx, f)
			cancel()
			if d.Outcome != c.outcome || d.Allow != (failure == "allow") || len(d.Reasons) != 1 || d.Reasons[0].Code != "policy_failed" {
				t.Errorf("%s, %s: %+v", name, failure, d)
			}
		}
	}
}
