package audit

import (
	"encoding/json"
	"time"
)

// SchemaVersion is written into every record. It rises with any change of meaning.
const SchemaVersion = 2

// Record is one exchange in the trail. It holds no text of the exchange and no secret.
type Record struct {
	Schema   int    `json:"schema"`
	Trace    string `json:"trace"`
	Exchange string `json:"exchange"` // unique even where callers reuse a trace id
	// Traceparent is the W3C trace context that the exchange's span hangs below: Envoy's own where it traces, else the client's.
	Traceparent string    `json:"traceparent,omitempty"`
	Time        time.Time `json:"time"`
	Event       string    `json:"event"` // as the products name it: EXCHANGE, BUDGET_CAP_HARD, POLICY_DENIED, PII_REDACTED, ...
	Tenant      string    `json:"tenant,omitempty"`
	KeyID       string    `json:"key_id,omitempty"`
	KeyPrefix   string    `json:"key_prefix,omitempty"`
	Actor       string    `json:"actor,omitempty"`
	Session     string    `json:"session,omitempty"` // the client's own word for what belongs together
	Surface     string    `json:"surface,omitempty"`
	Method      string    `json:"method"`
	Path        string    `json:"path"` // normalised, without its query
	Client      string    `json:"client,omitempty"`

	ModelAsked  string `json:"model_asked,omitempty"`
	ModelServed string `json:"model_served,omitempty"`
	Provider    string `json:"provider,omitempty"`
	// ProviderKind is what the provider is, such as openai or anthropic.
	ProviderKind string `json:"provider_kind,omitempty"`
	Stream       bool   `json:"stream"`
	// Attempts are the providers that were sent the request, in turn. Several: those before the last failed.
	Attempts []Attempt `json:"attempts,omitempty"`

	Status         int    `json:"status"`          // what the client got; 0: it left before any
	UpstreamStatus int    `json:"upstream_status"` // 0: the provider was not reached
	Dialect        string `json:"dialect"`
	Code           string `json:"code,omitempty"` // canonical fault code, empty when allowed
	// Answer is the body that the client got where Weir answered in the provider's place, to the byte.
	Answer string `json:"answer,omitempty"`
	Ended  string `json:"ended"` // complete, refused, blocked, cut, client_gone, upstream_broken, failed, interrupted: Weir itself was killed
	// Finishes are why the choices of the answer ended, in the provider's words: stop, length, tool_calls.
	Finishes []string `json:"finish_reasons,omitempty"`

	Facts    json.RawMessage `json:"facts,omitempty"`    // policy.Facts as decided on: enough to replay
	Decision json.RawMessage `json:"decision,omitempty"` // policy.Decision
	Closing  json.RawMessage `json:"closing,omitempty"`  // policy.Closing
	// Candidate is what other policies, that were tried beside, would have decided; only where that is something else.
	Candidate json.RawMessage `json:"candidate,omitempty"`
	Findings  []Finding       `json:"findings,omitempty"`
	Edits     []string        `json:"edits,omitempty"`    // of the request: redact US_SSN 2, strip_tool shell, clamp_output 500, model gpt-4o
	Failures  []string        `json:"failures,omitempty"` // dependencies that failed, each with the mode used: "store:deny"

	InputTokens     int64 `json:"input_tokens"`
	OutputTokens    int64 `json:"output_tokens"`
	CachedTokens    int64 `json:"cached_tokens,omitempty"`    // of the input, that the provider had kept
	ReasoningTokens int64 `json:"reasoning_tokens,omitempty"` // of the output, that were not shown
	Estimated       bool  `json:"estimated,omitempty"`
	HeldMicro       int64 `json:"held_micro_usd"`
	CostMicro       int64 `json:"cost_micro_usd"`
	BilledMicro     int64 `json:"billed_micro_usd"`
	OverrunMicro    int64 `json:"overrun_micro_usd,omitempty"`
	// Settlement is what became of the hold: settled, released, owed where the ledger could not be written, or recovered where Weir was
	// killed and all of it was charged; empty without one.
	Settlement string       `json:"settlement,omitempty"`
	Budgets    []BudgetLeft `json:"budgets,omitempty"` // that the exchange stood in

	Restored   int `json:"restored,omitempty"`   // placeholders put back
	Unresolved int `json:"unresolved,omitempty"` // placeholder forms in the answer that named nothing

	TookMicros     int64 `json:"took_us"`     // from the first message to the record, microseconds
	RequestMicros  int64 `json:"request_us"`  // of it, until the request was forwarded or refused
	OursMicros     int64 `json:"ours_us"`     // time spent in Weir
	DetectMicros   int64 `json:"detect_us"`   // of it, the detectors on the request
	HoldMicros     int64 `json:"hold_us"`     // of it, taking the hold
	DecisionMicros int64 `json:"decision_us"` // of it, the decision of the policies
	UpstreamMicros int64 `json:"upstream_us"` // request forwarded to last byte
	FirstMicros    int64 `json:"first_us"`    // request forwarded to first event or body byte

	// Count is how many exchanges the record stands for, and Until when the last of them began: where callers without a key that
	// may be used come in crowds, those of one minute, address and code share a record. 0: it is one exchange.
	Count int64     `json:"count,omitempty"`
	Until time.Time `json:"until,omitzero"`

	// ContentSHA256 is the digest of what is kept of the exchange's text, sealed, where its tenant has that captured.
	ContentSHA256 string `json:"content_sha256,omitempty"`
	// ContentUntil is when that is removed.
	ContentUntil time.Time `json:"content_until,omitzero"`
	// Content is what is to be kept. It is not written here.
	Content *Content `json:"-"`

	// Known spares the trail reading Decision and Closing. It is not written. nil: they are read. Who sets it says, too, that Facts,
	// Decision, Closing and Candidate are JSON without blanks, as an encoder makes it.
	Known *Known `json:"-"`

	// Unidentified says that no key was accepted. It is not written; Crowd goes by it.
	Unidentified bool `json:"-"`
}

// Known is what a record is found by of its Decision and its Closing.
type Known struct {
	Rules   []string // that fired: FILE:LINE
	Shadows []string // codes of reasons that were only recorded
}

// BudgetLeft is where a budget stood when the hold was taken.
type BudgetLeft struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Period string `json:"period"`
	Left   int64  `json:"left"` // micro-USD; exchanges where Kind is quota or concurrency
	Soft   bool   `json:"soft,omitempty"`
	Over   bool   `json:"over,omitempty"` // a soft one that is passed
}

// Attempt is what became of one provider that was sent the request.
type Attempt struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Status   int    `json:"status,omitempty"` // 0: none came back
	// Failed is why it had no answer, or none to the end, by Envoy's own log: one of the words below. Empty: its status says it, or
	// Envoy does not send that log.
	Failed     string `json:"failed,omitempty"`
	TookMicros int64  `json:"took_micros,omitempty"` // of one that failed, by the same log; 0: not known
}

// Why an attempt failed.
const (
	FailedConnect  = "connect"  // no connection, or none in time
	FailedTLS      = "tls"      // none that both sides would speak over
	FailedTimeout  = "timeout"  // no headers in time
	FailedReset    = "reset"    // the provider closed or reset it
	FailedProtocol = "protocol" // what came is no HTTP
	FailedOverflow = "overflow" // too many requests were under way
	FailedNoHost   = "no_host"  // its name leads nowhere
	FailedCut      = "cut"      // nobody waited for it any more
)

// Finding is a group of findings of one type in one direction, without text.
type Finding struct {
	Direction string  `json:"direction"` // request or response
	Type      string  `json:"type"`
	Category  string  `json:"category"`
	Risk      string  `json:"risk_category,omitempty"` // such as privacy, security, safety
	Class     string  `json:"data_class,omitempty"`    // such as personal, financial, credential
	Severity  string  `json:"severity"`
	Score     float64 `json:"score"`
	Count     int     `json:"count"`
	Action    string  `json:"action"` // log, redact, block
	Rule      string  `json:"rule"`
	Place     string  `json:"place,omitempty"` // where the one with this score stands in the body: /messages/2/content
	// Sample is that one with all but its ends masked; only of tenants that have content captured.
	Sample string `json:"sample,omitempty"`
}
