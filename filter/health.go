package filter

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter/fault"
	"weir/policy/audit"
	"weir/policy/provider"
)

// Breakers leave providers alone that fail.
type Breakers interface {
	// Ask asks to send a request to a provider first; report must be called once with what became of it.
	Ask(provider string) (report func(provider.Outcome), left time.Duration, ok bool)
	// Closed says whether a provider may be asked behind another, and how long it is left alone otherwise.
	Closed(provider string) (left time.Duration, closed bool)
	// Note tells what became of a request to such a one.
	Note(provider string, o provider.Outcome)
}

// idle are breakers of nobody, for a server that has none.
type idle struct{}

func (idle) Ask(string) (func(provider.Outcome), time.Duration, bool) {
	return func(provider.Outcome) {}, 0, true
}
func (idle) Closed(string) (time.Duration, bool) { return 0, true }
func (idle) Note(string, provider.Outcome)       {}

// chooseOrder takes the order to try from what the decision left of the candidates, and leaves out those that fail. Where
// all do the request is refused, with the shortest time that one is still left alone.
func (x *exchange) chooseOrder(candidates []provider.Candidate) (fault.Fault, bool) {
	b := x.breakers()
	var wait time.Duration
	for _, i := range x.unhurried(candidates) {
		c := candidates[i]
		left, ok := time.Duration(0), true
		switch {
		case len(x.order) == provider.MaxAttempts:
			continue
		case len(x.order) == 0:
			x.report, left, ok = b.Ask(c.Provider)
		default:
			left, ok = b.Closed(c.Provider)
		}
		if ok {
			x.order = append(x.order, c)
		} else if wait == 0 || left < wait {
			wait = left
		}
	}
	if len(x.order) == 0 {
		return fault.Fault{Code: fault.ProviderCircuitOpen, RetryAfter: wait}, true
	}
	x.candidate = x.order[0]
	return fault.Fault{}, false
}

// inform says what became of the request at a provider of the order.
func (x *exchange) inform(i int, o provider.Outcome) {
	if i == 0 && x.report != nil {
		x.report(o)
		return
	}
	x.breakers().Note(x.order[i].Provider, o)
}

// healthOf is what a status tells of its provider's health; 0 is none.
func healthOf(status int) provider.Outcome {
	switch {
	case status == 0 || status >= 500:
		return provider.Failed
	case status >= 400:
		return provider.Neither
	}
	return provider.Served
}

// tried writes down the attempts in their turn, and tells the breakers of those before the one that answers.
func (x *exchange) tried(attempts *structpb.Struct) {
	for i, c := range x.order {
		v, ok := attempts.GetFields()[strconv.Itoa(i)]
		if !ok {
			continue
		}
		text, after, _ := strings.Cut(v.GetStringValue(), " ")
		status, _ := strconv.Atoi(text) // 0: no status came back
		if i != x.served && status == http.StatusTooManyRequests {
			x.refusedFor(c, status, after)
		}
		if i != x.served {
			x.doubt(c.Provider, status)
		}
		x.record.Attempts = append(x.record.Attempts, audit.Attempt{Provider: c.Provider, Model: c.Model, Status: status})
		if i != x.served || x.answer.unreached {
			x.inform(i, healthOf(status))
		}
		if i > 0 {
			x.server.metrics.retries.WithLabelValues(x.order[i-1].Provider, c.Provider).Inc()
		}
	}
}

// wellServed tells that the provider that answers does so: its answer is whole, or its first event is there.
func (x *exchange) wellServed() {
	if len(x.order) > 0 && !x.judged {
		x.judged = true
		x.inform(x.served, healthOf(x.answer.status))
		if x.served == 0 && !x.answer.firstByte.IsZero() {
			x.server.meter.Began(x.candidate, x.view.Stream, x.answer.firstByte.Sub(x.answer.forwarded), x.now)
		}
	}
}

// illServed tells that the provider that answers failed, where a fault says so: instead of well, or once more after it.
func (x *exchange) illServed(f fault.Fault) {
	if len(x.order) == 0 || x.answer.unreached {
		return
	}
	switch f.Code {
	case fault.ProviderError, fault.ProviderTimeout, fault.ProviderUnreadable, fault.ModelUnavailable, fault.StreamBroken:
	default:
		return
	}
	outcome := provider.Failed
	if !x.judged && x.answer.status >= 300 {
		outcome = healthOf(x.answer.status)
	}
	if x.judged {
		x.breakers().Note(x.candidate.Provider, outcome)
		return
	}
	x.judged = true
	x.inform(x.served, outcome)
}
