package audit

import (
	"slices"
	"strings"
)

// The bounds of what a client or a provider can put into a record.
const (
	// nameBytes bounds one name: a model, a path, an id.
	nameBytes = 2 << 10
	// rawBytes bounds the facts, and the decision. They hold the names of tools, which a client chooses.
	rawBytes = 256 << 10
	// answerBytes bounds the body of an answer of Weir's own; the largest says which models there are.
	answerBytes = 64 << 10
	// maxEdits bounds the list of edits, in which a tool that is left out has a line.
	maxEdits = 256
	// maxFindings bounds the list of findings. There is one for each type and direction, so this is out of reach.
	maxFindings = 500
)

// What Failures says where something did not fit.
const (
	cutName  = "trail:cut"
	cutFacts = "trail:facts"
)

// fit cuts what is too long. A record without its facts can still be found, and still says who, when and what came of
// it; a record that is not written says nothing.
func (r *Record) fit() {
	cut := false
	for _, s := range []*string{
		&r.Trace, &r.Exchange, &r.Event, &r.Tenant, &r.KeyID, &r.KeyPrefix, &r.Surface, &r.Method, &r.Path, &r.Client,
		&r.ModelAsked, &r.ModelServed, &r.Provider, &r.Dialect, &r.Code, &r.Ended,
		&r.Traceparent, &r.ProviderKind, &r.Settlement, &r.Actor, &r.Session,
	} {
		short, was := shorten(*s)
		*s, cut = short, cut || was
	}
	if len(r.Findings) > maxFindings {
		r.Findings, cut = r.Findings[:maxFindings:maxFindings], true
	}
	for i, f := range r.Finishes {
		if short, was := shorten(f); was {
			r.Finishes, cut = slices.Clone(r.Finishes), true
			r.Finishes[i] = short
		}
	}
	if cut {
		r.note(cutName)
	}
	if len(r.Answer) > answerBytes {
		r.Answer = strings.ToValidUTF8(r.Answer[:answerBytes], "")
		r.note(cutName)
	}
	if len(r.Edits) > maxEdits {
		r.Edits = r.Edits[:maxEdits:maxEdits]
		r.note(cutName)
	}
	for i, e := range r.Edits {
		if short, was := shorten(e); was {
			r.Edits = slices.Clone(r.Edits)
			r.Edits[i] = short
			r.note(cutName)
		}
	}
	if len(r.Facts) > rawBytes {
		r.Facts = nil
		r.note(cutFacts)
	}
	if len(r.Closing) > rawBytes {
		r.Closing, r.Known = nil, nil
		r.note(cutFacts)
	}
	if len(r.Decision) > rawBytes {
		r.Decision, r.Known = nil, nil
		r.note(cutFacts)
	}
}

// note adds to Failures without touching the caller's list.
func (r *Record) note(what string) {
	if !slices.Contains(r.Failures, what) {
		r.Failures = append(slices.Clip(r.Failures), what)
	}
}

// shorten cuts s to nameBytes, and mends a character that it cuts in half, or that was none: JSON would have another one there.
func shorten(s string) (string, bool) {
	if len(s) <= nameBytes {
		return strings.ToValidUTF8(s, "\uFFFD"), false
	}
	return strings.ToValidUTF8(s[:nameBytes], ""), true
}
