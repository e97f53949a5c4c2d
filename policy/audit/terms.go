package audit

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The kinds of terms that a record is found by.
const (
	termKey   = "key:"
	termCode  = "code:"
	termModel = "model:"
	termType  = "type:" // of a finding
	termRule  = "rule:" // that fired: FILE:LINE
	// termCandidate is how the candidate policies would have decided otherwise, termShadow a reason that was only recorded.
	termCandidate = "candidate:"
	termShadow    = "shadow:"
)

// Any asks for every kind there is.
const Any = "any"

// maxTerms bounds the terms of one record.
const maxTerms = 64

// terms are what a record is found by, beside its trace, its tenant and its time.
func (r *Record) terms() []string {
	var out []string
	add := func(kind, value string) {
		if value != "" && len(out) < maxTerms {
			short, _ := shorten(value)
			out = append(out, kind+short)
		}
	}
	add(termKey, r.KeyID)
	add(termCode, r.Code)
	add(termModel, r.ModelAsked)
	add(termModel, r.ModelServed)
	for i := range r.Findings {
		add(termType, r.Findings[i].Type)
	}
	if change := r.Diverged(); change != "" {
		add(termCandidate, Any)
		add(termCandidate, change)
	}
	known := r.Known
	if known == nil {
		known = r.read()
	}
	for _, code := range known.Shadows {
		add(termShadow, Any)
		add(termShadow, code)
	}
	for _, rule := range known.Rules {
		add(termRule, rule)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// read reads what is known of the decision and the closing.
func (r *Record) read() *Known {
	k := &Known{}
	for _, raw := range []json.RawMessage{r.Decision, r.Closing} {
		var d struct {
			Reasons []struct {
				Code string `json:"code"`
				Mode string `json:"mode"`
			} `json:"reasons"`
			Fired []struct {
				File string `json:"file"`
				Line int    `json:"line"`
			} `json:"fired"`
		}
		if len(raw) == 0 || json.Unmarshal(raw, &d) != nil {
			continue
		}
		for _, x := range d.Reasons {
			if x.Mode == "shadow" {
				k.Shadows = append(k.Shadows, x.Code)
			}
		}
		for _, f := range d.Fired {
			k.Rules = append(k.Rules, fmt.Sprintf("%s:%d", f.File, f.Line))
		}
	}
	return k
}

// Shadows are the codes of the decision's reasons that were only recorded.
func (r *Record) Shadows() []string { return r.read().Shadows }

// Diverged is how the candidate policies would have decided otherwise; empty: they would not.
func (r *Record) Diverged() string {
	var c struct {
		Change string `json:"change"`
	}
	if len(r.Candidate) == 0 || json.Unmarshal(r.Candidate, &c) != nil {
		return ""
	}
	return c.Change
}

// sortCheckpoints puts checkpoints in the order of their records.
func sortCheckpoints(list []*Checkpoint) {
	slices.SortStableFunc(list, func(a, b *Checkpoint) int { return int(a.Seq - b.Seq) })
}
