package fault

// dvara is the DVARA gateway: every error carries trace_id, a guardrail that fires in mid-stream ends the stream with
// the finish reason content_filter.
var dvara = Spec{
	Name:        "dvara",
	Prefix:      "gw_",
	Rows:        dvaraRows,
	Envelope:    dvaraEnvelope,
	SurfaceType: dvaraSurfaceType,
	Trace:       []string{"X-Trace-ID"},
	Filtered:    []Code{PIIDetected, SecretDetected, GuardrailBlocked, AnswerBlocked},
}

// dvaraEnvelope has param where a row names one.
func dvaraEnvelope(p Phrase) Object {
	e := Object{{"code", p.Code}, {"type", p.Type}, {"message", p.Message}}
	if p.Param != "" {
		e = append(e, Member{"param", p.Param})
	}
	return Object{{"error", append(e, Member{"trace_id", p.Trace})}}
}

// dvaraSurfaceType is how the product derives the type on anthropic.messages: not quite as the vendor does.
func dvaraSurfaceType(status int) string {
	switch status {
	case 400, 422:
		return "invalid_request_error"
	case 402:
		return "permission_error"
	case 401, 403, 404, 413, 429, 503:
		return vendorType(status)
	}
	return "api_error"
}

// Types and sentences that several rows share.
const (
	dvaraInvalid  = "invalid_request_error"
	dvaraAuth     = "authentication_error"
	dvaraDenied   = "policy_violation"
	dvaraTooLarge = "Request exceeds maximum input size"
	dvaraGuard    = "guardrail_violation"
	dvaraMoney    = "budget_exceeded"
	dvaraDown     = "provider_unavailable"
	dvaraProvider = "provider_error"
	dvaraGateway  = "gateway_error"

	dvaraListed = "No provider configured for model: {model}. Check GET /v1/models for available models."
	dvaraNoName = "No provider configured for this model. Check GET /v1/models for available models."
)

var dvaraRows = map[Code]Row{
	PathUnknown:          row(404, "not_found_error", "not_found").elsewhere(),
	PathInvalid:          row(400, dvaraInvalid, "invalid_path").elsewhere(),
	MethodNotAllowed:     row(405, dvaraInvalid, "method_not_allowed").elsewhere(),
	SurfaceUnsupported:   row(404, "not_found_error", "resource_not_found").elsewhere(),
	UpgradeRefused:       row(400, dvaraInvalid, "upgrade_not_supported"),
	MediaTypeUnsupported: row(415, dvaraInvalid, "unsupported_media_type").elsewhere(),
	EncodingUnsupported:  row(415, dvaraInvalid, "unsupported_media_type"),
	BodyTooLarge:         row(413, "input_size_error", "input_too_large", dvaraTooLarge),
	JSONInvalid:          row(400, dvaraInvalid, "invalid_json").elsewhere(),
	BodyNotObject:        row(400, dvaraInvalid, "invalid_request").elsewhere(),
	ParameterMissing:     row(400, dvaraInvalid, "validation_error").param("{field}").elsewhere(),
	ParameterInvalid:     row(400, dvaraInvalid, "validation_error").param("{field}"),

	KeyMissing:                 row(401, dvaraAuth, "api_key_required").on("api_key_required | No Authorization header was sent and the data plane requires one."),
	KeyMalformed:               row(401, dvaraAuth, "invalid_api_key"),
	KeyUnknown:                 row(401, dvaraAuth, "invalid_api_key", "Invalid API key").on("401 — Unauthorized"),
	KeyRevoked:                 row(401, dvaraAuth, "api_key_revoked").on("api_key_revoked | The key matched a row that has been revoked."),
	KeyExpired:                 row(401, dvaraAuth, "api_key_expired").on("api_key_expired | The key matched a row whose expires_at has passed."),
	KeysConflict:               row(400, dvaraInvalid, "conflicting_api_keys"),
	KeyScope:                   row(403, "permission_error", "api_key_scope").elsewhere(),
	TenantSuspended:            row(403, "tenant_suspended", "tenant_suspended", "Tenant has been suspended").on("403 — tenant_suspended"),
	TenantInactive:             row(403, "tenant_inactive", "tenant_inactive", "Tenant is not active"),
	TenantOnboarding:           row(403, "tenant_onboarding_incomplete", "tenant_onboarding_incomplete", "Tenant has not finished onboarding"),
	TenantPaymentFailed:        row(402, "tenant_payment_failed", "tenant_payment_failed", "Tenant's last payment failed"),
	TenantSubscriptionCanceled: row(402, "tenant_subscription_canceled", "tenant_subscription_canceled", "Tenant's subscription has been cancelled"),
	ActorUnverified:            row(401, dvaraAuth, "actor_unverified"),
	ActorQuarantined:           row(403, dvaraDenied, "actor_quarantined"),
	AddressDenied:              row(403, "ip_access_error", "ip_access_denied").elsewhere(),

	ModelUnknown:      row(400, dvaraInvalid, "no_provider", dvaraListed, dvaraNoName).on(`For unknown model prefixes you'll see "Check GET /v1/models for available models."`),
	ModelFormInvalid:  row(400, dvaraInvalid, "validation_error").param("model"),
	ModelNotPermitted: row(403, dvaraDenied, "policy_denied"),
	ModelUnavailable:  row(502, dvaraProvider, "provider_error", shared[ProviderError]...).on("502 — provider_error"),
	ProviderNotConfigured: row(400, dvaraInvalid, "no_provider",
		"No provider configured for model: {model}. Set {variable} to register the provider.", dvaraListed, dvaraNoName).on("400 — no_provider"),
	ProviderIncapable: row(400, dvaraInvalid, "no_capable_provider").elsewhere(),
	RegionUnavailable: row(400, dvaraInvalid, "no_regional_provider").elsewhere(),
	CredentialRequired: row(403, "tenant_credential_required", "tenant_credential_required",
		"Tenant has no active provider credential").on("403 — tenant_credential_required"),
	CredentialUnavailable: row(503, "tenant_credential_unavailable", "tenant_credential_unavailable",
		"Tenant's provider credential cannot be read").elsewhere(),
	PriceUnknown: row(400, dvaraInvalid, "price_unknown").param("model"),

	InputTokensExceeded:   row(413, "input_size_error", "input_too_large", dvaraTooLarge).on("413 — input_too_large"),
	MessagesExceeded:      row(413, "input_size_error", "input_too_large", dvaraTooLarge).on("413 — input_too_large"),
	MessageLengthExceeded: row(413, "input_size_error", "input_too_large", dvaraTooLarge).on("413 — input_too_large"),
	ContextWindowExceeded: row(400, "context_window_error", "context_window_exceeded").elsewhere(),

	PIIDetected:      row(400, "pii_violation", "pii_detected", "Request contains PII").answer("Response contains PII").on("400 — pii_detected"),
	SecretDetected:   row(400, "secret_violation", "secret_detected", "Request contains a secret").answer(answerSecret),
	GuardrailBlocked: row(403, dvaraGuard, "guardrail_blocked", "Request blocked by guardrail").answer(answerGuardrail).on("403 — guardrail_blocked"),
	ToolNotPermitted: row(403, dvaraDenied, "policy_denied"),
	RegionDenied:     row(403, "data_residency_error", "data_residency_violation").elsewhere(),
	HoursDenied:      row(403, dvaraDenied, "policy_denied"),
	PolicyDenied:     row(403, dvaraDenied, "policy_denied", "{message}", "Request blocked by policy").on("403 — policy_denied"),
	AnswerBlocked:    row(403, dvaraGuard, "guardrail_blocked", answerGuardrail),
	SchemaViolated:   row(422, "schema_validation_error", "schema_validation_failed").elsewhere(),

	RateExceeded:        row(429, "rate_limit_error", "rate_limit_exceeded", "Rate limit exceeded for this API key").on("429 — rate_limit_exceeded"),
	ConcurrencyExceeded: row(429, "rate_limit_error", "concurrency_limit_exceeded"),
	PriorityThrottled:   row(429, "priority_throttle_error", "priority_throttled").elsewhere(),
	BudgetExceeded:      row(402, dvaraMoney, "budget_cap_hard", "Tenant budget exceeded").on("402 — budget_cap_hard"),
	CallCostExceeded:    row(402, dvaraMoney, "per_call_cost_exceeded").elsewhere(),
	CreditsExhausted:    row(402, dvaraMoney, "credits_exhausted"),
	QuotaExceeded:       row(402, "token_cap_exceeded", "license_token_cap_exceeded").elsewhere(),
	SpendCut:            row(402, dvaraMoney, "budget_cap_hard", "Tenant budget exceeded"),

	ProviderError:       row(502, dvaraProvider, "provider_error").on("502 — provider_error"),
	ProviderRejected:    row(400, dvaraInvalid, "provider_rejected_request").elsewhere(),
	ProviderRateLimited: row(429, "provider_rate_limited", "provider_rate_limited").elsewhere(),
	ProviderTimeout:     row(504, dvaraProvider, "provider_timeout"),
	ProviderUnreachable: row(502, dvaraProvider, "provider_error"),
	ProviderCircuitOpen: row(503, dvaraDown, "provider_circuit_open", "Provider circuit open").on("503 — provider_circuit_open"),
	ProviderUnreadable:  row(502, dvaraProvider, "provider_error"),
	StreamBroken:        row(502, dvaraProvider, "provider_error"),

	Internal:         row(500, dvaraGateway, "internal_error").elsewhere(),
	PolicyFailed:     row(500, dvaraGateway, "policy_error"),
	DetectorFailed:   row(500, "guardrail_plugin_error", "guardrail_plugin_error").elsewhere(),
	StoreUnavailable: row(503, dvaraGateway, "store_unavailable"),
	Overloaded:       row(503, dvaraGateway, "overloaded"),
}
