package webhook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"weir/policy/audit"
)

// The types of events that a hook may ask for.
const (
	Block        = "block"         // a policy refused a request, or an answer was not shown
	BudgetSoft   = "budget_soft"   // a soft budget is passed; once in its period
	BudgetHard   = "budget_hard"   // a budget, credit or quota refused a request; once in its period
	Breaker      = "breaker"       // a provider's breaker changed
	Quarantine   = "quarantine"    // a policy or an operator took an actor out of service, or an operator let it in again
	Suspension   = "suspension"    // an operator stopped a tenant, or let it go on
	PolicyReload = "policy_reload" // changed policies came into force, or were refused
)

// Types are the types of events.
func Types() []string {
	return []string{Block, BudgetSoft, BudgetHard, Breaker, Quarantine, Suspension, PolicyReload}
}

// Event is what happened.
type Event struct {
	Type   string
	At     time.Time
	Tenant string // empty: it is nobody's alone
	Data   Data
	Text   string // one line for people

	id    string    // the same for the same event, so that it is put in once; empty: a new one
	once  string    // what is not told again
	until time.Time // when it may be
}

// Data is what a message says of an event. It holds no text of an exchange.
type Data struct {
	Event    string   `json:"event,omitempty"` // as in the trail: BUDGET_CAP_HARD, PII_BLOCKED, ...
	Tenant   string   `json:"tenant,omitempty"`
	Key      string   `json:"key,omitempty"`
	Actor    string   `json:"actor,omitempty"`
	Trace    string   `json:"trace,omitempty"`
	Exchange string   `json:"exchange,omitempty"`
	Code     string   `json:"code,omitempty"`
	Status   int      `json:"status,omitempty"`
	Model    string   `json:"model,omitempty"`
	Rules    []string `json:"rules,omitempty"`    // that fired: FILE:LINE
	Findings []string `json:"findings,omitempty"` // DIRECTION TYPE COUNT ACTION
	Budget   string   `json:"budget,omitempty"`
	Left     *int64   `json:"left,omitempty"` // of the budget: micro-USD, or exchanges

	Provider string `json:"provider,omitempty"`
	State    string `json:"state,omitempty"`  // of a breaker; of an actor: quarantined or released; of a tenant: its status
	By       string `json:"by,omitempty"`     // the operator
	Reason   string `json:"reason,omitempty"` // as the operator gave it
	Policies string `json:"policies,omitempty"`
	Version  string `json:"version,omitempty"`
	Result   string `json:"result,omitempty"` // in_force or refused
}

// hardCodes are refusals by a budget.
var hardCodes = []string{"budget_exceeded", "credits_exhausted", "quota_exceeded"}

// passingCodes are refusals of a moment, which are no block.
var passingCodes = []string{"rate_exceeded", "concurrency_exceeded", "call_cost_exceeded", "policy_failed"}

// facts is what is read of a record's facts and of what was decided.
type facts struct {
	Budgets []struct {
		ID          string
		ResetMillis int64 `json:"reset_unix_milli"`
		Soft        bool
		Over        bool
		Refused     bool
	}
}

type decision struct {
	Allow bool
	Fired []struct {
		File string
		Line int
	}
	Obligations struct{ Quarantine bool }
}

// Of are the events that a record tells of.
func Of(r *audit.Record) []Event {
	var f facts
	var d, c decision
	_ = json.Unmarshal(r.Facts, &f) // what is not there tells of nothing
	_ = json.Unmarshal(r.Decision, &d)
	_ = json.Unmarshal(r.Closing, &c)
	var out []Event
	add := func(kind, text string, change func(*Event)) {
		e := Event{Type: kind, At: r.Time, Tenant: r.Tenant, Text: text, Data: dataOf(r, &d), id: r.Exchange + "/" + kind}
		if change != nil {
			change(&e)
		}
		out = append(out, e)
	}
	hard := slices.Contains(hardCodes, r.Code)
	decided := len(r.Decision) > 0
	if !hard && !slices.Contains(passingCodes, r.Code) && r.Code != "" && (decided && !d.Allow || r.Ended == "blocked") {
		add(Block, fmt.Sprintf("%s: a request of %s was refused with %s, trace %s", r.Event, r.Tenant, r.Code, r.Trace), nil)
	}
	for _, b := range f.Budgets {
		kind, text := BudgetSoft, "is passed"
		switch {
		case b.Refused && hard:
			kind, text = BudgetHard, "refuses requests"
		case !b.Soft || !b.Over:
			continue
		}
		add(kind, fmt.Sprintf("the budget %s of %s %s", b.ID, r.Tenant, text), func(e *Event) {
			e.Data.Budget = b.ID
			e.id += "/" + b.ID
			e.once, e.until = kind+" "+b.ID+fmt.Sprint(" ", b.ResetMillis), r.Time.Add(onceFor)
			if b.ResetMillis > 0 {
				e.until = time.UnixMilli(b.ResetMillis)
			}
			for _, left := range r.Budgets {
				if left.ID == b.ID {
					n := left.Left
					e.Data.Left = &n
				}
			}
		})
	}
	if c.Obligations.Quarantine && !slices.Contains(r.Failures, "quarantine:nobody") {
		add(Quarantine, fmt.Sprintf("a policy took an actor of %s out of service, trace %s", r.Tenant, r.Trace), func(e *Event) { e.Data.Rules, e.Data.State = rules(&c), quarantined })
	}
	return out
}

// onceFor is how long a budget that never starts anew is not told of again.
const onceFor = 30 * 24 * time.Hour

func rules(d *decision) []string {
	var out []string
	for _, f := range d.Fired {
		out = append(out, fmt.Sprintf("%s:%d", f.File, f.Line))
	}
	return out
}

func dataOf(r *audit.Record, d *decision) Data {
	out := Data{
		Event: r.Event, Tenant: r.Tenant, Key: r.KeyID, Actor: r.Actor, Trace: r.Trace, Exchange: r.Exchange, Code: r.Code, Status: r.Status, Rules: rules(d),
	}
	if len(r.Decision) > 0 { // else the model may be anything that a client said
		out.Model = r.ModelAsked
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, fmt.Sprintf("%s %s %d %s", f.Direction, f.Type, f.Count, f.Action))
	}
	return out
}

// body is a message as a hook takes it.
func (e *Event) body(slack bool) ([]byte, error) {
	if slack {
		return json.Marshal(struct {
			Text string `json:"text"`
		}{"Weir: " + slackEscapes.Replace(strings.Map(audit.Inert, e.Text))})
	}
	return json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      Data      `json:"data"`
		Text      string    `json:"text"`
	}{"weir." + e.Type, e.At.UTC(), e.Data, strings.Map(audit.Inert, e.Text)})
}

// slackEscapes are the characters that Slack's mrkdwn takes for something: its control characters, and what would make a name
// bold, code or a mention.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "∗", "`", "'", "~", "∼")
