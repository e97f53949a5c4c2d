package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// What goes wrong at the provider is told as that, in the tenant's words, and never as the client's fault.
func TestProviderFails(t *testing.T) {
	s := open(t)
	for _, c := range []struct {
		model, more string
		status      int
		code        string // canonical
		body        string // DVARA's; empty: only the status counts
	}{
		{"error-500", "", 502, "provider_error", ""},
		{"error-500", streaming, 502, "provider_error", ""},
		{"error-401", "", 502, "provider_error", ""},
		{"error-400", "", 400, "provider_rejected", ""},
		{"error-429", "", 429, "provider_rate_limited", ""},
		{"error-503", "", 502, "model_unavailable", ""},
		{"html", "", 502, "provider_unreadable", ""},
		{"html", streaming, 502, "provider_unreadable", ""},
		{"empty", "", 502, "provider_unreadable", ""},
		{"json-stream", streaming, 502, "provider_unreadable", ""},
		{"first-error", streaming, 502, "provider_error", ""},
		{"nobody", "", 502, "provider_unreachable", ""},
		{"nobody", streaming, 502, "provider_unreachable", ""},
	} {
		t.Run(c.model+c.more, func(t *testing.T) {
			over(t, func(t *testing.T, client *http.Client) {
				got := s.do(t, call{key: of(plain, "dvara"), body: ask(c.model, "x", c.more), client: client})
				if got.err != nil || got.status != c.status || !strings.HasPrefix(got.body, `{"error":{"code":"`) || !strings.Contains(got.body, `"trace_id":"`+got.trace+`"`) {
					t.Errorf("%d %v %s", got.status, got.err, got.body)
				}
				if c.status == 429 && got.header.Get("Retry-After") != "7" {
					t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
				}
				if rec := s.record(t, got.trace); rec.Code != c.code || rec.Status != c.status {
					t.Errorf("record %+v", rec)
				}
			})
		})
	}
}

// A dialect that passes the provider's own errors passes them to the byte.
func TestProviderErrorsPass(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		for _, more := range []string{"", streaming} {
			got := s.do(t, call{key: of(plain, "rivaro"), body: ask("error-500", "x", more), client: c})
			const want = `{"error":{"message":"The demo provider was asked to fail","type":"server_error","param":null,"code":"demo"}}`
			if got.status != 500 || got.body != want || got.err != nil {
				t.Errorf("%d %v %s", got.status, got.err, got.body)
			}
		}
	})
}

// A stream that the provider does not bring to its end never looks whole.
func TestBrokenStreams(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		for _, m := range []struct {
			model, ended string
			told         bool // in the stream; else the transport breaks
		}{
			{"unfinished", "upstream_broken", true}, {"late-error", "upstream_broken", true}, {"cut", "client_gone", false},
		} {
			got := s.do(t, call{key: of(plain, "openai"), body: ask(m.model, "one two three four five six", streaming), client: c})
			if got.status != 200 {
				t.Errorf("%s: %d %s", m.model, got.status, got.body)
				continue
			}
			if strings.Contains(got.body, "[DONE]") || strings.Contains(got.body, `"stop"`) {
				t.Errorf("%s looks whole: %s", m.model, got.body)
			}
			if m.told && (got.err != nil || len(read(t, got.body).errors) != 1) || !m.told && got.err == nil {
				t.Errorf("%s: %v %s", m.model, got.err, got.body)
			}
			if rec := s.record(t, got.trace); rec.Ended != m.ended {
				t.Errorf("%s ended %s", m.model, rec.Ended)
			}
		}
	})
}

// A JSON answer that breaks off is refused whole.
func TestCutJSON(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		got := s.do(t, call{key: of(plain, "dvara"), body: ask("cut", "x"), client: c})
		if got.status < 502 || got.status > 503 || !strings.HasPrefix(got.body, `{"error":{"code":"provider_error"`) {
			t.Errorf("%d %v %s", got.status, got.err, got.body)
		}
	})
}

// An answer that is too large to be held is refused, not passed unread.
func TestAnswerOverTheLimit(t *testing.T) {
	s := open(t)
	trace := newTrace()
	s.upstream.script(t, trace, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"`+strings.Repeat("x", 5<<20)+`"},"finish_reason":"stop"}]}`)
	})
	got := s.do(t, call{key: of(plain, "dvara"), body: ask("scripted", "x"), trace: trace})
	if got.status != 502 || len(got.body) > 1000 {
		t.Errorf("%d, %d bytes", got.status, len(got.body))
	}
}
