package fault

import "time"

// anthropic is the shape of Anthropic's own API, on every surface: the type follows from the status, there is no code.
var anthropic = Spec{
	Name:     "anthropic",
	Rows:     anthropicRows,
	Envelope: anthropicEnvelope,
	Type:     vendorType,
	Standing: anthropicStanding,
}

func anthropicEnvelope(p Phrase) Object {
	return Object{
		{"type", "error"}, {"error", Object{{"type", p.Type}, {"message", p.Message}}}, {"request_id", p.Trace},
	}
}

// anthropicStanding tells the reset as RFC 3339.
func anthropicStanding(l Limits) []Header {
	if !l.Known {
		return nil
	}
	const family = "anthropic-ratelimit-requests-"
	h := []Header{{family + "limit", number(l.Limit)}, {family + "remaining", number(l.Remaining)}}
	if !l.ResetAt.IsZero() {
		h = append(h, Header{family + "reset", l.ResetAt.UTC().Format(time.RFC3339)})
	}
	return h
}

// overloadedStatus is the vendor's own; no HTTP registry has it.
const overloadedStatus = 529

var anthropicRows = map[Code]Row{
	PathUnknown:          at(404).elsewhere(),
	PathInvalid:          at(400),
	MethodNotAllowed:     at(405),
	SurfaceUnsupported:   at(404),
	UpgradeRefused:       at(400),
	MediaTypeUnsupported: at(415),
	EncodingUnsupported:  at(415),
	BodyTooLarge:         at(413).elsewhere(),
	JSONInvalid:          at(400).elsewhere(),
	BodyNotObject:        at(400),
	ParameterMissing:     at(400, "{field}: Field required", "Missing required parameter").elsewhere(),
	ParameterInvalid:     at(400, "{message}", "{field}: {detail}", "{field}: invalid value", "Invalid parameter").elsewhere(),

	KeyMissing:                 at(401, "x-api-key header is required"),
	KeyMalformed:               at(401, "invalid x-api-key"),
	KeyUnknown:                 at(401, "invalid x-api-key").elsewhere(),
	KeyRevoked:                 at(401),
	KeyExpired:                 at(401),
	KeysConflict:               at(400),
	KeyScope:                   at(403).elsewhere(),
	TenantSuspended:            at(403),
	TenantInactive:             at(403),
	TenantOnboarding:           at(403),
	TenantPaymentFailed:        at(402),
	TenantSubscriptionCanceled: at(402),
	ActorUnverified:            at(401),
	ActorQuarantined:           at(403),
	AddressDenied:              at(403),

	ModelUnknown:          at(404, "model: {model}", "Model not found").elsewhere(),
	ModelFormInvalid:      at(400),
	ModelNotPermitted:     at(403),
	ModelUnavailable:      at(overloadedStatus),
	ProviderNotConfigured: at(404, "model: {model}", "Model not found"),
	ProviderIncapable:     at(400),
	RegionUnavailable:     at(403),
	CredentialRequired:    at(403),
	CredentialUnavailable: at(500),
	PriceUnknown:          at(400),

	InputTokensExceeded:   at(400),
	MessagesExceeded:      at(400),
	MessageLengthExceeded: at(400),
	ContextWindowExceeded: at(400),

	PIIDetected:      at(400).answer(answerPII),
	SecretDetected:   at(400).answer(answerSecret),
	GuardrailBlocked: at(400).answer(answerGuardrail),
	ToolNotPermitted: at(403),
	RegionDenied:     at(403),
	HoursDenied:      at(403),
	PolicyDenied:     at(403),
	AnswerBlocked:    at(400),
	SchemaViolated:   at(422),

	RateExceeded:        at(429).elsewhere(),
	ConcurrencyExceeded: at(429),
	PriorityThrottled:   at(429),
	BudgetExceeded:      at(402),
	CallCostExceeded:    at(402),
	CreditsExhausted:    at(402).elsewhere(),
	QuotaExceeded:       at(402),
	SpendCut:            at(402),

	ProviderError:       at(502),
	ProviderRejected:    at(400),
	ProviderRateLimited: at(429),
	ProviderTimeout:     at(504).elsewhere(),
	ProviderUnreachable: at(502),
	ProviderCircuitOpen: at(overloadedStatus),
	ProviderUnreadable:  at(502),
	StreamBroken:        at(502),

	Internal:         at(500, "Internal server error").elsewhere(),
	PolicyFailed:     at(500),
	DetectorFailed:   at(500),
	StoreUnavailable: at(overloadedStatus),
	Overloaded:       at(overloadedStatus, "Overloaded").elsewhere(),
}
