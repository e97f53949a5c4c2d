package filter

import (
	"strconv"

	"weir/policy"
	"weir/policy/audit"
	"weir/policy/detect"
	"weir/policy/tenant"
)

// consider asks the policies once more, now that the exchange is over: they may flag, alert, tag and quarantine, and
// change no byte.
func (x *exchange) consider() {
	if x.facts == nil {
		return
	}
	x.compare()
	known := &audit.Known{Rules: places(nil, x.decision.Fired)}
	for _, r := range x.decision.Reasons {
		if r.Mode == policy.Shadow {
			known.Shadows = append(known.Shadows, r.Code)
		}
	}
	x.record.Known = known
	if !x.snap.Policy.Closes() {
		return
	}
	ctx, cancel := x.detached()
	defer cancel()
	f := *x.facts
	f.Phase, f.Answer = "close", x.answerFacts()
	f.Findings = append(f.Findings[:len(f.Findings):len(f.Findings)], x.answeredFindings()...)
	evaluation, stop := x.deciding(ctx)
	defer stop()
	closing := x.snap.Policy.Close(evaluation, &f)
	x.record.Closing = x.encoded(closing)
	known.Rules = places(known.Rules, closing.Fired)
	x.server.metrics.outcomes.WithLabelValues("close", closing.Outcome).Inc()
	if closing.Outcome != policy.Decided {
		x.record.Failures = append(x.record.Failures, "closing:"+closing.Outcome)
		x.server.metrics.failures.WithLabelValues("closing", "allow").Inc()
		return
	}
	for _, a := range closing.Alerts {
		x.server.metrics.alerts.Inc()
		x.server.parts.Log.Warn("alert of a policy", "trace", x.trace, "tenant", x.tenant.ID, "alert", a)
	}
	if closing.Obligations.Quarantine {
		x.quarantine(f.Identity.Actor, closing.Fired)
	}
}

// places adds where rules stand.
func places(to []string, fired []policy.Rule) []string {
	for _, f := range fired {
		to = append(to, f.File+":"+strconv.Itoa(f.Line))
	}
	return to
}

// compared is what a candidate program would have decided.
type compared struct {
	Version string        `json:"version"`
	Change  policy.Change `json:"change"`
	Outcome string        `json:"outcome"`
	Code    string        `json:"code,omitempty"` // what the client would have heard
}

// compare asks the candidate program about the same facts, when all that is decided is decided.
func (x *exchange) compare() {
	if x.snap.Candidate == nil {
		return
	}
	ctx, cancel := x.detached()
	defer cancel()
	evaluation, stop := x.deciding(ctx)
	defer stop()
	other := x.snap.Candidate.Decide(evaluation, x.facts)
	c := compared{Version: other.Version, Change: policy.Compare(&x.decision, &other), Outcome: other.Outcome, Code: other.Code()}
	x.server.metrics.compared.WithLabelValues(string(c.Change)).Inc()
	if c.Change != policy.Same {
		x.record.Candidate = x.encoded(c)
	}
}

// answerFacts are what became of the exchange.
func (x *exchange) answerFacts() *policy.AnswerFacts {
	r := &x.record
	return &policy.AnswerFacts{
		Status: r.Status, UpstreamStatus: r.UpstreamStatus, Provider: r.Provider, Model: r.ModelServed, Code: r.Code, Ended: r.Ended,
		FinishReasons: x.answer.finishes, ToolsCalled: x.answer.called,
		InputTokens: r.InputTokens, OutputTokens: r.OutputTokens, Cost: r.CostMicro, Estimated: r.Estimated,
	}
}

// answeredFindings are the groups of findings of the answer.
func (x *exchange) answeredFindings() []policy.FindingFacts {
	var out []policy.FindingFacts
	for _, g := range x.tally.groups() {
		if g.Direction != "response" || g.Type == string(barredTool) || g.Type == string(tooLong) {
			continue
		}
		kind := detect.KindOf(detect.Type(g.Type))
		out = append(out, policy.FindingFacts{
			Direction: g.Direction, Type: g.Type, Category: g.Category, DataClass: string(kind.Class), RiskCategory: string(kind.Risk),
			Severity: g.Severity, Score: g.Score, Count: int64(g.Count), Roles: []string{"assistant"}, Rules: []string{g.Rule},
		})
	}
	return out
}

// quarantine takes the actor out of service. Where nobody knows who that is, the trail says so.
func (x *exchange) quarantine(actor string, fired []policy.Rule) {
	by := "policy"
	if len(fired) > 0 {
		by = fired[len(fired)-1].Name
	}
	if actor == "" || x.server.parts.Quarantine == nil {
		x.record.Failures = append(x.record.Failures, "quarantine:nobody")
		return
	}
	ctx, cancel := x.detached()
	defer cancel()
	q := tenant.Quarantine{Tenant: x.tenant.ID, Actor: actor, Reason: "by a policy, trace " + x.trace, By: by, At: x.server.parts.Clock()}
	if err := x.server.parts.Quarantine(ctx, q); err != nil {
		x.record.Failures = append(x.record.Failures, "quarantine:deny")
		x.server.metrics.failures.WithLabelValues("quarantine", "deny").Inc()
		x.server.parts.Log.Error("putting an actor in quarantine", "trace", x.trace, "error", err)
	}
}
