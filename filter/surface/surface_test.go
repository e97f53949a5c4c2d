package surface_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"weir/filter/surface"
)

const chat = `{"model":"gpt","messages":[{"role":"system","content":"be kind"},{"role":"user","content":[{"type":"text","text":"hi \u00e9 \"you\""}]}`

func read(t testing.TB, body string) *surface.Request {
	t.Helper()
	r, err := surface.Chat{}.ReadRequest([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return r
}

func TestRequestView(t *testing.T) {
	r := read(t, chat+`,{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"mail","arguments":"{\"to\":\"jane \\\"J\\\" doe\",\"n\":1}"}}]},`+
		`{"role":"tool","tool_call_id":"call_1","content":"sent"}],"stream":true,"n":2,"max_tokens":50,"temperature":0.5,`+
		`"tools":[{"type":"function","function":{"name":"mail","description":"sends mail"}}],"metadata":{"note here":"secret words"},"odd":{"x":"unknown text"}}`)
	if r.Model != "gpt" || !r.Stream || r.WantsUsage || r.Choices != 2 || r.OutputTokens != 50 || r.Messages != 4 || r.LongestChars != 16 {
		t.Errorf("view: model %q, stream %v, choices %d, output %d, messages %d, longest %d", r.Model, r.Stream, r.Choices, r.OutputTokens, r.Messages, r.LongestChars)
	}
	if !reflect.DeepEqual(r.Tools, []string{"mail"}) || !reflect.DeepEqual(r.ToolCalls, []string{"mail"}) {
		t.Errorf("tools %v, calls %v", r.Tools, r.ToolCalls)
	}
	var got []string
	for _, s := range r.Segments {
		got = append(got, fmt.Sprintf("%s %s %d %s", s.Role, s.Place, s.Depth, s.Text))
	}
	want := []string{
		"system /messages/0/content 1 be kind",
		`user /messages/1/content/0/text 1 hi é "you"`,
		"assistant /messages/2/tool_calls/0/function/name 1 mail",
		`assistant /messages/2/tool_calls/0/function/arguments/to 2 jane "J" doe`,
		"tool /messages/3/content 1 sent",
		"offer /tools/0/function/name 1 mail",
		"offer /tools/0/function/description 1 sends mail",
		"user /metadata/~key 1 note here",
		"user /metadata/~ 1 secret words",
		"user /odd/x 1 unknown text",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("segments\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRefusals(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for body, want := range map[string]string{
		"":                               "json_invalid",
		"[]":                             "body_not_object",
		`"x"`:                            "body_not_object",
		"\xef\xbb\xbf" + `{}`:            "json_invalid",
		`{"model":"a"} x`:                "json_invalid",
		`{"a":1,"\u0061":2}`:             "json_invalid",
		`{"a":"\ud800"}`:                 "json_invalid",
		"{\"a\":\"\xff\"}":               "json_invalid",
		`{"a":1e999}`:                    "json_invalid",
		`{"a":01}`:                       "json_invalid",
		`{"a":NaN}`:                      "json_invalid",
		`{"a":` + deep + `}`:             "json_invalid",
		"{\"a\":\"\n\"}":                 "json_invalid",
		`{}`:                             "parameter_missing model",
		`{"model":null}`:                 "parameter_missing model",
		`{"model":7}`:                    "parameter_invalid model",
		`{"model":"a b"}`:                "parameter_invalid model",
		`{"model":"a"}`:                  "parameter_missing messages",
		`{"model":"a","messages":[]}`:    "parameter_invalid messages",
		`{"model":"a","messages":["x"]}`: "parameter_invalid messages[0]",
		chat + `],"temperature":2.1}`:    "parameter_invalid temperature",
		chat + `],"max_tokens":-1}`:      "parameter_invalid max_tokens",
		chat + `],"n":0}`:                "parameter_invalid n",
		chat + `],"stream":"yes"}`:       "parameter_invalid stream",
		chat + `],"stream_options":1}`:   "parameter_invalid stream_options",
		chat + `,{"role":"user","content":[{"type":"file","file":{"file_data":"data:text/plain;base64,aGk="}}]}]}`:      "",
		chat + `,{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,aGk="}}]}]}`: "parameter_invalid messages[2].content[0].file.file_data",
	} {
		_, err := surface.Chat{}.ReadRequest([]byte(body))
		var r *surface.Refusal
		if want == "" && err == nil {
			continue
		}
		if !errors.As(err, &r) || strings.TrimSpace(r.Code+" "+r.Field) != want {
			t.Errorf("%.60q: %v, want %s", body, err, want)
		}
	}
}

// What is too large is told the bound that it passed, not the other one.
func TestTooManyTokens(t *testing.T) {
	_, err := surface.Chat{}.ReadRequest([]byte(`{"model":"a","messages":[{"role":"user","content":"x"}],"max_tokens":9223372036854775807}`))
	var r *surface.Refusal
	if !errors.As(err, &r) || r.Field != "max_tokens" || r.Detail != "must be a whole number of at most 2147483648" {
		t.Errorf("%v", err)
	}
}

func TestFind(t *testing.T) {
	table := surface.Default()
	for request, want := range map[string]surface.Kind{
		"POST /v1/chat/completions":        surface.Governed,
		"POST /v1/chat/completions?x=1":    surface.Governed,
		"GET /v1/chat/completions":         surface.WrongMethod,
		"GET /v1/models":                   surface.Models,
		"GET /v1/models/a":                 surface.Models,
		"POST /v1/models":                  surface.WrongMethod,
		"GET /actuator/health":             surface.Health,
		"POST /v1/responses":               surface.Governed,
		"GET /v1/responses/resp_1":         surface.Unsupported,
		"POST /v1/embeddings":              surface.Governed,
		"POST /v1/completions":             surface.Governed,
		"POST /v1/moderations":             surface.Governed,
		"POST /v1/audio/speech":            surface.Unsupported,
		"POST /openai/v1/chat/completions": surface.Governed,
		"POST /openai/deployments/gpt/chat/completions?api-version=2024-10-21": surface.Governed,
		"GET /openai/deployments/gpt/embeddings":                               surface.WrongMethod,
		"POST /openai/deployments/gpt/images/generations":                      surface.Unsupported,
		"POST /v1beta/models/gemini-2.5:generateContent":                       surface.Governed,
		"POST /v1beta/models/gemini-2.5:streamGenerateContent":                 surface.Unsupported,
		"POST /v1beta/models/gemini-2.5:streamGenerateContent?alt=sse":         surface.Governed,
		"POST /v1beta/models/gemini-2.5:embedContent":                          surface.Unsupported,
		"POST /v1/messages":               surface.Governed,
		"POST /v1/messages/count_tokens":  surface.Governed,
		"POST /v1/messages/batches":       surface.Unsupported,
		"POST /v1/chat/completions/":      surface.Unsupported,
		"POST /v1//chat/completions":      surface.Invalid,
		"POST /v1/../v1/chat/completions": surface.Invalid,
		"POST /v1/chat%2fcompletions":     surface.Invalid,
		"POST /v1/chat/completions;a=b":   surface.Invalid,
		"POST /":                          surface.Unknown,
		"POST *":                          surface.Invalid,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := table.Find(method, path); got.Kind != want {
			t.Errorf("%s: kind %d, want %d", request, got.Kind, want)
		}
	}
}

func TestApplyAtDepth(t *testing.T) {
	body := chat + `,{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"to\":\"a \\\"b\\\" \\u00e9 c\"}"}}]}]}`
	r := read(t, body)
	last := len(r.Segments) - 1
	s := r.Segments[last]
	at := strings.Index(s.Text, `"b"`)
	got, err := surface.Apply(r.Body, r.Segments, []surface.Edit{{Segment: last, Start: at, End: at + 3, With: `x"\` + "\n"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	again := read(t, string(got))
	if want := strings.Replace(s.Text, `"b"`, `x"\`+"\n", 1); again.Segments[last].Text != want {
		t.Errorf("%q, want %q\n%s", again.Segments[last].Text, want, got)
	}
	if !strings.Contains(string(got), `hi \u00e9 \"you\"`) || !strings.Contains(string(got), `\\u00e9 c`) {
		t.Errorf("bytes outside the edit changed: %s", got)
	}
}

func TestSplices(t *testing.T) {
	for body, want := range map[string]string{
		`{"model":"a","messages":[{"role":"user"}]}`:                                                  `{"stream_options":{"include_usage":true},"max_completion_tokens":9,"model":"b","messages":[{"role":"user"}]}`,
		`{ "stream_options":{}, "model":"a","max_tokens":5,"messages":[{"role":"user"}]}`:             `{ "stream_options":{"include_usage":true}, "model":"b","max_tokens":9,"messages":[{"role":"user"}]}`,
		`{"stream_options":{"include_usage":false},"model":"a","messages":[{"role":"user"}],"n":1.0}`: `{"max_completion_tokens":9,"stream_options":{"include_usage":true},"model":"b","messages":[{"role":"user"}],"n":1.0}`,
	} {
		r := read(t, body)
		var all []surface.Splice
		all = append(append(append(all, surface.AskUsage(r)...), surface.LimitOutput(r, 9)...), surface.RenameModel(r, "b")...)
		got, err := surface.Apply(r.Body, r.Segments, nil, all)
		if err != nil || string(got) != want {
			t.Errorf("%s\nwant %s (%v)", got, want, err)
		}
	}
}

func TestAnswerAndEvents(t *testing.T) {
	a, err := surface.Chat{}.ReadAnswer([]byte(`{"id":"c","model":"m","choices":[{"index":1,"message":{"role":"assistant","content":"hi","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{\"a\":\"b\"}"}}]},"logprobs":{"content":[]},"finish_reason":"stop"}],"citations":["see here"],"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if *a.Usage != (surface.Usage{Input: 3, Cached: 2, Output: 4}) || len(a.Finishes) != 1 || a.Finishes[0].Choice != 1 || len(a.Logprobs) != 1 || a.Tools[0] != "f" {
		t.Errorf("answer %+v", a)
	}
	var texts []string
	for _, s := range a.Segments {
		texts = append(texts, fmt.Sprintf("%d %s %s", s.At.Choice, s.At.Field, s.Text))
	}
	if want := []string{"1 content hi", "1 arguments b", "-1 @citations see here"}; !reflect.DeepEqual(texts, want) {
		t.Errorf("segments %q, want %q", texts, want)
	}
	for data, check := range map[string]func(d *surface.Delta) bool{
		"[DONE]":                    func(d *surface.Delta) bool { return d.Done },
		`{"error":{"message":"x"}}`: func(d *surface.Delta) bool { return d.Failed },
		`{"choices":[],"usage":{"prompt_tokens":1}}`: func(d *surface.Delta) bool { return d.OnlyUsage && d.Usage.Input == 1 },
		`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null}`: func(d *surface.Delta) bool {
			return d.Bare && len(d.Segments) == 1 && d.Segments[0].At == surface.Channel{Field: "content"}
		},
		`{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`: func(d *surface.Delta) bool { return !d.Bare && len(d.Opened) == 1 },
		`{"choices":[{"index":2,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{\"a"}}]}}]}`: func(d *surface.Delta) bool {
			return d.Bare && d.Segments[0].Text == `{"a` && d.Segments[0].Depth == 1 && d.Segments[0].At == surface.Channel{Choice: 2, Field: "arguments", Tool: 1}
		},
	} {
		d, err := surface.Chat{}.ReadEvent("", []byte(data))
		if err != nil || !check(d) {
			t.Errorf("%s: %+v, %v", data, d, err)
		}
	}
	if _, err := (surface.Chat{}).ReadEvent("", []byte("hello")); err == nil {
		t.Error("an event that is no JSON was read")
	}
}

func TestTextEvent(t *testing.T) {
	template := []byte(`{"id":"c","x":[1.0, 2],"choices":[{"index":0,"delta":{"content":"zzz"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`)
	got, err := surface.Chat{}.TextEvent(surface.Template{Data: template}, surface.Channel{Choice: 3, Field: "arguments", Tool: 2}, `a"b`)
	want := `data: {"id":"c","x":[1.0, 2],"choices":[{"index":3,"delta":{"tool_calls":[{"index":2,"function":{"arguments":"a\"b"}}]},"finish_reason":null}]}` + "\n\n"
	if err != nil || string(got) != want {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
}

// FuzzScanner holds the scanner to the standard library: what it takes, encoding/json takes, with the same strings.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(chat + "]}"))
	f.Add([]byte(`{"model":"a","messages":[{"role":"user","content":"\ud83d\ude00 \u0000"}],"z":[1,-0.5e3,true,null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := surface.Chat{}.ReadRequest(body)
		if err != nil {
			return
		}
		var v struct{ Model string }
		if jsonErr := json.Unmarshal(body, &v); jsonErr != nil || v.Model != r.Model {
			t.Fatalf("taken, but encoding/json says %v, model %q against %q", jsonErr, v.Model, r.Model)
		}
		out, err := surface.Apply(body, r.Segments, nil, nil)
		if err != nil || len(out) != len(body) || &out[0] != &body[0] {
			t.Fatal("no edits, other bytes")
		}
		for _, s := range r.Segments {
			if !utf8.ValidString(s.Text) || s.Raw.Start > s.Raw.End || s.Raw.End > len(body) {
				t.Fatalf("segment %+v", s)
			}
		}
	})
}

// FuzzApply checks that an edit changes what it is to change, at either depth, and nothing else.
func FuzzApply(f *testing.F) {
	f.Add("jane \"x\" \\ doe", "new\n\"", uint8(5), uint8(8))
	f.Add("caf\u00e9 \U0001F600", "", uint8(0), uint8(4))
	f.Fuzz(func(t *testing.T, text, with string, a, b uint8) {
		text, with = strings.ToValidUTF8(text, "?"), strings.ToValidUTF8(with, "?")
		inner, _ := json.Marshal(map[string]string{"k": text})
		body, _ := json.Marshal(map[string]any{
			"model": "m", "messages": []any{
				map[string]any{"role": "user", "content": text},
				map[string]any{"role": "assistant", "tool_calls": []any{map[string]any{"function": map[string]any{"name": "f", "arguments": string(inner)}}}},
			},
		})
		r := read(t, string(body))
		for i, s := range r.Segments {
			if s.Text != text || text == "" {
				continue
			}
			from, to := int(a)%(len(text)+1), int(b)%(len(text)+1)
			from, to = min(from, to), max(from, to)
			for from > 0 && from < len(text) && !utf8.RuneStart(text[from]) {
				from--
			}
			for to < len(text) && !utf8.RuneStart(text[to]) {
				to++
			}
			out, err := surface.Apply(r.Body, r.Segments, []surface.Edit{{Segment: i, Start: from, End: to, With: with}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			again := read(t, string(out))
			want := text[:from] + with + text[to:]
			if want != "" && again.Segments[i].Text != want {
				t.Fatalf("segment %d: %q, want %q", i, again.Segments[i].Text, want)
			}
			if !strings.HasPrefix(string(out), string(body[:s.Raw.Start])) || !strings.HasSuffix(string(out), string(body[s.Raw.End:])) {
				t.Fatalf("bytes outside the segment changed: %s", out)
			}
		}
	})
}

func BenchmarkReadRequest12KB(b *testing.B) {
	body := []byte(chat + strings.Repeat(`,{"role":"user","content":"`+strings.Repeat("some plain words of a chat ", 15)+`"}`, 28) + "]}")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (surface.Chat{}).ReadRequest(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodingJSON12KB(b *testing.B) {
	body := []byte(chat + strings.Repeat(`,{"role":"user","content":"`+strings.Repeat("some plain words of a chat ", 15)+`"}`, 28) + "]}")
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var v map[string]any
		if err := json.Unmarshal(body, &v); err != nil {
			b.Fatal(err)
		}
	}
}
