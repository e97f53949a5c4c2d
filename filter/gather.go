package filter

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy"
	"weir/policy/detect"
	"weir/policy/provider"
)

// located is a finding and the segment it stands in.
type located struct {
	segment int
	detect.Finding
}

// gather states the facts the decision is made on.
func (x *exchange) gather(candidates []provider.Candidate, found []located, s spend) *policy.Facts {
	now := x.began.UTC()
	v := x.view
	f := &policy.Facts{
		Schema: policy.FactsSchema, Phase: "request",
		Time: policy.Time{
			UnixMilli: now.UnixMilli(), Weekday: strings.ToLower(now.Weekday().String()), Hour: now.Hour(), Minute: now.Minute(),
		},
		Identity: policy.Identity{Tenant: x.tenant.ID, Key: x.key.ID, Scopes: x.key.Scopes, Actor: x.actor, Session: x.session, Tags: x.tags, Labels: x.tenant.Settings.Labels},
		Request: policy.RequestFacts{
			Surface: x.match.Surface.Name(), Method: x.in.method, Path: x.match.Path, Model: v.Model, Stream: v.Stream,
			Bytes: int64(len(v.Body)), Messages: int64(v.Messages), LongestChars: int64(v.LongestChars),
			Roles: roles(v.Segments), Tools: v.Tools, ToolCalls: v.ToolCalls, Parameters: v.Parameters, Media: v.Media,
			User: userLabel(v.Segments, found),
		},
		Findings: x.findingFacts(found),
		Tokens:   policy.TokenFacts{InputEstimate: s.inputEstimate, InputBound: s.inputBound, OutputLimit: s.outputLimit},
		Rates:    x.rateFacts(),
		Budgets:  x.budgetFacts(),
		Client:   policy.ClientFacts{Address: ipOf(x.in.client), Principal: x.in.principal, Headers: x.in.selected, Attributes: x.in.attributes},
		Settings: x.tenant.SettingsJSON(),
		Models: policy.ModelFacts{
			TenantAllow: x.tenant.Models.Allow, TenantDeny: x.tenant.Models.Deny,
			KeyAllow: x.key.Models.Allow, KeyDeny: x.key.Models.Deny,
		},
	}
	f.Text = shown(v.Segments, x.tenant.Settings.SegmentTextBytes)
	for _, c := range candidates {
		f.Candidates = append(f.Candidates, policy.CandidateFact{Provider: c.Provider, Name: c.Name, Model: c.Model, Region: c.Region})
	}
	return f
}

// userFields are where bodies name the user: OpenAI's and Anthropic's.
var userFields = [...]string{"/user", "/metadata/user_id"}

// userBytes bounds the label.
const userBytes = 128

// userLabel is whom the body names. It is written down as all facts are, so a detector must not have found anything in it.
func userLabel(segments []surface.Segment, found []located) string {
	for i := range segments {
		s := &segments[i]
		if !slices.Contains(userFields[:], s.Place) {
			continue
		}
		if len(s.Text) > userBytes || slices.ContainsFunc(found, func(f located) bool { return f.segment == i }) {
			return ""
		}
		return s.Text
	}
	return ""
}

// maxSegmentFacts bounds the segments whose text policies see.
const maxSegmentFacts = 1024

// shown is the text of segments that policies may see, at most so many bytes of it, from the beginning of the body.
func shown(segments []surface.Segment, most int64) *policy.TextFacts {
	if most <= 0 {
		return nil
	}
	t := &policy.TextFacts{}
	for i := range segments {
		s := &segments[i]
		text := s.Text
		if int64(len(text)) > most {
			text, t.Cut = strings.ToValidUTF8(text[:most], ""), true
		}
		if t.Cut && text == "" || len(t.Segments) == maxSegmentFacts {
			t.Cut = true
			break
		}
		most -= int64(len(text))
		t.Segments = append(t.Segments, policy.SegmentFact{Role: string(s.Role), Place: s.Place, Text: text})
	}
	t.Count = int64(len(t.Segments))
	return t
}

// ipOf is s where it is an address, as policies compare it with networks; a socket's path is none.
func ipOf(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return a.Unmap().WithZone("").String()
}

// The bounds of what the headers and attributes of a request put into its facts.
const (
	maxAttributes     = 32
	maxAttributeBytes = 1024
)

// choose keeps the headers that the operator selected for policies, and what Envoy was asked to say of the request. What
// is too long is left out.
func (x *exchange) choose(h headers, in *extprocv3.ProcessingRequest) {
	for _, name := range x.snap.PolicyHeaders {
		if v := strings.Join(h.all(name), ","); v != "" && len(v) <= maxAttributeBytes {
			if x.in.selected == nil {
				x.in.selected = map[string]string{}
			}
			x.in.selected[name] = strings.ToValidUTF8(v, "\uFFFD")
		}
	}
	for _, s := range in.GetAttributes() {
		for name := range s.GetFields() {
			v := attribute(in, name)
			if x.in.attributes == nil {
				x.in.attributes = map[string]string{}
			}
			if v != "" && len(v) <= maxAttributeBytes && len(x.in.attributes) < maxAttributes {
				x.in.attributes[name] = v
			}
		}
	}
}

func roles(segments []surface.Segment) map[string]int64 {
	out := map[string]int64{}
	for i := range segments {
		out[string(segments[i].Role)]++
	}
	return out
}

// findingFacts groups findings by type.
func (x *exchange) findingFacts(found []located) []policy.FindingFacts {
	byType := map[detect.Type]*policy.FindingFacts{}
	var order []detect.Type
	for _, l := range found {
		g, ok := byType[l.Type]
		if !ok {
			kind := detect.KindOf(l.Type)
			g = &policy.FindingFacts{
				Direction: "request", Type: string(l.Type), Category: string(l.Category),
				DataClass: string(kind.Class), RiskCategory: string(kind.Risk),
			}
			byType[l.Type] = g
			order = append(order, l.Type)
		}
		g.Count++
		if l.Score > g.Score {
			g.Score, g.Severity = l.Score, string(l.Severity)
		}
		role := string(x.view.Segments[l.segment].Role)
		g.Scores = highest(g.Scores, role, l.Score)
		g.Roles = include(g.Roles, role)
		g.Rules = include(g.Rules, l.Rule)
	}
	sort.Slice(order, func(a, b int) bool { return order[a] < order[b] })
	out := make([]policy.FindingFacts, 0, len(order))
	for _, t := range order {
		out = append(out, *byType[t])
	}
	return out
}

// highest keeps the highest score of a role.
func highest(scores map[string]float64, role string, score float64) map[string]float64 {
	if scores == nil {
		scores = map[string]float64{}
	}
	scores[role] = max(scores[role], score)
	return scores
}

// include adds s to a sorted set.
func include(set []string, s string) []string {
	i := sort.SearchStrings(set, s)
	if i < len(set) && set[i] == s {
		return set
	}
	set = append(set, "")
	copy(set[i+1:], set[i:])
	set[i] = s
	return set
}

func (x *exchange) rateFacts() []policy.RateFacts {
	var out []policy.RateFacts
	for _, r := range x.grant.Rates {
		out = append(out, policy.RateFacts{
			ID: r.ID, Scope: r.Scope, Unit: r.Unit, Limit: r.Limit, WindowMillis: r.Window.Milliseconds(),
			Remaining: r.Remaining, RetryMillis: r.RetryAfter.Milliseconds(), Refused: r.Refused,
		})
	}
	return out
}

func (x *exchange) budgetFacts() []policy.BudgetFacts {
	var out []policy.BudgetFacts
	for _, b := range x.grant.Budgets {
		f := policy.BudgetFacts{
			ID: b.ID, Kind: b.Kind.String(), Scope: b.Scope, Period: b.Period, Limit: b.Limit, Spent: b.Spent, Held: b.Held,
			Soft: b.Soft, Over: b.Over, Refused: b.Refused,
		}
		if !b.ResetAt.IsZero() {
			f.ResetMillis = b.ResetAt.UnixMilli()
		}
		out = append(out, f)
	}
	return out
}

// redacts says whether the decision takes findings of a type out of the request.
func (x *exchange) redacts(t string) (policy.Redact, bool) {
	for _, r := range x.decision.Redact {
		if r.Type == t {
			return r, true
		}
	}
	return policy.Redact{}, false
}

// denial is the fault of the first enforced reason. Where a hold was not granted the request is refused whatever the
// policy makes of it: a cap is not the policy's to lift.
func (x *exchange) denial() (fault.Fault, bool) {
	for _, r := range x.decision.Reasons {
		if r.Mode == policy.Enforce {
			f := fault.Fault{Code: fault.Code(r.Code), Message: r.Message}
			x.tell(&f)
			return f, true
		}
	}
	if !x.decision.Allow {
		return fault.Fault{Code: fault.PolicyFailed}, true
	}
	if !x.grant.Granted {
		f := fault.Fault{Code: x.refusal()}
		x.tell(&f)
		return f, true
	}
	return fault.Fault{}, false
}

// tell adds the facts a dialect may want to say about a code.
func (x *exchange) tell(f *fault.Fault) {
	limits := x.tenant.Settings.Limits
	switch f.Code {
	case fault.RateExceeded:
		x.tellRate(f)
	case fault.BudgetExceeded, fault.CreditsExhausted, fault.QuotaExceeded, fault.CallCostExceeded, fault.ConcurrencyExceeded:
		x.tellBudget(f)
	case fault.PIIDetected:
		f.Categories = x.typesOf(detect.PII)
	case fault.SecretDetected:
		f.Categories = x.typesOf(detect.Secret)
	case fault.GuardrailBlocked:
		f.Categories = append(x.typesOf(detect.Injection), x.typesOf(detect.Content)...)
	case fault.ModelNotPermitted:
		f.Field = "model"
	case fault.InputTokensExceeded:
		f.Limit, f.Unit = limits.InputTokens, "tokens"
	case fault.MessagesExceeded:
		f.Limit, f.Unit = limits.Messages, "messages"
	case fault.MessageLengthExceeded:
		f.Limit, f.Unit = limits.MessageLength, "characters"
	}
}

// typesOf lists the finding types of a category in the facts.
func (x *exchange) typesOf(c detect.Category) []string {
	var out []string
	for _, f := range x.facts.Findings {
		if f.Category == string(c) {
			out = append(out, f.Type)
		}
	}
	return out
}
