package config

// File is the configuration as it is written. Amounts, sizes and durations are text and are read when the file is
// checked, so that a wrong one is reported with its place.
type File struct {
	// Listen is where the ext_proc server listens: host:port, or unix:/path.
	Listen    string     `yaml:"listen,omitempty" json:"listen,omitempty" jsonschema:"example=127.0.0.1:18080"`
	Admin     Admin      `yaml:"admin,omitempty" json:"admin,omitempty"`
	Store     Store      `yaml:"store,omitempty" json:"store,omitempty"`
	Policies  Policies   `yaml:"policies,omitempty" json:"policies,omitempty"`
	Envoy     Envoy      `yaml:"envoy,omitempty" json:"envoy,omitempty"`
	Limits    Limits     `yaml:"limits,omitempty" json:"limits,omitempty"`
	Defaults  Defaults   `yaml:"defaults,omitempty" json:"defaults,omitempty"`
	Hosts     []Host     `yaml:"hosts,omitempty" json:"hosts,omitempty"`
	Providers []Provider `yaml:"providers,omitempty" json:"providers,omitempty"`
	Models    []Model    `yaml:"models,omitempty" json:"models,omitempty"`
	Tenants   []Tenant   `yaml:"tenants,omitempty" json:"tenants,omitempty"`
}

// Admin is the operator's side.
type Admin struct {
	// Listen is host:port; health, metrics and the trail are served there.
	Listen string `yaml:"listen,omitempty" json:"listen,omitempty" jsonschema:"example=127.0.0.1:9911"`
	// Token lets its bearer read the trail. Without one the trail is not served.
	Token Reference `yaml:"token,omitempty" json:"token,omitempty"`
}

// Store is the SQLite file for ledger, trail and keys.
type Store struct {
	Path string `yaml:"path,omitempty" json:"path,omitempty"`
}

// Policies are where Rego is read from. Without a directory the shipped policies decide.
type Policies struct {
	Dir string `yaml:"dir,omitempty" json:"dir,omitempty"`
}

// Envoy is what the generated bootstrap says.
type Envoy struct {
	// Listen is where Envoy takes clients' requests.
	Listen string `yaml:"listen,omitempty" json:"listen,omitempty" jsonschema:"example=127.0.0.1:10000"`
	// Admin is Envoy's own admin address; empty switches it off.
	Admin string `yaml:"admin,omitempty" json:"admin,omitempty"`
	// Secrets is the directory the providers' credentials are written to for Envoy.
	Secrets string `yaml:"secrets,omitempty" json:"secrets,omitempty"`
}

// Limits are the bounds of an exchange. Sizes are like 32MiB, durations like 5s.
type Limits struct {
	Body       string `yaml:"body,omitempty" json:"body,omitempty" jsonschema:"example=32MiB"`
	Answer     string `yaml:"answer,omitempty" json:"answer,omitempty"`
	Held       string `yaml:"held,omitempty" json:"held,omitempty"`
	Event      string `yaml:"event,omitempty" json:"event,omitempty"`
	FirstEvent string `yaml:"first_event,omitempty" json:"first_event,omitempty"`
	Decision   string `yaml:"decision,omitempty" json:"decision,omitempty"`
	Store      string `yaml:"store,omitempty" json:"store,omitempty"`
	Close      string `yaml:"close,omitempty" json:"close,omitempty"`
	Concurrent int64  `yaml:"concurrent,omitempty" json:"concurrent,omitempty" jsonschema:"minimum=1"`
}

// Defaults hold where nothing else is said.
type Defaults struct {
	Dialect string `yaml:"dialect,omitempty" json:"dialect,omitempty"`
}

// Host chooses the dialect of requests whose tenant is not known.
type Host struct {
	Name    string `yaml:"name" json:"name"`
	Prefix  string `yaml:"prefix,omitempty" json:"prefix,omitempty"`
	Dialect string `yaml:"dialect" json:"dialect"`
}

// Reference names a secret without holding it: exactly one member is set.
type Reference struct {
	Env  string `yaml:"env,omitempty" json:"env,omitempty"`
	File string `yaml:"file,omitempty" json:"file,omitempty"`
}

// Provider is an upstream.
type Provider struct {
	Name       string    `yaml:"name" json:"name"`
	Kind       string    `yaml:"kind" json:"kind" jsonschema:"enum=openai,enum=anthropic,enum=openai-compatible"`
	BaseURL    string    `yaml:"base_url,omitempty" json:"base_url,omitempty"`
	Region     string    `yaml:"region,omitempty" json:"region,omitempty"`
	Credential Reference `yaml:"credential,omitempty" json:"credential,omitempty"`
}

// Model is a public model name.
type Model struct {
	Name          string `yaml:"name" json:"name"`
	Provider      string `yaml:"provider" json:"provider"`
	Upstream      string `yaml:"upstream,omitempty" json:"upstream,omitempty"`
	Price         Price  `yaml:"price,omitempty" json:"price,omitempty"`
	ContextTokens int64  `yaml:"context_tokens,omitempty" json:"context_tokens,omitempty"`
	OutputTokens  int64  `yaml:"output_tokens,omitempty" json:"output_tokens,omitempty"`
}

// Price is in USD per million tokens, as decimal text: "2.50".
type Price struct {
	Input  string `yaml:"input,omitempty" json:"input,omitempty" jsonschema:"example=2.50"`
	Cached string `yaml:"cached,omitempty" json:"cached,omitempty"`
	Output string `yaml:"output,omitempty" json:"output,omitempty"`
}

// Tenant is who pays.
type Tenant struct {
	ID              string    `yaml:"id" json:"id"`
	Name            string    `yaml:"name,omitempty" json:"name,omitempty"`
	Status          string    `yaml:"status,omitempty" json:"status,omitempty"`
	SuspendedReason string    `yaml:"suspended_reason,omitempty" json:"suspended_reason,omitempty"`
	Dialect         string    `yaml:"dialect,omitempty" json:"dialect,omitempty"`
	Settings        Settings  `yaml:"settings,omitempty" json:"settings,omitempty"`
	Budgets         []Budget  `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	Rates           []Rate    `yaml:"rates,omitempty" json:"rates,omitempty"`
	Models          Permit    `yaml:"models,omitempty" json:"models,omitempty"`
	Secret          Reference `yaml:"secret,omitempty" json:"secret,omitempty"`
	Keys            []Key     `yaml:"keys,omitempty" json:"keys,omitempty"`
}

// Key is declared by the SHA-256 of its plaintext, which the file never holds.
type Key struct {
	ID        string   `yaml:"id" json:"id"`
	Name      string   `yaml:"name,omitempty" json:"name,omitempty"`
	Prefix    string   `yaml:"prefix,omitempty" json:"prefix,omitempty"`
	SHA256    string   `yaml:"sha256" json:"sha256"`
	Scopes    []string `yaml:"scopes,omitempty" json:"scopes,omitempty"`
	ExpiresAt string   `yaml:"expires_at,omitempty" json:"expires_at,omitempty"`
	RevokedAt string   `yaml:"revoked_at,omitempty" json:"revoked_at,omitempty"`
	Budgets   []Budget `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	Rates     []Rate   `yaml:"rates,omitempty" json:"rates,omitempty"`
	Models    Permit   `yaml:"models,omitempty" json:"models,omitempty"`
}

// Permit lists model names or globs; deny wins, an empty allow permits all.
type Permit struct {
	Allow []string `yaml:"allow,omitempty" json:"allow,omitempty"`
	Deny  []string `yaml:"deny,omitempty" json:"deny,omitempty"`
}

// Budget caps money: limit in USD as decimal text, over a period.
type Budget struct {
	Limit  string `yaml:"limit" json:"limit" jsonschema:"example=50.00"`
	Period string `yaml:"period" json:"period" jsonschema:"enum=hour,enum=day,enum=week,enum=month,enum=total"`
	Soft   bool   `yaml:"soft,omitempty" json:"soft,omitempty"`
}

// Rate caps requests or tokens in any window: limit like 100/min.
type Rate struct {
	Limit string `yaml:"limit" json:"limit" jsonschema:"example=100/min"`
	Unit  string `yaml:"unit,omitempty" json:"unit,omitempty" jsonschema:"enum=requests,enum=tokens"`
}

// Settings are what policies read as input.settings. What is left out has the default that docs/configuration.md says.
type Settings struct {
	PII        PII               `yaml:"pii,omitempty" json:"pii,omitempty"`
	Secrets    Directions        `yaml:"secrets,omitempty" json:"secrets,omitempty"`
	Guardrails Guardrails        `yaml:"guardrails,omitempty" json:"guardrails,omitempty"`
	Limits     InputLimits       `yaml:"limits,omitempty" json:"limits,omitempty"`
	Modes      map[string]string `yaml:"modes,omitempty" json:"modes,omitempty"`
	Failure    map[string]string `yaml:"failure,omitempty" json:"failure,omitempty"`
	Labels     map[string]string `yaml:"labels,omitempty" json:"labels,omitempty"`
}

// Directions are an action for what goes to the provider and one for what comes back: log, redact or block.
type Directions struct {
	Request  string `yaml:"request,omitempty" json:"request,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
	Response string `yaml:"response,omitempty" json:"response,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
}

// PII says what happens to personal data.
type PII struct {
	Request    string            `yaml:"request,omitempty" json:"request,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
	Response   string            `yaml:"response,omitempty" json:"response,omitempty" jsonschema:"enum=log,enum=redact,enum=block"`
	Types      map[string]string `yaml:"types,omitempty" json:"types,omitempty"`
	Reversible *bool             `yaml:"reversible,omitempty" json:"reversible,omitempty"`
}

// Guardrails say what happens to injection and content findings at or over the threshold.
type Guardrails struct {
	Request    string            `yaml:"request,omitempty" json:"request,omitempty" jsonschema:"enum=log,enum=block"`
	Response   string            `yaml:"response,omitempty" json:"response,omitempty" jsonschema:"enum=log,enum=block"`
	Threshold  *float64          `yaml:"threshold,omitempty" json:"threshold,omitempty" jsonschema:"minimum=0,maximum=1"`
	Categories map[string]string `yaml:"categories,omitempty" json:"categories,omitempty"`
}

// InputLimits bound one request; 0 is no limit.
type InputLimits struct {
	InputTokens   int64 `yaml:"input_tokens,omitempty" json:"input_tokens,omitempty"`
	Messages      int64 `yaml:"messages,omitempty" json:"messages,omitempty"`
	MessageLength int64 `yaml:"message_length,omitempty" json:"message_length,omitempty"`
	OutputTokens  int64 `yaml:"output_tokens,omitempty" json:"output_tokens,omitempty"`
}
