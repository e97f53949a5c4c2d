package fault_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"weir/filter/fault"
)

func TestStanding(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	full := fault.Limits{Known: true, Limit: 1000, Remaining: 523, ResetAt: at.Add(6 * time.Minute), At: at, TokensKnown: true, InputTokens: 10}
	ids := []fault.Header{{Name: "x-request-id", Value: trace}, {Name: "request-id", Value: trace}}
	h := func(name, value string) fault.Header { return fault.Header{Name: name, Value: value} }
	for name, want := range map[string][]fault.Header{
		"dvara":  {h("X-Trace-ID", trace)},
		"rivaro": {h("X-RateLimit-Remaining", "523")},
		"korad": {
			h("X-RateLimit-Limit", "1000"), h("X-RateLimit-Remaining", "523"), h("X-RateLimit-Reset", "1772366760"),
			h("X-Korad-Original-Tokens", "10"), h("X-Korad-Optimized-Tokens", "10"), h("X-Korad-Savings-USD", "$0.000000"),
			h("X-Korad-Strategy", "Passthrough (no optimization needed)"),
		},
		"dosai":  {h("X-RateLimit-Limit", "1000"), h("X-RateLimit-Remaining", "523")},
		"olava":  {},
		"openai": {h("x-ratelimit-limit-requests", "1000"), h("x-ratelimit-remaining-requests", "523"), h("x-ratelimit-reset-requests", "6m0s")},
		"anthropic": {
			h("anthropic-ratelimit-requests-limit", "1000"), h("anthropic-ratelimit-requests-remaining", "523"),
			h("anthropic-ratelimit-requests-reset", "2026-03-01T12:06:00Z"),
		},
	} {
		same(t, name, dialect(t, name).Headers(trace, full), append(ids[:2:2], want...))
	}
	for _, name := range fault.Default().Names() {
		if got := dialect(t, name).Headers("", fault.Limits{}); len(got) != 0 {
			t.Errorf("%s: nothing is known, and it says %v", name, got)
		}
		for _, got := range dialect(t, name).Headers("", fault.Limits{Known: true, Limit: 1, Remaining: -5, ResetAt: at, At: at.Add(time.Hour)}) {
			if got.Value[0] == '-' {
				t.Errorf("%s: negative %v", name, got)
			}
		}
	}
}

func same(t *testing.T, what string, got, want []fault.Header) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %v\nwant %v", what, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %v, want %v", what, got[i], want[i])
		}
	}
}

func TestRetry(t *testing.T) {
	for _, c := range []struct {
		name          string
		dialect       string
		fault         fault.Fault
		after, should string
	}{
		{"rounded up", "dvara", fault.Fault{Code: fault.RateExceeded, RetryAfter: 1100 * time.Millisecond}, "2", ""},
		{"at least one", "dvara", fault.Fault{Code: fault.RateExceeded, RetryAfter: time.Nanosecond}, "1", ""},
		{"a minute is waited out", "dvara", fault.Fault{Code: fault.RateExceeded, RetryAfter: time.Minute}, "60", ""},
		{"longer is not", "dvara", fault.Fault{Code: fault.RateExceeded, RetryAfter: time.Minute + 1}, "61", "false"},
		{"negative is none", "dvara", fault.Fault{Code: fault.RateExceeded, RetryAfter: -time.Hour}, "", ""},
		{"money is not retried anyway", "dvara", fault.Fault{Code: fault.BudgetExceeded}, "", ""},
		{"nor with a period's end", "korad", fault.Fault{Code: fault.BudgetExceeded, RetryAfter: 30 * 24 * time.Hour}, "2592000", "false"},
		{"a wrong credential of ours", "dvara", fault.Fault{Code: fault.ProviderError, Upstream: 401}, "", "false"},
		{"a provider's bad moment", "dvara", fault.Fault{Code: fault.ProviderError, Upstream: 500}, "", ""},
		{"a policy that fails will fail again", "korad", fault.Fault{Code: fault.PolicyFailed}, "", "false"},
		{"a monthly quota at 429", "rivaro", fault.Fault{Code: fault.QuotaExceeded}, "", "false"},
		{"an overload heals", "openai", fault.Fault{Code: fault.Overloaded}, "", ""},
		{"the page demands it", "olava", fault.Fault{Code: fault.StoreUnavailable}, "5", ""},
		{"the fault knows better", "olava", fault.Fault{Code: fault.StoreUnavailable, RetryAfter: 9 * time.Second}, "9", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := dialect(t, c.dialect).Answer(c.fault, fault.Shape{})
			if got := header(a, "Retry-After"); got != c.after {
				t.Errorf("Retry-After %q, want %q", got, c.after)
			}
			if got := header(a, "x-should-retry"); got != c.should {
				t.Errorf("x-should-retry %q, want %q", got, c.should)
			}
		})
	}
}

// TestMoneyIsNeverRetried: SDKs retry 429 by themselves, so what only money heals is 402 in every dialect.
func TestMoneyIsNeverRetried(t *testing.T) {
	for _, name := range fault.Default().Names() {
		for _, c := range []fault.Code{fault.BudgetExceeded, fault.CallCostExceeded, fault.CreditsExhausted, fault.SpendCut} {
			if got := fault.Status(dialect(t, name), c); got != 402 {
				t.Errorf("%s %s: %d", name, c, got)
			}
		}
		if got := fault.Status(dialect(t, name), fault.RateExceeded); got != 429 {
			t.Errorf("%s rate: %d", name, got)
		}
	}
}

// TestFailuresAreOurs: what fails in the gateway or behind it is never a 4xx that blames the client, and only what the
// client's key is wrong about is 401.
func TestFailuresAreOurs(t *testing.T) {
	for _, name := range fault.Default().Names() {
		for _, c := range []fault.Code{
			fault.ProviderError, fault.ProviderTimeout, fault.ProviderUnreachable, fault.ProviderCircuitOpen, fault.ProviderUnreadable,
			fault.StreamBroken, fault.Internal, fault.PolicyFailed, fault.DetectorFailed, fault.StoreUnavailable, fault.Overloaded,
		} {
			if got := fault.Status(dialect(t, name), c); got < 500 {
				t.Errorf("%s %s: %d", name, c, got)
			}
		}
		for _, c := range []fault.Code{fault.ProviderError, fault.ProviderRejected, fault.ModelNotPermitted, fault.CredentialRequired} {
			if got := fault.Status(dialect(t, name), c); got == 401 {
				t.Errorf("%s %s: %d", name, c, got)
			}
		}
	}
}

func TestPrepared(t *testing.T) {
	for _, name := range fault.Default().Names() {
		for _, surface := range []string{"", chat, messages} {
			got := fault.Prepared(dialect(t, name), fault.Shape{Surface: surface, Stream: true}, trace)
			for _, status := range []int{413, 500, 502, 503, 504} {
				body := got["f"+strconv.Itoa(status)]
				if !json.Valid([]byte(body)) {
					t.Errorf("%s %q f%d: %s", name, surface, status, body)
				}
			}
			if got["retry_after"] != "1" || got["content_type"] != "application/json" || len(got) != 7 {
				t.Errorf("%s %q: %v", name, surface, got)
			}
		}
	}
	// The code of this dialect is the status, and it is Envoy's status that is sent.
	want := `{"error":{"message":"Provider sent an answer that cannot be read.","type":"server_error","code":502}}`
	if got := fault.Prepared(dialect(t, "dosai"), fault.Shape{}, trace)["f502"]; got != want {
		t.Errorf("got %s", got)
	}
	// A dialect that has no row of that status tells the status that is sent all the same.
	want = `{"type":"error","error":{"type":"overloaded_error","message":"Provider cannot be reached"},"request_id":"trace-1"}`
	if got := fault.Prepared(dialect(t, "anthropic"), fault.Shape{}, trace)["f503"]; got != want {
		t.Errorf("got %s", got)
	}
}

func TestFixed(t *testing.T) {
	want := `{"type":"error","error":{"message":"Service temporarily unavailable","type":"api_error","param":null,"code":"service_unavailable"}}`
	if got := string(fault.Fixed()); got != want {
		t.Errorf("got %s", got)
	}
}

// TestAllocations: a refusal under attack stays cheap.
func TestAllocations(t *testing.T) {
	d, f, s := dialect(t, "dvara"), sample(fault.KeyUnknown), fault.Shape{Surface: chat}
	if n := testing.AllocsPerRun(100, func() { d.Answer(f, s) }); n > 40 {
		t.Errorf("%v allocations for an answer", n)
	}
	if n := testing.AllocsPerRun(100, func() { fault.Prepared(d, s, trace) }); n > 160 {
		t.Errorf("%v allocations for the prepared bodies", n)
	}
}
