package ledger

import "time"

// Kind is what a budget limits, and so what the client is told when it refuses.
type Kind string

// The kinds of budgets.
const (
	// Cap is a limit of what may be spent in a period.
	Cap Kind = ""
	// Credits are prepaid: like Cap, but what is refused is told as credit that is used up.
	Credits Kind = "credits"
	// Free is credit that burns first: what it pays is not charged to the Cap and Credits budgets of the same Scope. It
	// never refuses. A hold has at most one.
	Free Kind = "free"
	// Quota counts exchanges: Limit of them in a period. One that is released is not counted.
	Quota Kind = "quota"
	// Concurrency counts exchanges that are open: at most Limit at once. It has no period.
	Concurrency Kind = "concurrency"
	// Call bounds the amount of a single hold. It has no period and no account.
	Call Kind = "call"
)

// String is the kind's name, where the zero value has one too.
func (k Kind) String() string {
	if k == Cap {
		return "cap"
	}
	return string(k)
}

// Money says whether a budget of this kind has micro-USD in its account, and not exchanges.
func (k Kind) Money() bool { return k == Cap || k == Credits || k == Free }

// The scopes a budget or rate is said to be of. They are words for people and for policies; Scope also ties Free credit
// to what it spares.
const (
	ScopeTenant   = "tenant"
	ScopeKey      = "key"
	ScopeActor    = "actor"
	ScopeTag      = "tag"
	ScopeOperator = "operator" // a ceiling that a tenant can only tighten: it refuses beside the tenant's own
	ScopeAddress  = "address"
)

// Budget is one limit a hold is checked against. The same ID names the same account of a tenant for ever, whatever
// becomes of its Limit; a change of Period, Zone or Anchor begins new periods, and so new accounts.
type Budget struct {
	ID      string // for example "tenant/acme/month"
	Scope   string
	Kind    Kind
	Limit   int64          // micro-USD; exchanges for Quota and Concurrency
	Period  string         // hour, day, week, month, total; empty for Concurrency and Call
	Zone    *time.Location // whose calendar the period is of; nil is UTC
	Anchor  time.Time      // periods are counted from here, in both directions; zero: they are those of the calendar
	Soft    bool           // reports that it is passed, and refuses nothing
	Partial bool           // admits a hold of what is left where that is less than what is asked (Cap and Credits)
}

// BudgetState is one budget after a Hold, in the unit of its Limit.
type BudgetState struct {
	Budget
	Spent   int64 // settled, with overrun, since that is what counts against the limit
	Held    int64
	ResetAt time.Time // zero for period total, Concurrency and Call
	Refused bool      // this budget is why the hold was not granted
	Over    bool      // a soft limit is passed
}

// Left is what may still be held, never negative.
func (s BudgetState) Left() int64 {
	if s.Kind == Call {
		return s.Limit
	}
	return max(s.Limit-s.Spent-s.Held, 0)
}

// account is the state of a budget in one period, as the store has it.
type account struct {
	n                      int64 // its row in SQLite; 0: there is none yet
	id                     string
	start, end             int64 // unix milliseconds; 0 for total
	settled, overrun, held int64
	cost                   int64 // known in SQLite only, as is the next
	changed                bool  // and not written yet
}

// used is what counts against a limit.
func (a *account) used() int64 { return a.settled + a.overrun }

// accounts lists the accounts a hold touches, each once however often its budget is named.
func (h *Hold) accounts() []*account {
	out := make([]*account, 0, len(h.Budgets))
	for i := range h.Budgets {
		b := &h.Budgets[i]
		if b.Kind == Call || accountOf(out, b.ID) != nil {
			continue
		}
		start, end, _ := b.period(h.At)
		out = append(out, &account{id: b.ID, start: milli(start), end: milli(end)})
	}
	return out
}

func accountOf(list []*account, id string) *account {
	for _, a := range list {
		if a.id == id {
			return a
		}
	}
	return nil
}
