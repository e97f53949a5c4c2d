package policy

import (
	"reflect"
	"slices"
)

// Change says how a decision differs from another on the same facts.
type Change string

// The changes.
const (
	Same         Change = "same"
	NewlyDenied  Change = "newly_denied"
	NewlyAllowed Change = "newly_allowed"
	Otherwise    Change = "otherwise" // the verdict is the same; reasons, edits or obligations are not
)

// Compare says what becomes different where after decides and not before. Versions and fired rules do not count.
func Compare(before, after *Decision) Change {
	switch {
	case before.Allow && !after.Allow:
		return NewlyDenied
	case !before.Allow && after.Allow:
		return NewlyAllowed
	case !slices.Equal(before.Reasons, after.Reasons) || !slices.Equal(before.Redact, after.Redact) ||
		!slices.Equal(before.Flags, after.Flags) || !slices.Equal(before.Candidates, after.Candidates) ||
		!reflect.DeepEqual(before.Plan, after.Plan) || !reflect.DeepEqual(before.Obligations, after.Obligations):
		return Otherwise
	default:
		return Same
	}
}

// Code is the first enforced reason of a decision: what the client hears of. It is empty where the request passes.
func (d *Decision) Code() string {
	for _, r := range d.Reasons {
		if r.Mode == Enforce {
			return r.Code
		}
	}
	return ""
}
