package filter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/types/known/durationpb"

	"weir/filter/fault"
	"weir/filter/redact"
	"weir/filter/surface"
	"weir/policy"
	"weir/policy/provider"
	"weir/policy/tenant"
	"weir/policy/tokens"
)

// A body of largeBody bytes takes long to read on a busy machine; Envoy is then asked to wait for its answer for largeWait.
const (
	largeBody = 4 << 20
	// largeWait is what Envoy is to allow as the longest wait that is asked for (max_message_timeout).
	largeWait = time.Minute
)

// askTime asks Envoy for more time than it waits for every message, where a body is large. An Envoy that allows none goes on
// as ever.
func (x *exchange) askTime(bytes int) error {
	if bytes < largeBody || x.requestOnly {
		return nil
	}
	return x.send(&extprocv3.ProcessingResponse{OverrideMessageTimeout: durationpb.New(largeWait)})
}

// requestBody reads the body, measures, asks for the decision and carries it out: refuse, or edit and forward.
func (x *exchange) requestBody(m *extprocv3.HttpBody) error {
	if x.phase != admitted {
		return x.unexpected("request body")
	}
	body, f, bad := x.received(m.GetBody())
	if bad {
		return x.refuse(f)
	}
	if err := x.askTime(len(body)); err != nil {
		return err
	}
	view, err := x.match.Surface.ReadRequest(body)
	if err != nil {
		return x.refuse(refusalFault(err))
	}
	x.view = view
	x.record.ModelAsked, x.record.Stream = view.Model, view.Stream
	if f, bad := x.unseen(); bad {
		return x.refuse(f)
	}
	f, bad = x.dialect.Demand(fault.Asked{Model: view.Model})
	if bad {
		return x.refuse(f)
	}
	candidates, f, bad := x.candidates()
	if bad {
		return x.refuse(f)
	}
	if f, bad = x.beyondContext(candidates); bad {
		return x.refuse(f)
	}
	if candidates, f, bad = x.priced(candidates); bad {
		return x.refuse(f)
	}
	began := x.server.parts.Clock()
	found, err := x.scan(view.Segments)
	x.record.DetectMicros = x.since(began)
	if request, _ := x.captures(); request && err == nil {
		x.spoken.found, x.spoken.scanned = found, true
	}
	if err != nil {
		x.server.parts.Log.Error("looking for findings", "trace", x.trace, "error", err)
		if !x.allowed("detector") {
			return x.refuse(fault.Fault{Code: fault.DetectorFailed})
		}
	}
	spend := x.measure(candidates, x.hasHardBudget())
	began = x.server.parts.Clock()
	f, bad = x.takeHold(candidates, &spend)
	x.record.HoldMicros = x.since(began)
	if bad {
		return x.refuse(f)
	}
	x.facts = x.gather(candidates, found, spend)
	x.decide()
	x.keepValues(found)
	if f, bad = x.denial(); bad {
		return x.deny(f)
	}
	if len(x.decision.Candidates) == 0 {
		return x.refuse(fault.Fault{Code: fault.ProviderNotConfigured})
	}
	if f, bad = x.chooseOrder(candidates); bad {
		return x.refuse(f)
	}
	x.clamp(&spend)
	x.afford(&spend)
	edited, err := x.edit(found, spend)
	if err != nil {
		x.server.parts.Log.Error("editing the request", "trace", x.trace, "error", err)
		return x.refuse(fault.Fault{Code: fault.Internal})
	}
	if x.requestOnly && !same(m.GetBody(), edited) {
		return x.refuse(fault.Fault{Code: fault.PolicyDenied, Message: "The request would have to be edited, which cannot be done here."})
	}
	return x.forward(m.GetBody(), edited)
}

// received is the body without its content coding, within the bounds of one body and of all.
func (x *exchange) received(raw []byte) ([]byte, fault.Fault, bool) {
	tooLarge := fault.Fault{Code: fault.BodyTooLarge, Limit: x.limits.BodyBytes, Unit: "bytes"}
	if int64(len(raw)) > x.limits.BodyBytes {
		return nil, tooLarge, true
	}
	if f, bad := x.claim(int64(len(raw))); bad {
		return nil, f, true
	}
	body, err := decoded(raw, x.in.coding, x.limits.BodyBytes)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, tooLarge, true
	case err != nil:
		return nil, fault.Fault{Code: fault.JSONInvalid, Detail: "its content-encoding cannot be decoded"}, true
	case same(raw, body):
		return body, fault.Fault{}, false
	}
	f, bad := x.claim(int64(len(body)))
	return body, f, bad
}

// unseen refuses what brings in text that the vendor keeps, unless the tenant allows it: it never passes here.
func (x *exchange) unseen() (fault.Fault, bool) {
	if len(x.view.State) == 0 || x.tenant.Settings.State == tenant.StateAllow {
		return fault.Fault{}, false
	}
	return fault.Fault{
		Code: fault.ParameterInvalid, Field: x.view.State[0], Detail: "must not be used: what it refers to is kept by the provider and cannot be inspected",
	}, true
}

// refusalFault phrases why a body cannot be governed.
func refusalFault(err error) fault.Fault {
	var r *surface.Refusal
	if errors.As(err, &r) {
		return fault.Fault{Code: fault.Code(r.Code), Field: r.Field, Detail: r.Detail}
	}
	return fault.Fault{Code: fault.Internal}
}

// candidates lists who could serve the request.
func (x *exchange) candidates() ([]provider.Candidate, fault.Fault, bool) {
	list, err := x.snap.Catalogue.Candidates(provider.Asked{
		Model: x.view.Model, Surface: x.match.Surface.Name(), Media: x.view.Media, At: x.began, Permits: x.permits,
		Own: x.owns, OwnOnly: x.tenant.Own.Required, Seed: cmp.Or(x.session, x.id), Tags: x.tags, Size: x.size, Delay: x.delay,
	})
	var unknown *provider.UnknownModelError
	var unset *provider.NoCredentialError
	var incapable *provider.IncapableError
	switch {
	case err == nil:
		if list = x.callable(list); len(list) == 0 {
			return nil, fault.Fault{Code: fault.CredentialRequired, Field: "model"}, true
		}
		return list, fault.Fault{}, false
	case errors.As(err, &unknown):
		return nil, fault.Fault{Code: fault.ModelUnknown, Field: "model"}, true
	case errors.As(err, &unset) && unset.Own:
		return nil, fault.Fault{Code: fault.CredentialRequired}, true
	case errors.As(err, &unset):
		return nil, fault.Fault{Code: fault.ProviderNotConfigured, Field: "model", Variable: unset.Variable}, true
	case errors.As(err, &incapable):
		return nil, fault.Fault{Code: fault.ProviderIncapable, Field: "model", Detail: "its provider does not serve " + incapable.What}, true
	default:
		return nil, fault.Fault{Code: fault.Internal}, true
	}
}

// outputLimits are the parameters that limit an answer, in the surfaces' own names.
var outputLimits = [...]string{"max_tokens", "max_completion_tokens", "max_output_tokens"}

// beyondContext refuses a limit of the output that no candidate's context window could hold. It needs no decision: every
// one of the providers would refuse.
func (x *exchange) beyondContext(candidates []provider.Candidate) (fault.Fault, bool) {
	var window int64
	for _, c := range candidates {
		if c.Context == 0 {
			return fault.Fault{}, false
		}
		window = max(window, c.Context)
	}
	for _, field := range outputLimits {
		if n, set := x.view.Parameters[field]; set && window > 0 && n > float64(window) {
			detail := fmt.Sprintf("must be between 1 and %d, the model's context limit", window)
			return fault.Fault{Code: fault.ParameterInvalid, Field: field, Detail: detail, Limit: window, Unit: "tokens"}, true
		}
	}
	if n := x.estimateInput(); window > 0 && n > window {
		return fault.Fault{Code: fault.ContextWindowExceeded, Field: "messages", Limit: window, Unit: "tokens"}, true
	}
	return fault.Fault{}, false
}

// estimateInput is about how many tokens the input has.
func (x *exchange) estimateInput() int64 {
	var n int64
	for i := range x.view.Segments {
		n += tokens.Estimate(x.view.Segments[i].Text)
	}
	return min(n, tokens.Bound(int64(len(x.view.Body)), int64(x.view.Messages)))
}

// spend is the most a request may use.
type spend struct {
	inputEstimate, inputBound int64
	outputLimit               int64 // tokens per choice; 0: the provider's own
	inject                    bool  // the limit has to be written into the body
	amount                    int64 // micro-USD charged
	least                     int64 // micro-USD charged: what must be held for an answer of a single token
}

// defaultOutputTokens is injected where a tenant's hard budget needs a bound and nothing else gives one.
const defaultOutputTokens = 4096

// measure bounds what the request may cost at the dearest candidate. Output is what the client asked for, clamped to
// the tenant's setting; where nobody set a limit and one is needed, since the money is bounded, it is injected.
func (x *exchange) measure(candidates []provider.Candidate, bounded bool) spend {
	var s spend
	s.inputEstimate = x.estimateInput()
	s.inputBound = tokens.Bound(int64(len(x.view.Body)), int64(x.view.Messages))
	s.outputLimit = x.view.OutputTokens
	if limit := x.tenant.Settings.Limits.OutputTokens; limit > 0 && (s.outputLimit == 0 || s.outputLimit > limit) {
		s.outputLimit, s.inject = limit, true
	}
	if s.outputLimit == 0 && bounded {
		s.outputLimit, s.inject = defaultOutputTokens, true
	}
	choices := max(x.view.Choices, 1)
	for _, c := range candidates {
		s.amount = max(s.amount, x.charge(provider.Most(c.Price, s.inputBound, s.outputLimit*choices)))
		s.least = max(s.least, x.charge(provider.Most(c.Price, s.inputBound, choices)))
	}
	return s
}

// allowed says whether the tenant lets traffic pass when a dependency fails, and writes down that it was asked.
func (x *exchange) allowed(dependency string) bool {
	mode := x.tenant.Settings.Failure[dependency]
	if mode != "allow" {
		mode = "deny"
	}
	x.failed(dependency, mode)
	return mode == "allow"
}

// failed writes down that a dependency failed, and the mode that applied.
func (x *exchange) failed(dependency, mode string) {
	x.record.Failures = append(x.record.Failures, dependency+":"+mode)
	x.server.metrics.failures.WithLabelValues(dependency, mode).Inc()
}

// since is how long ago a time was, microseconds.
func (x *exchange) since(t time.Time) int64 { return x.server.parts.Clock().Sub(t).Microseconds() }

// within is a context with a deadline that outlives neither the gRPC stream nor d.
func (x *exchange) within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(x.out.Context(), d)
}

// deciding is ctx with the deadline of one evaluation.
func (x *exchange) deciding(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, x.limits.Decision)
}

// decide asks Rego, once.
func (x *exchange) decide() {
	ctx, cancel := x.within(x.limits.Decision)
	defer cancel()
	began := x.server.parts.Clock()
	x.decision = x.snap.Policy.Decide(ctx, x.facts)
	took := x.server.parts.Clock().Sub(began)
	x.record.DecisionMicros = took.Microseconds()
	x.server.metrics.decision.Observe(took.Seconds())
	x.server.metrics.outcomes.WithLabelValues("request", x.decision.Outcome).Inc()
	if x.decision.Outcome != policy.Decided {
		mode := "deny"
		if x.decision.Allow {
			mode = "allow"
		}
		x.record.Failures = append(x.record.Failures, "policy:"+mode)
		x.server.metrics.failures.WithLabelValues("policy", mode).Inc()
	}
}

// edit applies the decision's obligations to the body. It returns the same bytes where there is nothing to edit.
func (x *exchange) edit(found []located, s spend) ([]byte, error) {
	vault, err := redact.NewVault(x.tenant.Secret)
	if err != nil {
		return nil, err
	}
	x.vault = vault
	edits, err := x.redactions(found)
	if err != nil {
		return nil, err
	}
	edits, splices, err := x.strip(edits)
	if err != nil {
		return nil, err
	}
	if up := x.candidate.Model; up != "" && up != x.view.Model {
		splices = append(splices, surface.RenameModel(x.view, up)...)
		x.edited("model %s", up)
	}
	if s.inject {
		splices = append(splices, surface.LimitOutput(x.view, s.outputLimit)...)
		x.edited("limit_output %d", s.outputLimit)
	}
	if x.view.Stream && !x.view.WantsUsage && !x.requestOnly {
		splices = append(splices, surface.AskUsage(x.view)...)
		x.edited("ask_usage")
	}
	return surface.Apply(x.view.Body, x.view.Segments, edits, splices)
}

// edited writes down an edit of the request.
func (x *exchange) edited(format string, args ...any) {
	x.record.Edits = append(x.record.Edits, fmt.Sprintf(format, args...))
}

// redactions turns the decision's redactions into edits.
func (x *exchange) redactions(found []located) ([]surface.Edit, error) {
	var edits []surface.Edit
	counts := map[string]int{}
	for _, l := range found {
		r, ok := x.redacts(string(l.Type))
		if !ok {
			continue
		}
		with := x.dialect.Redacted(string(l.Type))
		if r.Reversible {
			p, err := x.vault.Placeholder(string(l.Type), x.view.Segments[l.segment].Text[l.Start:l.End])
			if err != nil {
				return nil, err
			}
			with = p
		}
		edits = append(edits, surface.Edit{Segment: l.segment, Start: l.Start, End: l.End, With: with})
		x.tally.act("request", string(l.Type), "redact")
		counts[string(l.Type)]++
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		x.edited("redact %s %d", name, counts[name])
	}
	return edits, nil
}

// same says whether two slices are the very same bytes in memory, which Apply promises where nothing was edited.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
