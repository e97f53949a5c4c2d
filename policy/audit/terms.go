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
)

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
	for _, raw := range []json.RawMessage{r.Decision, r.Closing} {
		var d struct {
			Fired []struct {
				File string `json:"file"`
				Line int    `json:"line"`
			} `json:"fired"`
		}
		if len(raw) > 0 && json.Unmarshal(raw, &d) == nil {
			for _, f := range d.Fired {
				add(termRule, fmt.Sprintf("%s:%d", f.File, f.Line))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sortCheckpoints puts checkpoints in the order of their records.
func sortCheckpoints(list []*Checkpoint) {
	slices.SortStableFunc(list, func(a, b *Checkpoint) int { return int(a.Seq - b.Seq) })
}
