package filter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// wire is a surface as its streams look: text and the arguments of a tool call in pieces.
type wire struct {
	name, path string
	ask        func(text string) string
	stream     func(text, args []string) string
	read       func(t testing.TB, body string) (text, args string)
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func wires() []wire {
	return []wire{
		{"chat", "/v1/chat/completions", chatWireAsk, chatWire, readChatWire},
		{"completions", "/v1/completions", func(text string) string {
			return `{"model":"echo","stream":true,"stream_options":{"include_usage":true},"prompt":` + quote(text) + `}`
		}, completionsWire, readCompletionsWire},
		{"messages", messagesPath, func(text string) string {
			return `{"model":"echo","max_tokens":9,"stream":true,"messages":[{"role":"user","content":` + quote(text) + `}]}`
		}, messagesWire, readMessagesWire},
		{"responses", responsesPath, func(text string) string {
			return `{"model":"echo","stream":true,"input":` + quote(text) + `}`
		}, responsesWire, readResponsesWire},
		{"gemini", "/v1beta/models/echo:streamGenerateContent?alt=sse", func(text string) string {
			return `{"contents":[{"parts":[{"text":` + quote(text) + `}]}]}`
		}, geminiWire, readGeminiWire},
	}
}

func chatWireAsk(text string) string {
	return `{"model":"echo","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":` + quote(text) + `}]}`
}

func chatWire(text, args []string) string {
	delta := func(d string) string {
		return `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"echo","choices":[{"index":0,"delta":` + d + `,"finish_reason":null}]}` + "\n\n"
	}
	var b strings.Builder
	b.WriteString(opening)
	for _, s := range text {
		b.WriteString(delta(`{"content":` + quote(s) + `}`))
	}
	b.WriteString(delta(`{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}`))
	for _, s := range args {
		b.WriteString(delta(`{"tool_calls":[{"index":0,"function":{"arguments":` + quote(s) + `}}]}`))
	}
	return b.String() + stop + usage + done
}

// eachData calls f with the data of every record but the end marker.
func eachData(t testing.TB, body string, into func() any, f func(v any)) {
	t.Helper()
	for _, line := range strings.Split(body, "\n") {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		v := into()
		if err := json.Unmarshal([]byte(data), v); err != nil {
			t.Fatalf("%v: %q", err, data)
		}
		f(v)
	}
}

func readChatWire(t testing.TB, body string) (text, args string) {
	type event struct {
		Choices []struct {
			Delta struct {
				Content   string
				ToolCalls []struct{ Function struct{ Arguments string } } `json:"tool_calls"`
			}
		}
	}
	eachData(t, body, func() any { return &event{} }, func(v any) {
		for _, c := range v.(*event).Choices {
			text += c.Delta.Content
			for _, tc := range c.Delta.ToolCalls {
				args += tc.Function.Arguments
			}
		}
	})
	return text, args
}

func completionsWire(text, _ []string) string {
	var b strings.Builder
	for _, s := range append(text, "") {
		finish := "null"
		if s == "" {
			finish = `"stop"`
		}
		fmt.Fprintf(&b, "data: {\"id\":\"c\",\"object\":\"text_completion\",\"created\":1,\"model\":\"echo\",\"choices\":[{\"index\":0,\"text\":%s,\"logprobs\":null,\"finish_reason\":%s}]}\n\n", quote(s), finish)
	}
	return b.String() + usage + done
}

func readCompletionsWire(t testing.TB, body string) (text, args string) {
	type event struct{ Choices []struct{ Text string } }
	eachData(t, body, func() any { return &event{} }, func(v any) {
		for _, c := range v.(*event).Choices {
			text += c.Text
		}
	})
	return text, ""
}

func messagesWire(text, args []string) string {
	var b strings.Builder
	b.WriteString(messageStart + block("start", 0, textStart))
	for _, s := range text {
		b.WriteString(block("delta", 0, `,"delta":{"type":"text_delta","text":`+quote(s)+`}`))
	}
	b.WriteString(block("stop", 0, "") + block("start", 1, toolStart))
	for _, s := range args {
		b.WriteString(block("delta", 1, `,"delta":{"type":"input_json_delta","partial_json":`+quote(s)+`}`))
	}
	return b.String() + block("stop", 1, "") + messageStop
}

func readMessagesWire(t testing.TB, body string) (text, args string) {
	type event struct {
		Delta struct {
			Text        string
			PartialJSON string `json:"partial_json"`
		}
	}
	eachData(t, body, func() any { return &event{} }, func(v any) {
		text += v.(*event).Delta.Text
		args += v.(*event).Delta.PartialJSON
	})
	return text, args
}

func responsesWire(text, args []string) string {
	n := 0
	var b strings.Builder
	add := func(kind, members string) {
		b.WriteString(item(n, kind, members))
		n++
	}
	whole, call := strings.Join(text, ""), strings.Join(args, "")
	part := `{"type":"output_text","text":` + quote(whole) + `,"annotations":[],"logprobs":[]}`
	message := `{"type":"message","id":"m","role":"assistant","status":"completed","content":[` + part + `]}`
	called := `{"type":"function_call","id":"f","call_id":"c","name":"f","status":"completed","arguments":` + quote(call) + `}`
	at := `,"item_id":"m","output_index":0,"content_index":0`
	add("created", `,"response":{"id":"resp_1","object":"response","created_at":1,"model":"echo","status":"in_progress","output":[]}`)
	add("output_item.added", `,"output_index":0,"item":{"type":"message","id":"m","role":"assistant","status":"in_progress","content":[]}`)
	for _, s := range text {
		add("output_text.delta", at+`,"delta":`+quote(s))
	}
	add("output_text.done", at+`,"text":`+quote(whole))
	add("content_part.done", at+`,"part":`+part)
	add("output_item.done", `,"output_index":0,"item":`+message)
	for _, s := range args {
		add("function_call_arguments.delta", `,"item_id":"f","output_index":1,"delta":`+quote(s))
	}
	add("function_call_arguments.done", `,"item_id":"f","output_index":1,"arguments":`+quote(call))
	add("output_item.done", `,"output_index":1,"item":`+called)
	add("completed", `,"response":{"id":"resp_1","object":"response","created_at":1,"model":"echo","status":"completed","output":[`+message+`,`+called+`],"usage":{"input_tokens":9,"output_tokens":4,"total_tokens":13}}`)
	return b.String()
}

// readResponsesWire also checks that what is told again is the same, and the numbers.
func readResponsesWire(t testing.TB, body string) (text, args string) {
	type event struct {
		Type, Delta, Text, Arguments string
		Sequence                     int `json:"sequence_number"`
		Response                     struct {
			Output []struct {
				Arguments string
				Content   []struct{ Text string }
			}
		}
	}
	next := 0
	same := func(what, got, want string) {
		if got != want {
			t.Fatalf("%s says %q, the deltas %q", what, got, want)
		}
	}
	eachData(t, body, func() any { return &event{} }, func(v any) {
		e := v.(*event)
		if e.Sequence != next {
			t.Fatalf("event %d has the number %d in %s", next, e.Sequence, body)
		}
		next++
		switch e.Type {
		case "response.output_text.delta":
			text += e.Delta
		case "response.function_call_arguments.delta":
			args += e.Delta
		case "response.output_text.done":
			same(e.Type, e.Text, text)
		case "response.function_call_arguments.done":
			same(e.Type, e.Arguments, args)
		case "response.completed":
			same(e.Type, e.Response.Output[0].Content[0].Text, text)
			same(e.Type, e.Response.Output[1].Arguments, args)
		}
	})
	return text, args
}

func geminiWire(text, _ []string) string {
	var b strings.Builder
	for _, s := range text {
		b.WriteString(`data: {"candidates":[{"content":{"parts":[{"text":` + quote(s) + `}],"role":"model"},"index":0}],"modelVersion":"echo"}` + "\n\n")
	}
	return b.String() + `data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3}}` + "\n\n"
}

func readGeminiWire(t testing.TB, body string) (text, args string) {
	type event struct {
		Candidates []struct {
			Content struct{ Parts []struct{ Text string } }
		}
	}
	eachData(t, body, func() any { return &event{} }, func(v any) {
		for _, c := range v.(*event).Candidates {
			for _, p := range c.Content.Parts {
				text += p.Text
			}
		}
	})
	return text, ""
}
