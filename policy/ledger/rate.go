package ledger

import "time"

// The units of a rate.
const (
	Requests = "requests"
	Tokens   = "tokens"
)

// Rate is one limit a hold is checked against: never more than Limit units in any window of that length.
type Rate struct {
	ID     string
	Scope  string
	Limit  int64
	Window time.Duration
	Unit   string // requests or tokens
	Tries  bool   // a refused try counts as a request too, so a client that does not wait stays refused
}

// RateState is one rate after a Hold. RetryAfter is how long until the same Hold would pass it; 0 unless Refused.
type RateState struct {
	Rate
	Used       int64
	Remaining  int64
	ResetAt    time.Time // when all of the limit is free again
	RetryAfter time.Duration
	Refused    bool
}

// window is the state of a rate, as the store has it.
type window struct {
	Rate
	*usage // in SQLite
	now    int64
	units  int64 // what the hold asks for
}

func (w *window) millis() int64 { return w.Window.Milliseconds() }

// windows lists the rates a hold touches, each once however often it is named. What is counted in tries is so for all.
func (h *Hold) windows() []*window {
	out := make([]*window, 0, len(h.Rates))
	for _, r := range h.Rates {
		if v := windowOf(out, r.ID); v != nil {
			v.Tries = v.Tries || r.Tries
			continue
		}
		v := &window{Rate: r, units: h.Tokens}
		if r.Unit == Requests {
			v.units = 1
		}
		out = append(out, v)
	}
	return out
}

func windowOf(list []*window, id string) *window {
	for _, v := range list {
		if v.ID == id {
			return v
		}
	}
	return nil
}

// standing is what a window answers about itself.
type standing struct {
	used    int64
	clear   int64         // unix milliseconds
	wait    time.Duration // where the rate refused
	refused bool
}

// state tells one rate of a hold; w is where its window stands.
func (r Rate) state(w standing, granted bool) RateState {
	s := RateState{Rate: r, Used: w.used, Remaining: max(r.Limit-w.used, 0), ResetAt: time.UnixMilli(w.clear).UTC()}
	if !granted && w.refused {
		s.Refused, s.RetryAfter = true, w.wait
	}
	return s
}
