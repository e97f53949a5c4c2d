package filter

import (
	"fmt"
	"time"

	"weir/filter/fault"
)

// HeldRule says what becomes of text that has waited for a decision past a bound.
type HeldRule string

// The rules.
const (
	// HeldCut ends the stream as one that broke: nothing that could be part of a match leaves.
	HeldCut HeldRule = "cut"
	// HeldRelease decides on the text as if it ended there: what is a match is dealt with, what only could become one leaves.
	HeldRelease HeldRule = "release"
	// HeldDrop leaves the text out; the stream ends as it would have.
	HeldDrop HeldRule = "drop"
)

// watchHeld starts the bound on how long text waits, where any does. One timer serves all that comes meanwhile.
func (x *exchange) watchHeld() {
	if x.waiting == nil && x.answer.follower.claimed > int64(x.answer.follower.decoder.Pending()) {
		x.waiting = time.AfterFunc(x.limits.HeldFor, x.heldTooLong)
	}
}

// stopHeld ends the bound on how long text waits.
func (x *exchange) stopHeld() {
	if x.waiting != nil {
		x.waiting.Stop()
		x.waiting = nil
	}
}

// heldTooLong applies the declared rule to text of which nothing has left for too long, and looks again when the next of it
// would have waited as long.
func (x *exchange) heldTooLong() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waiting = nil
	if x.phase != following {
		return
	}
	next, err := x.answer.follower.overdue(x.server.parts.Clock())
	if err == nil && x.phase == following {
		err = x.passEvents(false, false)
	}
	if err != nil {
		x.server.parts.Log.Error("letting held text go", "trace", x.trace, "error", err)
		return
	}
	if next > 0 && x.phase == following {
		x.waiting = time.AfterFunc(next, x.heldTooLong)
	}
}

// overdue deals with every channel whose text has waited too long, and says in how long the next one will have; 0: none
// waits.
func (f *follower) overdue(now time.Time) (next time.Duration, err error) {
	for _, c := range f.channels {
		if c.pending() == 0 {
			continue
		}
		if left := f.x.limits.HeldFor - now.Sub(c.since); left > 0 {
			if next == 0 || left < next {
				next = left
			}
			continue
		}
		f.x.server.metrics.heldOver.WithLabelValues("time", string(f.x.limits.HeldThen)).Inc()
		if f.x.limits.HeldThen != HeldRelease {
			return 0, f.x.refuse(fault.Fault{Code: fault.StreamBroken, Hint: "text held too long"})
		}
		if err := f.flushChannel(c); err != nil {
			return 0, err
		}
		if f.blocked != nil {
			return 0, f.x.block(blockedFault(*f.blocked))
		}
	}
	return next, nil
}

// heldTooMuch applies the declared rule to a channel that holds more than it may. It returns what leaves.
func (f *follower) heldTooMuch(c *channel) (string, error) {
	f.x.server.metrics.heldOver.WithLabelValues("bytes", string(f.x.limits.HeldThen)).Inc()
	if f.x.limits.HeldThen != HeldRelease {
		return "", fmt.Errorf("%w: %d bytes held on one channel", errBound, c.pending())
	}
	out, blocked := c.push(f.judge, "", true)
	if blocked != nil && f.blocked == nil {
		f.blocked = blocked
	}
	return out, nil
}
