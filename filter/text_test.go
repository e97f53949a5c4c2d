package filter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"weir/filter"
	"weir/policy"
	"weir/policy/tenant"
	"weir/rego"
)

// Policies see the text of requests only for a tenant whose operator says so, at most so many bytes, and no record or log line
// holds any of it, whatever the policy does.
func TestPoliciesSeeTextOnlyWhereTheOperatorSaysSo(t *testing.T) {
	own := fstest.MapFS{"own.rego": {Data: []byte(`package weir

import rego.v2

_falcon if contains(input.text.segments[_].text, "Falcon")

reasons contains "policy_denied" if _falcon

flags contains "cut" if input.text.cut

flags contains "shown" if input.text

closing_flags contains "falcon" if _falcon

alerts contains "falcon" if _falcon
`)}}
	program, err := policy.Load(t.Context(), policy.Beside(rego.Shipped(), own))
	if err != nil {
		t.Fatal(err)
	}
	const prompt = "canary-4711 \u00e4 Falcon"
	for _, c := range []struct {
		bytes, segments int64
		denied, cut     bool
	}{
		{bytes: 0},
		{bytes: 1 << 10, segments: 1, denied: true},
		{bytes: int64(len(prompt)), segments: 1, denied: true},
		{bytes: int64(len(prompt)) - 1, segments: 1, cut: true},
		{bytes: 13, segments: 1, cut: true}, // in the middle of a character
	} {
		var log bytes.Buffer
		h := buildWith(t, "openai", func(a *tenant.Tenant) { a.Settings.SegmentTextBytes = c.bytes }, func(p *filter.Parts) {
			p.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		h.snap.Policy, h.snap.Candidate = program, program
		got := h.play(t, h.answerTo(fmt.Sprintf(streamed, prompt), opening+event("hello")+stop+done)...)
		r := h.trail[0]
		if denied := got.immediate.GetStatus().GetCode() == 403; denied != c.denied {
			t.Errorf("%d bytes: %+v", c.bytes, got.immediate)
		}
		var f policy.Facts
		var d policy.Decision
		if err := json.Unmarshal(r.Facts, &f); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(r.Decision, &d); err != nil {
			t.Fatal(err)
		}
		if c.bytes == 0 && f.Text != nil || c.bytes > 0 && (f.Text.Count != c.segments || f.Text.Cut != c.cut || len(f.Text.Segments) > 0) {
			t.Errorf("%d bytes: text %+v", c.bytes, f.Text)
		}
		if shown := strings.Contains(strings.Join(d.Flags, " "), "shown"); shown != (c.bytes > 0) {
			t.Errorf("%d bytes: flags %v", c.bytes, d.Flags)
		}
		whole, err := json.Marshal(r)
		if err != nil || strings.Contains(string(whole)+log.String(), "canary-4711") {
			t.Errorf("%d bytes: %v\n%s\n%s", c.bytes, err, whole, log.String())
		}
		if falcon := strings.Contains(string(r.Closing), `"falcon"`); falcon != c.denied {
			t.Errorf("%d bytes: closing %s", c.bytes, r.Closing)
		}
	}
}

// What a body has too many pieces of is cut, and says so.
func TestTextOfTooManySegmentsIsCut(t *testing.T) {
	h := build(t, "openai", func(a *tenant.Tenant) { a.Settings.SegmentTextBytes = 1 << 20 })
	message := `,{"role":"user","content":"x"}`
	h.play(t, h.forwards("/v1/chat/completions", `{"model":"echo","messages":[`+strings.Repeat(message, 1025)[1:]+`]}`)...)
	var f policy.Facts
	if err := json.Unmarshal(h.trail[0].Facts, &f); err != nil || f.Text.Count != 1024 || !f.Text.Cut {
		t.Errorf("%v, text %+v", err, f.Text)
	}
}
