package filter_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"weir/policy"
	"weir/rego"
)

// A candidate program changes nothing for the client, and what it would have decided otherwise is kept.
func TestACandidateIsComparedAfterTheAnswer(t *testing.T) {
	h := build(t, "dvara", nil)
	for text, want := range map[string]string{
		`reasons contains "policy_denied" if input.request.model == "echo"`: `"change":"newly_denied"`,
		`flags contains "seen"`:                                   `"change":"otherwise"`,
		`flags contains "seen" if input.request.model == "other"`: "",
	} {
		other, err := policy.Load(t.Context(), policy.Beside(rego.Shipped(), fstest.MapFS{"c.rego": {Data: []byte("package weir\n\nimport rego.v2\n\n" + text + "\n")}}))
		if err != nil {
			t.Fatal(err)
		}
		h.snap.Candidate, h.trail = other, nil
		h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("hello")+stop+done)...)
		r := h.trail[0]
		if r.Ended != "complete" || r.Status != 200 || !strings.Contains(string(r.Candidate), want) || (want == "") != (len(r.Candidate) == 0) {
			t.Errorf("%s: %s %s", text, r.Ended, r.Candidate)
		}
	}
}
