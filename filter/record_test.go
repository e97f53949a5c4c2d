package filter_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/filter"
	"weir/filter/fault"
	"weir/policy/audit"
	"weir/policy/tenant"
)

// The record of a refusal holds the exact body that the client got and the event's name in the products' trails.
func TestARecordHoldsWhatTheClientGot(t *testing.T) {
	h := build(t, "dvara", func(a *tenant.Tenant) { a.Settings.PII.Request = tenant.Block })
	got := h.play(t, h.ask(), requestBody(fmt.Sprintf(streamed, "write to jane.doe@example.com today")))
	r := h.trail[0]
	if r.Answer == "" || r.Answer != string(got.body) || r.Event != "PII_BLOCKED" || r.Code != "pii_detected" {
		t.Errorf("event %s, answer %q\nclient %q", r.Event, r.Answer, got.body)
	}
	if strings.Contains(fmt.Sprintf("%+v", r), "jane.doe") {
		t.Errorf("the record holds the finding's text: %+v", r)
	}
	f := r.Findings[0]
	if f.Place != "/messages/0/content" || f.Risk == "" || f.Class == "" || f.Rule == "" {
		t.Errorf("finding %+v", f)
	}
	h.trail = nil
	if got := h.play(t, h.ask("authorization", "Bearer nonsense"), requestBody("{}")); h.trail[0].Answer != string(got.body) || h.trail[0].Event == fault.EventExchange {
		t.Errorf("an early refusal: %s %q\nclient %q", h.trail[0].Event, h.trail[0].Answer, got.body)
	}
}

// What was edited of a request is in its record, by name and number, never by value.
func TestARecordSaysWhatWasEdited(t *testing.T) {
	h := build(t, "dvara", func(a *tenant.Tenant) {
		redacting(a)
		a.Settings.Limits.OutputTokens = 500
		a.Settings.Tools.Deny, a.Settings.Tools.Offered = []string{"shell"}, tenant.Redact
	})
	body := `{"model":"echo","stream":true,"max_tokens":900,"tools":[{"type":"function","function":{"name":"shell"}},{"type":"function","function":{"name":"search"}}],` +
		`"messages":[{"role":"user","content":"write to jane.doe@example.com and joe@example.com"}]}`
	h.play(t, h.answerTo(body, opening+event("hello")+stop+done)...)
	r := h.trail[0]
	want := []string{"redact EMAIL_ADDRESS 2", "strip_tool shell", "limit_output 500", "ask_usage"}
	if !slices.Equal(r.Edits, want) || r.Event != fault.EventPIIRedacted || r.Answer != "" {
		t.Errorf("%s, edits %q, want %q; answer %q", r.Event, r.Edits, want, r.Answer)
	}
	h.trail = nil
	h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("hello")+stop+done)...)
	if r := h.trail[0]; r.Event != fault.EventExchange {
		t.Errorf("nothing happened, and it is called %s", r.Event)
	}
}

// Every code has the name that the products' trails give it, or its own in capitals.
func TestEventsOfCodes(t *testing.T) {
	for code, want := range map[fault.Code][2]string{
		fault.TenantSuspended:  {"TENANT_SUSPENDED_BLOCK", "TENANT_SUSPENDED_BLOCK"},
		fault.BudgetExceeded:   {"BUDGET_CAP_HARD", "BUDGET_CAP_HARD"},
		fault.PIIDetected:      {"PII_BLOCKED", "PII_BLOCKED_STREAMING"},
		fault.GuardrailBlocked: {"GUARDRAIL_BLOCKED", "GUARDRAIL_BLOCKED_STREAMING"},
		fault.PolicyDenied:     {"POLICY_DENIED", "POLICY_DENIED"},
		fault.RateExceeded:     {"RATE_EXCEEDED", "RATE_EXCEEDED"},
		fault.StreamBroken:     {"STREAM_BROKEN", "STREAM_ERROR"},
	} {
		if got := [2]string{code.Event(false), code.Event(true)}; got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

// filling is a trail that may have no room.
type filling func(audit.Record) error

func (f filling) Append(_ context.Context, r audit.Record) error { return f(r) }

// After a record that could not be written nothing is let through, until one can be; a tenant may have it otherwise.
func TestNothingPassesThatCannotBeWritten(t *testing.T) {
	for _, mode := range []string{"deny", "allow"} {
		var full bool
		h := buildWith(t, "dvara", func(a *tenant.Tenant) { a.Settings.Failure["store"] = mode }, func(p *filter.Parts) {
			kept := p.Trail
			p.Trail = filling(func(r audit.Record) error {
				if full {
					return errors.New("no room")
				}
				return kept.Append(t.Context(), r)
			})
		})
		status := func() int {
			got := h.play(t, h.ask(), requestBody(fmt.Sprintf(streamed, "hi")))
			if got.immediate == nil {
				return 200
			}
			return int(got.immediate.Status.Code)
		}
		full = true
		first, second := status(), status()
		full = false
		third, fourth := status(), status()
		want := map[string][]int{"deny": {200, 503, 503, 200}, "allow": {200, 200, 200, 200}}[mode]
		if got := []int{first, second, third, fourth}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", mode, got, want)
		}
	}
}
