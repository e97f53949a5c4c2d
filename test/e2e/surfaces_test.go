package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// api is a surface as a client uses it.
type api struct {
	name, path string
	ask        func(model, text string, stream bool) string
	text       func(t *testing.T, body string) string // what a client reads, of JSON or of a stream
	tool       func(t *testing.T, body string) string // the arguments of the tool call
	whole      func(body string) bool                 // the stream ended as the surface says
}

var apis = []api{messagesAPI, responsesAPI}

var messagesAPI = api{
	name: "anthropic.messages", path: "/v1/messages",
	ask: func(model, text string, stream bool) string {
		return fmt.Sprintf(`{"model":%q,"max_tokens":1000,"stream":%v,"messages":[{"role":"user","content":%s}]}`, model, stream, quoted(text))
	},
	text: func(t *testing.T, body string) string { return messageText(t, body, "text") },
	tool: func(t *testing.T, body string) string { return messageText(t, body, "tool_use") },
	whole: func(body string) bool {
		return strings.HasSuffix(body, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
	},
}

var responsesAPI = api{
	name: "openai.responses", path: "/v1/responses",
	ask: func(model, text string, stream bool) string {
		return fmt.Sprintf(`{"model":%q,"stream":%v,"input":%s}`, model, stream, quoted(text))
	},
	text:  func(t *testing.T, body string) string { return responseText(t, body, "output_text") },
	tool:  func(t *testing.T, body string) string { return responseText(t, body, "function_call_arguments") },
	whole: func(body string) bool { return strings.Contains(body, "event: response.completed\n") },
}

// responseText is the text of a response, or the arguments of its tool call. What is told again must be the same.
func responseText(t *testing.T, body, kind string) string {
	t.Helper()
	type response struct {
		Output []struct {
			Arguments string
			Content   []struct{ Text string }
		}
	}
	said := func(r response) string {
		text := ""
		for _, item := range r.Output {
			text += item.Arguments
			for _, c := range item.Content {
				text += c.Text
			}
		}
		return text
	}
	if strings.HasPrefix(body, "{") {
		var r response
		decode(t, body, &r)
		return said(r)
	}
	text, next := "", 0
	for _, data := range records(t, body) {
		var e struct {
			Type, Delta, Text, Arguments string
			Sequence                     int `json:"sequence_number"`
			Response                     response
		}
		decode(t, data, &e)
		if e.Sequence != next {
			t.Errorf("event %d has the number %d", next, e.Sequence)
		}
		next++
		again := e.Text + e.Arguments
		switch e.Type {
		case "response." + kind + ".delta":
			text += e.Delta
			continue
		case "response.completed":
			again = said(e.Response)
		case "response." + kind + ".done":
		default:
			continue
		}
		if again != text {
			t.Errorf("%s says %q, the deltas %q", e.Type, again, text)
		}
	}
	return text
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// records are the data of every record of a stream.
func records(t *testing.T, body string) []string {
	t.Helper()
	var out []string
	for _, rec := range strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		for _, line := range strings.Split(rec, "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				out = append(out, data)
			}
		}
	}
	return out
}

// messageText is the text of a message, or the input of its tool call.
func messageText(t *testing.T, body, kind string) string {
	t.Helper()
	if strings.HasPrefix(body, "{") {
		var m struct {
			Content []struct {
				Type, Text string
				Input      json.RawMessage
			}
		}
		decode(t, body, &m)
		for _, c := range m.Content {
			if c.Type == kind {
				return c.Text + string(c.Input)
			}
		}
		return ""
	}
	var b strings.Builder
	for _, data := range records(t, body) {
		var e struct {
			Delta struct {
				Type, Text  string
				PartialJSON string `json:"partial_json"`
			}
		}
		decode(t, data, &e)
		if e.Delta.Type == "text_delta" && kind == "text" || e.Delta.Type == "input_json_delta" && kind == "tool_use" {
			b.WriteString(e.Delta.Text + e.Delta.PartialJSON)
		}
	}
	return b.String()
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
}

// The same secret in and out gets the same decision on every surface, streamed or not (P13, G3).
func TestEverySurfaceIsGoverned(t *testing.T) {
	s := open(t)
	for _, a := range apis {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", a.name, stream), func(t *testing.T) {
				timed(t)
				s.passes(t, a, stream)
				s.redacts(t, a, stream)
				s.blocks(t, a, stream)
			})
		}
	}
}

func (s *stage) passes(t *testing.T, a api, stream bool) {
	t.Helper()
	got := s.do(t, call{key: of(plain, "openai"), path: a.path, body: a.ask("echo", "one two three", stream)})
	if got.status != 200 || a.text(t, got.body) != "one two three" || stream && !a.whole(got.body) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if rec := s.record(t, got.trace); rec.Ended != "complete" || rec.Surface != a.name || rec.Estimated || rec.OutputTokens != 3 || rec.InputTokens != 3 {
		t.Errorf("record %+v", rec)
	}
}

func (s *stage) redacts(t *testing.T, a api, stream bool) {
	t.Helper()
	const text = "write to jane.doe@example.com today"
	got := s.do(t, call{key: of(guarded, "openai"), path: a.path, body: a.ask("echo-1", text, stream)})
	if sent := s.upstream.one(t, got.trace).body; strings.Contains(sent, "jane") || !strings.Contains(sent, "[EMAIL_ADDRESS_") {
		t.Errorf("the provider got %s", sent)
	}
	if got.status != 200 || a.text(t, got.body) != text || stream && !a.whole(got.body) {
		t.Errorf("%d %s", got.status, got.body)
	}
	got = s.do(t, call{key: of(guarded, "openai"), path: a.path, body: a.ask("tools", text, stream)})
	if args := a.tool(t, got.body); args != `{"to":"`+text+`"}` {
		t.Errorf("arguments %s in %s", args, got.body)
	}
	got = s.do(t, call{key: of(guarded, "openai"), path: a.path, body: a.ask("pii", "hi", stream)})
	if text := a.text(t, got.body); strings.Contains(got.body, "maria.") || strings.Contains(got.body, "4111") || !strings.Contains(text, "[REDACTED_EMAIL_ADDRESS]") {
		t.Errorf("%s", got.body)
	}
}

func (s *stage) blocks(t *testing.T, a api, stream bool) {
	t.Helper()
	got := s.do(t, call{key: of(blocking, "openai"), path: a.path, body: a.ask("echo", "write to jane.doe@example.com", stream)})
	if got.status != 400 || strings.Contains(got.body, "jane") || s.record(t, got.trace).Code != "pii_detected" {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.upstream.none(t, got.trace)
	got = s.do(t, call{key: of(guarded, "openai"), path: a.path, body: a.ask("leak", "hi", stream)})
	if strings.Contains(got.body, "sk-ant") || s.record(t, got.trace).Code != "secret_detected" || s.record(t, got.trace).Ended != "blocked" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A stream that breaks off never looks whole.
func TestBrokenStreamsLookBroken(t *testing.T) {
	s := open(t)
	for _, a := range apis {
		for _, model := range []string{"unfinished", "late-error"} {
			t.Run(a.name+"/"+model, func(t *testing.T) {
				timed(t)
				got := s.do(t, call{key: of(plain, "openai"), path: a.path, body: a.ask(model, "one two three four five six", true), client: clients["h2"]})
				if got.status != http.StatusOK || a.whole(got.body) || !strings.Contains(got.body, `"error"`) && !strings.Contains(got.body, "response.failed") {
					t.Errorf("%d %s", got.status, got.body)
				}
			})
		}
	}
}
