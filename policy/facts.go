package policy

import "encoding/json"

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
}

// FindingFacts are all findings of one type in one direction.
type FindingFacts struct {
	Direction string   `json:"direction"` // request, or response
	Type      string   `json:"type"`
	Category  string   `json:"category"`
	Severity  string   `json:"severity"`
	Score     float64  `json:"score"` // the highest
	Count     int64    `json:"count"`
	Roles     []string `json:"roles"`
	Rules     []string `json:"rules"`
}

// CandidateFact is one way to serve the request.
type CandidateFact struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
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
	Address   string            `json:"address"`
	Principal string            `json:"principal"` // mTLS peer that Envoy verified
	Headers   map[string]string `json:"headers"`   // only those the operator selected
}

// ModelFacts say which models the tenant and the key permit.
type ModelFacts struct {
	TenantAllow []string `json:"tenant_allow"`
	TenantDeny  []string `json:"tenant_deny"`
	KeyAllow    []string `json:"key_allow"`
	KeyDeny     []string `json:"key_deny"`
}
