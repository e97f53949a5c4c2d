package config

// Provider is an upstream.
type Provider struct {
	// Name is what models refer to.
	Name string `yaml:"name" json:"name"`
	// Kind says how its credential is sent, what it can be asked on, and where it is reached unless base_url says so.
	Kind string `yaml:"kind" json:"kind" jsonschema:"enum=anthropic,enum=azure,enum=bedrock,enum=gemini,enum=groq,enum=mistral,enum=ollama,enum=openai,enum=openai-compatible,enum=openrouter,enum=together,enum=vertex,enum=vllm"`
	// BaseURL is http(s)://host[:port][/prefix], without /v1.
	BaseURL string `yaml:"base_url,omitempty" json:"base_url,omitempty"`
	// Region is what policies see as the candidate's region.
	Region string `yaml:"region,omitempty" json:"region,omitempty"`
	// Credential is sent instead of the client's key. Models of a provider whose credential has no value are refused.
	Credential Reference `yaml:"credential,omitempty" json:"credential,omitempty"`
	// CredentialFrom says who issues the credential, where it is not simply read.
	CredentialFrom CredentialFrom `yaml:"credential_from,omitempty" json:"credential_from,omitempty"`
	// CallerCredential sends the caller's own credential, which stands beside Weir's key, untouched, and none of Weir's.
	CallerCredential bool `yaml:"caller_credential,omitempty" json:"caller_credential,omitempty"`
	// Surfaces are what it can be asked on, such as openai.chat; without them what is known of its kind.
	Surfaces []string `yaml:"surfaces,omitempty" json:"surfaces,omitempty" jsonschema:"example=openai.chat"`
	// TLS says how its certificate is checked.
	TLS TLS `yaml:"tls,omitempty" json:"tls,omitempty"`
	// AllowLinkLocal lets base_url lead to a link-local address or a metadata service of a cloud.
	AllowLinkLocal bool `yaml:"allow_link_local,omitempty" json:"allow_link_local,omitempty"`
}

// CredentialFrom says who issues a provider's credential; one member is set. It is fetched anew before it ends.
type CredentialFrom struct {
	// OAuth is a token endpoint that is asked for client credentials, such as that of Microsoft Entra ID for Azure.
	OAuth *OAuth `yaml:"oauth,omitempty" json:"oauth,omitempty"`
	// Google is a service account, for Vertex AI.
	Google *GoogleAccount `yaml:"google,omitempty" json:"google,omitempty"`
	// Vault is a secret that HashiCorp Vault keeps.
	Vault *VaultSecret `yaml:"vault,omitempty" json:"vault,omitempty"`
	// AWS has Envoy sign the requests, as Amazon Bedrock wants them; such a provider stands alone.
	AWS *AWS `yaml:"aws,omitempty" json:"aws,omitempty"`
}

// AWS is whose credentials Envoy signs with. Envoy reads them itself; Weir never has them.
type AWS struct {
	// Region in the signature; the provider's where nothing is said.
	Region string `yaml:"region,omitempty" json:"region,omitempty" jsonschema:"example=eu-central-1"`
	// Service in the signature; bedrock where nothing is said.
	Service string `yaml:"service,omitempty" json:"service,omitempty" jsonschema:"example=bedrock"`
	// CredentialsFile is an AWS credentials file, as Envoy sees it. Without one, Envoy's environment or the role of its machine.
	CredentialsFile string `yaml:"credentials_file,omitempty" json:"credentials_file,omitempty"`
	// Profile in the file; default where nothing is said.
	Profile string `yaml:"profile,omitempty" json:"profile,omitempty"`
}

// OAuth is a token endpoint and who asks it.
type OAuth struct {
	// TokenURL is the endpoint: https://login.microsoftonline.com/TENANT/oauth2/v2.0/token.
	TokenURL string `yaml:"token_url" json:"token_url"`
	// ClientID is who asks.
	ClientID string `yaml:"client_id" json:"client_id"`
	// ClientSecret is the client's.
	ClientSecret Reference `yaml:"client_secret" json:"client_secret"`
	// Scopes are what the token is for: https://cognitiveservices.azure.com/.default.
	Scopes []string `yaml:"scopes,omitempty" json:"scopes,omitempty"`
}

// GoogleAccount is a service account.
type GoogleAccount struct {
	// Key is the JSON of its key.
	Key Reference `yaml:"key" json:"key"`
	// Scopes are what the token is for; https://www.googleapis.com/auth/cloud-platform where nothing is said.
	Scopes []string `yaml:"scopes,omitempty" json:"scopes,omitempty"`
}

// VaultSecret is a field of a secret in Vault's key-value store, version 2.
type VaultSecret struct {
	// Address is http(s)://host:port.
	Address string `yaml:"address" json:"address" jsonschema:"example=https://vault.example:8200"`
	// Token lets Weir read it.
	Token Reference `yaml:"token" json:"token"`
	// Path is mount/data/name.
	Path string `yaml:"path" json:"path" jsonschema:"example=secret/data/openai"`
	// Field of the secret.
	Field string `yaml:"field" json:"field" jsonschema:"example=key"`
}

// TLS says how a provider's certificate is checked.
type TLS struct {
	// CAFile is a PEM file of the authorities it is signed by, as Envoy sees it. Without one, those of the system.
	CAFile string `yaml:"ca_file,omitempty" json:"ca_file,omitempty"`
	// ServerName is the name it is for and that is asked for. Without one, the host of base_url.
	ServerName string `yaml:"server_name,omitempty" json:"server_name,omitempty"`
}

// Breaker says when a provider that fails is left alone.
type Breaker struct {
	// Window is how many of the last answers count.
	Window int64 `yaml:"window,omitempty" json:"window,omitempty" jsonschema:"minimum=0,example=10"`
	// Least is how many of them there must be.
	Least int64 `yaml:"least,omitempty" json:"least,omitempty" jsonschema:"minimum=0,example=5"`
	// Percent is how many of a hundred must have failed.
	Percent int64 `yaml:"percent,omitempty" json:"percent,omitempty" jsonschema:"minimum=0,maximum=100,example=50"`
	// Open is how long it is left alone.
	Open string `yaml:"open,omitempty" json:"open,omitempty" jsonschema:"example=30s"`
	// Probes is how many requests must then succeed, one after the other.
	Probes int64 `yaml:"probes,omitempty" json:"probes,omitempty" jsonschema:"minimum=0,example=3"`
}

// Model is a public model name.
type Model struct {
	// Name is what clients ask for. With * in it, it stands for every name that fits, and the provider is asked for that name.
	Name string `yaml:"name" json:"name"`
	// Provider serves it. Beside mesh it is left out.
	Provider string `yaml:"provider,omitempty" json:"provider,omitempty"`
	// Upstream is the provider's name for it, where that is another.
	Upstream string `yaml:"upstream,omitempty" json:"upstream,omitempty"`
	// Aliases are other names for it.
	Aliases []string `yaml:"aliases,omitempty" json:"aliases,omitempty"`
	// Fallbacks are models of other providers, tried in this order where its own provider fails.
	Fallbacks []string `yaml:"fallbacks,omitempty" json:"fallbacks,omitempty"`
	// Routing says in which order its own provider and its fallbacks are tried; without it, in turn.
	Routing Routing `yaml:"routing,omitempty" json:"routing,omitempty"`
	// Modalities are what it reads beside text. Where they are given, requests with others are refused.
	Modalities []string `yaml:"modalities,omitempty" json:"modalities,omitempty" jsonschema:"enum=image,enum=audio,enum=file"`
	// RetiresAt is when it stops being served. Until then answers carry it in a Sunset header.
	RetiresAt string `yaml:"retires_at,omitempty" json:"retires_at,omitempty" jsonschema:"example=2027-01-31T00:00:00Z"`
	// Price is what it costs: input and output both, or neither. Without one it is what the vendor's list says, and where that does not have the model no
	// tenant with a hard budget may ask for it.
	Price Price `yaml:"price,omitempty" json:"price,omitempty"`
	// ContextTokens is the size of its context; 0 is unknown.
	ContextTokens int64 `yaml:"context_tokens,omitempty" json:"context_tokens,omitempty" jsonschema:"minimum=0"`
	// OutputTokens is the most it can answer; 0 is unknown.
	OutputTokens int64 `yaml:"output_tokens,omitempty" json:"output_tokens,omitempty" jsonschema:"minimum=0"`
}

// Routing says in which order those who could serve a model are tried. A tag outweighs a canary, that a region, and that by.
type Routing struct {
	// By is weight, cost (the cheapest for the request first) or latency (the one that began to answer soonest of late first).
	By string `yaml:"by,omitempty" json:"by,omitempty" jsonschema:"enum=weight,enum=cost,enum=latency"`
	// Weights share the requests out, by the names of the model itself and its fallbacks. One without a weight is tried only
	// where the others fail. Requests of a session go the same way.
	Weights map[string]int64 `yaml:"weights,omitempty" json:"weights,omitempty"`
	// Canary is a model that a part of the requests is tried at first.
	Canary Canary `yaml:"canary,omitempty" json:"canary,omitempty"`
	// Regions come before others, in this order.
	Regions []string `yaml:"regions,omitempty" json:"regions,omitempty" jsonschema:"example=eu"`
	// Tags name the model that requests with a tag are tried at first.
	Tags map[string]string `yaml:"tags,omitempty" json:"tags,omitempty"`
}

// Canary is a model that a part of another's requests is tried at first.
type Canary struct {
	// Model is its name.
	Model string `yaml:"model" json:"model"`
	// Percent is how many of a hundred requests, or sessions, it is.
	Percent int64 `yaml:"percent" json:"percent" jsonschema:"minimum=1,maximum=100"`
}

// Price is in USD per million tokens, as decimals with at most six places: 2.50.
type Price struct {
	// Input is the price of what is sent.
	Input string `yaml:"input,omitempty" json:"input,omitempty" jsonschema:"oneof_type=string;number,example=2.50"`
	// Cached is the price of what is sent and the provider had kept.
	Cached string `yaml:"cached,omitempty" json:"cached,omitempty" jsonschema:"oneof_type=string;number,example=1.25"`
	// CacheWrite is the price of what is sent and the provider keeps from now on.
	CacheWrite string `yaml:"cache_write,omitempty" json:"cache_write,omitempty" jsonschema:"oneof_type=string;number,example=3.125"`
	// Output is the price of what comes back.
	Output string `yaml:"output,omitempty" json:"output,omitempty" jsonschema:"oneof_type=string;number,example=10.00"`
	// Reasoning is the price of what is thought and not shown, where it is another than that of the output.
	Reasoning string `yaml:"reasoning,omitempty" json:"reasoning,omitempty" jsonschema:"oneof_type=string;number,example=10.00"`
	// Batch is what it costs where the provider says it was served as batch or flex.
	Batch TierPrice `yaml:"batch,omitempty" json:"batch,omitempty"`
	// Priority is what it costs where the provider says it was served with priority.
	Priority TierPrice `yaml:"priority,omitempty" json:"priority,omitempty"`
}

// TierPrice is the price in a service tier, like Price. What is left out costs as much as in the standard tier.
type TierPrice struct {
	// Input is the price of what is sent.
	Input string `yaml:"input,omitempty" json:"input,omitempty" jsonschema:"oneof_type=string;number,example=1.25"`
	// Cached is the price of what is sent and the provider had kept.
	Cached string `yaml:"cached,omitempty" json:"cached,omitempty" jsonschema:"oneof_type=string;number,example=0.625"`
	// CacheWrite is the price of what is sent and the provider keeps from now on.
	CacheWrite string `yaml:"cache_write,omitempty" json:"cache_write,omitempty" jsonschema:"oneof_type=string;number,example=1.50"`
	// Output is the price of what comes back.
	Output string `yaml:"output,omitempty" json:"output,omitempty" jsonschema:"oneof_type=string;number,example=5.00"`
	// Reasoning is the price of what is thought and not shown.
	Reasoning string `yaml:"reasoning,omitempty" json:"reasoning,omitempty" jsonschema:"oneof_type=string;number,example=5.00"`
}
