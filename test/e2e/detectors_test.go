package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy/detect"
)

// slowDetector is an analyzer in the manner of Presidio that knows one name, and can be told to fail.
type slowDetector struct {
	asked atomic.Int64
	fails atomic.Bool
}

const herName = "Zaphoda Quux"

func (d *slowDetector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.asked.Add(1)
	var q struct{ Text string }
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || d.fails.Load() {
		http.Error(w, "it hurts", http.StatusInternalServerError)
		return
	}
	if before, _, ok := strings.Cut(q.Text, herName); ok {
		at := len([]rune(before))
		_ = json.NewEncoder(w).Encode([]map[string]any{{"entity_type": "PERSON", "start": at, "end": at + len(herName), "score": 0.9}})
		return
	}
	_, _ = io.WriteString(w, "[]")
}

// G13: a tenant that names a detector in another process has it asked: what it finds is redacted and restored like what the
// rules find. Where it fails, the tenant's mode decides: the dialect's own 500, or on without it, and the record says so.
func TestDetectorElsewhere(t *testing.T) {
	elsewhere := &slowDetector{}
	server := httptest.NewServer(elsewhere)
	t.Cleanup(server.Close)
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	settings := kinds()[guarded].Settings
	settings.PII.Types = map[string]string{"PERSON": "redact"}
	lenient := settings
	lenient.Failure = map[string]string{"detector": "allow"}
	for _, d := range process.Dialects() {
		if err := cast.add(config.Tenant{ID: "slow-" + d, Dialect: d, Settings: settings, Detectors: detect.Settings{Services: []string{"presidio"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := cast.add(config.Tenant{ID: "lenient", Dialect: "dvara", Settings: lenient, Detectors: detect.Settings{Services: []string{"presidio"}}}); err != nil {
		t.Fatal(err)
	}
	cast.alter = func(f *config.File) {
		f.Detectors = []config.Detector{{Name: "presidio", Kind: "presidio", URL: server.URL, Entities: []string{"PERSON"}}}
	}
	s, err := raiseFor(cast, true)
	onEnvoy(t, err)
	t.Cleanup(s.close)
	timed(t)

	text := "Für " + herName + " bitte"
	got := s.do(t, call{key: "slow-dvara", body: ask("echo", text)})
	if a := read(t, got.body); got.status != 200 || a.content != text {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if at := s.upstream.one(t, got.trace); strings.Contains(at.body, herName) {
		t.Errorf("the provider got the name: %s", at.body)
	}
	if rec := s.record(t, got.trace); rec.Restored == 0 {
		t.Errorf("restored %d", rec.Restored)
	}
	asked := elsewhere.asked.Load()
	if s.do(t, call{key: of(guarded, "dvara"), body: ask("echo", text)}); elsewhere.asked.Load() != asked {
		t.Error("it was asked for a tenant that does not name it")
	}

	elsewhere.fails.Store(true)
	for d, want := range map[string]string{
		"dvara":     `{"error":{"code":"guardrail_plugin_error","type":"guardrail_plugin_error","message":"`,
		"rivaro":    `{"error":"`,
		"korad":     `{"error":{"message":"Internal server error","type":"server_error"`,
		"dosai":     `{"error":{"message":"An internal error occurred. Please try again later."`,
		"olava":     `{"error":{"type":"service_unavailable","code":"internal_error"`,
		"openai":    `{"error":{`,
		"anthropic": `{"type":"error","error":{"type":"api_error"`,
	} {
		got := s.do(t, call{key: "slow-" + d, body: ask("echo", text)})
		if got.status != 500 || !strings.HasPrefix(got.body, want) {
			t.Errorf("%s: %d %s\nwant it to begin with %s", d, got.status, got.body, want)
		}
		s.upstream.none(t, got.trace)
		if rec := s.record(t, got.trace); len(rec.Failures) != 1 || rec.Failures[0] != "detector:deny" {
			t.Errorf("%s: record %+v", d, rec.Failures)
		}
	}
	passed := s.do(t, call{key: "lenient", body: ask("echo", text)})
	if rec := s.record(t, passed.trace); passed.status != 200 || len(rec.Failures) != 1 || rec.Failures[0] != "detector:allow" {
		t.Errorf("mode allow: %d %s %v", passed.status, passed.body, rec.Failures)
	}
	if log := s.logs.String(); !strings.Contains(log, "presidio") || strings.Contains(log, herName) {
		t.Error("the log does not name the detector, or names what it was asked")
	}
}
