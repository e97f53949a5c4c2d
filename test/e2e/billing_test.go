package e2e_test

import (
	"net/http"
	"testing"

	"weir/policy/ledger"
)

// What Olava's page bills: chunks before a spend cut are, a stream that fails in the service is not, whatever the provider
// takes for it.
func TestOlavaBilling(t *testing.T) {
	s := open(t)
	const d = "olava"
	normal := with(measured, d, ask("scripted", "x", streaming))
	garbled := "data: {\"id\":\n\n"
	for _, c := range []struct {
		cause, period, ended string
		call                 call
		script               http.HandlerFunc
		code                 string
		billed               bool
	}{
		{"a stream that is whole", ledger.Total, "complete", normal, streams(chunkOf("Hello ", ""), chunkOf("", "stop"), "data: [DONE]\n\n"), "", true},
		{"a provider that breaks off", ledger.Total, "upstream_broken", normal, streams(chunkOf("Hello ", "")), "stream_broken", false},
		{"a stream that cannot be read", ledger.Total, "cut", normal, streams(chunkOf("Hello ", ""), garbled), "provider_unreadable", false},
		{"a spend cut", ledger.Month, "cut", cutCall(d), streams(chunkOf("Hello ", ""), chunkOf(runsOn, ""), chunkOf("", "stop")), "spend_cut", true},
	} {
		t.Run(c.cause, func(t *testing.T) {
			timed(t)
			before, _ := s.spentIn(t, c.call.key, c.period)
			got := s.bring(t, pageCase{call: c.call, script: c.script}, clients["h1"])
			rec := s.record(t, got.trace)
			if got.status != 200 || rec.Code != c.code || rec.Ended != c.ended {
				t.Errorf("%d, code %q, ended %q: %s", got.status, rec.Code, rec.Ended, got.body)
			}
			if rec.CostMicro == 0 || (rec.BilledMicro == rec.CostMicro) != c.billed || (rec.BilledMicro == 0) == c.billed {
				t.Errorf("costs %d, billed %d", rec.CostMicro, rec.BilledMicro)
			}
			after, held := s.spentIn(t, c.call.key, c.period)
			if after-before != rec.BilledMicro || held != 0 {
				t.Errorf("the account moved by %d of %d, held %d", after-before, rec.BilledMicro, held)
			}
		})
	}
}
