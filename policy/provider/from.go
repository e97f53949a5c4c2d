package provider

// From says who issues a provider's credential, where it is not simply read. At most one member is set.
type From struct {
	OAuth  *OAuth
	Google *Google
	KV     *KV
	AWS    *AWS
}

// AWS has Envoy sign requests (Signature Version 4) with credentials that Envoy itself reads: Weir never has them.
type AWS struct {
	Service string // its name in signatures: bedrock
	Region  string
	File    string // credentials file, as Envoy sees it; empty: Envoy's environment, or the role of its machine
	Profile string // in the file; empty: default
}

// IsZero says that nobody issues it.
func (f From) IsZero() bool { return f == From{} }

// Token says that what is issued is an OAuth access token: it stands in Authorization, whatever the kind of provider.
func (f From) Token() bool { return f.OAuth != nil || f.Google != nil }

// OAuth asks a token endpoint for client credentials (RFC 6749, section 4.4), as Microsoft Entra ID has them.
type OAuth struct {
	TokenURL string
	ClientID string
	Secret   Credential // the client's
	Scopes   []string
}

// Google asks for a token with the key of a service account (RFC 7523).
type Google struct {
	Key    Credential // the JSON of the key
	Scopes []string
}

// KV reads a field of a secret in HashiCorp Vault's key-value store, version 2.
type KV struct {
	Address string // http(s)://host:port
	Token   Credential
	Path    string // mount/data/name, as its HTTP API has it
	Field   string
}
