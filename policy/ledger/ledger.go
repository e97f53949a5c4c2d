package ledger

import (
	"context"
	"time"
)

// Budget is one cap a hold is checked against. The same ID names the same account for ever.
type Budget struct {
	ID     string // for example "tenant/acme/month"
	Scope  string // tenant, key, actor
	Limit  int64  // micro-USD
	Period string // hour, day, week, month, total
	Soft   bool
}

// Rate is one limit a hold is checked against: never more than Limit units in any window of that length.
type Rate struct {
	ID     string
	Scope  string
	Limit  int64
	Window time.Duration
	Unit   string // requests or tokens
}

// Hold asks for the most an exchange can use, over all its budgets and rates at once, all or nothing.
type Hold struct {
	Exchange string // unique id; a second Hold with the same id returns the first one's grant
	Tenant   string
	At       time.Time
	Amount   int64 // micro-USD, the upper bound
	Tokens   int64 // upper estimate, for token rates
	Budgets  []Budget
	Rates    []Rate
}

// Grant is the answer to a Hold: whether it was taken, and where every budget and rate stands after it.
type Grant struct {
	Granted bool
	Budgets []BudgetState
	Rates   []RateState
}

// BudgetState is one budget after a Hold. Amounts are micro-USD.
type BudgetState struct {
	Budget
	Spent   int64
	Held    int64
	ResetAt time.Time // zero for period total
	Refused bool      // this budget is why the hold was not granted
	Over    bool      // a soft limit is passed
}

// RateState is one rate after a Hold. RetryAfter is how long until the same Hold would pass it; 0 unless Refused.
type RateState struct {
	Rate
	Used       int64
	Remaining  int64
	ResetAt    time.Time
	RetryAfter time.Duration
	Refused    bool
}

// Use is what an exchange really used.
type Use struct {
	Exchange     string
	At           time.Time
	Cost         int64 // micro-USD the provider charges
	Billed       int64 // micro-USD the tenant is charged
	InputTokens  int64
	OutputTokens int64
	Estimated    bool // no usage came from the provider
}

// Settled says what a settle did. Overrun is what was billed beyond the hold, micro-USD.
type Settled struct {
	First   bool // false: this exchange was settled or released before; nothing changed
	Overrun int64
}

// Ledger is the account of use. Every exchange that got a grant ends in exactly one Settle or Release.
type Ledger interface {
	Hold(ctx context.Context, h Hold) (Grant, error)
	Settle(ctx context.Context, u Use) (Settled, error)
	Release(ctx context.Context, exchange string) error
}
