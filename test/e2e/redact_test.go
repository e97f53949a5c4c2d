package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const (
	address   = "jane.doe@example.com"
	letter    = "Please write to " + address + " today."
	secretKey = "sk-ant-api03-0123456789abcdef0123456789abcdef01234567"
)

var placeholder = regexp.MustCompile(`\[EMAIL_ADDRESS_[a-z0-9]+\]`)

// An address leaves as a placeholder and comes back as itself: whole, streamed, a character an event, in a tool call.
func TestRedactedAndRestored(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		for _, m := range []struct{ model, more, text, want string }{
			{"echo", "", letter, letter},
			{"echo", streaming, letter, letter},
			{"echo-1", streaming, letter, letter},
			{"tools", "", address, `{"to":"` + address + `"}`},
			{"tools", streaming, address, `{"to":"` + address + `"}`},
			{"echo-1", streaming + `,"n":3`, address, strings.Repeat(address, 3)},
			{"echo", "", address + " and again " + address, address + " and again " + address},
		} {
			got := s.do(t, call{key: of(guarded, "dvara"), body: ask(m.model, m.text, m.more), client: c})
			a := read(t, got.body)
			if got.status != 200 || got.err != nil || sorted(a) != m.want && a.content+a.tool != m.want || len(a.errors) > 0 || a.done != (m.more != "") {
				t.Errorf("%s%s: %d %v %s", m.model, m.more, got.status, got.err, got.body)
			}
			at := s.upstream.one(t, got.trace)
			if strings.Contains(at.body, address) || !placeholder.MatchString(at.body) {
				t.Errorf("%s%s: the provider got %s", m.model, m.more, at.body)
			}
			if rec := s.record(t, got.trace); rec.Restored == 0 || rec.Unresolved != 0 {
				t.Errorf("%s%s: record %+v", m.model, m.more, rec)
			}
		}
	})
}

// sorted is the text of choices that were streamed in turns, a character each, put back in order.
func sorted(a answer) string {
	n := max(len(a.finishes), 1)
	var b strings.Builder
	for i := range n {
		for j := i; j < len(a.content); j += n {
			b.WriteByte(a.content[j])
		}
	}
	return b.String()
}

// pieces is a handler that streams the text it was sent, cut at the given byte, each part in a write of its own. The cut
// goes through the bytes of the wire where wire is set, else through the text of two events.
func cutAnswer(seen func() string, at int, wire bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text := placeholder.FindString(seen())
		event := func(s string) string {
			return fmt.Sprintf(`data: {"id":"c","choices":[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`+"\n\n", s)
		}
		first, second := event(text[:min(at, len(text))]), event(text[min(at, len(text)):])
		if wire {
			whole := event(text)
			from := strings.Index(whole, text) + min(at, len(text))
			first, second = whole[:from], whole[from:]
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, part := range []string{first, second, `data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"} {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// Wherever the placeholder of an address is cut, in two events or in two pieces of the wire, the address comes back.
func TestPlaceholderCutAtEveryByte(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		for _, wire := range []bool{false, true} {
			for at := range len("[EMAIL_ADDRESS_0123456789]") + 1 {
				trace := newTrace()
				s.upstream.script(t, trace, cutAnswer(func() string { return s.upstream.one(t, trace).body }, at, wire))
				got := s.do(t, call{key: of(guarded, "openai"), body: ask("scripted", address, streaming), trace: trace, client: c})
				if a := read(t, got.body); got.status != 200 || a.content != address || !a.done || strings.Contains(got.body, "EMAIL") {
					t.Errorf("wire %v, cut at %d: %d %s", wire, at, got.status, got.body)
				}
			}
		}
	})
}

// An address of the provider's own, cut at every byte, never leaves in part.
func TestAnswerCutAtEveryByte(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		for at := range len(address) + 1 {
			trace := newTrace()
			s.upstream.script(t, trace, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for _, part := range []string{"write to " + address[:at], address[at:] + " now"} {
					_, _ = fmt.Fprintf(w, `data: {"id":"c","choices":[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`+"\n\n", part)
					_ = http.NewResponseController(w).Flush()
				}
				_, _ = io.WriteString(w, `data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
			})
			got := s.do(t, call{key: of(guarded, "korad"), body: ask("scripted", "x", streaming), trace: trace, client: c})
			if a := read(t, got.body); got.status != 200 || a.content != "write to [REDACTED_EMAIL_ADDRESS] now" || !a.done {
				t.Errorf("cut at %d: %d %s", at, got.status, got.body)
			}
		}
	})
}

// JSON and streams are treated alike: what the plan takes out of one it takes out of the other.
func TestAnswersAreRedacted(t *testing.T) {
	s := open(t)
	const want = "Reach Maria at [REDACTED_EMAIL_ADDRESS]; her card is [REDACTED_CREDIT_CARD] and her number [REDACTED_US_SSN]."
	for _, more := range []string{"", streaming} {
		got := s.do(t, call{key: of(guarded, "olava"), body: ask("pii", "x", more)})
		if a := read(t, got.body); got.status != 200 || !strings.HasPrefix(a.content, "Reach Maria at [REDACTED_EMAIL_ADDRESS]") || a.content != want {
			t.Errorf("%q: %d %s", more, got.status, a.content)
		}
	}
}

// What blocks an answer ends it: before its headers with a real status, after them in the middle of the stream, and never
// with a part of what was found.
func TestAnswersAreBlocked(t *testing.T) {
	s := open(t)
	for _, d := range []struct {
		dialect, whole string
		status         int
		filtered       bool // a stream ends with content_filter and [DONE], else with an error record
	}{
		{"dvara", `{"error":{"code":"secret_detected","type":"secret_violation","message":"Response contains a secret","trace_id":"{trace}"}}`, 400, true},
		{"rivaro", "Content blocked due to policy violations", 200, true},
		{"openai", `{"error":{"message":"Response contains a secret.","type":"invalid_request_error","param":null,"code":"secret_detected"}}`, 400, false},
	} {
		t.Run(d.dialect, func(t *testing.T) {
			over(t, func(t *testing.T, c *http.Client) {
				got := s.do(t, call{key: of(guarded, d.dialect), body: ask("leak", "x"), client: c})
				if d.status == 200 {
					if a := read(t, got.body); got.status != 200 || a.content != d.whole || a.finishes[0] != "content_filter" {
						t.Errorf("JSON: %d %s", got.status, got.body)
					}
				} else {
					hasError(t, got, d.status, d.whole)
				}
				got = s.do(t, call{key: of(guarded, d.dialect), body: ask("leak", "x", streaming), client: c})
				a := read(t, got.body)
				if got.status != 200 || got.err != nil || a.content != "Here you are: the deployment key is " || strings.Contains(got.body, "sk-") {
					t.Errorf("stream: %d %v %s", got.status, got.err, got.body)
				}
				ended := len(a.errors) == 0 && a.done && len(a.finishes) == 1 && a.finishes[0] == "content_filter"
				failed := len(a.errors) == 1 && !a.done && len(a.finishes) == 0
				if d.filtered && !ended || !d.filtered && !failed {
					t.Errorf("the stream ends with %s", got.body)
				}
				if rec := s.record(t, got.trace); rec.Ended != "blocked" || rec.Code != "secret_detected" || rec.BilledMicro == 0 {
					t.Errorf("record %+v", rec)
				}
			})
		})
	}
}

// A stream that is blocked in its first event never begins.
func TestBlockedBeforeTheStream(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		trace := newTrace()
		s.upstream.script(t, trace, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprintf(w, `data: {"id":"c","choices":[{"index":0,"delta":{"content":"%s "},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n", secretKey)
		})
		got := s.do(t, call{key: of(guarded, "dvara"), body: ask("scripted", "x", streaming), trace: trace, client: c})
		hasError(t, got, 400, `{"error":{"code":"secret_detected","type":"secret_violation","message":"Response contains a secret","trace_id":"{trace}"}}`)
	})
}
