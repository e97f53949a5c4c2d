package filter

import (
	"time"

	"weir/filter/fault"
)

// patience bounds how long a provider may take: until it begins, between two events of a stream, and in all. Each is a
// setting and a fault of its own.
type patience struct{ first, between, total *time.Timer }

// The names of the bounds, as records and metrics have them.
const (
	firstEvent    = "first_event"
	betweenEvents = "between_events"
	wholeAnswer   = "whole_answer"
)

// startWaiting begins to wait for an answer.
func (x *exchange) startWaiting() {
	x.patience.first = time.AfterFunc(x.limits.FirstEvent, func() { x.outOfPatience(firstEvent, x.limits.FirstEvent) })
	x.patience.total = time.AfterFunc(x.limits.WholeAnswer, func() { x.outOfPatience(wholeAnswer, x.limits.WholeAnswer) })
}

// heard says that an event of a stream has come: from the first on, the next is waited for.
func (x *exchange) heard() {
	if x.patience.between != nil {
		x.patience.between.Reset(x.limits.BetweenEvents)
		return
	}
	if x.patience.first != nil {
		x.patience.first.Stop()
	}
	x.patience.between = time.AfterFunc(x.limits.BetweenEvents, func() { x.outOfPatience(betweenEvents, x.limits.BetweenEvents) })
}

// stopWaiting ends all bounds.
func (x *exchange) stopWaiting() {
	for _, t := range [...]*time.Timer{x.patience.first, x.patience.between, x.patience.total} {
		if t != nil {
			t.Stop()
		}
	}
}

// outOfPatience answers for a provider that took too long. Nothing can be sent before Envoy has shown the response headers;
// until then Envoy's own time-outs hold.
func (x *exchange) outOfPatience(bound string, after time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase != holding && x.phase != following {
		return
	}
	x.now = x.server.parts.Clock()
	x.failed(bound, "deny")
	f := fault.Fault{Code: fault.ProviderTimeout, Provider: x.displayName(), Hint: map[string]string{
		firstEvent: "no event within " + after.String(), betweenEvents: "no further event within " + after.String(), wholeAnswer: "no end within " + after.String(),
	}[bound]}
	if err := x.refuse(f); err != nil {
		x.server.parts.Log.Error("answering a provider's time-out", "trace", x.trace, "error", err)
	}
}
