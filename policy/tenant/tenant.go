package tenant

import (
	"time"

	"weir/policy/detect"
)

// Status says whether a tenant's traffic may pass at all.
type Status string

// The statuses. Anything but Active refuses every exchange of the tenant.
const (
	Active               Status = "active"
	Suspended            Status = "suspended"
	Inactive             Status = "inactive"
	OnboardingIncomplete Status = "onboarding_incomplete"
	PaymentFailed        Status = "payment_failed"
	SubscriptionCanceled Status = "subscription_canceled"
)

// Tenant is who pays. Values are immutable once they are part of a Snapshot.
type Tenant struct {
	ID              string
	Name            string
	Status          Status
	SuspendedReason string // trial_ended, abuse, deletion_scheduled, manual; empty unless Suspended
	Dialect         string // name of the fault dialect that phrases this tenant's refusals
	Settings        Settings
	Budgets         []Budget
	Rates           []Rate
	Address         []Rate // of each client address, within the tenant
	Concurrency     int64  // exchanges at once; 0: no limit
	PerCall         int64  // micro-USD that one exchange may cost; 0: no limit
	Ceiling         Ceiling
	Zone            *time.Location // whose calendar periods are of; nil: UTC
	CountRefused    bool           // a try that a rate of requests refuses counts in it
	Actors          Actors
	Tags            []Tag
	Models          Permit
	Secret          []byte // 32 bytes, keys the placeholders of reversible redaction; never logged
	Detectors       detect.Settings
	Retention       time.Duration // of its records in the trail; 0: what holds for everybody
	Capture         Capture
	Own             Own // credentials of its own for providers

	settingsJSON []byte          // Settings encoded, made once by NewSnapshot
	scanner      *detect.Scanner // of Detectors, made once by NewSnapshot; nil where they change nothing
}

// Capture says what of the text of its exchanges is kept, sealed with a key of the tenant's. The zero value keeps nothing.
type Capture struct {
	Request, Answer bool
	Whole           bool          // personal data and secrets, too; else [TYPE] stands for them
	For             time.Duration // how long; 0: DefaultCapture
}

// DefaultCapture is how long captured content is kept.
const DefaultCapture = 7 * 24 * time.Hour

// Kept is how long captured content is kept.
func (c Capture) Kept() time.Duration {
	if c.For <= 0 {
		return DefaultCapture
	}
	return c.For
}

// Key is what a caller presents. Only its SHA-256 is kept.
type Key struct {
	ID     string
	Tenant string
	Name   string
	Prefix string // the visible first characters, for example "gw_3f9a2c1b"
	Hash   [32]byte
	// Account is the id that its budgets and rates are kept under; "" is its own. A key that takes another's place
	// goes on with the other's account, so that rotation gives nobody a second budget.
	Account     string
	Scopes      []string
	Tags        []string // names of the tenant's tags, or words for policies
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	RevokedAt   time.Time // zero: not revoked
	Budgets     []Budget
	Rates       []Rate
	Concurrency int64 // exchanges at once; 0: no limit
	PerCall     int64 // micro-USD that one exchange may cost; 0: no limit
	Models      Permit
}

// AccountID is the id that the key's budgets and rates are kept under.
func (k *Key) AccountID() string {
	if k.Account != "" {
		return k.Account
	}
	return k.ID
}

// Permit is a list of model names or globs. Deny wins; an empty Allow permits all.
type Permit struct {
	Allow []string `json:"allow,omitempty" yaml:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty" yaml:"deny,omitempty"`
}

// Budget caps money over a period. Limit is in micro-USD.
type Budget struct {
	Kind    string    `json:"kind,omitempty"`    // one of the Kinds; empty is KindCap
	Limit   int64     `json:"limit_micro_usd"`   // exchanges for KindQuota
	Period  string    `json:"period"`            // hour, day, week, month, or total (never resets), in the tenant's time zone
	Anchor  time.Time `json:"anchor,omitzero"`   // what periods are counted from; zero: the calendar
	Soft    bool      `json:"soft"`              // true: reported when passed, never refuses
	Partial bool      `json:"partial,omitempty"` // admits what is left, and cuts the answer when that is used up
}

// The kinds of budgets.
const (
	KindCap     = "cap"     // what may be spent in a period
	KindCredits = "credits" // prepaid
	KindFree    = "free"    // credit that burns first, before caps and credits of the tenant
	KindQuota   = "quota"   // exchanges in a period
)

// Is says whether the budget is of a kind.
func (b Budget) Is(kind string) bool { return b.Kind == kind || b.Kind == "" && kind == KindCap }

// Ceiling is what the operator lets any tenant have. It refuses beside the tenant's own limits, so a tenant can only be
// tighter.
type Ceiling struct {
	Budgets     []Budget
	Rates       []Rate
	Concurrency int64
	PerCall     int64
}

// Rate caps requests or tokens in any window of the given length.
type Rate struct {
	Limit  int64         `json:"limit"`
	Window time.Duration `json:"window"`
	Unit   string        `json:"unit"` // requests or tokens
}

// Action is what to do about a finding.
type Action string

// The actions, weakest first. Redact is reversible or not by PIISettings.Reversible.
const (
	Log    Action = "log"
	Redact Action = "redact"
	Block  Action = "block"
)

// Settings are the numbers and switches a policy reads as input.settings. They never hold a secret.
type Settings struct {
	PII        PIISettings       `json:"pii"`
	Secrets    DirectionActions  `json:"secrets"`
	Guardrails GuardrailSettings `json:"guardrails"`
	Limits     LimitSettings     `json:"limits"`

	Tools      ToolSettings       `json:"tools,omitzero"`
	Hours      HourSettings       `json:"hours,omitzero"`
	Regions    ListSettings       `json:"regions,omitzero"`   // of the providers that may serve
	Addresses  ListSettings       `json:"addresses,omitzero"` // networks that clients may call from
	Scopes     map[string]string  `json:"scopes,omitempty"`   // surface, or * -> the scope a key must have
	Answer     AnswerSettings     `json:"answer,omitzero"`
	Quarantine QuarantineSettings `json:"quarantine,omitzero"`

	// SegmentTextBytes lets policies see the text of requests, so many bytes of each; 0: none, which is the default.
	SegmentTextBytes int64 `json:"segment_text_bytes,omitempty"`

	State string `json:"state,omitempty"` // what a vendor keeps, referred to by a request: StateRefuse or StateAllow; empty: refuse

	Modes   map[string]string `json:"modes"`   // reason code -> enforce, shadow or off; default enforce
	Failure map[string]string `json:"failure"` // policy, detector, store -> deny or allow; default deny
	Labels  map[string]string `json:"labels"`
	// Lease bounds what passes while the store is down, where Failure allows that. It is no matter of policies.
	Lease LeaseSettings `json:"-"`
	// Billing is what is charged for what a provider costs. It is no matter of policies.
	Billing Billing `json:"-"`
	// BlockedRequest says how a request that a policy blocks is answered where the dialect leaves a choice.
	BlockedRequest string `json:"blocked_request"`
}

// LeaseSettings bound what a tenant uses on one Weir while the store is down. Nothing passes where one of them is 0.
type LeaseSettings struct {
	Amount   int64 // micro-USD
	Requests int64
}

// MaxSegmentTextBytes is the most text of one request that policies may see.
const MaxSegmentTextBytes = 1 << 20

// What BlockedRequest may be.
const (
	Refuse = "refuse" // with the refusal's own status; the default
	Reply  = "reply"  // with an answer in the provider's shape that says no
)

// PIISettings say what happens to personal data in either direction.
type PIISettings struct {
	DirectionActions
	Types      map[string]Action `json:"types"`      // finding type -> action, over Request and Response
	Reversible bool              `json:"reversible"` // redact with placeholders that are restored in the answer
}

// DirectionActions are an action for what goes to the provider and one for what comes back.
type DirectionActions struct {
	Request  Action `json:"request"`
	Response Action `json:"response"`
}

// GuardrailSettings say what happens to injection and content findings at or over Threshold (0..1).
type GuardrailSettings struct {
	DirectionActions
	Threshold  float64            `json:"threshold"`
	Thresholds map[string]float64 `json:"thresholds,omitempty"` // by the role a text speaks for, in place of Threshold
	Categories map[string]Action  `json:"categories"`
}

// TextRoles are whom a text can speak for: system and developer instructions, the user, the model, what a tool
// returned, and what is offered to the model (tools and schemas).
var TextRoles = []string{"system", "user", "assistant", "tool", "offer"}

// Least is the threshold for texts of a role.
func (g *GuardrailSettings) Least(role string) float64 {
	if t, ok := g.Thresholds[role]; ok {
		return t
	}
	return g.Threshold
}

// LimitSettings bound one request; 0 means no limit.
type LimitSettings struct {
	InputTokens   int64 `json:"input_tokens"`
	Messages      int64 `json:"messages"`
	MessageLength int64 `json:"message_length"` // characters in the longest message
	OutputTokens  int64 `json:"output_tokens"`  // injected where the client sets none, clamped where it asks for more
}

// The states of a key.
const (
	KeyActive  = "active"
	KeyRevoked = "revoked"
	KeyExpired = "expired"
)

// State says whether the key may be used at a moment, as Snapshot.Resolve judges it.
func (k *Key) State(at time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return KeyRevoked
	case !k.ExpiresAt.IsZero() && !at.Before(k.ExpiresAt):
		return KeyExpired
	}
	return KeyActive
}
