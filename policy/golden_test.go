package policy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/rego"
)

var update = flag.Bool("update", false, "write the golden decisions again")

// goldens are how many decisions are kept.
const goldens = 200

// variations are changes of the facts that some policy speaks about. A golden decision is made of some of them.
func variations() []struct {
	name   string
	change func(*Facts, map[string]any)
} {
	object := func(m map[string]any, name string) map[string]any {
		o, _ := m[name].(map[string]any)
		if o == nil {
			o = map[string]any{}
			m[name] = o
		}
		return o
	}
	find := func(direction, kind, category string, score float64) func(*Facts, map[string]any) {
		return func(f *Facts, _ map[string]any) {
			f.Findings = append(f.Findings, FindingFacts{Direction: direction, Type: kind, Category: category, Severity: "high", Score: score, Count: 1, Roles: []string{"user"}, Rules: []string{"r"}})
		}
	}
	return []struct {
		name   string
		change func(*Facts, map[string]any)
	}{
		{"mail", find("request", "EMAIL_ADDRESS", "pii", 0.9)},
		{"ssn", find("request", "US_SSN", "pii", 0.9)},
		{"key", find("request", "API_KEY", "secret", 1)},
		{"jailbreak", find("request", "JAILBREAK", "injection", 0.8)},
		{"weak injection", find("request", "PROMPT_INJECTION", "injection", 0.2)},
		{"hate", find("request", "HATE", "content", 0.7)},
		{"pii blocks", func(_ *Facts, s map[string]any) { object(s, "pii")["request"] = "block" }},
		{"pii logs", func(_ *Facts, s map[string]any) { object(s, "pii")["request"] = "log" }},
		{"ssn blocks", func(_ *Facts, s map[string]any) { object(s, "pii")["types"] = map[string]any{"US_SSN": "block"} }},
		{"guardrails redact", func(_ *Facts, s map[string]any) { object(s, "guardrails")["request"] = "redact" }},
		{"guardrails shadow", func(_ *Facts, s map[string]any) { object(s, "modes")["guardrail_blocked"] = "shadow" }},
		{"pii off", func(_ *Facts, s map[string]any) { object(s, "modes")["pii_detected"] = "off" }},
		{"budget off", func(_ *Facts, s map[string]any) { object(s, "modes")["budget_exceeded"] = "off" }},
		{"limits", func(_ *Facts, s map[string]any) {
			s["limits"] = map[string]any{"input_tokens": 10, "messages": 2, "message_length": 20}
		}},
		{"large", func(f *Facts, _ map[string]any) {
			f.Tokens.InputEstimate, f.Request.Messages, f.Request.LongestChars = 1000, 30, 4000
		}},
		{"allow list", func(f *Facts, _ map[string]any) { f.Models.TenantAllow = []string{"claude-*"} }},
		{"deny list", func(f *Facts, _ map[string]any) { f.Models.KeyDeny = []string{"azure/*"} }},
		{"rate refused", func(f *Facts, _ map[string]any) {
			f.Rates = append(f.Rates, RateFacts{ID: "r", Scope: "key", Unit: "requests", Refused: true})
		}},
		{"budget refused", func(f *Facts, _ map[string]any) {
			f.Budgets = append(f.Budgets, BudgetFacts{ID: "b", Scope: "key", Period: "day", Refused: true, Over: true})
		}},
		{"soft budget over", func(f *Facts, _ map[string]any) {
			f.Budgets = append(f.Budgets, BudgetFacts{ID: "s", Soft: true, Over: true})
		}},
		{"hours", func(_ *Facts, s map[string]any) {
			s["hours"] = map[string]any{"days": []string{"monday"}, "from": 480, "to": 1080}
		}},
		{"night", func(f *Facts, _ map[string]any) { f.Time.Hour, f.Time.Weekday = 3, "sunday" }},
		{"regions", func(_ *Facts, s map[string]any) { s["regions"] = map[string]any{"allow": []string{"eu"}} }},
		{"abroad", func(f *Facts, _ map[string]any) {
			for i := range f.Candidates {
				f.Candidates[i].Region = "us"
			}
		}},
		{"addresses", func(_ *Facts, s map[string]any) { s["addresses"] = map[string]any{"allow": []string{"10.0.0.0/8"}} }},
		{"scopes", func(_ *Facts, s map[string]any) { s["scopes"] = map[string]any{"openai.chat": "llm"} }},
		{"tools", func(_ *Facts, s map[string]any) { object(s, "tools")["deny"] = []string{"sh*"} }},
		{"tools left out", func(_ *Facts, s map[string]any) { object(s, "tools")["offered"] = "redact" }},
		{"length", func(_ *Facts, s map[string]any) { s["answer"] = map[string]any{"characters": 500} }},
		{"quarantine", func(_ *Facts, s map[string]any) {
			s["quarantine"] = map[string]any{"types": []string{"injection", "US_SSN"}}
		}},
	}
}

// golden makes the facts of number n: each variation is in by a bit of a number that n is mixed into.
func golden(t testing.TB, n int) (string, *Facts) {
	t.Helper()
	f := &Facts{
		Schema: FactsSchema, Phase: "request", Time: Time{UnixMilli: 1_790_000_000_000 + int64(n), Weekday: "monday", Hour: 9, Minute: 30},
		Identity:   Identity{Tenant: fmt.Sprintf("t%d", n%7), Key: "k", Scopes: []string{"chat"}, Actor: "ana"},
		Request:    RequestFacts{Surface: "openai.chat", Method: "POST", Path: "/v1/chat/completions", Model: "gpt-4o", Messages: 2, LongestChars: 10, Tools: []string{"search", "shell"}},
		Candidates: []CandidateFact{{Provider: "openai", Model: "gpt-4o", Region: "eu"}, {Provider: "azure", Model: "four", Region: "us"}},
		Tokens:     TokenFacts{InputEstimate: 5, InputBound: 9}, Client: ClientFacts{Address: "192.0.2.7"},
	}
	settings := map[string]any{
		"pii":        map[string]any{"request": "redact", "response": "log", "reversible": true},
		"guardrails": map[string]any{"request": "block", "threshold": 0.5}, "secrets": map[string]any{"request": "block", "response": "redact"},
	}
	var names []string
	bits := uint64(n+1) * 0x9E3779B97F4A7C15
	bits &= bits >> 3 // about a quarter of the bits
	for i, v := range variations() {
		if n < len(variations()) && i == n || n >= len(variations()) && bits>>(i+20)&1 == 1 {
			names = append(names, v.name)
			v.change(f, settings)
		}
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	f.Settings = raw
	return fmt.Sprintf("%03d %s", n, strings.Join(names, ", ")), f
}

// TestGoldenDecisions holds two hundred decisions to what they were, however they are come by: as Decide makes them, with
// rule indexing off, with every fact built and nothing remembered, and again from the facts as the trail keeps them.
// Fired rules are compared by name, since a comment moves lines.
func TestGoldenDecisions(t *testing.T) {
	p, err := Load(t.Context(), rego.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for n := range goldens {
		name, f := golden(t, n)
		first := decidedAs(t, p, f, how{})
		for way, how := range map[string]how{"unindexed": {unindexed: true}, "with all facts": {all: true}, "with nothing remembered": {afresh: true}, "again": {}} {
			if again := decidedAs(t, p, f, how); again != first {
				t.Errorf("%s, %s:\n%s\n%s", name, way, again, first)
			}
		}
		var kept Facts
		if err := json.Unmarshal([]byte(encode(t, f)), &kept); err != nil {
			t.Fatal(err)
		}
		if again := decidedAs(t, p, &kept, how{}); again != first {
			t.Errorf("%s, from the trail:\n%s\n%s", name, again, first)
		}
		fmt.Fprintf(&got, "%s\t%s\n", name, first)
	}
	path := filepath.Join("testdata", "decisions.golden")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, got.String(), string(want))
}

func compareLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := bufio.NewScanner(strings.NewReader(got)), bufio.NewScanner(strings.NewReader(want))
	for g.Scan() {
		if !w.Scan() || g.Text() != w.Text() {
			t.Errorf("the decision has changed (go test ./policy -run Golden -update writes it):\n got %s\nwant %s", g.Text(), w.Text())
		}
	}
	if w.Scan() {
		t.Error("there are fewer decisions than golden ones")
	}
}

// decidedAs is a decision as text, without what differs from one build to the next.
func decidedAs(t testing.TB, p *Program, f *Facts, how how) string {
	t.Helper()
	d := p.decide(context.Background(), f, how)
	if d.Outcome != Decided || len(d.Version) != 12 {
		t.Fatalf("decision %+v", d)
	}
	d.Version = ""
	for i := range d.Fired {
		d.Fired[i].Line = 0
	}
	return string(encode(t, d))
}
