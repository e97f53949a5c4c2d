package provider

// Provider is an upstream that serves models.
type Provider struct {
	Name       string
	Kind       string // openai, anthropic, or openai-compatible
	BaseURL    string // scheme://host[:port][/prefix]
	Region     string
	Credential Credential
	// Caller says that the caller's own credential is sent, and none of Weir's.
	Caller bool
}

// CallerHeaders are where a caller's own credential for the provider may stand. One for another vendor's header is not
// for this provider.
func (p Provider) CallerHeaders() []string {
	if p.Kind == "anthropic" {
		return []string{"authorization", "x-api-key"}
	}
	return []string{"authorization"}
}

// Credential says where a provider's secret is read from. Exactly one field is set; the value itself is never kept here.
type Credential struct {
	Env  string // environment variable
	File string // path
}

// Model is a public model name, the provider that serves it, and its price.
type Model struct {
	Name          string // what clients ask for
	Provider      string
	Upstream      string // what the provider calls it; empty: the same
	Price         Price
	ContextTokens int64 // 0: unknown
	OutputTokens  int64 // most output tokens the model can produce; 0: unknown
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
	Model    string // upstream name
	Region   string
	Route    string // the Envoy cluster that leads there
	Path     string // prefix of the provider's base URL, put before the request path
	Price    Price
	Context  int64 // tokens of its context window; 0: unknown
}
