package e2e_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/config"
)

// drips sends a text a byte at a time, until nobody reads any more.
func drips(contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for _, c := range []byte(text) {
			if _, err := w.Write([]byte{c}); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	}
}

// A provider that takes too long before its first event, between two, or in all is cut off, and each is told apart; one that
// drips bytes is not taken for one that answers.
func TestProvidersThatDawdle(t *testing.T) {
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	cast.alter = func(f *config.File) {
		f.Limits.FirstEvent, f.Limits.BetweenEvents, f.Limits.WholeAnswer = "700ms", "700ms", "3s"
	}
	s, err := raiseFor(cast, true)
	onEnvoy(t, err)
	s.closes(t)
	timed(t)
	pauses := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, firstEvent)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	babbles := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			_, _ = io.WriteString(w, firstEvent)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	}
	for _, c := range []struct {
		name   string
		does   http.HandlerFunc
		more   string
		status int
		bound  string
	}{
		{"drips a stream", drips("text/event-stream", strings.Repeat(firstEvent, 3)), streaming, 504, "first_event"},
		{"drips JSON", drips("application/json", completionOf(strings.Repeat("x", 200), 3)), "", 504, "first_event"},
		{"pauses", pauses, streaming, 200, "between_events"},
		{"babbles", babbles, streaming, 200, "whole_answer"},
	} {
		trace := newTrace()
		s.upstream.script(t, trace, c.does)
		got := s.do(t, call{key: of(plain, "openai"), body: ask("scripted", "x", c.more), trace: trace})
		if got.err != nil || got.status != c.status || strings.Contains(got.body, "[DONE]") {
			t.Errorf("one that %s: %d %v %.300s", c.name, got.status, got.err, got.body)
		}
		if c.status == 200 && len(read(t, got.body).errors) != 1 {
			t.Errorf("one that %s: the stream does not tell: %.300s", c.name, got.body)
		}
		rec := s.record(t, trace)
		if rec.Code != "provider_timeout" || !slices.Contains(rec.Failures, c.bound+":deny") {
			t.Errorf("one that %s: the record says %s, %v", c.name, rec.Code, rec.Failures)
		}
	}
}
