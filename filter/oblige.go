package filter

import (
	"slices"
	"strings"
	"unicode/utf8"

	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy/detect"
	"weir/policy/tenant"
)

// What ends an answer that is no finding of a detector; they are phrased as if they were.
const (
	barredTool detect.Type = "TOOL_NOT_PERMITTED"
	tooLong    detect.Type = "ANSWER_LENGTH"
)

// maxTold bounds how many finish reasons and called tools of one answer are told at the close.
const maxTold = 128

// clamp lowers the output limit to what the decision obliges to.
func (x *exchange) clamp(s *spend) {
	if n := x.decision.Obligations.Clamp; n > 0 && (s.outputLimit == 0 || s.outputLimit > n) {
		s.outputLimit, s.inject = n, true
	}
}

// strip leaves out the tools that the decision obliges to, with the edits inside of them.
func (x *exchange) strip(edits []surface.Edit) ([]surface.Edit, []surface.Splice, error) {
	if len(x.decision.Obligations.Strip) == 0 {
		return edits, nil, nil
	}
	gone, err := surface.StripTools(x.view.Body, x.decision.Obligations.Strip)
	if err != nil {
		return nil, nil, err
	}
	for _, tool := range x.decision.Obligations.Strip {
		x.edited("strip_tool %s", tool)
	}
	edits = slices.DeleteFunc(edits, func(e surface.Edit) bool { return surface.Inside(x.view.Segments[e.Segment].Raw, gone) })
	return edits, gone, nil
}

// barred finds a tool that the answer may not call.
func (j *judge) barred(called []string) *detect.Finding {
	deny := tenant.Permit{Deny: j.plan.DenyTools}
	for _, tool := range called {
		ok := deny.Allows(tool)
		for _, allow := range j.plan.PermitTools {
			ok = ok && len(allow) > 0 && (tenant.Permit{Allow: allow}).Allows(tool)
		}
		if !ok {
			return &detect.Finding{Type: barredTool, Category: detect.Content}
		}
	}
	return nil
}

// within cuts text to what the plan's bound on the answer leaves. Arguments of tool calls do not count.
func (j *judge) within(text, field string) (string, *detect.Finding) {
	if j.plan.Characters == 0 || field == argumentsField {
		return text, nil
	}
	left := j.plan.Characters - j.said
	n := int64(utf8.RuneCountInString(text))
	j.said += min(n, left)
	if n <= left {
		return text, nil
	}
	cut := 0
	for range left {
		_, size := utf8.DecodeRuneInString(text[cut:])
		cut += size
	}
	return text[:cut], &detect.Finding{Type: tooLong, Category: detect.Content}
}

// argumentsField is where a tool call's arguments stand in an answer.
const argumentsField = "arguments"

// guards says whether the plan does more about a finding because it stands in a tool call's arguments.
func (j *judge) guards(t detect.Type) bool {
	c := j.scanner.CategoryOf(t)
	return rank(j.plan.Arguments) > rank(actLog) && (c == detect.PII || c == detect.Secret)
}

// follow begins a text of a field. Which rules hold it back is the same for all texts of its kind.
func (j *judge) follow(field string) *detect.Stream {
	arguments := field == argumentsField
	holding, ok := j.holding[arguments]
	if !ok {
		holding = j.scanner.Holding(func(t detect.Type) bool { return j.acts(t) || arguments && j.guards(t) })
		if j.holding == nil {
			j.holding = map[bool]detect.Holding{}
		}
		j.holding[arguments] = holding
	}
	return j.scanner.Follow(holding)
}

// told adds to what the closing evaluation is told, within its bound.
func told(list, more []string) []string {
	for _, s := range more {
		if len(list) < maxTold {
			list = append(list, s)
		}
	}
	return list
}

// learned keeps how choices ended and which tools were called.
func (a *answering) learned(finishes []surface.Finish, tools []string) {
	for _, f := range finishes {
		a.finishes = told(a.finishes, []string{f.Reason})
	}
	a.called = told(a.called, tools)
}

// obligedFault phrases what ended an answer without being a finding of a detector.
func obligedFault(f detect.Finding) (fault.Fault, bool) {
	switch f.Type {
	case barredTool:
		return fault.Fault{Code: fault.ToolNotPermitted, Categories: []string{strings.ToLower(string(f.Type))}}, true
	case tooLong:
		return fault.Fault{Code: fault.AnswerBlocked, Categories: []string{strings.ToLower(string(f.Type))}}, true
	default:
		return fault.Fault{}, false
	}
}
