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
	name, path string // {model} in the path stands for the model
	ask        func(model, text string, stream bool) string
	text       func(t *testing.T, body string) string // what a client reads, of JSON or of a stream
	tool       func(t *testing.T, body string) string // the arguments of the tool call
	whole      func(body string) bool                 // the stream ended as the surface says
}

var apis = []api{chatAPI("/v1/chat/completions"), chatAPI("/openai/v1/chat/completions"), azureAPI, completionsAPI, messagesAPI, responsesAPI, geminiAPI}

// at is the path for a model.
func (a api) at(model string, stream bool) string {
	path := strings.ReplaceAll(a.path, "{model}", model)
	if stream {
		path = strings.ReplaceAll(path, ":generateContent", ":streamGenerateContent?alt=sse")
	}
	return path
}

func chatAPI(path string) api {
	return api{
		name: "openai.chat", path: path,
		ask: func(model, text string, stream bool) string {
			if stream {
				return ask(model, text, streaming)
			}
			return ask(model, text)
		},
		text:  func(t *testing.T, body string) string { return read(t, body).content },
		tool:  func(t *testing.T, body string) string { return read(t, body).tool },
		whole: func(body string) bool { return strings.HasSuffix(body, "data: [DONE]\n\n") },
	}
}

var azureAPI = func() api {
	a := chatAPI("/openai/deployments/{model}/chat/completions?api-version=2024-10-21")
	a.ask = func(_, text string, stream bool) string {
		return fmt.Sprintf(`{"messages":[{"role":"user","content":%s}],"stream":%v}`, quoted(text), stream)
	}
	return a
}()

var completionsAPI = api{
	name: "openai.completions", path: "/v1/completions",
	ask: func(model, text string, stream bool) string {
		return fmt.Sprintf(`{"model":%q,"prompt":%s,"stream":%v}`, model, quoted(text), stream)
	},
	text: func(t *testing.T, body string) string {
		return joined(t, body, func(data string) string {
			var e struct{ Choices []struct{ Text string } }
			decode(t, data, &e)
			if len(e.Choices) == 0 {
				return ""
			}
			return e.Choices[0].Text
		})
	},
	whole: func(body string) bool { return strings.HasSuffix(body, "data: [DONE]\n\n") },
}

var geminiAPI = api{
	name: "gemini.generate_content", path: "/v1beta/models/{model}:generateContent",
	ask: func(_, text string, _ bool) string {
		return fmt.Sprintf(`{"contents":[{"role":"user","parts":[{"text":%s}]}]}`, quoted(text))
	},
	text: func(t *testing.T, body string) string {
		return joined(t, body, func(data string) string { return geminiPart(t, data).Text })
	},
	tool: func(t *testing.T, body string) string {
		return joined(t, body, func(data string) string { return string(geminiPart(t, data).FunctionCall.Args) })
	},
	whole: func(body string) bool { return strings.Contains(body, `"finishReason":"STOP"`) },
}

type geminiText struct {
	Text         string
	FunctionCall struct{ Args json.RawMessage }
}

func geminiPart(t *testing.T, data string) (part geminiText) {
	t.Helper()
	var e struct {
		Candidates []struct{ Content struct{ Parts []geminiText } }
	}
	decode(t, data, &e)
	for _, c := range e.Candidates {
		for _, p := range c.Content.Parts {
			part.Text += p.Text
			part.FunctionCall.Args = append(part.FunctionCall.Args, p.FunctionCall.Args...)
		}
	}
	return part
}

// joined is the text of JSON, or of all records of a stream.
func joined(t *testing.T, body string, text func(data string) string) string {
	t.Helper()
	if strings.HasPrefix(body, "{") {
		return text(body)
	}
	var b strings.Builder
	for _, data := range records(t, body) {
		if data != "[DONE]" {
			b.WriteString(text(data))
		}
	}
	return b.String()
}

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
	got := s.do(t, call{key: of(plain, "openai"), path: a.at("echo", stream), body: a.ask("echo", "one two three", stream)})
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
	got := s.do(t, call{key: of(guarded, "openai"), path: a.at("echo-1", stream), body: a.ask("echo-1", text, stream)})
	if sent := s.upstream.one(t, got.trace).body; strings.Contains(sent, "jane") || !strings.Contains(sent, "[EMAIL_ADDRESS_") {
		t.Errorf("the provider got %s", sent)
	}
	if got.status != 200 || a.text(t, got.body) != text || stream && !a.whole(got.body) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if a.tool == nil {
		return
	}
	got = s.do(t, call{key: of(guarded, "openai"), path: a.at("tools", stream), body: a.ask("tools", text, stream)})
	if args := a.tool(t, got.body); args != `{"to":"`+text+`"}` {
		t.Errorf("arguments %s in %s", args, got.body)
	}
	got = s.do(t, call{key: of(guarded, "openai"), path: a.at("pii", stream), body: a.ask("pii", "hi", stream)})
	if text := a.text(t, got.body); strings.Contains(got.body, "maria.") || strings.Contains(got.body, "4111") || !strings.Contains(text, "[REDACTED_EMAIL_ADDRESS]") {
		t.Errorf("%s", got.body)
	}
}

func (s *stage) blocks(t *testing.T, a api, stream bool) {
	t.Helper()
	got := s.do(t, call{key: of(blocking, "openai"), path: a.at("echo", stream), body: a.ask("echo", "write to jane.doe@example.com", stream)})
	if got.status != 400 || strings.Contains(got.body, "jane") || s.record(t, got.trace).Code != "pii_detected" {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.upstream.none(t, got.trace)
	got = s.do(t, call{key: of(guarded, "openai"), path: a.at("leak", stream), body: a.ask("leak", "hi", stream)})
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
				got := s.do(t, call{key: of(plain, "openai"), path: a.at(model, true), body: a.ask(model, "one two three four five six", true), client: clients["h2"]})
				if got.status != http.StatusOK || a.whole(got.body) || !strings.Contains(got.body, `"error"`) && !strings.Contains(got.body, "response.failed") {
					t.Errorf("%d %s", got.status, got.body)
				}
			})
		}
	}
}

// What has no text in its answer is governed on its way out all the same.
func TestSurfacesWithoutText(t *testing.T) {
	s := open(t)
	for path, body := range map[string]string{
		"/v1/embeddings":            `{"model":"echo","input":["mail jane.doe@example.com","hello"]}`,
		"/v1/moderations":           `{"model":"echo","input":"mail jane.doe@example.com"}`,
		"/v1/messages/count_tokens": `{"model":"echo","messages":[{"role":"user","content":"mail jane.doe@example.com"}]}`,
		"/openai/deployments/echo/embeddings?api-version=2024-10-21": `{"input":"mail jane.doe@example.com"}`,
	} {
		t.Run(path, func(t *testing.T) {
			timed(t)
			got := s.do(t, call{key: of(guarded, "openai"), path: path, body: body})
			if got.status != 200 || got.err != nil {
				t.Fatalf("%d %s", got.status, got.body)
			}
			at := s.upstream.one(t, got.trace)
			if strings.Contains(at.body, "jane") || !strings.Contains(at.body, "[EMAIL_ADDRESS_") || at.path != path {
				t.Errorf("the provider got %s %s", at.path, at.body)
			}
			if got := s.do(t, call{key: of(blocking, "openai"), path: path, body: body}); got.status != 400 {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// What a query says beside what surfaces know does not go on.
func TestQueriesAreCut(t *testing.T) {
	s := open(t)
	got := s.do(t, call{key: of(plain, "openai"), path: "/v1/chat/completions?note=jane.doe@example.com&api-version=1&key=abc", body: ask("echo", "hi")})
	if at := s.upstream.one(t, got.trace); got.status != 200 || at.path != "/v1/chat/completions?api-version=1" {
		t.Errorf("%d, the provider got %s", got.status, at.path)
	}
}
