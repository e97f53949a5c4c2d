package fault

// Code says what happened. The list is closed: a dialect answers every one of them.
type Code string

// The request cannot be read or is not served here.
const (
	PathUnknown          Code = "path_unknown"
	PathInvalid          Code = "path_invalid"
	MethodNotAllowed     Code = "method_not_allowed"
	SurfaceUnsupported   Code = "surface_unsupported" // known to exist, not governed, so refused
	UpgradeRefused       Code = "upgrade_refused"
	MediaTypeUnsupported Code = "media_type_unsupported"
	EncodingUnsupported  Code = "encoding_unsupported"
	BodyTooLarge         Code = "body_too_large" // bytes
	JSONInvalid          Code = "json_invalid"
	BodyNotObject        Code = "body_not_object"
	ParameterMissing     Code = "parameter_missing"
	ParameterInvalid     Code = "parameter_invalid"
)

// The caller is not who it must be.
const (
	KeyMissing                 Code = "key_missing"
	KeyMalformed               Code = "key_malformed" // wrong scheme, blanks, or a failed checksum
	KeyUnknown                 Code = "key_unknown"
	KeyRevoked                 Code = "key_revoked"
	KeyExpired                 Code = "key_expired"
	KeysConflict               Code = "keys_conflict"
	KeyScope                   Code = "key_scope"
	TenantSuspended            Code = "tenant_suspended"
	TenantInactive             Code = "tenant_inactive"
	TenantOnboarding           Code = "tenant_onboarding_incomplete"
	TenantPaymentFailed        Code = "tenant_payment_failed"
	TenantSubscriptionCanceled Code = "tenant_subscription_canceled"
	ActorUnverified            Code = "actor_unverified" // its token is not valid, or there is none and one is required
	ActorQuarantined           Code = "actor_quarantined"
	AddressDenied              Code = "address_denied"
)

// The model or its provider cannot be used.
const (
	ModelUnknown          Code = "model_unknown"
	ModelFormInvalid      Code = "model_form_invalid"
	ModelNotPermitted     Code = "model_not_permitted"
	ModelUnavailable      Code = "model_unavailable" // being loaded, updated or restarted
	ProviderNotConfigured Code = "provider_not_configured"
	ProviderIncapable     Code = "provider_incapable"
	RegionUnavailable     Code = "region_unavailable"
	CredentialRequired    Code = "credential_required"
	CredentialUnavailable Code = "credential_unavailable"
	PriceUnknown          Code = "price_unknown"
)

// The request is larger than the tenant allows.
const (
	InputTokensExceeded   Code = "input_tokens_exceeded"
	MessagesExceeded      Code = "messages_exceeded"
	MessageLengthExceeded Code = "message_length_exceeded"
	ContextWindowExceeded Code = "context_window_exceeded"
)

// What it holds, or what policy says about it.
const (
	PIIDetected      Code = "pii_detected"
	SecretDetected   Code = "secret_detected"
	GuardrailBlocked Code = "guardrail_blocked"
	ToolNotPermitted Code = "tool_not_permitted"
	RegionDenied     Code = "region_denied"
	HoursDenied      Code = "hours_denied"
	PolicyDenied     Code = "policy_denied"
	AnswerBlocked    Code = "answer_blocked" // the provider's answer may not be shown
	SchemaViolated   Code = "schema_violated"
)

// What is left to spend.
const (
	RateExceeded        Code = "rate_exceeded"
	ConcurrencyExceeded Code = "concurrency_exceeded"
	PriorityThrottled   Code = "priority_throttled"
	BudgetExceeded      Code = "budget_exceeded"
	CallCostExceeded    Code = "call_cost_exceeded"
	CreditsExhausted    Code = "credits_exhausted"
	QuotaExceeded       Code = "quota_exceeded"
	SpendCut            Code = "spend_cut" // a stream whose hold is used up
)

// The provider failed.
const (
	ProviderError       Code = "provider_error"
	ProviderRejected    Code = "provider_rejected"
	ProviderRateLimited Code = "provider_rate_limited"
	ProviderTimeout     Code = "provider_timeout"
	ProviderUnreachable Code = "provider_unreachable"
	ProviderCircuitOpen Code = "provider_circuit_open"
	ProviderUnreadable  Code = "provider_unreadable" // its answer cannot be read, so it cannot be governed
	StreamBroken        Code = "stream_broken"
)

// Weir failed.
const (
	Internal         Code = "internal"
	PolicyFailed     Code = "policy_failed"
	DetectorFailed   Code = "detector_failed"
	StoreUnavailable Code = "store_unavailable"
	Overloaded       Code = "overloaded"
)
