package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/policy/tenant"
)

// G8: numbers as people write them are found, with their checksum where they have one.
func TestG8NumbersAsWritten(t *testing.T) {
	h := build(t, "openai", redacting)
	for text, want := range map[string]string{
		"4111 1111 1111 1111": "CREDIT_CARD", "4111-1111-1111-1111": "CREDIT_CARD", "4111.1111.1111.1111": "CREDIT_CARD", "4111111111111111": "CREDIT_CARD",
		"DE89 3704 0044 0532 0130 00": "IBAN_CODE", "DE89370400440532013000": "IBAN_CODE", "GB82-WEST-1234-5698-7654-32": "IBAN_CODE",
		"+49 30 12345678": "PHONE_NUMBER", "(415) 555-2671": "PHONE_NUMBER", "020 7946 0958": "PHONE_NUMBER", "06 12 34 56 78": "PHONE_NUMBER", "03-1234-5678": "PHONE_NUMBER",
		"4111 1111 1111 1112": "", "DE89 3704 0044 0532 0130 01": "",
	} {
		got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("it is "+text+", yes")+stop+done)...)
		said := contentOf(t, got.body)
		if want == "" && strings.Contains(said, "REDACTED_"+"CREDIT_CARD") || want != "" && said != "it is [REDACTED_"+want+"], yes" {
			t.Errorf("%s: %q, want %s", text, said, want)
		}
	}
}

// G12: a request that a slow guard blocks after the model could have answered: the guard is asked before anything is sent, so
// nothing reaches the provider, nothing is delivered and nothing is charged.
func TestG12NothingIsSentBeforeTheGuard(t *testing.T) {
	h := build(t, "openai", func(a *tenant.Tenant) { a.Settings.PII.Request = tenant.Block })
	got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "mail "+someone), opening+event("ok")+stop+done)...)
	if got.immediate == nil || got.forwarded != nil || got.status {
		t.Fatalf("%+v", got)
	}
	if r := h.trail[0]; r.UpstreamStatus != 0 || r.BilledMicro != 0 || len(h.uses) != 0 || h.closed[r.Exchange] > 1 {
		t.Errorf("%+v, %v", r, h.uses)
	}
}

// G15: which provider answers is Envoy's to try in the order that was decided on: a model outside of what the tenant may use
// is in no order, and the name that a fallback would be asked for cannot be brought by the client.
func TestG15NoFallbackOutsideThePermit(t *testing.T) {
	h := build(t, "openai", func(a *tenant.Tenant) { a.Models = tenant.Permit{Deny: []string{"echo"}} })
	got := h.play(t, h.ask("x-weir-route", "order-demo"), requestBody(fmt.Sprintf(streamed, "hi")))
	if got.immediate == nil || h.trail[0].Code != "model_not_permitted" || got.request["x-weir-route"] != "" {
		t.Errorf("%+v", got)
	}
	h = build(t, "openai", nil)
	body := strings.Replace(fmt.Sprintf(streamed, "hi"), `"model":"echo"`, `"model":"echo","models":["other"],"route":"fallback"`, 1)
	got = h.play(t, h.ask("x-weir-route", "order-other"), requestBody(body))
	if !strings.HasPrefix(got.request["x-weir-route"], "order-demo-") {
		t.Errorf("routed to %q", got.request["x-weir-route"])
	}
}

// G16: a client cannot configure its own guards: headers of that kind go no further and change nothing, and members of the
// body that name guardrails are text like any other.
func TestG16ClientsConfigureNothing(t *testing.T) {
	h := build(t, "openai", func(a *tenant.Tenant) { a.Settings.PII.Request = tenant.Block })
	body := strings.Replace(fmt.Sprintf(streamed, "mail "+someone), `"model":"echo"`,
		`"model":"echo","guardrails":[],"disable_guardrails":true,"metadata":{"guardrails":"off"},"config":{"pii":"log"}`, 1)
	got := h.play(t, h.ask("x-weir-policy", "off", "x-portkey-config", "{}", "x-guardrails", "none", "x-weir-pii", "log"), requestBody(body))
	if got.immediate == nil || h.trail[0].Code != "pii_detected" {
		t.Errorf("%s", got.body)
	}
	hidden := strings.Replace(fmt.Sprintf(streamed, "hi"), `"model":"echo"`, `"model":"echo","guardrails":{"skip":"mail `+someone+`"}`, 1)
	if got := h.play(t, h.ask(), requestBody(hidden)); got.immediate == nil {
		t.Errorf("text in a member that names guardrails went on")
	}
}

// G17, G18: limits and guards hold on every surface; and nothing that was said is kept for anybody else: the same question
// twice goes to the provider twice, another tenant's placeholder is another and is never put back.
func TestG17G18EverySurfaceAndNoCache(t *testing.T) {
	h := build(t, "openai", redacting)
	placeholders := map[string]bool{}
	for _, w := range wires() {
		for range 2 {
			sent := string(h.playNow(h.forwards(w.path, w.ask("mail "+someone))).forwarded)
			p := "[EMAIL_ADDRESS_" + between(sent, "[EMAIL_ADDRESS_", "]") + "]"
			placeholders[p] = true
			if strings.Contains(sent, someone) {
				t.Errorf("%s: %s", w.name, sent)
			}
		}
		if used := h.trail[len(h.trail)-1]; used.HeldMicro == 0 {
			t.Errorf("%s took no hold", w.name)
		}
	}
	if len(placeholders) != 1 || len(h.holds) != 2*len(wires()) {
		t.Errorf("%d placeholders, %d holds", len(placeholders), len(h.holds))
	}
	other := build(t, "openai", func(a *tenant.Tenant) {
		redacting(a)
		a.Secret = []byte(strings.Repeat("o", 32))
	})
	for p := range placeholders {
		got := other.play(t, other.answerTo(fmt.Sprintf(streamed, "mail "+someone), opening+event("to "+p)+stop+done)...)
		if said := contentOf(t, got.body); said != "to "+p {
			t.Errorf("another tenant reads %q", said)
		}
		got = h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("to "+p)+stop+done)...)
		if said := contentOf(t, got.body); said != "to "+p {
			t.Errorf("another exchange reads %q", said)
		}
	}
}
