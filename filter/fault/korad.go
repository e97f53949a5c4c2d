package fault

import (
	"slices"
	"strconv"
	"strings"
)

// korad is the Korad optimiser: four fields, of which param stands only where a row names one; money is 402, rates are
// 429; every answer tells the rate limit, and a provider's answer what was saved.
var korad = Spec{
	Name:     "korad",
	Prefix:   "sk-bf-",
	Rows:     koradRows,
	Envelope: koradEnvelope,
	Standing: koradStanding,
	Demand:   koradDemand,
}

func koradEnvelope(p Phrase) Object {
	e := Object{{"message", p.Message}, {"type", p.Type}}
	if p.Param != "" {
		e = append(e, Member{"param", p.Param})
	}
	return Object{{"error", append(e, Member{"code", p.Code})}}
}

// koradStanding tells the rate limit, its reset in epoch seconds, and the savings: nothing is optimised, and it says so.
func koradStanding(l Limits) []Header {
	var h []Header
	if l.Known {
		h = append(h, Header{"X-RateLimit-Limit", number(l.Limit)}, Header{"X-RateLimit-Remaining", number(l.Remaining)})
		if !l.ResetAt.IsZero() {
			h = append(h, Header{"X-RateLimit-Reset", strconv.FormatInt(l.ResetAt.Unix(), 10)})
		}
	}
	if l.TokensKnown {
		tokens := number(l.InputTokens)
		h = append(h,
			Header{"X-Korad-Original-Tokens", tokens},
			Header{"X-Korad-Optimized-Tokens", tokens},
			Header{"X-Korad-Savings-USD", "$0.000000"},
			Header{"X-Korad-Strategy", "Passthrough (no optimization needed)"},
		)
	}
	return h
}

// koradLevels are what X-Savings-Level may say. The page gives no list: these are the levels that the product's documents
// name. None changes anything here, since nothing is optimised.
var koradLevels = []string{"off", "low", "medium", "high", "maximum", "extreme"}

// koradDemand checks the page's two own causes of a 400: the level of savings and the form of a model's name.
func koradDemand(a Asked) (Fault, bool) {
	const level = "X-Savings-Level"
	if a.Header != nil {
		v := a.Header(strings.ToLower(level))
		if v != "" && !slices.Contains(koradLevels, strings.ToLower(v)) {
			return Fault{Code: ParameterInvalid, Field: level, Detail: "must be one of " + strings.Join(koradLevels, ", ")}, true
		}
	}
	if a.Model == "" {
		return Fault{}, false
	}
	provider, name, _ := strings.Cut(a.Model, "/")
	if provider == "" || name == "" {
		return Fault{Code: ModelFormInvalid, Field: "model"}, true
	}
	return Fault{}, false
}

// The page's types, and sentences that several rows share.
const (
	koradInvalid = "invalid_request_error"
	koradRate    = "rate_limit_error"
	koradBudget  = "budget_exceeded_error"
	koradServer  = "server_error"
	koradTimeout = "timeout_error"

	koradBadKey   = "Invalid Virtual Key"
	koradBadModel = "Invalid model name"
	koradInternal = "Internal server error"
	koradDown     = "Service temporarily unavailable"
)

// koradKey is the one row for whatever is wrong with a key.
func koradKey() Row { return row(401, koradInvalid, "invalid_api_key", koradBadKey) }

var koradRows = map[Code]Row{
	PathUnknown:          row(404, koradInvalid, "not_found"),
	PathInvalid:          row(400, koradInvalid, "invalid_path"),
	MethodNotAllowed:     row(405, koradInvalid, "method_not_allowed"),
	SurfaceUnsupported:   row(404, koradInvalid, "unsupported_endpoint"),
	UpgradeRefused:       row(400, koradInvalid, "unsupported_upgrade"),
	MediaTypeUnsupported: row(415, koradInvalid, "unsupported_media_type"),
	EncodingUnsupported:  row(415, koradInvalid, "unsupported_encoding"),
	BodyTooLarge:         row(413, koradInvalid, "request_too_large"),
	JSONInvalid:          row(400, koradInvalid, "invalid_json"),
	BodyNotObject:        row(400, koradInvalid, "invalid_json"),
	ParameterMissing:     row(400, koradInvalid, "missing_required_field", "Missing required field: {field}", "Missing required field").param("{field}").on("Missing required fields"),
	ParameterInvalid:     row(400, koradInvalid, "invalid_value").param("{field}").on("Invalid X-Savings-Level value"),

	KeyMissing:                 koradKey().on("Invalid or missing Virtual Key."),
	KeyMalformed:               koradKey(),
	KeyUnknown:                 koradKey().on("401 Unauthorized"),
	KeyRevoked:                 koradKey(),
	KeyExpired:                 koradKey(),
	KeysConflict:               row(400, koradInvalid, "conflicting_api_keys", "Different Virtual Keys were presented: send one"),
	KeyScope:                   row(403, koradInvalid, "insufficient_scope"),
	TenantSuspended:            row(403, koradInvalid, "account_suspended"),
	TenantInactive:             row(403, koradInvalid, "account_inactive"),
	TenantOnboarding:           row(403, koradInvalid, "onboarding_incomplete"),
	TenantPaymentFailed:        row(402, koradBudget, "payment_failed"),
	TenantSubscriptionCanceled: row(402, koradBudget, "subscription_canceled"),
	ActorUnverified:            row(401, koradInvalid, "actor_unverified"),
	ActorQuarantined:           row(403, koradInvalid, "actor_quarantined"),
	AddressDenied:              row(403, koradInvalid, "address_denied"),

	ModelUnknown:          row(400, koradInvalid, "invalid_model", koradBadModel).param("model").on("400 Bad Request"),
	ModelFormInvalid:      row(400, koradInvalid, "invalid_model", koradBadModel).param("model").on("Invalid model name (use provider/model-name format)"),
	ModelNotPermitted:     row(403, koradInvalid, "model_not_allowed").param("model"),
	ModelUnavailable:      row(503, koradServer, "service_unavailable", koradDown),
	ProviderNotConfigured: row(400, koradInvalid, "invalid_model", koradBadModel).param("model"),
	ProviderIncapable:     row(400, koradInvalid, "unsupported_capability").param("model"),
	RegionUnavailable:     row(403, koradInvalid, "region_unavailable"),
	CredentialRequired:    row(403, koradInvalid, "provider_key_required"),
	CredentialUnavailable: row(503, koradServer, "service_unavailable", koradDown),
	PriceUnknown:          row(400, koradInvalid, "price_unknown").param("model"),

	InputTokensExceeded:   row(413, koradInvalid, "input_too_large"),
	MessagesExceeded:      row(413, koradInvalid, "input_too_large"),
	MessageLengthExceeded: row(413, koradInvalid, "input_too_large"),
	ContextWindowExceeded: row(400, koradInvalid, "context_length_exceeded"),

	PIIDetected:      row(400, koradInvalid, "pii_detected").answer(answerPII),
	SecretDetected:   row(400, koradInvalid, "secret_detected").answer(answerSecret),
	GuardrailBlocked: row(400, koradInvalid, "guardrail_blocked").answer(answerGuardrail),
	ToolNotPermitted: row(403, koradInvalid, "tool_not_allowed"),
	RegionDenied:     row(403, koradInvalid, "region_denied"),
	HoursDenied:      row(403, koradInvalid, "hours_denied"),
	PolicyDenied:     row(403, koradInvalid, "policy_denied"),
	AnswerBlocked:    row(400, koradInvalid, "response_blocked"),
	SchemaViolated:   row(422, koradInvalid, "schema_validation_failed"),

	RateExceeded:        row(429, koradRate, "rate_limit_exceeded").on("429 Rate Limit Exceeded"),
	ConcurrencyExceeded: row(429, koradRate, "concurrency_limit_exceeded"),
	PriorityThrottled:   row(429, koradRate, "priority_throttled"),
	BudgetExceeded:      row(402, koradBudget, "budget_exceeded").on("402 Payment Required"),
	CallCostExceeded:    row(402, koradBudget, "call_cost_exceeded"),
	CreditsExhausted:    row(402, koradBudget, "credits_exhausted"),
	QuotaExceeded:       row(402, koradBudget, "quota_exceeded"),
	SpendCut:            row(402, koradBudget, "budget_exceeded"),

	ProviderError:       row(502, koradServer, "provider_error"),
	ProviderRejected:    row(400, koradInvalid, "provider_rejected_request"),
	ProviderRateLimited: row(429, koradRate, "provider_rate_limited"),
	ProviderTimeout:     row(504, koradTimeout, "request_timeout", "Request timeout").on("timeout_error | Request timeout"),
	ProviderUnreachable: row(503, koradServer, "service_unavailable", koradDown),
	ProviderCircuitOpen: row(503, koradServer, "service_unavailable", koradDown),
	ProviderUnreadable:  row(502, koradServer, "provider_error"),
	StreamBroken:        row(502, koradServer, "provider_error"),

	Internal:         row(500, koradServer, "internal_error", koradInternal).on("500 Internal Server Error"),
	PolicyFailed:     row(500, koradServer, "internal_error", koradInternal),
	DetectorFailed:   row(500, koradServer, "internal_error", koradInternal),
	StoreUnavailable: row(503, koradServer, "service_unavailable", koradDown),
	Overloaded:       row(503, koradServer, "service_unavailable", koradDown).on("503 Service Unavailable"),
}
