package filter

import (
	"encoding/json"
	"fmt"
	"time"

	"weir/policy/audit"
	"weir/policy/ledger"
)

// What the record of an exchange says that ended with its process.
const (
	EventInterrupted = "EXCHANGE_INTERRUPTED"
	endedInterrupted = "interrupted"
	processKilled    = "process:killed"
	settledInFull    = "recovered"
)

// note is what is kept with a hold, so that a record can be written if the process dies before the exchange is over. It holds
// nothing that is not in every record.
type note struct {
	Trace       string    `json:"trace"`
	Traceparent string    `json:"traceparent,omitempty"`
	Time        time.Time `json:"time"`
	KeyID       string    `json:"key_id,omitempty"`
	KeyPrefix   string    `json:"key_prefix,omitempty"`
	Actor       string    `json:"actor,omitempty"`
	Session     string    `json:"session,omitempty"`
	Surface     string    `json:"surface,omitempty"`
	Method      string    `json:"method"`
	Path        string    `json:"path"`
	Client      string    `json:"client,omitempty"`
	ModelAsked  string    `json:"model_asked,omitempty"`
	Stream      bool      `json:"stream,omitempty"`
	Dialect     string    `json:"dialect"`
}

// note is that of the exchange as it is now; empty where it does not fit.
func (x *exchange) note() string {
	r := &x.record
	n := note{
		Trace: r.Trace, Traceparent: r.Traceparent, Time: r.Time, KeyID: r.KeyID, KeyPrefix: r.KeyPrefix, Actor: r.Actor, Session: r.Session,
		Method: r.Method, Path: r.Path, Client: r.Client, ModelAsked: r.ModelAsked, Stream: r.Stream, Dialect: x.dialect.Name(),
	}
	if x.match.Surface != nil {
		n.Surface = x.match.Surface.Name()
	}
	text := x.encoded(n)
	if len(text) > ledger.NoteBytes { // what a client chose is all that can be long
		n.Traceparent, n.Actor, n.Session, n.Path, n.ModelAsked = "", "", "", "", ""
		if text = x.encoded(n); len(text) > ledger.NoteBytes {
			return ""
		}
	}
	return string(text)
}

// Interrupted is the record of an exchange that ended with its process: what is known of it, and that its whole hold was charged. What
// the client got of it nobody knows.
func Interrupted(d *ledger.Died) (audit.Record, error) {
	var n note
	if err := json.Unmarshal([]byte(d.Note), &n); err != nil {
		return audit.Record{}, fmt.Errorf("reading the note of an exchange that died: %w", err)
	}
	return audit.Record{
		Schema: audit.SchemaVersion, Trace: n.Trace, Traceparent: n.Traceparent, Exchange: d.ID(), Time: n.Time, Event: EventInterrupted,
		Tenant: d.Tenant, KeyID: n.KeyID, KeyPrefix: n.KeyPrefix, Actor: n.Actor, Session: n.Session, Surface: n.Surface, Method: n.Method,
		Path: n.Path, Client: n.Client, ModelAsked: n.ModelAsked, Stream: n.Stream, Dialect: n.Dialect, Ended: endedInterrupted,
		Failures: []string{processKilled}, Estimated: true, HeldMicro: d.Amount, CostMicro: d.Amount, BilledMicro: d.Amount, Settlement: settledInFull,
	}, nil
}
