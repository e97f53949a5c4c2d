package fault

import "time"

// dosai is DOS AI: the code of an error is its status, as a number, and every sentence ends in a full stop.
var dosai = Spec{
	Name:     "dosai",
	Prefix:   "dos_sk_",
	Rows:     dosaiRows,
	Envelope: dosaiEnvelope,
	Type:     dosaiType,
	FullStop: true,
	Standing: dosaiStanding,
	Redacted: dosaiRedacted,
}

// dosaiRedacted is the guide's short name of a type (docs.dos.ai, guardrails), and our own for a type that it lacks.
func dosaiRedacted(typ string) string {
	switch typ {
	case "EMAIL_ADDRESS":
		typ = "EMAIL"
	case "PHONE_NUMBER":
		typ = "PHONE"
	case "CREDIT_CARD":
		typ = "CARD"
	}
	return "[REDACTED_" + typ + "]"
}

func dosaiEnvelope(p Phrase) Object {
	return Object{{"error", Object{{"message", p.Message}, {"type", p.Type}, {"code", p.Status}}}}
}

func dosaiStanding(l Limits) []Header {
	if !l.Known {
		return nil
	}
	return []Header{{"X-RateLimit-Limit", number(l.Limit)}, {"X-RateLimit-Remaining", number(l.Remaining)}}
}

// dosaiType is the page's type of a status, and ours for a status that it lacks.
func dosaiType(status int) string {
	switch status {
	case 401:
		return "authentication_error"
	case 402:
		return "payment_required"
	case 403:
		return "permission_error"
	case 404:
		return "not_found_error"
	case 429:
		return "rate_limit_error"
	case 503:
		return "service_unavailable"
	case 504:
		return "timeout_error"
	}
	if status >= 500 {
		return "server_error"
	}
	return "invalid_request_error"
}

// Sentences that several rows share.
const (
	dosaiBadKey  = "Invalid API key."
	dosaiCredit  = "Insufficient credits. Please top up your account."
	dosaiRate    = "Rate limit exceeded. Please wait before making another request."
	dosaiFailed  = "An internal error occurred. Please try again later."
	dosaiLoading = "Model is currently unavailable. Please try again shortly."
	dosaiDown    = "Service is temporarily unavailable. Please try again shortly."
)

// dosaiLoads is how long the page says to wait for a model.
const dosaiLoads = 30 * time.Second

var dosaiRows = map[Code]Row{
	PathUnknown:          at(404),
	PathInvalid:          at(400),
	MethodNotAllowed:     at(405),
	SurfaceUnsupported:   at(404),
	UpgradeRefused:       at(400),
	MediaTypeUnsupported: at(415),
	EncodingUnsupported:  at(415),
	BodyTooLarge:         at(413),
	JSONInvalid:          at(400, "Malformed JSON in the request body: {detail}", "Malformed JSON in the request body.").on("Malformed JSON in the request body"),
	BodyNotObject:        at(400),
	ParameterMissing:     at(400, "Missing required field: {field}", "Missing required field.").on("Missing required fields (model or messages)"),
	ParameterInvalid:     at(400).on("400 Bad Request"),

	KeyMissing:                 at(401, dosaiBadKey).on("No Authorization header in the request"),
	KeyMalformed:               at(401, dosaiBadKey).on("Incorrect header format (must be Bearer YOUR_API_KEY)"),
	KeyUnknown:                 at(401, dosaiBadKey).on("401 Unauthorized"),
	KeyRevoked:                 at(401, dosaiBadKey).on("API key has been deleted or deactivated"),
	KeyExpired:                 at(401, dosaiBadKey),
	KeysConflict:               at(400),
	KeyScope:                   at(403),
	TenantSuspended:            at(403),
	TenantInactive:             at(403),
	TenantOnboarding:           at(403),
	TenantPaymentFailed:        at(402, "The last payment failed. Please update your payment method."),
	TenantSubscriptionCanceled: at(402),
	ActorUnverified:            at(401),
	ActorQuarantined:           at(403),
	AddressDenied:              at(403),

	ModelUnknown: at(400, "Invalid value for model: {model} does not exist.", "Invalid value for model: the model does not exist.").
		on("Invalid model value (model does not exist)"),
	ModelFormInvalid:      at(400, "Invalid value for model: must be provider/model-name."),
	ModelNotPermitted:     at(403),
	ModelUnavailable:      at(503, dosaiLoading).retry(dosaiLoads).on("503 Service Unavailable"),
	ProviderNotConfigured: at(400, "Invalid value for model: {model} is not configured.", "Invalid value for model: the model is not configured."),
	ProviderIncapable:     at(400),
	RegionUnavailable:     at(403),
	CredentialRequired:    at(403),
	CredentialUnavailable: at(503),
	PriceUnknown:          at(400),

	InputTokensExceeded:   at(400),
	MessagesExceeded:      at(400),
	MessageLengthExceeded: at(400),
	ContextWindowExceeded: at(400),

	PIIDetected: row(400, "guardrails_blocked", "", "Request blocked by guardrails: sensitive data (PII) detected in the input.").
		answer("Response blocked by guardrails: sensitive data (PII) detected in the output.").elsewhere(),
	SecretDetected: row(400, "guardrails_blocked", "", "Request blocked by guardrails: secret detected in the input.").
		answer("Response blocked by guardrails: secret detected in the output."),
	GuardrailBlocked: row(400, "guardrails_blocked", "", "{message}", "Request blocked by guardrails: {categories}", "Request blocked by guardrails.").
		answer("Response blocked by guardrails."),
	ToolNotPermitted: at(403),
	RegionDenied:     at(403),
	HoursDenied:      at(403),
	PolicyDenied:     at(403),
	AnswerBlocked:    row(400, "guardrails_blocked", "", "Response blocked by guardrails."),
	SchemaViolated:   at(422),

	RateExceeded:        at(429, dosaiRate).retry(time.Second).on("429 Too Many Requests"),
	ConcurrencyExceeded: at(429, dosaiRate).retry(time.Second),
	PriorityThrottled:   at(429, dosaiRate).retry(time.Second),
	BudgetExceeded:      at(402, dosaiCredit),
	CallCostExceeded:    at(402),
	CreditsExhausted:    at(402, dosaiCredit).on("402 Payment Required"),
	QuotaExceeded:       at(402),
	SpendCut:            at(402, dosaiCredit),

	ProviderError:       at(502),
	ProviderRejected:    at(400),
	ProviderRateLimited: at(429, dosaiRate).retry(time.Second),
	ProviderTimeout:     at(504),
	ProviderUnreachable: at(503, dosaiLoading).retry(dosaiLoads),
	ProviderCircuitOpen: at(503, dosaiLoading).retry(dosaiLoads),
	ProviderUnreadable:  at(502),
	StreamBroken:        at(502),

	Internal:         at(500, dosaiFailed).on("500 Internal Server Error"),
	PolicyFailed:     at(500, dosaiFailed),
	DetectorFailed:   at(500, dosaiFailed),
	StoreUnavailable: at(503, dosaiDown),
	Overloaded:       at(503, dosaiDown),
}
