package fault

// shared are the words of a code for every dialect whose row has none of its own: plain, without a final full stop.
var shared = map[Code][]string{
	PathUnknown:          {"Not found"},
	PathInvalid:          {"The request path is not in canonical form"},
	MethodNotAllowed:     {"Method not allowed: use {allow}", "Method not allowed"},
	SurfaceUnsupported:   {"This endpoint is not supported"},
	UpgradeRefused:       {"Protocol upgrades are not supported"},
	MediaTypeUnsupported: {"Content-Type must be application/json"},
	EncodingUnsupported:  {"Content-Encoding is not supported: send the body uncompressed"},
	BodyTooLarge:         {"Request body exceeds {amount}", "Request body too large"},
	JSONInvalid:          {"Request body is not valid JSON: {detail}", "Request body is not valid JSON"},
	BodyNotObject:        {"Request body must be a JSON object"},
	ParameterMissing:     {"Missing required parameter: {field}", "Missing required parameter"},
	ParameterInvalid:     {"{message}", "Invalid value for {field}: {detail}", "Invalid value for {field}", "Invalid parameter"},

	KeyMissing:                 {"API key required"},
	KeyMalformed:               {"Invalid API key"},
	KeyUnknown:                 {"Invalid API key"},
	KeyRevoked:                 {"API key has been revoked"},
	KeyExpired:                 {"API key has expired"},
	KeysConflict:               {"Different API keys were presented: send one"},
	KeyScope:                   {"{message}", "API key lacks the scope for this endpoint"},
	TenantSuspended:            {"Account has been suspended"},
	TenantInactive:             {"Account is not active"},
	TenantOnboarding:           {"Onboarding is not finished"},
	TenantPaymentFailed:        {"The last payment failed"},
	TenantSubscriptionCanceled: {"The subscription has been cancelled"},
	ActorUnverified:            {"Actor could not be verified: {detail}", "Actor could not be verified"},
	ActorQuarantined:           {"{message}", "Actor is quarantined"},
	AddressDenied:              {"{message}", "Client address is not allowed"},

	ModelUnknown:          {"Model not found: {model}", "Model not found"},
	ModelFormInvalid:      {"Invalid model name: use provider/model-name"},
	ModelNotPermitted:     {"{message}", "Model is not permitted: {model}", "Model is not permitted"},
	ModelUnavailable:      {"Model is temporarily unavailable: {model}", "Model is temporarily unavailable"},
	ProviderNotConfigured: {"No provider is configured for model: {model}", "No provider is configured for this model"},
	ProviderIncapable:     {"{message}", "No provider of the model supports what the request asks for"},
	RegionUnavailable:     {"{message}", "No provider of the model is in the required region"},
	CredentialRequired:    {"{message}", "No active provider credential of your own"},
	CredentialUnavailable: {"Your provider credential cannot be read"},
	PriceUnknown:          {"{message}", "No price is configured for model: {model}", "No price is configured for this model"},

	InputTokensExceeded:   {"{message}", "Input exceeds {amount}", "Input has too many tokens"},
	MessagesExceeded:      {"{message}", "Request exceeds {amount}", "Request has too many messages"},
	MessageLengthExceeded: {"{message}", "A message exceeds {amount}", "A message is too long"},
	ContextWindowExceeded: {"{message}", "Request exceeds the model's context window of {amount}", "Request exceeds the model's context window"},

	PIIDetected:      {"{message}", "Request contains personal data: {categories}", "Request contains personal data"},
	SecretDetected:   {"{message}", "Request contains a secret: {categories}", "Request contains a secret"},
	GuardrailBlocked: {"{message}", "Request blocked by guardrail: {categories}", "Request blocked by guardrail"},
	ToolNotPermitted: {"{message}", "A tool of the request is not permitted"},
	RegionDenied:     {"{message}", "Request may not be served in this region"},
	HoursDenied:      {"{message}", "Requests are not permitted at this time"},
	PolicyDenied:     {"{message}", "Request blocked by policy"},
	AnswerBlocked:    {"{message}", "Response blocked by policy"},
	SchemaViolated:   {"Response does not satisfy the requested schema"},

	RateExceeded:        {"Rate limit exceeded: {rate}", "Rate limit exceeded"},
	ConcurrencyExceeded: {"Too many requests at once: {amount}", "Too many requests at once"},
	PriorityThrottled:   {"{message}", "Request throttled in favour of higher priority"},
	BudgetExceeded:      {"Budget exceeded: {amount} limit reached", "Budget exceeded"},
	CallCostExceeded:    {"Request may cost more than {amount}", "Request may cost more than a single request is allowed to"},
	CreditsExhausted:    {"Insufficient credits"},
	QuotaExceeded:       {"Quota exceeded: {amount}", "Quota exceeded"},
	SpendCut:            {"Budget exceeded while the response was streamed"},

	ProviderError: {
		"{provider} API error {upstream} ({hint})", "{provider} API error {upstream}",
		"Provider API error {upstream} ({hint})", "Provider API error {upstream}", "Provider API error",
	},
	ProviderRejected: {
		"{provider} rejected the request with {upstream} ({hint})", "{provider} rejected the request with {upstream}",
		"Provider rejected the request with {upstream}", "Provider rejected the request",
	},
	ProviderRateLimited: {"{provider} rate limit exceeded", "Provider rate limit exceeded"},
	ProviderTimeout:     {"{provider} did not answer in time", "Provider did not answer in time"},
	ProviderUnreachable: {"{provider} cannot be reached", "Provider cannot be reached"},
	ProviderCircuitOpen: {"{provider} is temporarily unavailable", "Provider is temporarily unavailable"},
	ProviderUnreadable:  {"{provider} sent an answer that cannot be read", "Provider sent an answer that cannot be read"},
	StreamBroken:        {"{provider} broke off the response", "Provider broke off the response"},

	Internal:         {"Internal error"},
	PolicyFailed:     {"Request could not be checked against policy"},
	DetectorFailed:   {"Request could not be inspected"},
	StoreUnavailable: {"Service temporarily unavailable"},
	Overloaded:       {"Service temporarily overloaded"},
}

// Words about an answer that may not be shown.
const (
	answerPII       = "Response contains personal data"
	answerSecret    = "Response contains a secret"
	answerGuardrail = "Response blocked by guardrail"
)
