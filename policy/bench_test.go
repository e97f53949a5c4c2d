package policy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"weir/policy"
	"weir/rego"
)

// ceiling is the most allocations the reference decision may make. Allocations are exact where times are not.
const ceiling = 520

// reference is the decision that is measured: a usual request of an agent, with the shipped policies, that passes with
// one redaction.
func reference(tenant int) *policy.Facts {
	return &policy.Facts{
		Schema: policy.FactsSchema, Phase: "request",
		Time:     policy.Time{UnixMilli: 1_790_000_000_123, Weekday: "tuesday", Hour: 14, Minute: 31},
		Identity: policy.Identity{Tenant: fmt.Sprintf("t-%d", tenant), Key: "k-1", Scopes: []string{"chat"}, Actor: "ana", Labels: map[string]string{"team": "risk", "cost": "c-7"}},
		Request: policy.RequestFacts{
			Surface: "openai.chat", Method: "POST", Path: "/v1/chat/completions", Model: "gpt-4o-mini", Stream: true, Bytes: 5120,
			Messages: 6, LongestChars: 1800, Roles: map[string]int64{"system": 1, "user": 3, "assistant": 2},
			Tools: []string{"search", "fetch", "calendar"}, ToolCalls: []string{"search"},
			Parameters: map[string]float64{"temperature": 0.7, "max_tokens": 800},
		},
		Findings: []policy.FindingFacts{
			{Direction: "request", Type: "EMAIL_ADDRESS", Category: "pii", Severity: "medium", Score: 0.95, Count: 2, Roles: []string{"user"}, Rules: []string{"pii.email"}},
			{Direction: "request", Type: "PROMPT_INJECTION", Category: "injection", Severity: "low", Score: 0.3, Count: 1, Roles: []string{"user"}, Rules: []string{"injection.ignore"}},
		},
		Candidates: []policy.CandidateFact{{Provider: "openai", Model: "gpt-4o-mini", Region: "eu"}, {Provider: "azure", Model: "gpt-4o-mini", Region: "eu"}},
		Tokens:     policy.TokenFacts{InputEstimate: 1300, InputBound: 2100, OutputLimit: 800},
		Rates: []policy.RateFacts{
			{ID: "tenant/requests", Scope: "tenant", Unit: "requests", Limit: 600, WindowMillis: 60000, Remaining: 412},
			{ID: "key/tokens", Scope: "key", Unit: "tokens", Limit: 100000, WindowMillis: 60000, Remaining: 81000},
		},
		Budgets: []policy.BudgetFacts{
			{ID: "tenant/month", Scope: "tenant", Period: "month", Limit: 500_000_000, Spent: 123_456_789, Held: 12_000, ResetMillis: 1_791_000_000_000},
			{ID: "key/day", Scope: "key", Period: "day", Limit: 5_000_000, Spent: 1_234_567, Held: 12_000, ResetMillis: 1_790_100_000_000, Soft: true},
		},
		Client:   policy.ClientFacts{Address: "192.0.2.17", Headers: map[string]string{"x-team": "risk"}},
		Settings: settings(tenant),
		Models:   policy.ModelFacts{TenantAllow: []string{"gpt-4o*", "claude-*"}},
	}
}

// settings are a tenant's own, no two alike.
func settings(tenant int) json.RawMessage {
	return fmt.Appendf(nil, `{"pii":{"request":"redact","response":"redact","types":{"US_SSN":"block"},"reversible":true},`+
		`"secrets":{"request":"block","response":"block"},"guardrails":{"request":"block","response":"block","threshold":0.6,`+
		`"categories":{"content":"log"}},"limits":{"input_tokens":100000,"messages":500,"message_length":200000,"output_tokens":4096},`+
		`"modes":{"guardrail_blocked":"shadow"},"failure":{"policy":"deny"},"labels":{"tenant":"%d"}}`, tenant)
}

func shipped(tb testing.TB) *policy.Program {
	tb.Helper()
	p, err := policy.Load(context.Background(), rego.Shipped())
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// decided are the facts of so many tenants, each decided once: settings are read once a tenant.
func decided(p *policy.Program, tenants int) []*policy.Facts {
	all := make([]*policy.Facts, tenants)
	for i := range all {
		all[i] = reference(i)
		p.Decide(context.Background(), all[i])
	}
	return all
}
