package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// canaryTime is how long one canary may take; the first evaluations of a program are slow.
const canaryTime = time.Second

// tryCanaries decides known facts. A program that gives no decision on them is refused before it meets traffic.
func (p *Program) tryCanaries(ctx context.Context) []Problem {
	var out []Problem
	for name, f := range canaries() {
		within, cancel := context.WithTimeout(ctx, canaryTime)
		d := p.Decide(within, f)
		cancel()
		if d.Outcome != Decided {
			out = append(out, Problem{
				Message: fmt.Sprintf("facts of the canary %q give no decision: %s, %s", name, d.Outcome, d.Reasons[0].Detail),
			})
		}
	}
	return out
}

// canaries are facts that touch every part of the input: one request with nothing to say about it, and one with
// something to say about everything.
func canaries() map[string]*Facts {
	return map[string]*Facts{"plain": plainCanary(), "full": fullCanary()}
}

func plainCanary() *Facts {
	return &Facts{
		Schema: FactsSchema, Phase: "request", Settings: json.RawMessage(`{}`),
		Identity: Identity{Tenant: "canary"}, Request: RequestFacts{Surface: "openai.chat", Method: "POST", Model: "canary"},
	}
}

func fullCanary() *Facts {
	f := plainCanary()
	f.Settings = json.RawMessage(`{"pii":{"request":"redact","response":"block","types":{"US_SSN":"block"},"reversible":true},` +
		`"secrets":{"request":"block","response":"redact"},"guardrails":{"request":"block","response":"block","threshold":0.5,` +
		`"categories":{"content":"log"}},"limits":{"input_tokens":10,"messages":1,"message_length":10,"output_tokens":5}}`)
	f.Time = Time{UnixMilli: 1_800_000_000_000, Weekday: "friday", Hour: 8}
	f.Identity.Labels, f.Identity.Scopes = map[string]string{"team": "a"}, []string{"chat"}
	f.Request.Messages, f.Request.LongestChars = 3, 100
	f.Request.Tools, f.Request.ToolCalls, f.Request.Parameters = []string{"search"}, []string{"search"}, map[string]float64{"temperature": 0.5}
	f.Request.Roles = map[string]int64{"user": 2, "system": 1}
	f.Tokens = TokenFacts{InputEstimate: 100, InputBound: 200, OutputLimit: 5}
	for _, kind := range [...][2]string{{"EMAIL_ADDRESS", "pii"}, {"US_SSN", "pii"}, {"API_KEY", "secret"}, {"PROMPT_INJECTION", "injection"}, {"HATE", "content"}} {
		f.Findings = append(f.Findings, FindingFacts{
			Direction: "request", Type: kind[0], Category: kind[1], Severity: "high", Score: 0.9, Count: 1, Roles: []string{"user"}, Rules: []string{"canary"},
		})
	}
	f.Candidates = []CandidateFact{{Provider: "a", Model: "canary", Region: "eu"}, {Provider: "b", Model: "other"}}
	f.Rates = []RateFacts{{ID: "rate", Scope: "tenant", Unit: "requests", Limit: 1, WindowMillis: 1000, RetryMillis: 500, Refused: true}}
	f.Budgets = []BudgetFacts{{ID: "budget", Kind: "cap", Scope: "key", Period: "day", Limit: 1, Spent: 2, Over: true, Refused: true}, {ID: "soft", Kind: "cap", Soft: true, Over: true}}
	f.Client = ClientFacts{Address: "192.0.2.1", Principal: "spiffe://canary", Headers: map[string]string{"x-team": "a"}}
	f.Models = ModelFacts{TenantAllow: []string{"canary*"}, TenantDeny: []string{"other"}, KeyAllow: []string{"none"}, KeyDeny: []string{"bad*"}}
	return f
}
