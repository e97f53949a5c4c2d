package fault

import "time"

// olava is Olava: failures of keys and of validation are a plain detail, everything else is a structured error whose
// code stands under reason too. In a stream, an event of its own tells a spend cut and another record an internal error.
var olava = Spec{
	Name:     "olava",
	Prefix:   "olv_sk_",
	Rows:     olavaRows,
	Envelope: olavaEnvelope,
	Extra:    olavaExtra,
	Record:   olavaRecord,
	// "In that case you are not billed - only fully-completed calls produce a usage record."
	FreeFailures: true,
}

// Where the product's documents and console are.
const (
	olavaDocs    = "https://docs.olava.dev"
	olavaConsole = "https://console.olava.dev/billing"
)

// The types of the structured envelope. A row without a type is a plain detail.
const (
	olavaBilling = "billing_error"
	olavaLimited = "rate_limited"
	olavaSize    = "request_size_error"
	olavaPolicy  = "policy_error"
	olavaDown    = "service_unavailable"
	olavaPlain   = ""
)

// olavaEnvelope is one of the two envelopes. A plain detail that names a parameter explains it beside its stable code.
func olavaEnvelope(p Phrase) Object {
	switch {
	case p.Type != olavaPlain:
		e := Object{{"type", p.Type}, {"code", p.Code}, {"reason", p.Code}, {"message", p.Message}}
		return Object{{"error", append(e, olavaLinks(p)...)}}
	case p.Code == "":
		return Object{{"detail", p.Message}}
	case p.Param != "":
		return Object{{"detail", p.Code}, {"message", p.Message}}
	}
	return Object{{"detail", p.Code}}
}

// olavaLinks are where the structured envelope points to: the console only for billing.
func olavaLinks(p Phrase) Object {
	o := Object{{"docs_url", olavaDocsURL(p)}}
	if p.Type == olavaBilling {
		o = append(o, Member{"resolution_url", olavaConsole}, Member{"portal_url", olavaConsole})
	}
	return o
}

func olavaDocsURL(p Phrase) string {
	switch p.Type {
	case olavaBilling:
		return olavaDocs + "/billing/" + p.Code
	case olavaLimited:
		return olavaDocs + "/api/rate_limits"
	}
	return olavaDocs + "/concepts/errors"
}

// olavaExtra completes the error of anthropic.messages.
func olavaExtra(p Phrase) Object {
	if p.Type == olavaPlain {
		return nil
	}
	return append(Object{{"reason", p.Code}}, olavaLinks(p)...)
}

// olavaRecord is the last record of a stream. A failure of the service has the page's own form, its end marker
// included; every other keeps the page's flat members, beside the nested error without which SDKs would take the
// record for a chunk.
func olavaRecord(p Phrase) []byte {
	if p.Status >= 500 {
		return append(record("", Object{{"error", "service_unavailable"}, {"status", 500}}), doneRecord...)
	}
	kind := p.Type
	if kind == olavaPlain {
		kind = "invalid_request_error"
	}
	return record("error", Object{
		{"code", orNull(p.Code)}, {"message", p.Message}, {"docs_url", olavaDocsURL(p)},
		{"error", Object{{"message", p.Message}, {"type", kind}, {"code", orNull(p.Code)}}},
	})
}

// olavaLoads is the wait told with a 503 that brings none of its own, and olavaRollover with a cap whose period's end is
// not known.
const (
	olavaLoads    = 5 * time.Second
	olavaRollover = time.Hour
)

const olavaDownWords = "The service is temporarily unavailable."

// unavailable is the row of the page's 503.
func unavailable() Row {
	return row(503, olavaDown, "service_unavailable", olavaDownWords).retry(olavaLoads)
}

// olavaKey is the row of whatever is wrong with a key that was presented.
func olavaKey() Row { return row(401, olavaPlain, "invalid_api_key") }

var olavaRows = map[Code]Row{
	PathUnknown:          row(404, olavaPlain, "not_found"),
	PathInvalid:          row(400, olavaPlain, "invalid_path"),
	MethodNotAllowed:     row(405, olavaPlain, "method_not_allowed"),
	SurfaceUnsupported:   row(404, olavaPlain, "unsupported_endpoint"),
	UpgradeRefused:       row(400, olavaPlain, "unsupported_upgrade"),
	MediaTypeUnsupported: row(415, olavaPlain, "unsupported_media_type"),
	EncodingUnsupported:  row(415, olavaPlain, "unsupported_encoding"),
	BodyTooLarge:         row(413, olavaPlain, "", "Payload Too Large").on("(no code, plain 413) | Request body above 32 MB."),
	JSONInvalid:          row(400, olavaPlain, "invalid_json_body").on("invalid_json_body | Body could not be parsed as JSON."),
	BodyNotObject:        row(400, olavaPlain, "body_must_be_object").on("body_must_be_object | Body parsed but isn't a JSON object."),
	ParameterMissing:     row(400, olavaPlain, "missing_parameter").param("{field}"),
	ParameterInvalid:     row(400, olavaPlain, "invalid_parameter").param("{field}"),

	KeyMissing:      row(401, olavaPlain, "missing_bearer_token").on("missing_bearer_token | No Authorization: Bearer ... header."),
	KeyMalformed:    olavaKey().on("invalid_api_key | Key not found, malformed, or revoked."),
	KeyUnknown:      olavaKey().on("invalid_api_key | Key not found, malformed, or revoked."),
	KeyRevoked:      olavaKey().on("invalid_api_key | Key not found, malformed, or revoked."),
	KeyExpired:      olavaKey(),
	KeysConflict:    row(400, olavaPlain, "conflicting_api_keys"),
	KeyScope:        row(403, olavaPlain, "insufficient_scope"),
	TenantInactive:  row(403, olavaPlain, "account_inactive"),
	TenantSuspended: row(403, olavaPlain, "account_suspended"),
	TenantOnboarding: row(402, olavaBilling, "onboarding_incomplete",
		"No spend cap is set, or onboarding is not finished. Finish onboarding in the console.").
		on("onboarding_incomplete | No spend cap set, or onboarding not finished."),
	TenantPaymentFailed: row(402, olavaBilling, "payment_failed",
		"The last invoice failed to charge. Update the payment method in the console.").
		on("payment_failed | Last invoice failed to charge."),
	TenantSubscriptionCanceled: row(402, olavaBilling, "subscription_canceled",
		"The subscription has been cancelled. Resubscribe in the console.").
		on("subscription_canceled | Subscription has been cancelled."),
	ActorUnverified:  row(401, olavaPlain, "actor_unverified"),
	ActorQuarantined: row(403, olavaPolicy, "actor_quarantined"),
	AddressDenied:    row(403, olavaPlain, "address_denied"),

	ModelUnknown:          row(404, olavaPlain, "model_not_found"),
	ModelFormInvalid:      row(400, olavaPlain, "invalid_model"),
	ModelNotPermitted:     row(403, olavaPolicy, "model_not_permitted"),
	ModelUnavailable:      unavailable(),
	ProviderNotConfigured: row(404, olavaPlain, "model_not_found"),
	ProviderIncapable:     row(400, olavaPolicy, "unsupported_capability"),
	RegionUnavailable:     row(403, olavaPolicy, "region_unavailable"),
	CredentialRequired:    row(403, olavaPolicy, "provider_credential_required"),
	CredentialUnavailable: unavailable(),
	PriceUnknown:          row(400, olavaPolicy, "price_unknown"),

	InputTokensExceeded: row(413, olavaSize, "input_too_large",
		"Chat input is above {amount}.", "Chat input has too many tokens.").
		on("input_too_large | Chat input above 32,768 tokens."),
	MessagesExceeded:      row(413, olavaSize, "input_too_large", "Chat input is above {amount}.", "Chat input has too many messages."),
	MessageLengthExceeded: row(413, olavaSize, "input_too_large", "A message is above {amount}.", "A message is too long."),
	ContextWindowExceeded: row(413, olavaSize, "input_too_large", "Chat input is above the model's context window."),

	PIIDetected:      row(400, olavaPolicy, "pii_detected").answer(answerPII),
	SecretDetected:   row(400, olavaPolicy, "secret_detected").answer(answerSecret),
	GuardrailBlocked: row(400, olavaPolicy, "guardrail_blocked").answer(answerGuardrail),
	ToolNotPermitted: row(403, olavaPolicy, "tool_not_permitted"),
	RegionDenied:     row(403, olavaPolicy, "region_denied"),
	HoursDenied:      row(403, olavaPolicy, "hours_denied"),
	PolicyDenied:     row(403, olavaPolicy, "policy_denied"),
	AnswerBlocked:    row(400, olavaPolicy, "response_blocked"),
	SchemaViolated:   row(422, olavaPolicy, "schema_validation_failed"),

	RateExceeded: row(429, olavaLimited, "api_key_rate_limited",
		"Request limit of this key exhausted: {rate}.", "Request limit of this key exhausted.").retry(time.Second).
		on("api_key_rate_limited | Per-key request limit exhausted. Honor Retry-After."),
	ConcurrencyExceeded: row(429, olavaLimited, "api_key_concurrency_limited").retry(time.Second),
	PriorityThrottled:   row(429, olavaLimited, "priority_throttled").retry(time.Second),
	BudgetExceeded: row(402, olavaBilling, "spend_cap_exceeded",
		"This call would exceed the monthly spend cap of {amount}.", "This call would exceed the monthly spend cap.").retry(olavaRollover).
		on("spend_cap_exceeded | Call would exceed monthly cap."),
	CallCostExceeded: row(402, olavaBilling, "call_cost_exceeded"),
	CreditsExhausted: row(402, olavaBilling, "credits_exhausted"),
	QuotaExceeded:    row(402, olavaBilling, "quota_exceeded"),
	SpendCut: row(402, olavaBilling, "spend_cap_exceeded", "The monthly spend cap was reached while the response was streamed.").retry(olavaRollover).
		on(`data: {"code":"spend_cap_exceeded","message":"...","docs_url":"..."}`),

	ProviderError:       unavailable(),
	ProviderRejected:    row(400, olavaPolicy, "request_rejected"),
	ProviderRateLimited: row(429, olavaLimited, "provider_rate_limited").retry(olavaLoads),
	ProviderTimeout:     row(504, olavaDown, "timeout", "The service did not answer in time."),
	ProviderUnreachable: unavailable(),
	ProviderCircuitOpen: unavailable(),
	ProviderUnreadable:  row(502, olavaDown, "service_unavailable", olavaDownWords),
	StreamBroken:        row(502, olavaDown, "service_unavailable", olavaDownWords),

	Internal:         row(500, olavaDown, "internal_error", "An internal error occurred.").on(`data: {"error":"service_unavailable","status":500}`),
	PolicyFailed:     row(500, olavaDown, "internal_error", "An internal error occurred."),
	DetectorFailed:   row(500, olavaDown, "internal_error", "An internal error occurred."),
	StoreUnavailable: unavailable(),
	Overloaded:       unavailable().on("503 Service Unavailable"),
}
