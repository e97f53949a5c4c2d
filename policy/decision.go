package policy

// Decision is what Rego makes of the facts.
type Decision struct {
	Allow      bool     `json:"allow"`      // no reason with mode enforce
	Reasons    []Reason `json:"reasons"`    // in the documented order of checks; the first enforced one is what the client hears
	Redact     []Redact `json:"redact"`     // what to take out of the request
	Flags      []string `json:"flags"`      // recorded, changes nothing
	Plan       Plan     `json:"plan"`       // what to do with the answer
	Candidates []int    `json:"candidates"` // indices into Facts.Candidates that may be used, in order
	Fired      []Rule   `json:"fired"`      // rules that spoke
	Version    string   `json:"version"`    // of the program that decided
	Outcome    string   `json:"outcome"`    // decided, undefined, error, timeout, conflict

	Obligations Obligations `json:"obligations,omitzero"` // what else to do about the request
}

// The outcomes of an evaluation. All but Decided deny with the code policy_failed, unless the tenant's
// settings.failure.policy is "allow".
const (
	Decided    = "decided"
	Undefined  = "undefined" // no rule gave a decision
	Errored    = "error"     // a built-in failed, or the facts or the decision have the wrong form
	TimedOut   = "timeout"   // the deadline of the context passed first
	Conflicted = "conflict"  // a complete rule had two values
)

// Mode says what a reason does.
type Mode string

// The modes. A code that settings.modes does not name is enforced. A code that is off leaves no trace in a Decision.
const (
	Enforce Mode = "enforce"
	Shadow  Mode = "shadow"
	Off     Mode = "off"
)

// Reason is why a request may not pass. Code is one of filter/fault's canonical codes.
type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"` // the policy author's words for the client
	Detail  string `json:"detail,omitempty"`  // for the trail: a budget id, a finding type, a rule's own note
	Mode    Mode   `json:"mode"`
}

// Redact takes every finding of Type out of the request.
type Redact struct {
	Type       string `json:"type"`
	Reversible bool   `json:"reversible"`
}

// Plan says what to do with what is found in the answer. A type's own entry wins over its category's; neither: log.
type Plan struct {
	Types      map[string]string `json:"types"`      // finding type -> log, redact, block
	Categories map[string]string `json:"categories"` // category -> log, redact, block
	Threshold  float64           `json:"threshold"`  // findings of injection and content below it are ignored
	Restore    bool              `json:"restore"`    // put the request's own values back

	PermitTools [][]string `json:"permit_tools,omitempty"` // a tool that is called must match each of these lists of names and globs
	DenyTools   []string   `json:"deny_tools,omitempty"`   // and none of these
	Arguments   string     `json:"arguments,omitempty"`    // log, redact, block: at least done about a finding in a tool call's arguments
	Characters  int64      `json:"characters,omitempty"`   // most text of one answer; 0: no bound
	Echo        bool       `json:"echo,omitempty"`         // personal data and secrets that stand in the request may stand in the answer
}

// Rule is one rule that fired, with where it stands.
type Rule struct {
	Name string `json:"name"` // its METADATA title, else its reference
	File string `json:"file"`
	Line int    `json:"line"`
}
