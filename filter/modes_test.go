package filter_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	filterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/prometheus/client_golang/prometheus"

	"weir/filter"
	"weir/policy"
	"weir/rego"
)

// An Envoy that sends answers in another mode than Weir asks for is answered before anything passes, and is named in the log,
// in a metric and in the record.
func TestAnAnswersBodyModeOtherThanAskedIsRefused(t *testing.T) {
	var log bytes.Buffer
	metrics := prometheus.NewRegistry()
	h := buildWith(t, "openai", nil, func(p *filter.Parts) { p.Log, p.Metrics = slog.New(slog.NewTextHandler(&log, nil)), metrics })
	for mode := range filterv3.ProcessingMode_BodySendMode_name {
		answer := filterv3.ProcessingMode_BodySendMode(mode)
		log.Reset()
		h.trail = nil
		first := h.ask()
		first.ProtocolConfig = &extprocv3.ProtocolConfiguration{RequestBodyMode: filterv3.ProcessingMode_BUFFERED, ResponseBodyMode: answer}
		got := h.play(t, first, requestBody(fmt.Sprintf(streamed, "hi")))
		if answer == filterv3.ProcessingMode_FULL_DUPLEX_STREAMED {
			if got.immediate != nil || counted(t, metrics, "weir_envoy_refused_total", answer.String()) != 0 {
				t.Errorf("%s, which is what is asked for: %+v", answer, got.immediate)
			}
			continue
		}
		if got.immediate.GetStatus().GetCode() != 500 || !strings.Contains(string(got.body), `"error"`) || got.forwarded != nil {
			t.Errorf("%s: %+v %s", answer, got.immediate, got.body)
		}
		if n := counted(t, metrics, "weir_envoy_refused_total", answer.String()); n != 1 {
			t.Errorf("%s: counted %d times", answer, n)
		}
		if s := log.String(); !strings.Contains(s, "setting=response_body_mode") || !strings.Contains(s, "found="+answer.String()) {
			t.Errorf("%s: log %s", answer, s)
		}
		if f := h.trail[0].Failures; len(f) != 1 || f[0] != "response_body_mode:deny" {
			t.Errorf("%s: failures %v", answer, f)
		}
	}
}

// counted sums a counter over the series that have a label of a value.
func counted(t testing.TB, r prometheus.Gatherer, name, value string) int {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetValue() == value {
					n += int(m.GetCounter().GetValue())
				}
			}
		}
	}
	return n
}

// Each of the ways in which policies make no decision is counted by its name. The rules hold for this tenant alone, so that
// the policies pass the facts that they are tried on.
func TestOutcomesOfDecisionsAreCounted(t *testing.T) {
	const here = "\tinput.identity.tenant == \"acme\"\n"
	for outcome, text := range map[string]string{
		policy.Decided:    `flags contains "x"`,
		policy.Errored:    "flags contains \"x\" if {\n" + here + "\t1 / count(input.request.media) > 0\n}",
		policy.Conflicted: "_two := 1 if {\n" + here + "}\n\n_two := 2 if {\n" + here + "}\n\nflags contains \"x\" if _two > 0",
		policy.TimedOut:   "flags contains \"x\" if {\n" + here + "\tsome i in numbers.range(1, 3000)\n\tsome j in numbers.range(1, 3000)\n\ti == j + 10000\n}",
	} {
		metrics := prometheus.NewRegistry()
		h := buildWith(t, "openai", nil, func(p *filter.Parts) { p.Metrics = metrics })
		if outcome == policy.TimedOut {
			h.snap.Limits.Decision = 20 * time.Millisecond
		}
		own := fstest.MapFS{"c.rego": {Data: []byte("package weir\n\nimport rego.v2\n\n" + text + "\n")}}
		program, err := policy.Load(context.Background(), policy.Beside(rego.Shipped(), own))
		if err != nil {
			t.Fatalf("%s: %v", outcome, err)
		}
		h.snap.Policy = program
		h.play(t, h.forwards("/v1/chat/completions", fmt.Sprintf(streamed, "hi"))...)
		if n := counted(t, metrics, "weir_decisions_total", outcome); n < 1 {
			t.Errorf("%s was counted %d times", outcome, n)
		}
	}
}
