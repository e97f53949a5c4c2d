package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Facts are everything measured before the one enforcing decision. They are the whole input of a policy: no clock,
// no network, no store behind them, so a decision can be made again from a record of its facts.
type Facts struct {
	Schema     int             `json:"schema"`
	Phase      string          `json:"phase"` // request, or close
	Time       Time            `json:"time"`
	Identity   Identity        `json:"identity"`
	Request    RequestFacts    `json:"request"`
	Findings   []FindingFacts  `json:"findings"`
	Candidates []CandidateFact `json:"candidates"`
	Tokens     TokenFacts      `json:"tokens"`
	Rates      []RateFacts     `json:"rates"`
	Budgets    []BudgetFacts   `json:"budgets"`
	Client     ClientFacts     `json:"client"`
	Settings   json.RawMessage `json:"settings"` // tenant.Settings
	Models     ModelFacts      `json:"models"`
	Answer     *AnswerFacts    `json:"answer,omitempty"` // in the phase close alone
	Text       *TextFacts      `json:"text,omitempty"`   // only where the tenant's settings let policies see it
}

// FactsSchema is the version of Facts that this build writes.
const FactsSchema = 1

// Time is the moment of the exchange, UTC.
type Time struct {
	UnixMilli int64  `json:"unix_milli"`
	Weekday   string `json:"weekday"` // monday ... sunday
	Hour      int    `json:"hour"`    // 0..23
	Minute    int    `json:"minute"`
}

// Identity is who is calling.
type Identity struct {
	Tenant  string            `json:"tenant"`
	Key     string            `json:"key"`
	Scopes  []string          `json:"scopes"`
	Actor   string            `json:"actor"`
	Session string            `json:"session"`
	Tags    []string          `json:"tags"`
	Labels  map[string]string `json:"labels"`
}

// RequestFacts describe what is asked, never its text.
type RequestFacts struct {
	Surface      string             `json:"surface"`
	Method       string             `json:"method"`
	Path         string             `json:"path"`
	Model        string             `json:"model"`
	Stream       bool               `json:"stream"`
	Bytes        int64              `json:"bytes"`
	Messages     int64              `json:"messages"`
	LongestChars int64              `json:"longest_chars"`
	Roles        map[string]int64   `json:"roles"` // segments by role
	Tools        []string           `json:"tools"`
	ToolCalls    []string           `json:"tool_calls"`
	Parameters   map[string]float64 `json:"parameters"`
	Media        []string           `json:"media"` // kinds of parts that are no text: image_url, input_audio, file
	User         string             `json:"user"`  // whom the body names: a label that anybody can write, never who pays or is let in
}

// TextFacts are the text of a request, for tenants whose settings let policies see it. What is written down of it is only how
// much there was: no record, log or explanation holds Segments, since no encoder sees them.
type TextFacts struct {
	Count    int64         `json:"count"` // of segments that were shown
	Cut      bool          `json:"cut"`   // there was more than the bound lets through
	Segments []SegmentFact `json:"-"`
}

// SegmentFact is one piece of text of the request, in the order of the body.
type SegmentFact struct {
	Role  string `json:"role"`
	Place string `json:"place"` // JSON pointer
	Text  string `json:"text"`
}

// Kept says whether the text that the policies saw is here. In facts from a record it never is.
func (t *TextFacts) Kept() bool { return t == nil || int64(len(t.Segments)) == t.Count }

// FindingFacts are all findings of one type in one direction.
type FindingFacts struct {
	Direction    string  `json:"direction"` // request, or response
	Type         string  `json:"type"`
	Category     string  `json:"category"`
	DataClass    string  `json:"data_class"`    // such as personal, financial, credential; may be empty
	RiskCategory string  `json:"risk_category"` // such as privacy, security, safety; may be empty
	Severity     string  `json:"severity"`
	Score        float64 `json:"score"` // the highest
	Count        int64   `json:"count"`

	Scores map[string]float64 `json:"scores,omitempty"` // the highest by the role of the text
	Roles  []string           `json:"roles"`
	Rules  []string           `json:"rules"`
}

// CandidateFact is one way to serve the request.
type CandidateFact struct {
	Provider string `json:"provider"`
	Name     string `json:"name"`  // of the model, as clients ask for it and lists of models have it
	Model    string `json:"model"` // what the provider calls it
	Region   string `json:"region"`
}

// TokenFacts are what the request may use.
type TokenFacts struct {
	InputEstimate int64 `json:"input_estimate"`
	InputBound    int64 `json:"input_bound"`
	OutputLimit   int64 `json:"output_limit"`
}

// RateFacts are one rate as the store answered.
type RateFacts struct {
	ID           string `json:"id"`
	Scope        string `json:"scope"`
	Unit         string `json:"unit"`
	Limit        int64  `json:"limit"`
	WindowMillis int64  `json:"window_ms"`
	Remaining    int64  `json:"remaining"`
	RetryMillis  int64  `json:"retry_after_ms"`
	Refused      bool   `json:"refused"`
}

// BudgetFacts are one budget as the store answered: micro-USD, or exchanges where the kind is quota or concurrency.
type BudgetFacts struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"` // cap, credits, free, quota, concurrency, call
	Scope       string `json:"scope"`
	Period      string `json:"period"`
	Limit       int64  `json:"limit_micro_usd"`
	Spent       int64  `json:"spent_micro_usd"`
	Held        int64  `json:"held_micro_usd"`
	ResetMillis int64  `json:"reset_unix_milli"`
	Soft        bool   `json:"soft"`
	Over        bool   `json:"over"`
	Refused     bool   `json:"refused"`
}

// ClientFacts are where the call came from.
type ClientFacts struct {
	Address    string            `json:"address"`
	Principal  string            `json:"principal"`  // mTLS peer that Envoy verified
	Headers    map[string]string `json:"headers"`    // only those the operator selected, by lower-case name
	Attributes map[string]string `json:"attributes"` // Envoy's own, only those it was asked for
}

// ModelFacts say which models the tenant and the key permit. A list that is empty is absent.
type ModelFacts struct {
	TenantAllow []string `json:"tenant_allow,omitempty"`
	TenantDeny  []string `json:"tenant_deny,omitempty"`
	KeyAllow    []string `json:"key_allow,omitempty"`
	KeyDeny     []string `json:"key_deny,omitempty"`
}

// AnswerFacts are what became of the exchange, for the closing evaluation.
type AnswerFacts struct {
	Status         int      `json:"status"`          // what the client got; 0: it left before any
	UpstreamStatus int      `json:"upstream_status"` // 0: the provider was not reached
	Provider       string   `json:"provider"`
	Model          string   `json:"model"` // that served
	FinishReasons  []string `json:"finish_reasons"`
	ToolsCalled    []string `json:"tools_called"`
	Code           string   `json:"code"`  // of the refusal, empty where there was none
	Ended          string   `json:"ended"` // complete, refused, blocked, cut, client_gone, upstream_broken, failed
	InputTokens    int64    `json:"input_tokens"`
	OutputTokens   int64    `json:"output_tokens"`
	Cost           int64    `json:"cost_micro_usd"`
	Estimated      bool     `json:"estimated"` // the provider reported no usage
}

// ReadFacts reads facts as the trail keeps them, or as somebody wrote them by hand: a member that does not exist is an
// error, what is left out is empty, and schema, phase and settings have their usual values. Text by hand has its segments,
// as {"text": {"segments": [{"role": "user", "text": "..."}]}}.
func ReadFacts(text []byte) (*Facts, error) {
	written := struct {
		Facts
		Text *struct {
			Count    int64         `json:"count"`
			Cut      bool          `json:"cut"`
			Segments []SegmentFact `json:"segments"`
		} `json:"text"`
	}{Facts: Facts{Schema: FactsSchema, Phase: "request", Settings: json.RawMessage("{}")}}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&written); err != nil {
		return nil, fmt.Errorf("reading facts: %w", err)
	}
	f := written.Facts
	if t := written.Text; t != nil {
		f.Text = &TextFacts{Count: max(t.Count, int64(len(t.Segments))), Cut: t.Cut, Segments: t.Segments}
	}
	return &f, nil
}
