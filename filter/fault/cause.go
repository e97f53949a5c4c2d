package fault

import "slices"

// causes says, for the documentation, what makes each code happen. It is the list of all codes, in the order of code.go.
var causes = []struct {
	code  Code
	cause string
}{
	{PathUnknown, "No surface is served at the request's path."},
	{PathInvalid, "The path is not in canonical form: escapes of plain characters, empty or dot segments, or parameters."},
	{MethodNotAllowed, "The path is served, but not with this method."},
	{SurfaceUnsupported, "The path belongs to a vendor API that cannot be governed yet, so it is refused."},
	{UpgradeRefused, "The request asks to switch protocols; what follows could not be inspected."},
	{MediaTypeUnsupported, "The body is not declared as JSON."},
	{EncodingUnsupported, "The body is compressed or otherwise encoded, so it cannot be inspected."},
	{BodyTooLarge, "The body has more bytes than the limit."},
	{JSONInvalid, "The body cannot be read as exactly one JSON text: syntax, duplicate members, trailing data, a BOM or invalid UTF-8."},
	{BodyNotObject, "The body is JSON, but not an object."},
	{ParameterMissing, "A required parameter is absent."},
	{ParameterInvalid, "A parameter or header has a value outside of what is documented."},

	{KeyMissing, "No key was presented."},
	{KeyMalformed, "What was presented cannot be a key: wrong scheme, blanks, or a failed checksum."},
	{KeyUnknown, "The key matches none that is known."},
	{KeyRevoked, "The key was revoked."},
	{KeyExpired, "The key's expiry has passed."},
	{KeysConflict, "Two different keys were presented in one request."},
	{KeyScope, "The key's scopes do not cover the endpoint."},
	{TenantSuspended, "The tenant is suspended: trial ended, abuse, deletion scheduled, or by hand."},
	{TenantInactive, "The tenant is not active."},
	{TenantOnboarding, "The tenant has not finished onboarding or has set no spend cap."},
	{TenantPaymentFailed, "The tenant's last invoice could not be charged."},
	{TenantSubscriptionCanceled, "The tenant's subscription was cancelled."},
	{ActorUnverified, "Who is behind the key could not be verified: its token is not valid, or there is none and one is required."},
	{ActorQuarantined, "The user or agent behind the key is quarantined until somebody reviews it."},
	{AddressDenied, "The client's address is not allowed."},

	{ModelUnknown, "No provider serves a model of that name."},
	{ModelFormInvalid, "The model's name is not in the form that the tenant's dialect demands."},
	{ModelNotPermitted, "The tenant or key may not use the model."},
	{ModelUnavailable, "The provider is loading, updating or restarting the model."},
	{ProviderNotConfigured, "The model's provider is known but has no credential."},
	{ProviderIncapable, "No provider of the model can do what the request asks for."},
	{RegionUnavailable, "No provider of the model stands in a region that is required."},
	{CredentialRequired, "The tenant must bring its own provider credential and has none."},
	{CredentialUnavailable, "The tenant's own provider credential exists and cannot be read."},
	{PriceUnknown, "The model has no price, so what it may cost cannot be held against a budget."},

	{InputTokensExceeded, "The input has more tokens than the tenant allows."},
	{MessagesExceeded, "The request has more messages than the tenant allows."},
	{MessageLengthExceeded, "One message is longer than the tenant allows."},
	{ContextWindowExceeded, "Input and output together do not fit the model's context window."},

	{PIIDetected, "Personal data was found and policy blocks it."},
	{SecretDetected, "A credential or key was found and policy blocks it."},
	{GuardrailBlocked, "A guardrail (injection, jailbreak, content) fired at or over its threshold."},
	{ToolNotPermitted, "A tool is offered or called that policy does not permit."},
	{RegionDenied, "Policy forbids the region the request would be served in."},
	{HoursDenied, "Policy forbids use at this hour or day."},
	{PolicyDenied, "A rule of a policy denies the request."},
	{AnswerBlocked, "The provider's answer may not be shown."},
	{SchemaViolated, "The provider's answer does not satisfy the schema that was demanded."},

	{RateExceeded, "A request or token rate is used up."},
	{ConcurrencyExceeded, "Too many requests of the tenant or key are under way."},
	{PriorityThrottled, "Requests of this priority have to wait for others."},
	{BudgetExceeded, "The request may cost more than is left of a hard budget."},
	{CallCostExceeded, "The request may cost more than a single request is allowed to."},
	{CreditsExhausted, "Prepaid credit is used up."},
	{QuotaExceeded, "The quota of a period is used up."},
	{SpendCut, "A stream used up what was held for it and was cut."},

	{ProviderError, "The provider answered with an error."},
	{ProviderRejected, "The provider refused the request itself."},
	{ProviderRateLimited, "The provider's own rate limit was met."},
	{ProviderTimeout, "The provider did not answer in time."},
	{ProviderUnreachable, "No connection to the provider could be made, or it broke before an answer."},
	{ProviderCircuitOpen, "The provider failed repeatedly and is left alone for a while."},
	{ProviderUnreadable, "The provider's answer cannot be read, so it cannot be governed."},
	{StreamBroken, "The provider's stream ended before its end marker."},

	{Internal, "A failure of the gateway itself."},
	{PolicyFailed, "The policy could not decide: an error, a conflict or its deadline."},
	{DetectorFailed, "A detector failed and its declared mode is deny."},
	{StoreUnavailable, "The store of keys, limits and budgets does not answer."},
	{Overloaded, "The gateway has as many exchanges under way as it may have."},
}

// policyCodes are what a policy may refuse with. Everything else is found in Go, where no policy could say otherwise.
var policyCodes = []Code{
	ParameterInvalid, KeyScope, ActorQuarantined, AddressDenied,
	ModelNotPermitted, ProviderIncapable, RegionUnavailable, CredentialRequired, PriceUnknown,
	InputTokensExceeded, MessagesExceeded, MessageLengthExceeded, ContextWindowExceeded,
	PIIDetected, SecretDetected, GuardrailBlocked, ToolNotPermitted, RegionDenied, HoursDenied, PolicyDenied,
	RateExceeded, ConcurrencyExceeded, PriorityThrottled,
	BudgetExceeded, CallCostExceeded, CreditsExhausted, QuotaExceeded,
}

// Codes returns every canonical code, in the order in which they are declared.
func Codes() []Code {
	out := make([]Code, len(causes))
	for i, c := range causes {
		out[i] = c.code
	}
	return out
}

// Cause says what makes a code happen, in one sentence; "" for a code that is not canonical.
func Cause(c Code) string {
	for _, k := range causes {
		if k.code == c {
			return k.cause
		}
	}
	return ""
}

// PolicyCodes returns the codes that a policy may give as a reason.
func PolicyCodes() []Code { return slices.Clone(policyCodes) }

// heals says whether the same request may succeed later without anybody changing anything, so that a client's
// automatic retry makes sense.
func heals(f Fault) bool {
	switch f.Code {
	case RateExceeded, ConcurrencyExceeded, PriorityThrottled,
		ModelUnavailable, ProviderRateLimited, ProviderTimeout, ProviderUnreachable, ProviderCircuitOpen, StreamBroken,
		Internal, StoreUnavailable, Overloaded:
		return true
	case ProviderError:
		return f.Upstream != 401 && f.Upstream != 403 // the gateway's own credential is wrong
	}
	return false
}
