package filter

import (
	"context"
	"encoding/json"

	"weir/filter/fault"
	"weir/policy/audit"
	"weir/policy/detect"
	"weir/policy/provider"
)

// close ends the exchange whatever happened to it: one settle, one record, metrics. It runs in a context of its own,
// since the client may be gone.
func (x *exchange) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stopWaiting()
	x.stopHeld()
	x.server.metrics.live.Set(float64(x.server.live.Add(-1)))
	x.release(x.claimed)
	if !x.written {
		x.recordFailures()
	}
	x.server.attempts.leave(x)
	if x.report != nil {
		x.report(provider.Neither) // where nothing was told of it: the client left
	}
	if x.phase == opened && x.trace == "" {
		return // nothing ever arrived
	}
	x.conclude()
	x.bill()
	x.write()
	x.server.metrics.closed(x)
}

// bill ends the exchange's account. The ledger ends it once, however often it is asked.
func (x *exchange) bill() {
	if err := x.settle(); err != nil {
		x.record.Failures = append(x.record.Failures, "ledger:deny")
		x.server.metrics.failures.WithLabelValues("ledger", "deny").Inc()
		x.server.parts.Log.Error("closing the account of an exchange", "trace", x.trace, "error", err)
	}
}

// ahead puts a refusal on the trail before the client hears of it, so that none is known to a client and not to the trail,
// whatever dies meanwhile. Where no key was accepted that is not worth the wait: anybody could have it.
func (x *exchange) ahead() {
	if x.record.Code == "" || !x.identified {
		return
	}
	x.bill() // first, so that the record says what became of the hold
	x.holdTaken = false
	x.recordFailures()
	x.write()
}

// conclude says how an exchange ended that Envoy closed before its last answer.
func (x *exchange) conclude() {
	x.phase = over
	if x.record.Ended != "" {
		return
	}
	x.record.Ended = "client_gone"
	if f := x.answer.follower; f != nil && f.done {
		x.record.Ended = "complete" // clients hang up as soon as they have read the end marker
	}
}

// write puts the exchange on the trail, once.
func (x *exchange) write() {
	if x.written {
		return
	}
	x.written = true
	x.consider()
	r := &x.record
	r.Unidentified = !x.identified
	r.Finishes, r.Content = x.answer.finishes, x.content()
	r.TookMicros = x.since(x.began)
	if x.answer.forwarded.IsZero() {
		r.RequestMicros = r.TookMicros
	}
	ours := r.OursMicros
	defer func() { r.OursMicros = ours }()
	if x.handling { // what it takes is not added yet
		r.OursMicros += x.since(x.now)
	}
	r.Schema, r.Dialect = audit.SchemaVersion, x.dialect.Name()
	if x.match.Surface != nil {
		r.Surface = x.match.Surface.Name()
	}
	r.Findings = x.tally.groups()
	r.Event = x.event()
	r.Restored, r.Unresolved = x.tally.restored, x.tally.unresolved
	if !x.answer.forwarded.IsZero() {
		r.UpstreamMicros = x.server.parts.Clock().Sub(x.answer.forwarded).Microseconds()
		if !x.answer.firstByte.IsZero() {
			r.FirstMicros = x.answer.firstByte.Sub(x.answer.forwarded).Microseconds()
		}
	}
	if x.facts != nil {
		r.Facts, r.Decision = x.encoded(x.facts), x.encoded(x.decision)
	}
	ctx, cancel := x.detached()
	defer cancel()
	err := x.server.parts.Trail.Append(ctx, *r)
	x.server.unwritten.Store(err != nil)
	if err != nil {
		x.server.metrics.failures.WithLabelValues("trail", "deny").Inc()
		x.server.parts.Log.Error("writing the trail", "trace", x.trace, "error", err)
	}
}

// event names what happened as the products' trails do: a refusal by its code, else the strongest thing done about a finding.
func (x *exchange) event() string {
	if x.record.Code != "" {
		return fault.Code(x.record.Code).Event(x.answer.follower != nil)
	}
	event := fault.EventExchange
	for _, f := range x.record.Findings {
		switch {
		case f.Category == string(detect.PII) && f.Action == actRedact:
			return fault.EventPIIRedacted
		case f.Category == string(detect.PII):
			event = fault.EventPIIDetected
		case event == fault.EventExchange && (f.Category == string(detect.Injection) || f.Category == string(detect.Content)):
			event = fault.EventGuardrailFlagged
		}
	}
	return event
}

func (x *exchange) encoded(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		x.server.parts.Log.Error("encoding a record", "trace", x.trace, "error", err)
		return nil
	}
	return b
}

// detached is a context that the end of the gRPC stream does not cancel.
func (x *exchange) detached() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(x.out.Context()), x.limits.Close)
}
