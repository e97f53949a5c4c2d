package fault_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/filter/fault"
)

// pageRow is a row of a product's error page and the fault that must bring it about. Body is the page's own example,
// or, where the page prints none, the page's envelope around what the row says; "..." in it is the trace id.
type pageRow struct {
	dialect string
	line    string // of the page, to the letter
	fault   fault.Fault
	status  int
	body    string
	headers map[string]string
}

// lines are the rows of the five pages. A row without a case in pageRows fails the test.
var lines = map[string][]string{
	"dvara": {
		"400 — no_provider",
		`For unknown model prefixes you'll see "Check GET /v1/models for available models."`,
		"401 — Unauthorized",
		"api_key_required | No Authorization header was sent and the data plane requires one.",
		"invalid_api_key | The header was sent but the key didn't match any known hash.",
		"api_key_revoked | The key matched a row that has been revoked.",
		"api_key_expired | The key matched a row whose expires_at has passed.",
		"403 — policy_denied",
		"403 — tenant_credential_required",
		"403 — tenant_suspended",
		"403 — guardrail_blocked",
		"400 — pii_detected",
		"413 — input_too_large",
		"402 — budget_cap_hard",
		"429 — rate_limit_exceeded",
		"502 — provider_error",
		"503 — provider_circuit_open",
	},
	"rivaro": {
		"401 | Unauthorized | Detection key missing, invalid, expired, or revoked",
		`{"error": "Detection key required for proxy endpoints. Add X-Detection-Key header."}`,
		`{"error": "Invalid detection key"}`,
		`{"error": "Organization is not active"}`,
		"403 | Forbidden | Model not allowed, org suspended, or actor quarantined",
		`{"error": "The requested model is not permitted by your API key's policy."}`,
		`{"error": "Rate limit exceeded"}`,
		`{"error": "Request blocked by enforcement policy"}`,
	},
	"korad": {
		"401 Unauthorized",
		"Invalid or missing Virtual Key.",
		"429 Rate Limit Exceeded",
		"400 Bad Request",
		"Invalid model name (use provider/model-name format)",
		"Invalid X-Savings-Level value",
		"Missing required fields",
		"402 Payment Required",
		"500 Internal Server Error",
		"503 Service Unavailable",
		"timeout_error | Request timeout",
	},
	"dosai": {
		"400 Bad Request",
		"Missing required fields (model or messages)",
		"Invalid model value (model does not exist)",
		"messages array is empty",
		"temperature outside the valid range (0-2)",
		"max_tokens is negative or exceeds the model context limit",
		"Malformed JSON in the request body",
		"401 Unauthorized",
		"No Authorization header in the request",
		"Incorrect header format (must be Bearer YOUR_API_KEY)",
		"API key has been deleted or deactivated",
		"402 Payment Required",
		"429 Too Many Requests",
		"500 Internal Server Error",
		"503 Service Unavailable",
	},
	"olava": {
		"invalid_json_body | Body could not be parsed as JSON.",
		"body_must_be_object | Body parsed but isn't a JSON object.",
		"missing_bearer_token | No Authorization: Bearer ... header.",
		"invalid_api_key | Key not found, malformed, or revoked.",
		"onboarding_incomplete | No spend cap set, or onboarding not finished.",
		"spend_cap_exceeded | Call would exceed monthly cap.",
		"payment_failed | Last invoice failed to charge.",
		"subscription_canceled | Subscription has been cancelled.",
		"input_too_large | Chat input above 32,768 tokens.",
		"(no code, plain 413) | Request body above 32 MB.",
		"api_key_rate_limited | Per-key request limit exhausted. Honor Retry-After.",
		"503 Service Unavailable",
	},
}

// streamLines are the rows of the pages that are about streams and replies in the provider's shape; streamRows has their cases.
var streamLines = map[string][]string{
	"dvara":  {`Streaming responses terminate with finish_reason: "content_filter" on the final chunk when a guardrail fires mid-stream.`},
	"rivaro": {`"message": {"content": "Content blocked due to policy violations"},`},
	"olava": {
		`data: {"code":"spend_cap_exceeded","message":"...","docs_url":"..."}`,
		`data: {"error":"service_unavailable","status":500}`,
	},
}

func dvaraBody(code, kind, message string) string {
	return fmt.Sprintf(`{"error": {"code": %q, "type": %q, "message": %q, "trace_id": "..."}}`, code, kind, message)
}

func dosaiBody(message, kind string, code int) string {
	return fmt.Sprintf(`{"error": {"message": %q, "type": %q, "code": %d}}`, message, kind, code)
}

func koradBody(message, kind, code string) string {
	return fmt.Sprintf(`{"error": {"message": %q, "type": %q, "code": %q}}`, message, kind, code)
}

func koradParam(message, kind, param, code string) string {
	return fmt.Sprintf(`{"error": {"message": %q, "type": %q, "param": %q, "code": %q}}`, message, kind, param, code)
}

// olavaBilling is the page's structured envelope; reason is the alias that the page names.
func olavaBilling(code, message string) string {
	return fmt.Sprintf(`{"error": {"type": "billing_error", "code": %q, "reason": %q, "message": %q,
		"docs_url": "https://docs.olava.dev/billing/%s",
		"resolution_url": "https://console.olava.dev/billing", "portal_url": "https://console.olava.dev/billing"}}`, code, code, message, code)
}

func of(c fault.Code) fault.Fault { return fault.Fault{Code: c} }

const (
	dosaiInvalid = "invalid_request_error"
	rivaroKey    = "401 | Unauthorized | Detection key missing, invalid, expired, or revoked"
	rivaroDenied = "403 | Forbidden | Model not allowed, org suspended, or actor quarantined"
	rivaroBlock  = `{"error": "Request blocked by enforcement policy"}`
	rivaroInvKey = `{"error": "Invalid detection key"}`
	olavaInvKey  = "invalid_api_key | Key not found, malformed, or revoked."
)

var pageRows = []pageRow{
	{dialect: "dvara", line: "400 — no_provider", status: 400,
		fault: fault.Fault{Code: fault.ProviderNotConfigured, Model: "gpt-4o", Variable: "OPENAI_API_KEY"},
		body:  dvaraBody("no_provider", "invalid_request_error", "No provider configured for model: gpt-4o. Set OPENAI_API_KEY to register the provider.")},
	{dialect: "dvara", line: `For unknown model prefixes you'll see "Check GET /v1/models for available models."`, status: 400,
		fault: fault.Fault{Code: fault.ModelUnknown, Model: "gpt-4o"},
		body:  dvaraBody("no_provider", "invalid_request_error", "No provider configured for model: gpt-4o. Check GET /v1/models for available models.")},
	{dialect: "dvara", line: "401 — Unauthorized", status: 401, fault: of(fault.KeyUnknown),
		body: dvaraBody("invalid_api_key", "authentication_error", "Invalid API key")},
	{dialect: "dvara", line: "api_key_required | No Authorization header was sent and the data plane requires one.", status: 401,
		fault: of(fault.KeyMissing), body: dvaraBody("api_key_required", "authentication_error", "API key required")},
	{dialect: "dvara", line: "invalid_api_key | The header was sent but the key didn't match any known hash.", status: 401,
		fault: of(fault.KeyMalformed), body: dvaraBody("invalid_api_key", "authentication_error", "Invalid API key")},
	{dialect: "dvara", line: "api_key_revoked | The key matched a row that has been revoked.", status: 401,
		fault: of(fault.KeyRevoked), body: dvaraBody("api_key_revoked", "authentication_error", "API key has been revoked")},
	{dialect: "dvara", line: "api_key_expired | The key matched a row whose expires_at has passed.", status: 401,
		fault: of(fault.KeyExpired), body: dvaraBody("api_key_expired", "authentication_error", "API key has expired")},
	{dialect: "dvara", line: "403 — policy_denied", status: 403, fault: of(fault.PolicyDenied),
		body: dvaraBody("policy_denied", "policy_violation", "Request blocked by policy")},
	{dialect: "dvara", line: "403 — policy_denied", status: 403, fault: fault.Fault{Code: fault.PolicyDenied, Message: "No large models on Sundays"},
		body: dvaraBody("policy_denied", "policy_violation", "No large models on Sundays")},
	{dialect: "dvara", line: "403 — tenant_credential_required", status: 403, fault: of(fault.CredentialRequired),
		body: dvaraBody("tenant_credential_required", "tenant_credential_required", "Tenant has no active provider credential")},
	{dialect: "dvara", line: "403 — tenant_suspended", status: 403, fault: fault.Fault{Code: fault.TenantSuspended, Reason: "trial_ended"},
		body: dvaraBody("tenant_suspended", "tenant_suspended", "Tenant has been suspended")},
	{dialect: "dvara", line: "403 — guardrail_blocked", status: 403, fault: fault.Fault{Code: fault.GuardrailBlocked, Categories: []string{"jailbreak"}},
		body: dvaraBody("guardrail_blocked", "guardrail_violation", "Request blocked by guardrail")},
	{dialect: "dvara", line: "400 — pii_detected", status: 400, fault: fault.Fault{Code: fault.PIIDetected, Categories: []string{"email"}},
		body: dvaraBody("pii_detected", "pii_violation", "Request contains PII")},
	{dialect: "dvara", line: "413 — input_too_large", status: 413, fault: fault.Fault{Code: fault.InputTokensExceeded, Limit: 10, Unit: "tokens"},
		body: dvaraBody("input_too_large", "input_size_error", "Request exceeds maximum input size")},
	{dialect: "dvara", line: "413 — input_too_large", status: 413, fault: fault.Fault{Code: fault.MessagesExceeded, Limit: 10, Unit: "messages"},
		body: dvaraBody("input_too_large", "input_size_error", "Request exceeds maximum input size")},
	{dialect: "dvara", line: "413 — input_too_large", status: 413, fault: fault.Fault{Code: fault.MessageLengthExceeded, Limit: 10, Unit: "characters"},
		body: dvaraBody("input_too_large", "input_size_error", "Request exceeds maximum input size")},
	{dialect: "dvara", line: "402 — budget_cap_hard", status: 402, fault: fault.Fault{Code: fault.BudgetExceeded, Limit: 1, Unit: "micro_usd"},
		body: dvaraBody("budget_cap_hard", "budget_exceeded", "Tenant budget exceeded")},
	{dialect: "dvara", line: "429 — rate_limit_exceeded", status: 429, fault: fault.Fault{Code: fault.RateExceeded, RetryAfter: 1},
		body: dvaraBody("rate_limit_exceeded", "rate_limit_error", "Rate limit exceeded for this API key"), headers: map[string]string{"Retry-After": "1"}},
	{dialect: "dvara", line: "502 — provider_error", status: 502,
		fault: fault.Fault{Code: fault.ProviderError, Provider: "OpenAI", Upstream: 401, Hint: "invalid API key - check your provider credentials"},
		body:  dvaraBody("provider_error", "provider_error", "OpenAI API error 401 (invalid API key - check your provider credentials)")},
	{dialect: "dvara", line: "503 — provider_circuit_open", status: 503, fault: of(fault.ProviderCircuitOpen),
		body: dvaraBody("provider_circuit_open", "provider_unavailable", "Provider circuit open")},

	{dialect: "rivaro", line: `{"error": "Detection key required for proxy endpoints. Add X-Detection-Key header."}`, status: 401,
		fault: of(fault.KeyMissing), body: `{"error": "Detection key required for proxy endpoints. Add X-Detection-Key header."}`},
	{dialect: "rivaro", line: rivaroInvKey, status: 401, fault: of(fault.KeyUnknown), body: rivaroInvKey},
	{dialect: "rivaro", line: rivaroKey, status: 401, fault: of(fault.KeyMalformed), body: rivaroInvKey},
	{dialect: "rivaro", line: rivaroKey, status: 401, fault: of(fault.KeyRevoked), body: rivaroInvKey},
	{dialect: "rivaro", line: rivaroKey, status: 401, fault: of(fault.KeyExpired), body: rivaroInvKey},
	{dialect: "rivaro", line: `{"error": "Organization is not active"}`, status: 401, fault: of(fault.TenantInactive), body: `{"error": "Organization is not active"}`},
	{dialect: "rivaro", line: rivaroDenied, status: 403, fault: of(fault.TenantSuspended), body: `{"error": "Organization is suspended"}`},
	{dialect: "rivaro", line: rivaroDenied, status: 403, fault: of(fault.ActorQuarantined), body: `{"error": "Actor is quarantined"}`},
	{dialect: "rivaro", line: `{"error": "The requested model is not permitted by your API key's policy."}`, status: 403,
		fault: fault.Fault{Code: fault.ModelNotPermitted, Model: "gpt-4o"}, body: `{"error": "The requested model is not permitted by your API key's policy."}`},
	{dialect: "rivaro", line: `{"error": "Rate limit exceeded"}`, status: 429, fault: fault.Fault{Code: fault.RateExceeded, RetryAfter: 7 * time.Second},
		body: `{"error": "Rate limit exceeded"}`, headers: map[string]string{"Retry-After": "7"}},
	{dialect: "rivaro", line: rivaroBlock, status: 451, fault: of(fault.PIIDetected), body: rivaroBlock},
	{dialect: "rivaro", line: rivaroBlock, status: 451, fault: of(fault.GuardrailBlocked), body: rivaroBlock},
	{dialect: "rivaro", line: rivaroBlock, status: 451, fault: fault.Fault{Code: fault.PolicyDenied, Message: "not shown"}, body: rivaroBlock},

	{dialect: "korad", line: "401 Unauthorized", status: 401, fault: of(fault.KeyUnknown),
		body: koradBody("Invalid Virtual Key", "invalid_request_error", "invalid_api_key")},
	{dialect: "korad", line: "Invalid or missing Virtual Key.", status: 401, fault: of(fault.KeyMissing),
		body: koradBody("Invalid Virtual Key", "invalid_request_error", "invalid_api_key")},
	{dialect: "korad", line: "429 Rate Limit Exceeded", status: 429,
		fault: fault.Fault{Code: fault.RateExceeded, Limit: 100, Unit: "requests", Window: time.Hour},
		body:  koradBody("Rate limit exceeded: 100 requests/hour", "rate_limit_error", "rate_limit_exceeded")},
	{dialect: "korad", line: "400 Bad Request", status: 400, fault: fault.Fault{Code: fault.ModelUnknown, Model: "openai/none", Field: "model"},
		body: koradParam("Invalid model name", "invalid_request_error", "model", "invalid_model")},
	{dialect: "korad", line: "Invalid model name (use provider/model-name format)", status: 400, fault: fault.Fault{Code: fault.ModelFormInvalid, Model: "none"},
		body: koradParam("Invalid model name", "invalid_request_error", "model", "invalid_model")},
	{dialect: "korad", line: "Invalid X-Savings-Level value", status: 400, fault: fault.Fault{Code: fault.ParameterInvalid, Field: "X-Savings-Level"},
		body: koradParam("Invalid value for X-Savings-Level", "invalid_request_error", "X-Savings-Level", "invalid_value")},
	{dialect: "korad", line: "Missing required fields", status: 400, fault: fault.Fault{Code: fault.ParameterMissing, Field: "messages"},
		body: koradParam("Missing required field: messages", "invalid_request_error", "messages", "missing_required_field")},
	{dialect: "korad", line: "402 Payment Required", status: 402, fault: fault.Fault{Code: fault.BudgetExceeded, Limit: 50_000_000, Unit: "micro_usd"},
		body: koradBody("Budget exceeded: $50.00 limit reached", "budget_exceeded_error", "budget_exceeded")},
	{dialect: "korad", line: "500 Internal Server Error", status: 500, fault: of(fault.Internal),
		body: koradBody("Internal server error", "server_error", "internal_error")},
	{dialect: "korad", line: "503 Service Unavailable", status: 503, fault: of(fault.Overloaded),
		body: koradBody("Service temporarily unavailable", "server_error", "service_unavailable")},
	{dialect: "korad", line: "timeout_error | Request timeout", status: 504, fault: of(fault.ProviderTimeout),
		body: koradBody("Request timeout", "timeout_error", "request_timeout")},

	{dialect: "dosai", line: "400 Bad Request", status: 400, fault: fault.Fault{Code: fault.ParameterInvalid, Field: "temperature", Detail: "must be between 0 and 2"},
		body: dosaiBody("Invalid value for temperature: must be between 0 and 2.", dosaiInvalid, 400)},
	{dialect: "dosai", line: "temperature outside the valid range (0-2)", status: 400, fault: fault.Fault{Code: fault.ParameterInvalid, Field: "temperature", Detail: "must be between 0 and 2"},
		body: dosaiBody("Invalid value for temperature: must be between 0 and 2.", dosaiInvalid, 400)},
	{dialect: "dosai", line: "Missing required fields (model or messages)", status: 400, fault: fault.Fault{Code: fault.ParameterMissing, Field: "model"},
		body: dosaiBody("Missing required field: model.", dosaiInvalid, 400)},
	{dialect: "dosai", line: "Invalid model value (model does not exist)", status: 400, fault: fault.Fault{Code: fault.ModelUnknown, Model: "none"},
		body: dosaiBody("Invalid value for model: none does not exist.", dosaiInvalid, 400)},
	{dialect: "dosai", line: "messages array is empty", status: 400, fault: fault.Fault{Code: fault.ParameterInvalid, Field: "messages", Detail: "must not be empty"},
		body: dosaiBody("Invalid value for messages: must not be empty.", dosaiInvalid, 400)},
	{dialect: "dosai", line: "max_tokens is negative or exceeds the model context limit", status: 400, fault: fault.Fault{Code: fault.ParameterInvalid, Field: "max_tokens", Detail: "must be at least 0"},
		body: dosaiBody("Invalid value for max_tokens: must be at least 0.", dosaiInvalid, 400)},
	{dialect: "dosai", line: "Malformed JSON in the request body", status: 400, fault: of(fault.JSONInvalid),
		body: dosaiBody("Malformed JSON in the request body.", dosaiInvalid, 400)},
	{dialect: "dosai", line: "401 Unauthorized", status: 401, fault: of(fault.KeyUnknown), body: dosaiBody("Invalid API key.", "authentication_error", 401)},
	{dialect: "dosai", line: "No Authorization header in the request", status: 401, fault: of(fault.KeyMissing), body: dosaiBody("Invalid API key.", "authentication_error", 401)},
	{dialect: "dosai", line: "Incorrect header format (must be Bearer YOUR_API_KEY)", status: 401, fault: of(fault.KeyMalformed), body: dosaiBody("Invalid API key.", "authentication_error", 401)},
	{dialect: "dosai", line: "API key has been deleted or deactivated", status: 401, fault: of(fault.KeyRevoked), body: dosaiBody("Invalid API key.", "authentication_error", 401)},
	{dialect: "dosai", line: "402 Payment Required", status: 402, fault: of(fault.CreditsExhausted),
		body: dosaiBody("Insufficient credits. Please top up your account.", "payment_required", 402)},
	{dialect: "dosai", line: "402 Payment Required", status: 402, fault: fault.Fault{Code: fault.BudgetExceeded, Limit: 50_000_000, Unit: "micro_usd"},
		body: dosaiBody("Insufficient credits. Please top up your account.", "payment_required", 402)},
	{dialect: "dosai", line: "429 Too Many Requests", status: 429, fault: fault.Fault{Code: fault.RateExceeded, Limit: 60, Unit: "requests", Window: time.Minute},
		body: dosaiBody("Rate limit exceeded. Please wait before making another request.", "rate_limit_error", 429), headers: map[string]string{"Retry-After": "1"}},
	{dialect: "dosai", line: "500 Internal Server Error", status: 500, fault: of(fault.Internal),
		body: dosaiBody("An internal error occurred. Please try again later.", "server_error", 500)},
	{dialect: "dosai", line: "503 Service Unavailable", status: 503, fault: fault.Fault{Code: fault.ModelUnavailable, Model: "m"},
		body: dosaiBody("Model is currently unavailable. Please try again shortly.", "service_unavailable", 503), headers: map[string]string{"Retry-After": "30"}},

	{dialect: "olava", line: "invalid_json_body | Body could not be parsed as JSON.", status: 400, fault: fault.Fault{Code: fault.JSONInvalid, Detail: "unexpected end"},
		body: `{"detail": "invalid_json_body"}`},
	{dialect: "olava", line: "body_must_be_object | Body parsed but isn't a JSON object.", status: 400, fault: of(fault.BodyNotObject), body: `{"detail": "body_must_be_object"}`},
	{dialect: "olava", line: "missing_bearer_token | No Authorization: Bearer ... header.", status: 401, fault: of(fault.KeyMissing), body: `{"detail": "missing_bearer_token"}`},
	{dialect: "olava", line: olavaInvKey, status: 401, fault: of(fault.KeyUnknown), body: `{ "detail": "invalid_api_key" }`},
	{dialect: "olava", line: olavaInvKey, status: 401, fault: of(fault.KeyMalformed), body: `{ "detail": "invalid_api_key" }`},
	{dialect: "olava", line: olavaInvKey, status: 401, fault: of(fault.KeyRevoked), body: `{ "detail": "invalid_api_key" }`},
	{dialect: "olava", line: "onboarding_incomplete | No spend cap set, or onboarding not finished.", status: 402, fault: of(fault.TenantOnboarding),
		body: olavaBilling("onboarding_incomplete", "No spend cap is set, or onboarding is not finished. Finish onboarding in the console.")},
	{dialect: "olava", line: "spend_cap_exceeded | Call would exceed monthly cap.", status: 402,
		fault:   fault.Fault{Code: fault.BudgetExceeded, Limit: 10_000_000, Unit: "micro_usd", RetryAfter: 12*24*time.Hour + time.Millisecond},
		body:    olavaBilling("spend_cap_exceeded", "This call would exceed the monthly spend cap of $10.00."),
		headers: map[string]string{"Retry-After": "1036801", "x-should-retry": "false"}},
	{dialect: "olava", line: "payment_failed | Last invoice failed to charge.", status: 402, fault: of(fault.TenantPaymentFailed),
		body: olavaBilling("payment_failed", "The last invoice failed to charge. Update the payment method in the console.")},
	{dialect: "olava", line: "subscription_canceled | Subscription has been cancelled.", status: 402, fault: of(fault.TenantSubscriptionCanceled),
		body: olavaBilling("subscription_canceled", "The subscription has been cancelled. Resubscribe in the console.")},
	{dialect: "olava", line: "input_too_large | Chat input above 32,768 tokens.", status: 413, fault: fault.Fault{Code: fault.InputTokensExceeded, Limit: 32768, Unit: "tokens"},
		body: `{"error": {"type": "request_size_error", "code": "input_too_large", "reason": "input_too_large", "message": "Chat input is above 32768 tokens.", "docs_url": "https://docs.olava.dev/concepts/errors"}}`},
	{dialect: "olava", line: "(no code, plain 413) | Request body above 32 MB.", status: 413, fault: fault.Fault{Code: fault.BodyTooLarge, Limit: 32 << 20, Unit: "bytes"},
		body: `{"detail": "Payload Too Large"}`},
	{dialect: "olava", line: "api_key_rate_limited | Per-key request limit exhausted. Honor Retry-After.", status: 429,
		fault:   fault.Fault{Code: fault.RateExceeded, Limit: 10, Unit: "requests", Window: time.Second},
		body:    `{"error": {"type": "rate_limited", "code": "api_key_rate_limited", "reason": "api_key_rate_limited", "message": "Request limit of this key exhausted: 10 requests/second.", "docs_url": "https://docs.olava.dev/api/rate_limits"}}`,
		headers: map[string]string{"Retry-After": "1"}},
	{dialect: "olava", line: "503 Service Unavailable", status: 503, fault: of(fault.Overloaded),
		body:    `{"error": {"type": "service_unavailable", "code": "service_unavailable", "reason": "service_unavailable", "message": "The service is temporarily unavailable.", "docs_url": "https://docs.olava.dev/concepts/errors"}}`,
		headers: map[string]string{"Retry-After": "5"}},
}

// TestPages compares every row with its page: member set, order and values, byte for byte once blanks are gone.
func TestPages(t *testing.T) {
	for i, r := range pageRows {
		t.Run(fmt.Sprintf("%02d %s %s", i, r.dialect, r.line), func(t *testing.T) {
			r.fault.Trace = trace
			a := dialect(t, r.dialect).Answer(r.fault, fault.Shape{Surface: chat})
			var want bytes.Buffer
			if err := json.Compact(&want, []byte(r.body)); err != nil {
				t.Fatal(err)
			}
			body := strings.Replace(want.String(), `"trace_id":"..."`, `"trace_id":"`+trace+`"`, 1)
			if a.Status != r.status || string(a.Body) != body {
				t.Errorf("%d %s\nwant %d %s", a.Status, a.Body, r.status, body)
			}
			for name, v := range r.headers {
				if got := header(a, name); got != v {
					t.Errorf("%s: %q, want %q", name, got, v)
				}
			}
			if a.Headers[0] != (fault.Header{Name: "content-type", Value: "application/json"}) {
				t.Errorf("the first header is %v", a.Headers[0])
			}
		})
	}
}

// TestPagesAreWhole fails for a row of a page that no case proves, for a case of no row, and for a row of a dialect's
// table that claims a line which the pages do not have.
func TestPagesAreWhole(t *testing.T) {
	proven := map[string]bool{}
	for _, r := range pageRows {
		proven[r.dialect+": "+r.line] = true
	}
	known := map[string]bool{}
	for d, ls := range lines {
		for _, l := range ls {
			known[d+": "+l] = true
			if !proven[d+": "+l] {
				t.Errorf("no case for %s: %s", d, l)
			}
		}
	}
	for k := range proven {
		if !known[k] {
			t.Errorf("a case for a line that is in no list: %s", k)
		}
	}
	for d, ls := range streamLines {
		for _, l := range ls {
			known[d+": "+l] = true
		}
	}
	for _, name := range fault.Default().Names() {
		for _, c := range fault.Codes() {
			src := fault.Source(dialect(t, name), c)
			if src != fault.Ours && src != fault.Elsewhere && !known[name+": "+src] {
				t.Errorf("%s %s claims a line that is in no list: %s", name, c, src)
			}
		}
	}
}
