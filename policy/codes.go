package policy

import "slices"

// The codes this package itself speaks.
const (
	codeRegion       = "region_denied" // no candidate is in the region that a policy requires
	codePolicyFailed = "policy_failed" // no decision could be made
	codePolicyDenied = "policy_denied" // a policy's own reason, or one with a code nobody knows
)

// order is the documented order of checks, and with it the closed list of codes a policy may give: path, key, tenant
// status, body size, JSON, schema, model and provider, model permitted, input limits, detectors, rates and budget,
// Rego. Each is a code of filter/fault; a test holds the two lists together.
var order = []string{
	"path_unknown", "path_invalid", "method_not_allowed", "surface_unsupported",
	"key_missing", "key_malformed", "key_unknown", "key_revoked", "key_expired", "keys_conflict", "key_scope",
	"tenant_suspended", "tenant_inactive", "tenant_onboarding_incomplete", "tenant_payment_failed",
	"tenant_subscription_canceled", "actor_unverified", "actor_quarantined", "address_denied",
	"body_too_large", "json_invalid", "body_not_object", "parameter_missing", "parameter_invalid", "schema_violated",
	"model_unknown", "model_form_invalid", "model_unavailable", "provider_not_configured", "provider_incapable",
	"credential_required", "credential_unavailable", "price_unknown", "region_unavailable",
	"model_not_permitted", "region_denied",
	"input_tokens_exceeded", "messages_exceeded", "message_length_exceeded", "context_window_exceeded",
	"pii_detected", "secret_detected", "guardrail_blocked", "answer_blocked",
	"rate_exceeded", "concurrency_exceeded", "priority_throttled", "budget_exceeded", "call_cost_exceeded",
	"credits_exhausted", "quota_exceeded",
	"tool_not_permitted", "hours_denied", codePolicyDenied, codePolicyFailed,
}

// ranks says where a code stands in order.
var ranks = func() map[string]int {
	m := make(map[string]int, len(order))
	for i, c := range order {
		m[c] = i
	}
	return m
}()

// Codes lists every code that a policy may give as a reason, in the documented order of checks.
func Codes() []string { return slices.Clone(order) }

// codeOf is code where it is a known one, and policy_denied where it is not: an unknown code denies, in words that
// every dialect has.
func codeOf(code string) string {
	if _, ok := ranks[code]; ok {
		return code
	}
	return codePolicyDenied
}
