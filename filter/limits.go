package filter

import "time"

// The defaults of Limits. docs/RATIONALE.md says why each is what it is.
const (
	DefaultBodyBytes       = 32 << 20
	DefaultAnswerBytes     = 16 << 20
	DefaultHeldBytes       = 64 << 10
	DefaultEventBytes      = 1 << 20
	DefaultFirstEvent      = 5 * time.Minute
	DefaultDecision        = 50 * time.Millisecond
	DefaultStore           = 2 * time.Second
	DefaultClose           = 5 * time.Second
	DefaultConcurrentTotal = 10_000
)

// withDefaults fills what is not set.
func (l Limits) withDefaults() Limits {
	or(&l.BodyBytes, DefaultBodyBytes)
	or(&l.AnswerBytes, DefaultAnswerBytes)
	or(&l.HeldBytes, DefaultHeldBytes)
	or(&l.EventBytes, DefaultEventBytes)
	or(&l.FirstEvent, DefaultFirstEvent)
	or(&l.Decision, DefaultDecision)
	or(&l.Store, DefaultStore)
	or(&l.Close, DefaultClose)
	or(&l.ConcurrentTotal, DefaultConcurrentTotal)
	return l
}

func or[T int64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}
