package config

import "weir/policy/detect"

// File is the configuration as it is written. Amounts, sizes and durations are text and are read when the file is
// checked, so that a wrong one is reported with its place.
type File struct {
	// Listen is where the ext_proc server listens: host:port, or unix:/path. Read at the start only.
	Listen string `yaml:"listen,omitempty" json:"listen,omitempty" jsonschema:"example=127.0.0.1:18080"`
	// Transport says who may speak with that server. Read at the start only.
	Transport Transport `yaml:"transport,omitempty" json:"transport,omitempty"`
	// Admin is the operator's side: health, metrics and the trail. Read at the start only.
	Admin Admin `yaml:"admin,omitempty" json:"admin,omitempty"`
	// Store is the SQLite file for ledger, trail and keys. Read at the start only.
	Store Store `yaml:"store,omitempty" json:"store,omitempty"`
	// Trail is about the audit trail. All of it but the retention is read at the start only.
	Trail Trail `yaml:"trail,omitempty" json:"trail,omitempty"`
	// Telemetry is where traces, logs and metrics go. Read at the start only.
	Telemetry Telemetry `yaml:"telemetry,omitempty" json:"telemetry,omitempty"`
	// Policies are where Rego is read from. Read at the start only; the directory itself is watched.
	Policies Policies `yaml:"policies,omitempty" json:"policies,omitempty"`
	// Authz is about ext_authz. Its directory is watched; which one it is, is read at the start only.
	Authz Authz `yaml:"authz,omitempty" json:"authz,omitempty"`
	// Envoy is what the generated bootstrap says.
	Envoy Envoy `yaml:"envoy,omitempty" json:"envoy,omitempty"`
	// Limits are the bounds of an exchange.
	Limits Limits `yaml:"limits,omitempty" json:"limits,omitempty"`
	// Defaults hold where nothing else is said.
	Defaults Defaults `yaml:"defaults,omitempty" json:"defaults,omitempty"`
	// Ceiling is what any tenant may have at most; what a tenant says of itself can only be tighter.
	Ceiling Ceiling `yaml:"ceiling,omitempty" json:"ceiling,omitempty"`
	// Identity says what of a request may name the user or agent behind a key.
	Identity Identity `yaml:"identity,omitempty" json:"identity,omitempty"`
	// Hosts choose the dialect of requests whose tenant is not known, and where a key is not required.
	Hosts []Host `yaml:"hosts,omitempty" json:"hosts,omitempty"`
	// Mesh says that providers, credentials, routing and fallback are somebody else's.
	Mesh *Mesh `yaml:"mesh,omitempty" json:"mesh,omitempty"`
	// Providers are the upstreams.
	Providers []Provider `yaml:"providers,omitempty" json:"providers,omitempty"`
	// Breaker says when a provider that fails is left alone. Read at the start only.
	Breaker Breaker `yaml:"breaker,omitempty" json:"breaker,omitempty"`
	// Models are the names clients may ask for.
	Models []Model `yaml:"models,omitempty" json:"models,omitempty"`
	// Detectors are slower ones in other processes. Only the tenants that name one have it asked.
	Detectors []Detector `yaml:"detectors,omitempty" json:"detectors,omitempty"`
	// Webhooks are told of chosen events.
	Webhooks []Webhook `yaml:"webhooks,omitempty" json:"webhooks,omitempty"`
	// Tenants are who pays.
	Tenants []Tenant `yaml:"tenants,omitempty" json:"tenants,omitempty"`
}

// Admin is the operator's side.
type Admin struct {
	// Listen is host:port; health, metrics and the trail are served there.
	Listen string `yaml:"listen,omitempty" json:"listen,omitempty" jsonschema:"example=127.0.0.1:9911"`
	// Token is an admin's, who may do everything. Without any token only health and metrics are served.
	Token Reference `yaml:"token,omitempty" json:"token,omitempty"`
	// Tokens are others', each with a role.
	Tokens []AdminToken `yaml:"tokens,omitempty" json:"tokens,omitempty"`
	// OIDC is an issuer whose tokens are taken beside those.
	OIDC *OIDC `yaml:"oidc,omitempty" json:"oidc,omitempty"`
	// Rate is how many requests one bearer may make; 20/s where nothing is said. Three seconds' worth may come at once.
	Rate string `yaml:"rate,omitempty" json:"rate,omitempty" jsonschema:"example=20/s"`
	// Secrets are what providers that are added over the API may name of this host as theirs; nothing where nothing is said.
	Secrets AdminSecrets `yaml:"secrets,omitempty" json:"secrets,omitempty"`
}

// AdminSecrets are the variables and files of this host whose values a provider that is added over the admin API may be sent.
type AdminSecrets struct {
	// Env are names of variables, with * for any part of one.
	Env []string `yaml:"env,omitempty" json:"env,omitempty" jsonschema:"example=TEAM_*"`
	// Dirs are directories, of which every file below may be named.
	Dirs []string `yaml:"dirs,omitempty" json:"dirs,omitempty" jsonschema:"example=/run/secrets/providers"`
}

// OIDC is an issuer of tokens for the admin API (OpenID Connect). Its keys are found by its discovery document.
type OIDC struct {
	// Issuer is its URL, as tokens name it.
	Issuer string `yaml:"issuer" json:"issuer" jsonschema:"example=https://login.example.com"`
	// Audience is what tokens must be for.
	Audience string `yaml:"audience" json:"audience" jsonschema:"example=weir-admin"`
	// NameClaim is what its bearer is called by in the log of changes; sub where nothing is said.
	NameClaim string `yaml:"name_claim,omitempty" json:"name_claim,omitempty" jsonschema:"example=email"`
	// RolesClaim is where roles or groups stand, with dots for what is nested; roles where nothing is said.
	RolesClaim string `yaml:"roles_claim,omitempty" json:"roles_claim,omitempty" jsonschema:"example=realm_access.roles"`
	// Roles say what each of those is here: viewer, operator or admin. The one that may do most counts; without any nothing may be done.
	Roles map[string]string `yaml:"roles" json:"roles"`
	// TenantClaim names the tenant that a viewer is held to; without it viewers see all.
	TenantClaim string `yaml:"tenant_claim,omitempty" json:"tenant_claim,omitempty" jsonschema:"example=tenant"`
}

// AdminToken is somebody who may use the admin API; extproc admin token makes one.
type AdminToken struct {
	// Name is who has it.
	Name string `yaml:"name" json:"name"`
	// SHA256 is the hash of the token in hexadecimal; never the token itself.
	SHA256 string `yaml:"sha256" json:"sha256" jsonschema:"pattern=^[0-9a-fA-F]{64}$"`
	// Role says what it may do: viewer reads, operator also stops and lets go, admin does everything.
	Role string `yaml:"role" json:"role" jsonschema:"enum=viewer,enum=operator,enum=admin"`
	// Tenant is the only one that a viewer sees; all where nothing is said.
	Tenant string `yaml:"tenant,omitempty" json:"tenant,omitempty"`
}

// Store is the SQLite file for ledger, trail and keys.
type Store struct {
	// Path is the file; it is made where there is none. A secret that placeholders are keyed with is kept beside it.
	Path string `yaml:"path,omitempty" json:"path,omitempty" jsonschema:"example=weir.db"`
	// Secret is what placeholders and tenants' secrets are derived from. Without one it is kept beside the file; several
	// Weirs on one Redis need the same.
	Secret Reference `yaml:"secret,omitempty" json:"secret,omitempty"`
	// KMS opens the secret at the start, where it is only kept sealed.
	KMS *KMS `yaml:"kms,omitempty" json:"kms,omitempty"`
	// Redis keeps rates, budgets, keys and tenants instead, so that several Weirs share them.
	Redis *Redis `yaml:"redis,omitempty" json:"redis,omitempty"`
}

// KMS is a key management service that opens the store's secret: Vault's transit engine, or what speaks its HTTP API.
type KMS struct {
	// Address is http(s)://host:port.
	Address string `yaml:"address" json:"address" jsonschema:"example=https://vault.example:8200"`
	// Token lets Weir ask it.
	Token Reference `yaml:"token" json:"token"`
	// Mount is the engine's path; transit where nothing is said.
	Mount string `yaml:"mount,omitempty" json:"mount,omitempty" jsonschema:"example=transit"`
	// Key is the name of the key it was sealed with.
	Key string `yaml:"key" json:"key"`
	// Sealed is the secret as the engine sealed it: vault:v1:...
	Sealed Reference `yaml:"sealed" json:"sealed"`
}

// Policies are where Rego is read from.
type Policies struct {
	// Dir is a directory of Rego files, added to the shipped policies. Without one the shipped policies decide alone.
	Dir string `yaml:"dir,omitempty" json:"dir,omitempty"`
	// Headers are the request headers that policies see as input.client.headers. Credentials cannot be among them.
	Headers []string `yaml:"headers,omitempty" json:"headers,omitempty" jsonschema:"example=x-team"`
	// Candidate is a directory of policies that decide beside those in force, after the answer went out: they change nothing, and
	// what they would have decided otherwise is counted and kept.
	Candidate string `yaml:"candidate,omitempty" json:"candidate,omitempty"`
	// Bundles are signed OPA bundles that HTTP servers offer.
	Bundles []Bundle `yaml:"bundles,omitempty" json:"bundles,omitempty"`
	// Persist is a directory that the last good bundles are kept in, for a start without their servers.
	Persist string `yaml:"persist,omitempty" json:"persist,omitempty"`
}

// Bundle is a signed OPA bundle that an HTTP server offers.
type Bundle struct {
	// Name tells bundles apart.
	Name string `yaml:"name" json:"name"`
	// URL is http or https, of a tar.gz.
	URL string `yaml:"url" json:"url"`
	// Token is sent as a bearer token.
	Token Reference `yaml:"token,omitempty" json:"token,omitempty"`
	// Key must have signed it: the PEM of a public key, or a shared secret.
	Key Reference `yaml:"key" json:"key"`
	// KeyID is the key's id in the signature; default where nothing is said.
	KeyID string `yaml:"key_id,omitempty" json:"key_id,omitempty"`
	// Algorithm of the signature; RS256 where nothing is said.
	Algorithm string `yaml:"algorithm,omitempty" json:"algorithm,omitempty" jsonschema:"enum=RS256,enum=RS384,enum=RS512,enum=PS256,enum=PS384,enum=PS512,enum=ES256,enum=ES384,enum=ES512,enum=HS256,enum=HS384,enum=HS512"`
	// Scope that the signature must be for.
	Scope string `yaml:"scope,omitempty" json:"scope,omitempty"`
	// Roots are what it may hold, such as weir. Those of two bundles may not overlap.
	Roots []string `yaml:"roots" json:"roots"`
	// Poll is how often the server is asked.
	Poll string `yaml:"poll,omitempty" json:"poll,omitempty" jsonschema:"example=1m"`
}

// Authz is about ext_authz, which is served beside ext_proc at the same address.
type Authz struct {
	// Dir is a directory of policies written for OPA's Envoy plugin. Without one, Weir's own decision on the request is given.
	Dir string `yaml:"dir,omitempty" json:"dir,omitempty"`
	// Path is the document to ask for.
	Path string `yaml:"path,omitempty" json:"path,omitempty" jsonschema:"example=envoy/authz/allow"`
	// HeadersOnly lets those policies decide on requests whose body Envoy was not told to send.
	HeadersOnly bool `yaml:"headers_only,omitempty" json:"headers_only,omitempty"`
}

// Envoy is what the generated bootstrap says.
type Envoy struct {
	// Listen is where Envoy takes clients' requests.
	Listen string `yaml:"listen,omitempty" json:"listen,omitempty" jsonschema:"example=127.0.0.1:10000"`
	// Admin is Envoy's own admin address; empty switches it off.
	Admin string `yaml:"admin,omitempty" json:"admin,omitempty"`
	// Secrets is the directory that providers' credentials, and the routes and clusters that Envoy follows, are written to for Envoy.
	Secrets string `yaml:"secrets,omitempty" json:"secrets,omitempty"`
	// TLS says how that Envoy and Weir know each other, where transport has the ext_proc server speak TLS. Read at the start only.
	TLS EnvoyTLS `yaml:"tls,omitempty" json:"tls,omitempty"`
}

// Limits are the bounds of an exchange. Sizes are like 32MiB, durations like 5s.
type Limits struct {
	// Body bounds a request's body.
	Body string `yaml:"body,omitempty" json:"body,omitempty" jsonschema:"example=32MiB"`
	// Answer bounds a JSON answer, which is read whole before any of it is passed on.
	Answer string `yaml:"answer,omitempty" json:"answer,omitempty" jsonschema:"example=16MiB"`
	// Held bounds what is held back of a stream until it is decided about.
	Held string `yaml:"held,omitempty" json:"held,omitempty" jsonschema:"example=64KiB"`
	// HeldFor bounds how long text of a stream is held back without any of it leaving.
	HeldFor string `yaml:"held_for,omitempty" json:"held_for,omitempty" jsonschema:"example=1m"`
	// HeldThen says what becomes of text past either bound: cut ends the stream as one that broke; release decides as if the
	// text ended there, so that what only could become a match leaves.
	HeldThen string `yaml:"held_then,omitempty" json:"held_then,omitempty" jsonschema:"enum=cut,enum=release"`
	// HeldBroken says what becomes of text that is held when a provider breaks off: release decides on it as if it ended
	// there, drop leaves it out. The client is told of the break either way.
	HeldBroken string `yaml:"held_broken,omitempty" json:"held_broken,omitempty" jsonschema:"enum=release,enum=drop"`
	// Event bounds one event of a stream.
	Event string `yaml:"event,omitempty" json:"event,omitempty" jsonschema:"example=1MiB"`
	// FirstEvent bounds the wait for a stream's first event, and for the whole of a JSON answer.
	FirstEvent string `yaml:"first_event,omitempty" json:"first_event,omitempty" jsonschema:"example=5m"`
	// BetweenEvents bounds the wait for the next event of a stream.
	BetweenEvents string `yaml:"between_events,omitempty" json:"between_events,omitempty" jsonschema:"example=5m"`
	// WholeAnswer bounds how long an answer may take to its end.
	WholeAnswer string `yaml:"whole_answer,omitempty" json:"whole_answer,omitempty" jsonschema:"example=1h"`
	// Attempt bounds the wait for the headers of an answer where another provider can be tried.
	Attempt string `yaml:"attempt,omitempty" json:"attempt,omitempty" jsonschema:"example=2m"`
	// Decision bounds one evaluation of the policies.
	Decision string `yaml:"decision,omitempty" json:"decision,omitempty" jsonschema:"example=50ms"`
	// Store bounds one round trip to the store.
	Store string `yaml:"store,omitempty" json:"store,omitempty" jsonschema:"example=2s"`
	// Close bounds settling and recording when an exchange is over.
	Close string `yaml:"close,omitempty" json:"close,omitempty" jsonschema:"example=5s"`
	// Drain bounds how long exchanges under way may go on after a stop was asked for. Those that last longer are ended in the
	// dialect's words: a held answer by a 503, a stream by its own error event.
	Drain string `yaml:"drain,omitempty" json:"drain,omitempty" jsonschema:"example=30s"`
	// DrainNotice is how long health says that Weir stops before it takes no new exchange: as long as those in front take to
	// notice. Where Envoy's retries find another Weir it need not be.
	DrainNotice string `yaml:"drain_notice,omitempty" json:"drain_notice,omitempty" jsonschema:"example=5s"`
	// InFlight bounds the bytes in memory over all exchanges: bodies, answers, events and held text.
	InFlight string `yaml:"in_flight,omitempty" json:"in_flight,omitempty" jsonschema:"example=1GiB"`
	// Concurrent bounds how many exchanges may be under way at once.
	Concurrent int64 `yaml:"concurrent,omitempty" json:"concurrent,omitempty" jsonschema:"minimum=0"`
}

// Defaults hold where nothing else is said.
type Defaults struct {
	// Dialect phrases refusals where neither tenant nor host chooses one.
	Dialect string `yaml:"dialect,omitempty" json:"dialect,omitempty" jsonschema:"example=openai"`
}

// Host chooses the dialect of requests whose tenant is not known, or the tenant of requests that bring no key. The first
// that fits is used.
type Host struct {
	// Name is a host name, or * for all.
	Name string `yaml:"name" json:"name"`
	// Prefix narrows the choice to paths that start with it.
	Prefix string `yaml:"prefix,omitempty" json:"prefix,omitempty"`
	// Dialect is what phrases the refusals.
	Dialect string `yaml:"dialect,omitempty" json:"dialect,omitempty"`
	// Keyless is the id of the tenant that requests without a key belong to. Without one a key is required.
	Keyless string `yaml:"keyless,omitempty" json:"keyless,omitempty"`
}

// Reference names a secret without holding it: exactly one member is set.
type Reference struct {
	// Env is the name of an environment variable.
	Env string `yaml:"env,omitempty" json:"env,omitempty"`
	// File is the path of a file that holds the secret and nothing else.
	File string `yaml:"file,omitempty" json:"file,omitempty"`
}

// Tenant is who pays.
type Tenant struct {
	// ID is what policies, the ledger and the trail know it by.
	ID string `yaml:"id" json:"id"`
	// Name is what people know it by.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Status is active unless said otherwise.
	Status string `yaml:"status,omitempty" json:"status,omitempty" jsonschema:"enum=active,enum=suspended,enum=inactive,enum=onboarding_incomplete,enum=payment_failed,enum=subscription_canceled"`
	// SuspendedReason is why; only for a suspended tenant.
	SuspendedReason string `yaml:"suspended_reason,omitempty" json:"suspended_reason,omitempty" jsonschema:"enum=abuse,enum=deletion_scheduled,enum=manual,enum=trial_ended"`
	// Dialect phrases its refusals.
	Dialect string `yaml:"dialect,omitempty" json:"dialect,omitempty"`
	// RetentionDays is how long its records are kept in the trail; 0: as long as trail.retention_days says.
	RetentionDays int64 `yaml:"retention_days,omitempty" json:"retention_days,omitempty" jsonschema:"minimum=0,maximum=36500"`
	// Capture keeps the text of its exchanges beside the trail, sealed with a key of its own; none where nothing is said.
	Capture Capture `yaml:"capture,omitempty" json:"capture,omitempty"`
	// Settings are what policies read of it.
	Settings Settings `yaml:"settings,omitempty" json:"settings,omitempty"`
	// Detectors are rules of its own, what it allows, what it changes about the built-in rules, and which of the slower
	// detectors are asked.
	Detectors detect.Settings `yaml:"detectors,omitempty" json:"detectors,omitzero"`
	// Budgets cap what it spends.
	Budgets []Budget `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	// Rates cap how fast it asks.
	Rates []Rate `yaml:"rates,omitempty" json:"rates,omitempty"`
	// Concurrency is how many requests it may have under way at once; 0 is no limit.
	Concurrency int64 `yaml:"concurrency,omitempty" json:"concurrency,omitempty" jsonschema:"minimum=0"`
	// PerCall is USD that one request may cost at most.
	PerCall string `yaml:"per_call,omitempty" json:"per_call,omitempty" jsonschema:"oneof_type=string;number,example=0.50"`
	// TimeZone is whose calendar its budgets' periods are of, such as Europe/Berlin; UTC where nothing is said.
	TimeZone string `yaml:"time_zone,omitempty" json:"time_zone,omitempty"`
	// CountRefused counts the tries that a rate of requests refuses, so that a client that does not wait stays refused. True
	// for the dialect olava where nothing is said.
	CountRefused *bool `yaml:"count_refused,omitempty" json:"count_refused,omitempty"`
	// Address are the rates of each client address.
	Address []Rate `yaml:"address,omitempty" json:"address,omitempty"`
	// Actors are the users and agents behind its keys.
	Actors Actors `yaml:"actors,omitempty" json:"actors,omitempty"`
	// Tags have budgets and rates of their own, for the keys that carry them.
	Tags []Tag `yaml:"tags,omitempty" json:"tags,omitempty"`
	// Models are what it may ask for.
	Models Permit `yaml:"models,omitempty" json:"models,omitempty"`
	// Credentials are its own for providers, by the providers' names, used for its requests instead of the providers' own.
	// More can be kept in the store with extproc credentials set.
	Credentials map[string]Reference `yaml:"credentials,omitempty" json:"credentials,omitempty"`
	// OwnCredentials refuses its requests where it has no credential of its own.
	OwnCredentials bool `yaml:"own_credentials_only,omitempty" json:"own_credentials_only,omitempty"`
	// Secret keys its placeholders. Without one it is derived from the secret beside the store.
	Secret Reference `yaml:"secret,omitempty" json:"secret,omitempty"`
	// Keys are declared here; more can be made with extproc keys create.
	Keys []Key `yaml:"keys,omitempty" json:"keys,omitempty"`
}

// Capture says which text of a tenant's exchanges is kept beside the trail.
type Capture struct {
	// Request keeps what clients say.
	Request bool `yaml:"request,omitempty" json:"request,omitempty"`
	// Answer keeps what models say.
	Answer bool `yaml:"answer,omitempty" json:"answer,omitempty"`
	// Whole keeps personal data and secrets in it, too; else their types stand in their place.
	Whole bool `yaml:"whole,omitempty" json:"whole,omitempty"`
	// RetentionDays is how long it is kept; 7 where nothing is said. It never outlives its record.
	RetentionDays int64 `yaml:"retention_days,omitempty" json:"retention_days,omitempty" jsonschema:"minimum=0,maximum=36500"`
}

// Key is declared by the SHA-256 of its plaintext, which the file never holds.
type Key struct {
	// ID is what the trail knows it by.
	ID string `yaml:"id" json:"id"`
	// Name says what it is for.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Prefix is its first characters, to recognise it by.
	Prefix string `yaml:"prefix,omitempty" json:"prefix,omitempty"`
	// SHA256 is the hash of the whole key in hexadecimal.
	SHA256 string `yaml:"sha256" json:"sha256"`
	// Scopes are words that policies may ask for.
	Scopes []string `yaml:"scopes,omitempty" json:"scopes,omitempty"`
	// Tags are names of the tenant's tags, or words for policies.
	Tags []string `yaml:"tags,omitempty" json:"tags,omitempty"`
	// Account is the id of the key whose place this one takes, so that it goes on with that one's budgets and rates.
	Account string `yaml:"account,omitempty" json:"account,omitempty"`
	// ExpiresAt is like 2026-12-31T23:59:59Z.
	ExpiresAt string `yaml:"expires_at,omitempty" json:"expires_at,omitempty" jsonschema:"format=date-time"`
	// RevokedAt is like 2026-12-31T23:59:59Z.
	RevokedAt string `yaml:"revoked_at,omitempty" json:"revoked_at,omitempty" jsonschema:"format=date-time"`
	// Budgets hold for this key, beside the tenant's.
	Budgets []Budget `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	// Rates hold for this key, beside the tenant's.
	Rates []Rate `yaml:"rates,omitempty" json:"rates,omitempty"`
	// Concurrency is how many requests it may have under way at once; 0 is no limit.
	Concurrency int64 `yaml:"concurrency,omitempty" json:"concurrency,omitempty" jsonschema:"minimum=0"`
	// PerCall is USD that one request may cost at most.
	PerCall string `yaml:"per_call,omitempty" json:"per_call,omitempty" jsonschema:"oneof_type=string;number,example=0.50"`
	// Models hold for this key, beside the tenant's.
	Models Permit `yaml:"models,omitempty" json:"models,omitempty"`
}

// Permit lists model names or globs; deny wins, an empty allow permits all.
type Permit struct {
	Allow []string `yaml:"allow,omitempty" json:"allow,omitempty"`
	Deny  []string `yaml:"deny,omitempty" json:"deny,omitempty"`
}

// Budget caps money, or requests, over a period.
type Budget struct {
	// Kind is cap where nothing is said; credits are prepaid, free credit of a tenant burns first, a quota counts requests.
	Kind string `yaml:"kind,omitempty" json:"kind,omitempty" jsonschema:"enum=cap,enum=credits,enum=free,enum=quota"`
	// Limit is USD with at most six decimals; of a quota, a number of requests.
	Limit string `yaml:"limit" json:"limit" jsonschema:"oneof_type=string;number,example=50.00"`
	// Period is when it starts anew: in the tenant's time zone by the calendar, or counted from the anchor.
	Period string `yaml:"period" json:"period" jsonschema:"enum=hour,enum=day,enum=week,enum=month,enum=total"`
	// Anchor is a day or a moment that periods are counted from, such as when a subscription began.
	Anchor string `yaml:"anchor,omitempty" json:"anchor,omitempty" jsonschema:"example=2026-01-15"`
	// Soft reports that it is passed, and refuses nothing.
	Soft bool `yaml:"soft,omitempty" json:"soft,omitempty"`
	// Partial admits a request with what is left, and cuts the answer when that is used up.
	Partial bool `yaml:"partial,omitempty" json:"partial,omitempty"`
}

// Ceiling is what any tenant may have at most.
type Ceiling struct {
	// Budgets are caps and quotas, for each tenant.
	Budgets []Budget `yaml:"budgets,omitempty" json:"budgets,omitempty"`
	// Rates are for each tenant.
	Rates []Rate `yaml:"rates,omitempty" json:"rates,omitempty"`
	// Concurrency is how many requests each tenant may have under way at once; 0 is no limit.
	Concurrency int64 `yaml:"concurrency,omitempty" json:"concurrency,omitempty" jsonschema:"minimum=0"`
	// PerCall is USD that one request may cost at most.
	PerCall string `yaml:"per_call,omitempty" json:"per_call,omitempty" jsonschema:"oneof_type=string;number,example=5.00"`
}

// Rate caps requests or tokens in any window.
type Rate struct {
	// Limit is a number over a window: s, min, h, day, week or month (30 days).
	Limit string `yaml:"limit" json:"limit" jsonschema:"example=100/min"`
	// Unit is what is counted; requests where nothing is said.
	Unit string `yaml:"unit,omitempty" json:"unit,omitempty" jsonschema:"enum=requests,enum=tokens"`
}
