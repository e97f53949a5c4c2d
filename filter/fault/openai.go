package fault

import (
	"strings"
	"time"
)

// openai is the shape of OpenAI's own API: four members, param and code null where there is none. Money is 402 here too:
// SDKs retry a 429.
var openai = Spec{
	Name:     "openai",
	Rows:     openaiRows,
	Envelope: openaiEnvelope,
	FullStop: true,
	Standing: openaiStanding,
	Record:   func(p Phrase) []byte { return record("", openaiEnvelope(p)) },
}

func openaiEnvelope(p Phrase) Object {
	return Object{{"error", Object{
		{"message", p.Message}, {"type", p.Type}, {"param", orNull(p.Param)}, {"code", orNull(p.Code)},
	}}}
}

// openaiStanding tells the time until the limit is whole again as a duration: 1s, 6m0s, 12ms.
func openaiStanding(l Limits) []Header {
	if !l.Known {
		return nil
	}
	h := []Header{
		{"x-ratelimit-limit-requests", number(l.Limit)}, {"x-ratelimit-remaining-requests", number(l.Remaining)},
	}
	if !l.ResetAt.IsZero() && !l.At.IsZero() {
		left := max(l.ResetAt.Sub(l.At), 0).Round(time.Millisecond)
		h = append(h, Header{"x-ratelimit-reset-requests", strings.ReplaceAll(left.String(), "µ", "u")})
	}
	return h
}

// The vendor's types.
const (
	openaiInvalid = "invalid_request_error"
	openaiDenied  = "permission_error"
	openaiRate    = "rate_limit_error"
	openaiMoney   = "insufficient_quota"
	openaiServer  = "server_error"
)

const openaiNoModel = "The model `{model}` does not exist or you do not have access to it."

var openaiRows = map[Code]Row{
	PathUnknown:          row(404, openaiInvalid, "unknown_url"),
	PathInvalid:          row(400, openaiInvalid, "invalid_url"),
	MethodNotAllowed:     row(405, openaiInvalid, "method_not_supported"),
	SurfaceUnsupported:   row(404, openaiInvalid, "unsupported_endpoint"),
	UpgradeRefused:       row(400, openaiInvalid, "unsupported_upgrade"),
	MediaTypeUnsupported: row(415, openaiInvalid, "unsupported_content_type"),
	EncodingUnsupported:  row(415, openaiInvalid, "unsupported_content_encoding"),
	BodyTooLarge:         row(413, openaiInvalid, "request_too_large"),
	JSONInvalid:          row(400, openaiInvalid, "invalid_json"),
	BodyNotObject:        row(400, openaiInvalid, "invalid_json"),
	ParameterMissing:     row(400, openaiInvalid, "missing_required_parameter").param("{field}"),
	ParameterInvalid:     row(400, openaiInvalid, "invalid_value").param("{field}"),

	KeyMissing:                 row(401, openaiInvalid, "invalid_api_key", "You didn't provide an API key."),
	KeyMalformed:               row(401, openaiInvalid, "invalid_api_key", "Incorrect API key provided."),
	KeyUnknown:                 row(401, openaiInvalid, "invalid_api_key", "Incorrect API key provided.").elsewhere(),
	KeyRevoked:                 row(401, openaiInvalid, "invalid_api_key"),
	KeyExpired:                 row(401, openaiInvalid, "invalid_api_key"),
	KeysConflict:               row(400, openaiInvalid, "conflicting_api_keys"),
	KeyScope:                   row(403, openaiDenied, "insufficient_permissions"),
	TenantSuspended:            row(403, openaiDenied, "account_suspended"),
	TenantInactive:             row(403, openaiDenied, "account_inactive"),
	TenantOnboarding:           row(403, openaiDenied, "onboarding_incomplete"),
	TenantPaymentFailed:        row(402, openaiMoney, "billing_not_active"),
	TenantSubscriptionCanceled: row(402, openaiMoney, "billing_not_active"),
	ActorUnverified:            row(401, openaiInvalid, "actor_unverified"),
	ActorQuarantined:           row(403, openaiDenied, "actor_quarantined"),
	AddressDenied:              row(403, openaiDenied, "address_denied"),

	ModelUnknown:          row(404, openaiInvalid, "model_not_found", openaiNoModel, "The model does not exist.").param("model").elsewhere(),
	ModelFormInvalid:      row(400, openaiInvalid, "invalid_model").param("model"),
	ModelNotPermitted:     row(403, openaiInvalid, "model_not_found", "{message}", openaiNoModel, "You do not have access to the model.").param("model"),
	ModelUnavailable:      row(503, openaiServer, "model_unavailable"),
	ProviderNotConfigured: row(404, openaiInvalid, "model_not_found", openaiNoModel, "The model does not exist.").param("model"),
	ProviderIncapable:     row(400, openaiInvalid, "unsupported_value"),
	RegionUnavailable:     row(403, openaiDenied, "region_unavailable"),
	CredentialRequired:    row(403, openaiDenied, "provider_credential_required"),
	CredentialUnavailable: row(503, openaiServer, "provider_credential_unavailable"),
	PriceUnknown:          row(400, openaiInvalid, "price_unknown").param("model"),

	InputTokensExceeded:   row(400, openaiInvalid, "context_length_exceeded").param("messages"),
	MessagesExceeded:      row(400, openaiInvalid, "array_above_max_length").param("messages"),
	MessageLengthExceeded: row(400, openaiInvalid, "string_above_max_length").param("messages"),
	ContextWindowExceeded: row(400, openaiInvalid, "context_length_exceeded").param("messages").elsewhere(),

	PIIDetected:      row(400, openaiInvalid, "pii_detected").answer(answerPII),
	SecretDetected:   row(400, openaiInvalid, "secret_detected").answer(answerSecret),
	GuardrailBlocked: row(400, openaiInvalid, "content_policy_violation").answer(answerGuardrail),
	ToolNotPermitted: row(403, openaiDenied, "tool_not_permitted"),
	RegionDenied:     row(403, openaiDenied, "unsupported_country_region_territory"),
	HoursDenied:      row(403, openaiDenied, "hours_denied"),
	PolicyDenied:     row(403, openaiDenied, "policy_denied"),
	AnswerBlocked:    row(400, openaiInvalid, "content_policy_violation"),
	SchemaViolated:   row(422, openaiInvalid, "schema_validation_failed"),

	RateExceeded:        row(429, openaiRate, "rate_limit_exceeded").elsewhere(),
	ConcurrencyExceeded: row(429, openaiRate, "rate_limit_exceeded"),
	PriorityThrottled:   row(429, openaiRate, "slow_down"),
	BudgetExceeded:      row(402, openaiMoney, "insufficient_quota"),
	CallCostExceeded:    row(402, openaiMoney, "insufficient_quota"),
	CreditsExhausted:    row(402, openaiMoney, "credit_balance_exhausted"),
	QuotaExceeded:       row(402, openaiMoney, "insufficient_quota"),
	SpendCut:            row(402, openaiMoney, "insufficient_quota"),

	ProviderError:       row(502, openaiServer, "provider_error"),
	ProviderRejected:    row(400, openaiInvalid, "provider_rejected_request"),
	ProviderRateLimited: row(429, openaiRate, "provider_rate_limited"),
	ProviderTimeout:     row(504, openaiServer, "timeout"),
	ProviderUnreachable: row(502, openaiServer, "provider_unreachable"),
	ProviderCircuitOpen: row(503, openaiServer, "provider_unavailable"),
	ProviderUnreadable:  row(502, openaiServer, "provider_error"),
	StreamBroken:        row(502, openaiServer, "provider_error"),

	Internal:         row(500, openaiServer, "", "The server had an error while processing your request."),
	PolicyFailed:     row(500, openaiServer, "policy_error"),
	DetectorFailed:   row(500, openaiServer, "detector_error"),
	StoreUnavailable: row(503, openaiServer, "service_unavailable"),
	Overloaded:       row(503, openaiServer, "server_is_overloaded").elsewhere(),
}
