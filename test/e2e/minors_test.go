package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
)

// What differs between the minors of Envoy, row by row: whatever one does, the client sees the same. These cases, and those
// about fallback, run on the oldest in every run, and with all others on each by make matrix.

// Envoy's own replies reach the filter from 1.37 on, on 1.36 where a guard says so. Where they do not, the words that Weir
// left are told: either way in the tenant's dialect, and with nothing of Envoy's about the transport (1.36 and 1.37 say it).
func TestMinorsOwnReplies(t *testing.T) {
	for name, reword := range map[string]func([]byte) []byte{
		"as made": nil,
		"unguarded": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"envoy.reloadable_features.skip_ext_proc_on_local_reply": false`), []byte(`"envoy.reloadable_features.skip_ext_proc_on_local_reply": true`), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := lodgeReworded(t, 1, nil, reword)[0].stage
			for protocol, c := range clients {
				got := s.do(t, call{key: host, body: ask("nobody", "x"), client: c})
				if got.status != 503 && got.status != 502 || !json.Valid([]byte(got.body)) || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
					t.Errorf("%s: %d %q %s", protocol, got.status, got.header.Get("Content-Type"), got.body)
				}
				for _, inside := range []string{"connect error", "connection refused", "reset reason"} {
					if strings.Contains(strings.ToLower(got.body), inside) {
						t.Errorf("%s: it tells of the transport: %s", protocol, got.body)
					}
				}
			}
		})
	}
}

// Headers leave at the headers answer, on 1.39 at the first body answer: the first event reaches the client while the
// provider is still silent about the second, on every minor.
func TestMinorsFirstEvent(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		trace := newTrace()
		_, let := s.slowly(t, trace, "text/event-stream", firstEvent, lastEvents)
		f := s.begin(t, call{key: of(plain, "openai"), body: ask("scripted", "x", streaming), trace: trace, client: c})
		if f.err != nil || f.read != firstEvent || f.resp.StatusCode != http.StatusOK {
			t.Errorf("%v %q", f.err, f.read)
		}
		close(let)
		if f.rest(); f.err != nil || f.read != firstEvent+lastEvents {
			t.Errorf("%v %q", f.err, f.read)
		}
	})
}

// After the headers answer only 1.39 takes a status. So Weir decides before it, and after it ends the stream itself: the
// client gets a whole body, and an error event.
func TestMinorsEndOfAStream(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		trace := newTrace()
		secret := `data: {"id":"c","choices":[{"index":0,"delta":{"content":"key AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY "},"finish_reason":null}]}` + "\n\n"
		s.upstream.script(t, trace, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, firstEvent)
			_ = http.NewResponseController(w).Flush()
			for range 40 {
				_, _ = io.WriteString(w, firstEvent)
			}
			_, _ = io.WriteString(w, secret+lastEvents)
		})
		got := s.do(t, call{key: of(guarded, "openai"), body: ask("scripted", "x", streaming), trace: trace, client: c})
		if got.err != nil || got.status != 200 || strings.Contains(got.body, "AKIAIOSFODNN7EXAMPLE") || len(read(t, got.body).errors)+len(read(t, got.body).finishes) == 0 {
			t.Errorf("%d %v %s", got.status, got.err, got.body)
		}
	})
}

// A body answer before the first body message is a reset, on 1.39 an empty 500: Weir answers a silent provider while the
// headers answer is pending, with a status.
func TestMinorsSilentProvider(t *testing.T) {
	c, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	c.alter = func(f *config.File) { f.Limits.FirstEvent = "300ms" }
	s, err := raiseFor(c, true)
	onEnvoy(t, err)
	t.Cleanup(s.close)
	timed(t)
	for protocol, client := range clients {
		trace := newTrace()
		s.upstream.script(t, trace, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		got := s.do(t, call{key: of(plain, "openai"), body: ask("scripted", "x", streaming), trace: trace, client: client})
		if got.err != nil || got.status != http.StatusGatewayTimeout || !strings.Contains(got.body, `"error"`) {
			t.Errorf("%s: %d %v %s", protocol, got.status, got.err, got.body)
		}
	}
}

// A provider that resets while the headers answer is pending is told as an error with a status; one that resets in
// mid-stream breaks the answer, whatever code HTTP/2 gives it (NO_ERROR on 1.36): it never looks whole.
func TestMinorsResets(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		for name, first := range map[string]string{"pending": "", "begun": firstEvent} {
			trace := newTrace()
			s.upstream.script(t, trace, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, first)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
			got := s.do(t, call{key: of(plain, "openai"), body: ask("scripted", "x", streaming), trace: trace, client: c})
			switch {
			case strings.Contains(got.body, "[DONE]"):
				t.Errorf("%s: it looks whole: %s", name, got.body)
			case got.status >= 500 && json.Valid([]byte(got.body)) && got.err == nil: // told in time
			case name == "begun" && (got.err != nil || len(read(t, got.body).errors) > 0):
			default:
				t.Errorf("%s: %d %v %q", name, got.status, got.err, got.body)
			}
		}
	})
}

// The bound of a body is the listener's on 1.36, the virtual host's from 1.37 on, and 1.37 counts twice what it may send
// again: what Weir takes passes, and is sent to a second provider whole; one byte more is the tenant's own 413.
func TestMinorsBodies(t *testing.T) {
	s, f := sail(t, nil)
	fill := func(n int) string {
		frame := ask("fleet", "alpha=503 ")
		return strings.Replace(frame, "alpha=503 ", "alpha=503 "+strings.Repeat("x", n-len(frame)), 1)
	}
	got := s.do(t, call{key: of(plain, "openai"), body: fill(bodyBytes)})
	if got.status != 200 || len(f.named("beta").did(got.trace)) != 1 {
		t.Errorf("at the bound: %d %.200s", got.status, got.body)
	}
	over := s.do(t, call{key: of(plain, "openai"), body: fill(bodyBytes + 1)})
	if over.status != http.StatusRequestEntityTooLarge || !strings.Contains(over.body, `"error"`) {
		t.Errorf("over the bound: %d %v %.200s", over.status, over.err, over.body)
	}
	f.unharmed(t)
}

// From 1.38 on an answer goes out with its length; before that in chunks. It is whole either way.
func TestMinorsLength(t *testing.T) {
	s := open(t)
	got := s.do(t, call{key: of(plain, "openai"), body: ask("echo", "one two three")})
	length := got.header.Get("Content-Length")
	if s.envoy.Minor >= 38 && length != fmt.Sprint(len(got.body)) || s.envoy.Minor < 38 && length != "" {
		t.Errorf("Envoy 1.%d: content-length %q for %d bytes", s.envoy.Minor, length, len(got.body))
	}
}

// The minor is learned from the first message, told once, and counted.
func TestMinorsAreLearned(t *testing.T) {
	s := open(t)
	s.do(t, call{key: of(plain, "openai"), body: ask("echo", "x")})
	r, err := http.Get("http://" + s.weir.AdminAddr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(`weir_envoy_info{minor="%d"} 1`, min(s.envoy.Minor, 40)); !strings.Contains(string(b), want) {
		t.Errorf("the metrics do not say %s", want)
	}
	if n := strings.Count(s.logs.String(), "an Envoy speaks"); n != 1 {
		t.Errorf("it was greeted %d times", n)
	}
}
