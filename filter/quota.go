package filter

import (
	"time"

	"weir/policy/provider"
)

// size is about how many tokens the request has, and how many its answer may have.
func (x *exchange) size() (input, output int64) {
	return x.estimateInput(), x.view.OutputTokens * max(x.view.Choices, 1)
}

// delay is how soon a candidate begins to answer such a request.
func (x *exchange) delay(c provider.Candidate) time.Duration {
	return x.server.meter.Delay(c, x.view.Stream, x.now)
}

// account is whose quota at a provider the request counts for.
func (x *exchange) account(name string) string {
	_, own := x.tenant.Own.References[name]
	if !own {
		_, own = x.snap.Tenants.Credential(x.tenant.ID, name)
	}
	if own {
		return provider.Account(name, x.tenant.ID)
	}
	return provider.Account(name, "")
}

// unhurried are the candidates that the decision left, those whose quota is nearly used up last: the nearer, the more of the
// requests go elsewhere. One that a policy put first stays there. Where nobody else is left it is asked all the same, since
// only the provider knows.
func (x *exchange) unhurried(candidates []provider.Candidate) []int {
	list := x.decision.Candidates
	if len(list) < 2 {
		return list
	}
	var out, last []int
	for place, i := range list {
		c := candidates[i]
		short := x.server.meter.Short(x.account(c.Provider), x.now)
		obliged := place == 0 && x.decision.Obligations.Route == c.Provider
		if short > 0 && !obliged && provider.Chance(x.id, c.Provider) < short {
			last = append(last, i)
			continue
		}
		out = append(out, i)
	}
	if len(out) > 0 {
		for _, i := range last {
			x.server.metrics.spared.WithLabelValues(candidates[i].Provider).Inc()
		}
	}
	return append(out, last...)
}

// observe tells what the answer says of its provider's quota.
func (x *exchange) observe() {
	if len(x.order) == 0 || x.answer.unreached {
		return
	}
	x.server.meter.Answered(x.account(x.candidate.Provider), x.answer.status, x.answer.headers.get, x.now)
	x.doubt(x.candidate.Provider, x.answer.status)
}

// refusedFor tells that an attempt was refused for its quota, and for how long where the provider said so.
func (x *exchange) refusedFor(c provider.Candidate, status int, after string) {
	x.server.meter.Answered(x.account(c.Provider), status, func(name string) string {
		if name == "retry-after" {
			return after
		}
		return ""
	}, x.now)
}
