package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Provider is an upstream that serves models.
type Provider struct {
	Name       string
	Kind       string // one of Kinds
	BaseURL    string // scheme://host[:port][/prefix]
	Region     string
	Credential Credential
	// From says who issues the credential; then Credential is the file that it is kept in.
	From From
	// Caller says that the caller's own credential is sent, and none of Weir's.
	Caller bool
	// Surfaces are what it can be asked on, by the names of the surfaces; nil: what its kind says.
	Surfaces []string
	TLS      TLS
	// Inward lets BaseURL be a link-local address: those of clouds' metadata services are.
	Inward bool
}

// TLS says how a provider's certificate is checked, where BaseURL is https.
type TLS struct {
	CAFile     string // PEM file of the authorities it is signed by, as Envoy sees it; empty: those of the system
	ServerName string // the name it is for and that is asked for; empty: the host of BaseURL
}

// CallerHeaders are where a caller's own credential for the provider may stand. One for another vendor's header is not
// for this provider.
func (p Provider) CallerHeaders() []string {
	headers := []string{"authorization"}
	if h := vendorHeader(p.Kind); h != "authorization" {
		headers = append(headers, h)
	}
	return headers
}

// Located is the provider's name with a mark of where it is and whose credential it takes. Envoy knows it by that, so that
// a request which was decided on for one address never reaches another, whenever either side learns of a change. It is also
// the name of a file, and so of a member of a Kubernetes Secret: nothing but letters, digits, ".", "_" and "-" may stand in it.
func (p Provider) Located() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%t", p.BaseURL, p.Caller))
	return p.Name + "-" + hex.EncodeToString(sum[:locatedBytes])
}

// locatedBytes tell the addresses apart that one provider has in its life.
const locatedBytes = 4

// Credential says where a provider's secret is read from. Exactly one field is set; the value itself is never kept here.
type Credential struct {
	Env  string // environment variable
	File string // path
}

// MaxFallbacks is how many models may stand behind one.
const MaxFallbacks = 3

// MaxAttempts is how many providers one request is sent to at most.
const MaxAttempts = 3

// Model is a public model name, the provider that serves it, and its price.
type Model struct {
	Name          string   // what clients ask for; with * in it, every name that fits, and the provider is asked for the name itself
	Aliases       []string // other names for it
	Provider      string
	Upstream      string // what the provider calls it; empty: the same
	Price         Price
	ContextTokens int64 // 0: unknown
	OutputTokens  int64 // most output tokens the model can produce; 0: unknown
	// Fallbacks are models of other providers that are tried in this order where the model's own provider fails.
	Fallbacks []string
	// Routing says in which order all of them are tried.
	Routing Routing
	// Modalities are what it reads beside text: image, audio, file; nil: not known, so nothing is refused for it.
	Modalities []string
	// RetiresAt is when it stops being served; zero: never. From then on it is unknown.
	RetiresAt time.Time
}

// Rates are in micro-USD per million tokens, so that $2.50 per million is 2,500,000.
type Rates struct {
	Input   int64
	Cached  int64 // input that the provider had kept; 0: as Input
	Written int64 // input that it keeps from now on; 0: as Input
	Output  int64

	Reasoning int64 // output that is thought and not shown; 0: as Output
}

// The service tiers that have prices of their own.
const (
	Batch    = "batch"    // served when there is room, as batch and flex are
	Priority = "priority" // served before others
)

// Price is what a model costs, in micro-USD per million tokens.
type Price struct {
	Input   int64
	Cached  int64 // input that the provider had kept; 0: as Input
	Written int64 // input that it keeps from now on; 0: as Input
	Output  int64

	Reasoning int64 // output that is thought and not shown; 0: as Output
	Above     int64 // a request of more input tokens than this costs Long; 0: none does
	Long      Rates
	// Batch and Priority are the prices of service tiers, whatever the length of the input; zero: none of their own.
	Batch, Priority Rates

	Unknown bool // nobody said what it costs: a hard budget admits no call
}

// Candidate is one way to serve a request. Policy may strike candidates; it never adds one.
type Candidate struct {
	Provider string
	Located  string // the provider as Envoy knows it
	Kind     string
	Token    bool   // its credential is an OAuth access token
	Name     string // public name of the model
	Model    string // upstream name
	Region   string
	Path     string // prefix of the provider's base URL, put before the request path
	Price    Price
	Context  int64 // tokens of its context window; 0: unknown
	Output   int64 // most output tokens it can produce; 0: unknown
	// RetiresAt is when the model stops being served; zero: never.
	RetiresAt time.Time
}
