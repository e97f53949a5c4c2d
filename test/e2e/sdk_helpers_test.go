package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// toWhom is what a provider writes to: the address as the client wrote it, or what stands for it.
var toWhom = regexp.MustCompile(regexp.QuoteMeta(address) + `|` + placeholder.String())

// helped are the surfaces as a provider answers them for the SDKs' helpers: a text that is a document, and a tool call, both
// with what the request wrote to, in pieces of a few bytes. A request that brings a tool's result is answered with a text.
var helped = map[string]func(text, arguments []string) string{
	"chat": func(text, arguments []string) string {
		var b strings.Builder
		b.WriteString("data: " + chatHead + `{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n")
		for _, s := range text {
			b.WriteString(contentEvent(s))
		}
		if arguments == nil {
			return b.String() + chatEnd
		}
		b.WriteString("data: " + chatHead + `{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"mail","arguments":""}}]},"finish_reason":null}]}` + "\n\n")
		for _, s := range arguments {
			b.WriteString("data: " + chatHead + `{"tool_calls":[{"index":0,"function":{"arguments":` + quoted(s) + `}}]},"finish_reason":null}]}` + "\n\n")
		}
		return b.String() + "data: " + chatHead + `{},"finish_reason":"tool_calls"}]}` + "\n\n" +
			`data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}` + "\n\ndata: [DONE]\n\n"
	},
	"responses": helpedResponse,
	"messages": func(text, arguments []string) string {
		event := func(kind, members string) string {
			return fmt.Sprintf("event: %s\ndata: {\"type\":%q%s}\n\n", kind, kind, members)
		}
		var b strings.Builder
		b.WriteString(event("message_start", `,"message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}`))
		b.WriteString(event("content_block_start", `,"index":0,"content_block":{"type":"text","text":""}`))
		for _, s := range text {
			b.WriteString(event("content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":`+quoted(s)+`}`))
		}
		b.WriteString(event("content_block_stop", `,"index":0`))
		stop := "end_turn"
		if arguments != nil {
			stop = "tool_use"
			b.WriteString(event("content_block_start", `,"index":1,"content_block":{"type":"tool_use","id":"t","name":"mail","input":{}}`))
			for _, s := range arguments {
				b.WriteString(event("content_block_delta", `,"index":1,"delta":{"type":"input_json_delta","partial_json":`+quoted(s)+`}`))
			}
			b.WriteString(event("content_block_stop", `,"index":1`))
		}
		return b.String() + event("message_delta", `,"delta":{"stop_reason":"`+stop+`","stop_sequence":null},"usage":{"output_tokens":7}`) + event("message_stop", "")
	},
}

func helpedResponse(text, arguments []string) string {
	var b strings.Builder
	n := 0
	add := func(kind, members string) {
		fmt.Fprintf(&b, "event: response.%s\ndata: {\"type\":\"response.%s\",\"sequence_number\":%d%s}\n\n", kind, kind, n, members)
		n++
	}
	response := func(status, output, usage string) string {
		return `,"response":{"id":"r","object":"response","created_at":1,"model":"m","status":"` + status + `","output":[` + output + `],"error":null,"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":` + usage + `}`
	}
	whole, call := strings.Join(text, ""), strings.Join(arguments, "")
	part := func(s string) string { return `{"type":"output_text","text":` + quoted(s) + `,"annotations":[]}` }
	message := func(status, content string) string {
		return `{"type":"message","id":"m","role":"assistant","status":"` + status + `","content":[` + content + `]}`
	}
	function := func(status, args string) string {
		return `{"type":"function_call","id":"f","call_id":"c","name":"mail","status":"` + status + `","arguments":` + quoted(args) + `}`
	}
	at := `,"item_id":"m","output_index":0,"content_index":0`
	add("created", response("in_progress", "", "null"))
	add("output_item.added", `,"output_index":0,"item":`+message("in_progress", ""))
	add("content_part.added", at+`,"part":`+part(""))
	for _, s := range text {
		add("output_text.delta", at+`,"logprobs":[],"delta":`+quoted(s))
	}
	add("output_text.done", at+`,"logprobs":[],"text":`+quoted(whole))
	add("content_part.done", at+`,"part":`+part(whole))
	add("output_item.done", `,"output_index":0,"item":`+message("completed", part(whole)))
	add("output_item.added", `,"output_index":1,"item":`+function("in_progress", ""))
	for _, s := range arguments {
		add("function_call_arguments.delta", `,"item_id":"f","output_index":1,"delta":`+quoted(s))
	}
	add("function_call_arguments.done", `,"item_id":"f","output_index":1,"name":"mail","arguments":`+quoted(call))
	add("output_item.done", `,"output_index":1,"item":`+function("completed", call))
	add("completed", response("completed", message("completed", part(whole))+","+function("completed", call), `{"input_tokens":9,"input_tokens_details":{"cached_tokens":0},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":13}`))
	return b.String()
}

// inPieces cuts a text into pieces of a size.
func inPieces(text string, size int) (out []string) {
	for at := 0; at < len(text); at += size {
		out = append(out, text[at:min(at+size, len(text))])
	}
	return out
}

// helps answers by what a request wrote to: with a document and a tool call that repeat it, and after the tool with a text.
func helps(kind string, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		to := toWhom.FindString(string(body))
		document := `{"to":"` + to + `","note":"a \"quote\", a \\ and caf\u00e9"}`
		text, arguments := inPieces(document, size), inPieces(document, size)
		if strings.Contains(string(body), "sent to ") {
			text, arguments = inPieces("It is on its way to "+to+".", size), nil
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, record := range strings.SplitAfter(helped[kind](text, arguments), "\n\n") {
			_, _ = io.WriteString(w, record)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// TestSDKHelpers: what the SDKs' own helpers make of a stream that was edited on its way (accumulators, structured output,
// tool runners) is what they make of one that was not.
func TestSDKHelpers(t *testing.T) {
	s := open(t)
	python, node, packages := interpreters(t)
	by := map[string]*driver{
		"python": drive(t, python, filepath.Join("testdata", "helpers_child.py")),
		"node":   drive(t, node, filepath.Join("testdata", "helpers_child.mjs"), packages),
	}
	for _, c := range []struct{ language, helper, kind string }{
		{"python", "chat", "chat"}, {"python", "responses", "responses"}, {"python", "messages", "messages"}, {"python", "tools", "messages"},
		{"node", "chat", "chat"}, {"node", "runTools", "chat"}, {"node", "responses", "responses"}, {"node", "messages", "messages"}, {"node", "tools", "messages"},
	} {
		t.Run(c.language+" "+c.helper, func(t *testing.T) {
			timed(t)
			for _, size := range []int{1, 7} {
				made := map[string]string{}
				for _, tenant := range []string{plain, guarded} {
					trace := newTrace()
					s.upstream.script(t, trace, helps(c.kind, size))
					got := by[c.language].do(t, job{
						SDK: c.helper, Base: "http://" + s.addr, Key: s.key(t, of(tenant, "openai")), Body: "write to " + address, Stream: true,
						Headers: map[string]string{"X-Request-Id": trace},
					})
					if got.Raised != "" {
						t.Fatalf("%s, pieces of %d: %s: %s", tenant, size, got.Raised, got.Message)
					}
					made[tenant] = got.Made
					for _, a := range s.upstream.saw(trace) {
						if tenant == guarded && strings.Contains(a.body, address) {
							t.Errorf("the provider got %s", a.body)
						}
					}
				}
				if made[plain] != made[guarded] || !strings.Contains(made[plain], address) {
					t.Errorf("pieces of %d: of the edited stream it makes\n%s\nof the other\n%s", size, made[guarded], made[plain])
				}
			}
		})
	}
}
