package fault

import "time"

// Fault is a refusal or a failure: one canonical code and the facts a dialect may want to tell. Every fact is
// optional; a dialect has words for the case that it is missing. No field ever holds text a client sent, other than
// Model and Field (bounded, printable), nor anything a detector matched.
type Fault struct {
	Code Code
	// Message is a policy author's own words, shown where the dialect's page lets a message vary.
	Message string
	Trace   string

	Model      string        // the model asked for
	Provider   string        // display name of the upstream, for example "OpenAI"
	Variable   string        // environment variable that would register the provider
	Field      string        // the parameter that is wrong
	Detail     string        // what was expected of Field, for example "must be between 0 and 2"
	Limit      int64         // the limit that was met, in Unit
	Unit       string        // requests, tokens, micro_usd, bytes, messages, characters
	Window     time.Duration // window of a rate
	Period     string        // period of a budget
	Remaining  int64
	ResetAt    time.Time     // when the limit allows again
	RetryAfter time.Duration // how long to wait; 0: waiting does not help
	Reason     string        // why a tenant is suspended: trial_ended, abuse, deletion_scheduled, manual
	Categories []string      // guardrail categories or finding types that fired, names only
	Upstream   int           // the provider's status
	Hint       string        // what that status usually means, in Weir's words
	Allow      []string      // permitted methods, for method_not_allowed
}

// Shape is what a dialect must know of the exchange to answer in its form.
type Shape struct {
	Surface string // openai.chat, anthropic.messages, ...; empty before it is known
	Stream  bool   // the client asked for a stream
	ID      string // id of the provider's answer; empty before there is one
	Model   string
	Created int64 // unix seconds
	Choices []int // choices that are open (stream) or exist (JSON)

	Blocks   []int // content blocks that are open in a stream of anthropic.messages
	Sequence int64 // sequence_number of the next record of a stream of openai.responses
}

// Answer is a whole HTTP answer, trace headers included. Whoever adds Dialect.Headers to it overwrites, never appends:
// the two agree where they overlap.
type Answer struct {
	Status  int
	Headers []Header // content-type first; no content-length
	Body    []byte
}

// Header is one response header.
type Header struct{ Name, Value string }

// Limits is where an exchange stands against its tightest request rate, for the headers of any answer, and what else
// some dialect tells in headers.
type Limits struct {
	Known     bool
	Limit     int64
	Remaining int64
	ResetAt   time.Time
	At        time.Time // when this was so; zero: a dialect that tells the time left leaves it out

	TokensKnown bool  // InputTokens was counted; set for a provider's answer, not for a refusal
	InputTokens int64 // tokens of the request as it was forwarded
}

// Asked is what a page may demand something of.
type Asked struct {
	Model  string                   // empty while only headers are known
	Header func(name string) string // nil where the headers were asked about before
}

// Dialect is how one product phrases faults. Implementations hold no state.
type Dialect interface {
	// Name is what a configuration calls it.
	Name() string
	// Answer phrases f as a complete answer.
	Answer(f Fault, s Shape) Answer
	// Ending phrases f as the last records of a stream that has begun: whole records, blank lines included.
	Ending(f Fault, s Shape) []byte
	// Blocked phrases an answer that was generated and may not be shown, as a complete answer: the refusal, or, where
	// the product has one, a reply in the provider's shape.
	Blocked(f Fault, s Shape) Answer
	// Headers are what the dialect adds to every answer, the provider's too.
	Headers(trace string, l Limits) []Header
	// Demand finds what the product's page asks of a request beyond its surface's own rules, where the request lacks it.
	Demand(a Asked) (Fault, bool)
	// Replies says that the product can answer a request refused with c in the provider's shape, through Blocked.
	Replies(c Code) bool
	// Bills says whether the tenant is billed for what was used by an exchange that ended with a code; "" is an answer
	// that was delivered whole.
	Bills(c Code) bool
	// PassesProviderErrors says that a provider's own error goes to the client to the byte.
	PassesProviderErrors() bool
	// Redacted is what stands for a value of a finding's type that nobody is to see again.
	Redacted(typ string) string
}
