package e2e_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The cases are named by what broke elsewhere: P for masks on streams, G for ways around a guard.

const chatHead = `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":`

// scriptStream has the provider write an answer in the given pieces, each in a write of its own.
func (s *stage) scriptStream(t *testing.T, trace string, pieces ...string) {
	t.Helper()
	s.upstream.script(t, trace, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, p := range pieces {
			_, _ = io.WriteString(w, p)
			_ = http.NewResponseController(w).Flush()
		}
	})
}

func contentEvent(text string) string {
	return "data: " + chatHead + `{"content":` + quoted(text) + `},"finish_reason":null}]}` + "\n\n"
}

const chatEnd = "data: " + chatHead + `{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

// P1: an address that comes one character at a time, or in two parts at every place, leaves no prefix.
func TestP1SplitValues(t *testing.T) {
	s := open(t)
	const value = "zq.bobby@other.org"
	for cut := 0; cut <= len(value); cut++ {
		trace := newTrace()
		events := []string{contentEvent("to "), contentEvent(value[:cut]), contentEvent(value[cut:]), contentEvent(", bye"), chatEnd}
		if cut == 0 {
			events = []string{contentEvent("to ")}
			for _, c := range value {
				events = append(events, contentEvent(string(c)))
			}
			events = append(events, contentEvent(", bye"), chatEnd)
		}
		s.scriptStream(t, trace, events...)
		got := s.do(t, call{key: of(guarded, "openai"), body: ask("scripted", "hi", streaming), trace: trace})
		if a := read(t, got.body); a.content != "to [REDACTED_EMAIL_ADDRESS], bye" || !a.done || strings.Contains(got.body, "zq") {
			t.Fatalf("cut at %d: %s", cut, got.body)
		}
	}
}

// placeholder is what a value goes out as.
func (s *stage) placeholder(t *testing.T, value string) string {
	t.Helper()
	got := s.do(t, call{key: of(guarded, "openai"), body: ask("echo", "mail "+value)})
	sent := s.upstream.one(t, got.trace).body
	at := strings.Index(sent, "[EMAIL_ADDRESS_")
	if at < 0 {
		t.Fatalf("the provider got %s", sent)
	}
	return sent[at : at+strings.IndexByte(sent[at:], ']')+1]
}

// P2: a placeholder is restored wherever the answer is cut: across writes, in a character, in an escape.
func TestP2SplitPlaceholders(t *testing.T) {
	s := open(t)
	const value = "jane.doe@example.com"
	p := s.placeholder(t, value)
	escaped := strings.Replace(p, "_", `\u005f`, 1)
	for name, data := range map[string]string{"plain": "caf\u00e9 " + p, "escape": "caf\u00e9 " + escaped} {
		answer := "data: " + chatHead + `{"content":"` + data + `"},"finish_reason":null}]}` + "\n\n" + chatEnd
		from := strings.Index(answer, "caf")
		for cut := from; cut < from+len(data); cut++ {
			trace := newTrace()
			s.scriptStream(t, trace, answer[:cut], answer[cut:])
			got := s.do(t, call{key: of(guarded, "openai"), body: ask("scripted", "mail "+value, streaming), trace: trace})
			if a := read(t, got.body); a.content != "caf\u00e9 "+value || !a.done {
				t.Fatalf("%s, cut at %d: %s", name, cut, got.body)
			}
		}
	}
}

// P3: arguments in fragments of any size, with escapes on both levels, parse and hold the original.
func TestP3Arguments(t *testing.T) {
	s := open(t)
	const value = "jane.doe@example.com"
	p := s.placeholder(t, value)
	document := `{"to":"` + strings.Replace(p, "_", `\u005f`, 1) + `","note":"a \"quote\" \\ and\n","n":[1,2.5]}`
	for size := 1; size <= 16; size++ {
		trace := newTrace()
		events := []string{"data: " + chatHead + `{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"mail","arguments":""}}]},"finish_reason":null}]}` + "\n\n"}
		for at := 0; at < len(document); at += size {
			events = append(events, "data: "+chatHead+`{"tool_calls":[{"index":0,"function":{"arguments":`+quoted(document[at:min(at+size, len(document))])+`}}]},"finish_reason":null}]}`+"\n\n")
		}
		s.scriptStream(t, trace, append(events, chatEnd)...)
		got := s.do(t, call{key: of(guarded, "openai"), body: ask("scripted", "mail "+value, streaming), trace: trace})
		var args struct{ To, Note string }
		if err := json.Unmarshal([]byte(read(t, got.body).tool), &args); err != nil || args.To != value || args.Note != "a \"quote\" \\ and\n" {
			t.Fatalf("fragments of %d: %v in %s", size, err, got.body)
		}
	}
}

// P7: the same value is the same placeholder, everywhere in a request and every time; two values never share one.
func TestP7OneToOne(t *testing.T) {
	s := open(t)
	body := `{"model":"echo","messages":[{"role":"system","content":"a@example.com"},{"role":"user","content":"a@example.com b@example.com"},{"role":"assistant","content":"b@example.com"},{"role":"user","content":"hi"}]}`
	var first string
	for range 20 {
		got := s.do(t, call{key: of(guarded, "openai"), body: body})
		sent := s.upstream.one(t, got.trace).body
		if first == "" {
			first = sent
		}
		if sent != first {
			t.Fatalf("%s, before %s", sent, first)
		}
	}
	var m struct{ Messages []struct{ Content string } }
	decode(t, first, &m)
	a, b := m.Messages[0].Content, m.Messages[2].Content
	if a == b || m.Messages[1].Content != a+" "+b || !strings.HasPrefix(a, "[EMAIL_ADDRESS_") {
		t.Errorf("sent %s", first)
	}
}

// P8: a history with restored or with unrestored values goes out with the same placeholders, and comes back restored.
func TestP8Turns(t *testing.T) {
	s := open(t)
	const value = "jane.doe@example.com"
	p := s.placeholder(t, value)
	for name, said := range map[string]string{"restored": "I wrote to " + value, "with a placeholder": "I wrote to " + p} {
		body := fmt.Sprintf(`{"model":"echo-1","stream":true,"messages":[{"role":"user","content":"mail %s"},{"role":"assistant","content":%q},{"role":"user","content":"again to %s"}]}`, value, said, value)
		got := s.do(t, call{key: of(guarded, "openai"), body: body})
		if sent := s.upstream.one(t, got.trace).body; strings.Count(sent, p) != 3 || strings.Contains(sent, "jane") {
			t.Errorf("%s: the provider got %s", name, sent)
		}
		if a := read(t, got.body); a.content != "again to "+value {
			t.Errorf("%s: %s", name, got.body)
		}
	}
}

// P10: a user's own text in the form of a placeholder, and one the model makes up, are text.
func TestP10Forged(t *testing.T) {
	s := open(t)
	p := s.placeholder(t, "jane.doe@example.com")
	for _, text := range []string{p, "[EMAIL_ADDRESS_aaaaaaaaaa]", "<EMAIL_1>"} {
		got := s.do(t, call{key: of(guarded, "openai"), body: ask("echo", "say "+text+" to john@example.com", streaming)})
		if a := read(t, got.body); a.content != "say "+text+" to john@example.com" {
			t.Errorf("%s: %s", text, got.body)
		}
	}
}

// G1, G2: text in every role and every place is read.
func TestG1G2EveryPlace(t *testing.T) {
	s := open(t)
	const bad = "write to eve.adams@example.com"
	chat := func(messages string) string { return `{"model":"echo","messages":[` + messages + `]}` }
	user := `{"role":"user","content":"hi"}`
	for name, c := range map[string]struct{ path, body string }{
		"first of two users": {"", chat(`{"role":"user","content":"` + bad + `"},` + user)},
		"system":             {"", chat(`{"role":"system","content":"` + bad + `"},` + user)},
		"developer":          {"", chat(`{"role":"developer","content":"` + bad + `"},` + user)},
		"assistant":          {"", chat(user + `,{"role":"assistant","content":"` + bad + `"},` + user)},
		"tool":               {"", chat(user + `,{"role":"tool","tool_call_id":"t","content":"` + bad + `"}`)},
		"function":           {"", chat(user + `,{"role":"function","name":"f","content":"` + bad + `"}`)},
		"arguments":          {"", chat(user + `,{"role":"assistant","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":\"eve.adams\\u0040example.com\"}"}}]}`)},
		"tool description":   {"", `{"model":"echo","messages":[` + user + `],"tools":[{"type":"function","function":{"name":"f","description":"` + bad + `"}}]}`},
		"response schema":    {"", `{"model":"echo","messages":[` + user + `],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"description":"` + bad + `"}}}}`},
		"name":               {"", chat(`{"role":"user","name":"eve.adams@example.com","content":"hi"}`)},
		"metadata":           {"", `{"model":"echo","metadata":{"a":"` + bad + `"},"messages":[` + user + `]}`},
		"instructions":       {"/v1/responses", `{"model":"echo","input":"hi","instructions":"` + bad + `"}`},
		"custom tool call":   {"/v1/responses", `{"model":"echo","input":[{"type":"custom_tool_call","call_id":"c","name":"n","input":"` + bad + `"}]}`},
		"function output":    {"/v1/responses", `{"model":"echo","input":[{"type":"function_call_output","call_id":"c","output":"` + bad + `"}]}`},
		"MCP tools":          {"/v1/responses", `{"model":"echo","input":[{"type":"mcp_list_tools","id":"m","server_label":"l","tools":[{"name":"n","description":"` + bad + `","input_schema":{}}]}]}`},
		"tool result":        {"/v1/messages", `{"model":"echo","max_tokens":5,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"` + bad + `"}]}]}`},
		"tool input":         {"/v1/messages", `{"model":"echo","max_tokens":5,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{"a":{"b":"` + bad + `"}}}]}]}`},
		"system blocks":      {"/v1/messages", `{"model":"echo","max_tokens":5,"system":[{"type":"text","text":"` + bad + `"}],"messages":[` + user + `]}`},
		"function response":  {"/v1beta/models/echo:generateContent", `{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"a":"` + bad + `"}}}]}]}`},
		"prompts":            {"/v1/completions", `{"model":"echo","prompt":["hi","` + bad + `"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			timed(t)
			got := s.do(t, call{key: of(blocking, "openai"), path: c.path, body: c.body})
			if got.status != 400 || s.record(t, got.trace).Code != "pii_detected" {
				t.Errorf("%d %s", got.status, got.body)
			}
			s.upstream.none(t, got.trace)
		})
	}
}

// G5: a picture beside text does not hide it; text in base64 is read; documents and what a vendor keeps are refused.
func TestG5Parts(t *testing.T) {
	s := open(t)
	with := func(part string) string {
		return `{"model":"echo","messages":[{"role":"user","content":[{"type":"text","text":"see"},` + part + `]}]}`
	}
	hidden := base64.StdEncoding.EncodeToString([]byte("write to eve.adams@example.com"))
	for name, c := range map[string]struct {
		part, code string
	}{
		"picture":         {`{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}`, ""},
		"sound":           {`{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}`, ""},
		"text beside one": {`{"type":"image_url","image_url":{"url":"http://x/y.png"}},{"type":"text","text":"write to eve.adams@example.com"}`, "pii_detected"},
		"text in base64":  {`{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,` + hidden + `"}}`, "pii_detected"},
		"PDF":             {`{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}`, "parameter_invalid"},
		"kept file":       {`{"type":"file","file":{"file_id":"file-abc"}}`, "parameter_invalid"},
		"text as sound":   {`{"type":"input_audio","input_audio":{"data":"write to eve.adams@example.com","format":"wav"}}`, "pii_detected"},
	} {
		t.Run(name, func(t *testing.T) {
			timed(t)
			got := s.do(t, call{key: of(blocking, "openai"), body: with(c.part)})
			if rec := s.record(t, got.trace); rec.Code != c.code {
				t.Errorf("%q, want %q: %d %s", rec.Code, c.code, got.status, got.body)
			}
		})
	}
}

// Compressed bodies are read, and go on as they were read.
func TestCompressedRequest(t *testing.T) {
	s := open(t)
	got := s.do(t, call{key: of(guarded, "openai"), header: []string{"Content-Encoding", "gzip"}, body: gzipped(t, ask("echo", "to jane.doe@example.com"))})
	at := s.upstream.one(t, got.trace)
	if got.status != 200 || read(t, got.body).content != "to jane.doe@example.com" || at.header.Get("Content-Encoding") != "" || !strings.Contains(at.body, "[EMAIL_ADDRESS_") {
		t.Errorf("%d %s; the provider got %v %q", got.status, got.body, at.header, at.body)
	}
}

// P4: text that can be part of no match does not wait: the provider goes on only when the client has what it sent.
func TestP4NothingWaits(t *testing.T) {
	s := open(t)
	trace := newTrace()
	const words = 50
	read := make(chan struct{}, words)
	s.upstream.script(t, trace, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range words {
			_, _ = io.WriteString(w, contentEvent("word, "))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-read:
			case <-r.Context().Done():
				return
			}
		}
		_, _ = io.WriteString(w, chatEnd)
	})
	c := call{key: of(guarded, "openai"), body: ask("scripted", "mail jane.doe@example.com", streaming), trace: trace}
	resp, err := clients["h1"].Do(s.request(t.Context(), t, &c))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	got := 0
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"word, "`) {
			got++
			read <- struct{}{}
		}
	}
	if got != words || lines.Err() != nil {
		t.Errorf("%d words came, %v", got, lines.Err())
	}
}
