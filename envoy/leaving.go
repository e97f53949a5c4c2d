package envoy

import (
	"maps"
	"slices"
	"time"
)

// Leaving are clusters that a configuration does not name any more, by name, kept for the requests that were decided on before and
// for their further attempts. T is what is kept of one. It is not safe for concurrent use.
type Leaving[T any] map[string]leaver[T]

type leaver[T any] struct {
	what  T
	keep  time.Duration // how long the attempts of one request may take
	until time.Time     // zero: requests may still be decided on with it
}

// Add keeps a cluster until requests that are decided on before Settled have had so long for their attempts.
func (l Leaving[T]) Add(name string, what T, keep time.Duration) {
	l[name] = leaver[T]{what: what, keep: keep}
}

// Settled says that from a time on no request is decided on with them.
func (l Leaving[T]) Settled(at time.Time) {
	for name, one := range l {
		if one.until.IsZero() {
			one.until = at.Add(one.keep)
			l[name] = one
		}
	}
}

// Tidy forgets those that have left by a time, and says whether there were any.
func (l Leaving[T]) Tidy(now time.Time) bool {
	before := len(l)
	maps.DeleteFunc(l, func(_ string, one leaver[T]) bool { return !one.until.IsZero() && !one.until.After(now) })
	return len(l) < before
}

// All is what is kept, in the order of names.
func (l Leaving[T]) All() []T {
	out := make([]T, 0, len(l))
	for _, name := range slices.Sorted(maps.Keys(l)) {
		out = append(out, l[name].what)
	}
	return out
}
