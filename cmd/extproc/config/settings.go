package config

// Settings are what policies read as input.settings. What is left out has the default that docs/configuration.md says.
type Settings struct {
	// PII says what happens to personal data.
	PII PII `yaml:"pii,omitempty" json:"pii,omitempty"`
	// Secrets says what happens to keys and passwords.
	Secrets Directions `yaml:"secrets,omitempty" json:"secrets,omitempty"`
	// Guardrails say what happens to injection and content findings.
	Guardrails Guardrails `yaml:"guardrails,omitempty" json:"guardrails,omitempty"`
	// Limits bound one request.
	Limits InputLimits `yaml:"limits,omitempty" json:"limits,omitempty"`
	// Tools say which tools may be offered to a model and called by it.
	Tools Tools `yaml:"tools,omitempty" json:"tools,omitempty"`
	// Hours say when requests are served.
	Hours Hours `yaml:"hours,omitempty" json:"hours,omitempty"`
	// Regions are where the providers that serve may be.
	Regions Permit `yaml:"regions,omitempty" json:"regions,omitempty"`
	// Addresses are the networks that clients may call from, such as 10.0.0.0/8.
	Addresses Permit `yaml:"addresses,omitempty" json:"addresses,omitempty"`
	// Scopes are what a key must have, by surface, such as openai.chat, or * for all.
	Scopes map[string]string `yaml:"scopes,omitempty" json:"scopes,omitempty"`
	// Answer bounds what comes back.
	Answer AnswerBounds `yaml:"answer,omitempty" json:"answer,omitempty"`
	// Quarantine takes an actor out of service for what it sends.
	Quarantine Quarantine `yaml:"quarantine,omitempty" json:"quarantine,omitempty"`
	// SegmentTextBytes lets policies see so many bytes of each request's text, as input.text; 0, which is the default, none. The
	// text is in no record.
	SegmentTextBytes int64 `yaml:"segment_text_bytes,omitempty" json:"segment_text_bytes,omitempty" jsonschema:"minimum=0,maximum=1048576"`
	// State says what becomes of requests that refer to what the vendor keeps, such as previous_response_id, stored prompts
	// and files, none of which can be inspected here: refuse or allow.
	State string `yaml:"state,omitempty" json:"state,omitempty" jsonschema:"enum=refuse,enum=allow"`
	// Modes of reasons, by code: enforce, shadow or off.
	Modes map[string]string `yaml:"modes,omitempty" json:"modes,omitempty"`
	// Failure of policy, detector or store: deny or allow.
	Failure map[string]string `yaml:"failure,omitempty" json:"failure,omitempty"`
	// Lease bounds what passes while the store is down, where failure says store: allow.
	Lease Lease `yaml:"lease,omitempty" json:"lease,omitempty"`
	// Billing says what is charged for what a provider costs.
	Billing Billing `yaml:"billing,omitempty" json:"billing,omitempty"`
	// Labels are for policies of your own.
	Labels map[string]string `yaml:"labels,omitempty" json:"labels,omitempty"`
	// BlockedRequest says how a request that a policy blocks is answered: refuse, or reply with an answer in the provider's
	// shape. Only the dialect rivaro has such a reply.
	BlockedRequest string `yaml:"blocked_request,omitempty" json:"blocked_request,omitempty" jsonschema:"enum=refuse,enum=reply"`
}

// Lease bounds what a tenant uses on one Weir while the store is down.
type Lease struct {
	// Amount is USD with at most six decimals; 1.00 where nothing is said.
	Amount string `yaml:"amount,omitempty" json:"amount,omitempty" jsonschema:"oneof_type=string;number,example=1.00"`
	// Requests are counted until the store has them; 100 where nothing is said.
	Requests int64 `yaml:"requests,omitempty" json:"requests,omitempty" jsonschema:"minimum=0,maximum=10000"`
}

// Billing says what is charged for what a provider costs. Budgets, credits and holds are of what is charged.
type Billing struct {
	// MarkupPercent is put on top of the cost, with at most two decimals: 15 makes 1.15 USD of 1.00. Each request is rounded
	// up to a whole micro-USD.
	MarkupPercent string `yaml:"markup_percent,omitempty" json:"markup_percent,omitempty" jsonschema:"oneof_type=string;number,example=15"`
}

// Tools say which tools may be offered to a model and called by it: names or globs, deny wins, an empty allow permits all.
type Tools struct {
	Allow []string `yaml:"allow,omitempty" json:"allow,omitempty"`
	Deny  []string `yaml:"deny,omitempty" json:"deny,omitempty"`
	// Offered is what happens to a request with a tool that is not permitted: redact leaves the tool out, block refuses.
	Offered string `yaml:"offered,omitempty" json:"offered,omitempty" jsonschema:"enum=redact,enum=block"`
	// Arguments is at least done about personal data and secrets in the arguments of a tool call.
	Arguments string `yaml:"arguments,omitempty" json:"arguments,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
}

// Hours say when requests are served, in UTC. A from after its to reaches over midnight.
type Hours struct {
	// Days are monday to sunday; none is all.
	Days []string `yaml:"days,omitempty" json:"days,omitempty" jsonschema:"enum=monday,enum=tuesday,enum=wednesday,enum=thursday,enum=friday,enum=saturday,enum=sunday"`
	// From is like 08:00.
	From string `yaml:"from,omitempty" json:"from,omitempty" jsonschema:"example=08:00"`
	// To is like 18:30.
	To string `yaml:"to,omitempty" json:"to,omitempty" jsonschema:"example=18:30"`
}

// AnswerBounds bound what comes back; 0 is no bound.
type AnswerBounds struct {
	// Characters of text in one answer. A stream is cut there, a JSON answer is blocked.
	Characters int64 `yaml:"characters,omitempty" json:"characters,omitempty" jsonschema:"minimum=0"`
	// Echo lets personal data and secrets stand in an answer that stand in its request; what is not from there is still acted on.
	Echo bool `yaml:"echo,omitempty" json:"echo,omitempty"`
	// Models are trained models that are asked about answers, too: injection, names. What of a stream may become a finding
	// of theirs, and is acted on, waits for up to 2 KB more.
	Models []string `yaml:"models,omitempty" json:"models,omitempty" jsonschema:"enum=injection,enum=names"`
}

// Quarantine keeps an actor out, until somebody releases it, for what it sends.
type Quarantine struct {
	// Types are finding types or categories that do it, at or over the guardrails' threshold.
	Types []string `yaml:"types,omitempty" json:"types,omitempty"`
}

// Directions are an action for what goes to the provider and one for what comes back.
type Directions struct {
	Request  string `yaml:"request,omitempty" json:"request,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
	Response string `yaml:"response,omitempty" json:"response,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
}

// PII says what happens to personal data.
type PII struct {
	Request  string `yaml:"request,omitempty" json:"request,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
	Response string `yaml:"response,omitempty" json:"response,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
	// Types are actions for single types, such as US_SSN.
	Types map[string]string `yaml:"types,omitempty" json:"types,omitempty"`
	// Reversible puts redacted values back in the answer; true where nothing is said.
	Reversible *bool `yaml:"reversible,omitempty" json:"reversible,omitempty"`
}

// Guardrails say what happens to injection and content findings at or over the threshold.
type Guardrails struct {
	Request  string `yaml:"request,omitempty" json:"request,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
	Response string `yaml:"response,omitempty" json:"response,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
	// Threshold is the score from which a finding counts.
	Threshold *float64 `yaml:"threshold,omitempty" json:"threshold,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Thresholds stand in for it for texts of a role: {tool: 0.3, system: 0.95}. The answer has the role assistant.
	Thresholds map[string]float64 `yaml:"thresholds,omitempty" json:"thresholds,omitempty" jsonschema:"example=tool"`
	// Categories are actions for single categories, such as JAILBREAK.
	Categories map[string]string `yaml:"categories,omitempty" json:"categories,omitempty"`
}

// InputLimits bound one request; 0 is no limit.
type InputLimits struct {
	// InputTokens is an estimate of the request's text.
	InputTokens int64 `yaml:"input_tokens,omitempty" json:"input_tokens,omitempty" jsonschema:"minimum=0"`
	// Messages counts messages.
	Messages int64 `yaml:"messages,omitempty" json:"messages,omitempty" jsonschema:"minimum=0"`
	// MessageLength counts the characters of one message.
	MessageLength int64 `yaml:"message_length,omitempty" json:"message_length,omitempty" jsonschema:"minimum=0"`
	// OutputTokens is the most a request may ask for.
	OutputTokens int64 `yaml:"output_tokens,omitempty" json:"output_tokens,omitempty" jsonschema:"minimum=0"`
}
