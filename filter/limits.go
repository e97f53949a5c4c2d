package filter

import (
	"time"

	"weir/filter/fault"
)

// The defaults of Limits. docs/RATIONALE.md says why each is what it is.
const (
	DefaultBodyBytes       = 32 << 20
	DefaultAnswerBytes     = 16 << 20
	DefaultHeldBytes       = 64 << 10
	DefaultHeldFor         = time.Minute
	DefaultHeldThen        = HeldCut
	DefaultHeldBroken      = HeldRelease
	DefaultEventBytes      = 1 << 20
	DefaultFirstEvent      = 5 * time.Minute
	DefaultBetweenEvents   = 5 * time.Minute
	DefaultWholeAnswer     = time.Hour
	DefaultDecision        = 50 * time.Millisecond
	DefaultStore           = 2 * time.Second
	DefaultClose           = 5 * time.Second
	DefaultConcurrentTotal = 10_000
	DefaultInFlightBytes   = 1 << 30
)

// EditRoom is how much longer than Limits.BodyBytes a body may be that Weir hands back to Envoy: placeholders are longer than
// what they stand for. Envoy's own bound of a body is to be as much higher; what a client sends beyond BodyBytes is Weir's to
// refuse.
const EditRoom = 512 << 10

// withDefaults fills what is not set.
func (l Limits) withDefaults() Limits {
	or(&l.BodyBytes, DefaultBodyBytes)
	or(&l.AnswerBytes, DefaultAnswerBytes)
	or(&l.HeldBytes, DefaultHeldBytes)
	or(&l.HeldFor, DefaultHeldFor)
	or(&l.HeldThen, DefaultHeldThen)
	or(&l.HeldBroken, DefaultHeldBroken)
	or(&l.EventBytes, DefaultEventBytes)
	or(&l.FirstEvent, DefaultFirstEvent)
	or(&l.BetweenEvents, DefaultBetweenEvents)
	or(&l.WholeAnswer, DefaultWholeAnswer)
	or(&l.Decision, DefaultDecision)
	or(&l.Store, DefaultStore)
	or(&l.Close, DefaultClose)
	or(&l.ConcurrentTotal, DefaultConcurrentTotal)
	or(&l.InFlightBytes, DefaultInFlightBytes)
	return l
}

// or fills a value that is not set: zero, empty or negative.
func or[T int64 | time.Duration | HeldRule](v *T, d T) {
	var zero T
	if *v <= zero {
		*v = d
	}
}

// claim counts bytes that are kept in memory for the exchange: its request, a JSON answer, the event of a stream that
// is not complete, text that is held. Beyond the bound over all exchanges it counts nothing and says so.
func (x *exchange) claim(n int64) (fault.Fault, bool) {
	if x.server.inFlight.Add(n) > x.limits.InFlightBytes {
		x.server.inFlight.Add(-n)
		x.server.metrics.refused.Inc()
		return fault.Fault{Code: fault.Overloaded, RetryAfter: time.Second}, true
	}
	x.claimed += n
	return fault.Fault{}, false
}

// release gives claimed bytes back.
func (x *exchange) release(n int64) {
	x.server.inFlight.Add(-n)
	x.claimed -= n
}
