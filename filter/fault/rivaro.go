package fault

import "time"

// rivaro is the Rivaro proxy: its errors are one string, on every surface, so that they are told apart from the
// provider's own, which pass untouched. What was generated and may not be shown becomes a reply in the provider's shape.
var rivaro = Spec{
	Name:                 "rivaro",
	Prefix:               "detect_live_",
	Rows:                 rivaroRows,
	Envelope:             func(p Phrase) Object { return Object{{"error", p.Message}} },
	Everywhere:           true,
	Standing:             rivaroStanding,
	Filtered:             []Code{PIIDetected, SecretDetected, GuardrailBlocked, ToolNotPermitted, RegionDenied, HoursDenied, PolicyDenied, AnswerBlocked},
	Withheld:             "Content blocked due to policy violations",
	Record:               func(p Phrase) []byte { return record("", Object{{"error", p.Message}}) },
	PassesProviderErrors: true,
	Redacted:             func(string) string { return "[REDACTED]" },
}

func rivaroStanding(l Limits) []Header {
	if !l.Known {
		return nil
	}
	return []Header{{"X-RateLimit-Remaining", number(l.Remaining)}}
}

// Sentences that several rows share.
const (
	rivaroBadKey   = "Invalid detection key"
	rivaroInactive = "Organization is not active"
	rivaroModel    = "The requested model is not permitted by your API key's policy."
	rivaroRate     = "Rate limit exceeded"
	rivaroBlocked  = "Request blocked by enforcement policy"
)

// Lines of the page's table that stand for several rows.
const (
	rivaroKeyRow    = "401 | Unauthorized | Detection key missing, invalid, expired, or revoked"
	rivaroDeniedRow = "403 | Forbidden | Model not allowed, org suspended, or actor quarantined"
)

// blockedByPolicy is the row of whatever the enforcement engine blocks.
func blockedByPolicy() Row {
	return at(451, rivaroBlocked).on(`{"error": "Request blocked by enforcement policy"}`)
}

var rivaroRows = map[Code]Row{
	PathUnknown:          at(404),
	PathInvalid:          at(400),
	MethodNotAllowed:     at(405),
	SurfaceUnsupported:   at(404),
	UpgradeRefused:       at(400),
	MediaTypeUnsupported: at(415),
	EncodingUnsupported:  at(415),
	BodyTooLarge:         at(413),
	JSONInvalid:          at(400),
	BodyNotObject:        at(400),
	ParameterMissing:     at(400),
	ParameterInvalid:     at(400),

	KeyMissing: at(401, "Detection key required for proxy endpoints. Add X-Detection-Key header.").
		on(`{"error": "Detection key required for proxy endpoints. Add X-Detection-Key header."}`),
	KeyMalformed:               at(401, rivaroBadKey),
	KeyUnknown:                 at(401, rivaroBadKey).on(`{"error": "Invalid detection key"}`),
	KeyRevoked:                 at(401, rivaroBadKey).on(rivaroKeyRow),
	KeyExpired:                 at(401, rivaroBadKey).on(rivaroKeyRow),
	KeysConflict:               at(400, "Different detection keys were presented. Send one."),
	KeyScope:                   at(403, "This endpoint is not permitted by your API key's policy."),
	TenantSuspended:            at(403, "Organization is suspended").on(rivaroDeniedRow),
	TenantInactive:             at(401, rivaroInactive).on(`{"error": "Organization is not active"}`),
	TenantOnboarding:           at(401, rivaroInactive),
	TenantPaymentFailed:        at(401, rivaroInactive),
	TenantSubscriptionCanceled: at(401, rivaroInactive),
	ActorUnverified:            at(401),
	ActorQuarantined:           at(403, "Actor is quarantined").on(rivaroDeniedRow),
	AddressDenied:              at(403),

	ModelUnknown:          at(404),
	ModelFormInvalid:      at(400, "Invalid model name"),
	ModelNotPermitted:     at(403, rivaroModel).on(`{"error": "The requested model is not permitted by your API key's policy."}`),
	ModelUnavailable:      at(503),
	ProviderNotConfigured: at(404),
	ProviderIncapable:     at(400),
	RegionUnavailable:     at(403),
	CredentialRequired:    at(403),
	CredentialUnavailable: at(503),
	PriceUnknown:          at(400),

	InputTokensExceeded:   at(413),
	MessagesExceeded:      at(413),
	MessageLengthExceeded: at(413),
	ContextWindowExceeded: at(413),

	PIIDetected:      blockedByPolicy(),
	SecretDetected:   blockedByPolicy(),
	GuardrailBlocked: blockedByPolicy(),
	ToolNotPermitted: blockedByPolicy(),
	RegionDenied:     blockedByPolicy(),
	HoursDenied:      blockedByPolicy(),
	PolicyDenied:     blockedByPolicy(),
	AnswerBlocked:    blockedByPolicy().on(`"message": {"content": "Content blocked due to policy violations"},`),
	SchemaViolated:   at(422),

	RateExceeded:        at(429, rivaroRate).retry(time.Second).on(`{"error": "Rate limit exceeded"}`),
	ConcurrencyExceeded: at(429, rivaroRate).retry(time.Second),
	PriorityThrottled:   at(429, rivaroRate).retry(time.Second),
	BudgetExceeded:      at(402, "Budget exceeded"),
	CallCostExceeded:    at(402),
	CreditsExhausted:    at(402),
	QuotaExceeded:       at(429, "Monthly quota exceeded"),
	SpendCut:            at(402),

	ProviderError:       at(502, "AI provider error"),
	ProviderRejected:    at(400, "AI provider rejected the request"),
	ProviderRateLimited: at(429, "AI provider rate limit exceeded"),
	ProviderTimeout:     at(504, "AI provider did not answer in time"),
	ProviderUnreachable: at(502, "AI provider cannot be reached"),
	ProviderCircuitOpen: at(503, "AI provider is temporarily unavailable"),
	ProviderUnreadable:  at(502, "AI provider sent a response that cannot be read"),
	StreamBroken:        at(502, "AI provider broke off the response"),

	Internal:         at(500),
	PolicyFailed:     at(500),
	DetectorFailed:   at(500),
	StoreUnavailable: at(503),
	Overloaded:       at(503),
}
