package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAllowed(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		for _, stream := range []bool{false, true} {
			more := ""
			if stream {
				more = streaming
			}
			got := s.do(t, call{key: of(plain, "openai"), body: ask("echo", "one two three", more), client: c})
			a := read(t, got.body)
			if got.err != nil || got.status != 200 || a.content != "one two three" || len(a.errors) > 0 || a.done != stream {
				t.Errorf("stream %v: %d %v %s", stream, got.status, got.err, got.body)
			}
			if rec := s.record(t, got.trace); rec.Ended != "complete" || rec.Status != 200 || rec.Estimated || rec.OutputTokens != 3 || rec.Stream != stream {
				t.Errorf("record %+v", rec)
			}
		}
	})
}

// oddRequest has everything that a reader and a writer of JSON would lose.
const oddRequest = "{ \"zeta\" : 1.0e2,\r\n\t\"model\":\"scripted\", \"n\" : 1 , \"temperature\":1.50 ,\"x\":{\"b\":-0.0,\"a\":[1E+2,  12345678901234567890]}," +
	"\"messages\":[ {\"content\":\"\\u00e9\\/ \\ud83d\\ude00 \U0001F600 <&>\\u2028\", \"role\":\"user\",\"name\":\"n\" } ] ,\"seed\":0,\"user\":\"\"%s}\n "

const oddAnswer = "{ \"id\":\"c\\u0031\", \"object\":\"chat.completion\",\"created\":1.0e9,\"unknown\":{\"z\":1,\"a\":[ ] }, \"model\" : \"m\"," +
	"\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"\\u00e9 \\/ \\ud83d\\ude00 <&>\",\"role\":\"assistant\",\"refusal\":null}}]," +
	"\"usage\":{\"total_tokens\":3,\"completion_tokens\":1,\"prompt_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":0}} }\n"

const oddStream = ": a comment\n\nid: 7\nevent: message\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\\u00e9 \"},\"finish_reason\":null}],\"z\":1.0e2}\n\n" +
	"data:{\"choices\":[{\"delta\":{\"content\":\"\\/\"},\"index\":0}],\"model\":\"m\",\"id\":\"c\"}\r\n\r\n" +
	"retry: 10\n\ndata: {\"id\":\"c\",\ndata: \"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" +
	"data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1,\"total_tokens\":3}}\n\ndata: [DONE]\n\n"

// What is not edited is the same bytes at the provider and at the client.
func TestUneditedBytesAreTheSame(t *testing.T) {
	s := open(t)
	for _, kind := range []string{plain, guarded} {
		over(t, func(t *testing.T, c *http.Client) {
			for _, mode := range []struct{ name, extra, answer, contentType string }{
				{"JSON", "", oddAnswer, "application/json"},
				{"stream", ", \"stream\" : true,\"stream_options\": {\"include_usage\":true}", oddStream, "text/event-stream"},
			} {
				body := fmt.Sprintf(oddRequest, mode.extra)
				trace := newTrace()
				s.upstream.script(t, trace, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", mode.contentType)
					_, _ = io.WriteString(w, mode.answer)
				})
				got := s.do(t, call{key: of(kind, "dvara"), body: body, client: c, trace: trace})
				if at := s.upstream.one(t, trace).body; at != body {
					t.Errorf("%s: the provider got\n%q, want\n%q", mode.name, at, body)
				}
				if got.status != 200 || got.err != nil || got.body != mode.answer {
					t.Errorf("%s: the client got %d %v\n%q, want\n%q", mode.name, got.status, got.err, got.body, mode.answer)
				}
			}
		})
	}
}

// The provider gets its own credential, the path of its base URL and its own name of the model, and nothing of the
// client's.
func TestWhatTheProviderGets(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		key := s.key(t, of(plain, "openai"))
		got := s.do(t, call{key: of(plain, "openai"), body: ask("renamed", "hello"), client: c, header: []string{
			"X-Weir-Route", "order-dead", "X-Weir-Anything", "1", "X-Api-Key", key, "X-Own", "kept", "Accept-Encoding", "gzip", "X-Envoy-Retry-On", "5xx",
		}})
		if got.status != 200 || read(t, got.body).content != "hello" {
			t.Fatalf("%d %s", got.status, got.body)
		}
		at := s.upstream.one(t, got.trace)
		if at.path != "/prefix/v1/chat/completions" || at.header.Get("Authorization") != "Bearer "+providerKey || at.header.Get("X-Own") != "kept" {
			t.Errorf("the provider got %s %v", at.path, at.header)
		}
		if at.body != ask("echo", "hello") {
			t.Errorf("the provider got %s", at.body)
		}
		for name, values := range at.header {
			low := strings.ToLower(name)
			if strings.HasPrefix(low, "x-weir-") || strings.HasPrefix(low, "x-envoy-") || low == "x-api-key" || strings.Contains(strings.Join(values, " "), key) {
				t.Errorf("the provider got %s: %s", name, values)
			}
		}
	})
}

// A key may stand in any of four headers, and does not go on from any of them.
func TestWhereAKeyMayStand(t *testing.T) {
	s := open(t)
	for _, name := range []string{"Authorization", "X-Api-Key", "X-Detection-Key", "X-Bf-Vk"} {
		t.Run(name, func(t *testing.T) {
			timed(t)
			key := s.key(t, of(plain, "rivaro"))
			value := key
			if name == "Authorization" {
				value = "Bearer " + key
			}
			got := s.do(t, call{body: ask("echo", "hello"), header: []string{name, value}})
			if got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			at := s.upstream.one(t, got.trace)
			for n, values := range at.header {
				if strings.Contains(strings.Join(values, " "), key) {
					t.Errorf("the provider got the key in %s", n)
				}
			}
			if rec := s.record(t, got.trace); rec.Tenant != of(plain, "rivaro") {
				t.Errorf("record %+v", rec)
			}
		})
	}
}

// The id of an exchange is on every answer, and the same in the trail and at the provider.
func TestEveryAnswerHasItsID(t *testing.T) {
	s := open(t)
	for name, c := range map[string]call{
		"allowed":      {key: of(plain, "openai"), body: ask("echo", "x")},
		"stream":       {key: of(plain, "openai"), body: ask("echo", "x", streaming)},
		"refused":      {key: of(plain, "openai"), body: "{"},
		"unknown key":  {body: ask("echo", "x")},
		"unknown path": {path: "/v1/nothing", body: "{}"},
		"provider 500": {key: of(plain, "openai"), body: ask("error-500", "x")},
		"passed 500":   {key: of(plain, "rivaro"), body: ask("error-500", "x")},
		"unreachable":  {key: of(plain, "openai"), body: ask("nobody", "x")},
		"models":       {method: "GET", path: "/v1/models", key: of(plain, "openai")},
		"health":       {method: "GET", path: "/actuator/health"},
	} {
		t.Run(name, func(t *testing.T) {
			timed(t)
			got := s.do(t, c)
			if got.header.Get("X-Request-Id") != got.trace || got.header.Get("Request-Id") != got.trace {
				t.Errorf("%d: x-request-id %q, request-id %q, want %q", got.status, got.header.Get("X-Request-Id"), got.header.Get("Request-Id"), got.trace)
			}
			s.record(t, got.trace)
		})
	}
}

func TestLocalAnswers(t *testing.T) {
	s := open(t)
	got := s.do(t, call{method: "GET", path: "/v1/models", key: of("picky", "openai")})
	if got.status != 200 || !strings.Contains(got.body, `"echo"`) || strings.Contains(got.body, `"slow"`) || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("models: %d %s", got.status, got.body)
	}
	if got := s.do(t, call{method: "GET", path: "/v1/models/echo", key: of("picky", "openai")}); got.status != 200 || !strings.Contains(got.body, `"id":"echo"`) {
		t.Errorf("one model: %d %s", got.status, got.body)
	}
	if got := s.do(t, call{method: "GET", path: "/v1/models"}); got.status != 401 {
		t.Errorf("models without a key: %d %s", got.status, got.body)
	}
	if got := s.do(t, call{method: "GET", path: "/actuator/health"}); got.status != 200 || got.body != `{"status":"UP"}` {
		t.Errorf("health: %d %s", got.status, got.body)
	}
}

// 2 MB pass both ways.
func TestLargeBodies(t *testing.T) {
	s := open(t)
	text := strings.Repeat("a quite ordinary line of text, ", 2<<20/31)
	over(t, func(t *testing.T, c *http.Client) {
		got := s.do(t, call{key: of(plain, "openai"), body: ask("echo", text), client: c})
		if got.status != 200 || got.err != nil || read(t, got.body).content != text {
			t.Errorf("%d %v, %d bytes", got.status, got.err, len(got.body))
		}
		if at := s.upstream.one(t, got.trace).body; at != ask("echo", text) {
			t.Errorf("the provider got %d bytes", len(at))
		}
		if got := s.do(t, call{key: of(plain, "openai"), body: ask("big", "x", streaming), client: c}); got.status != 200 || !read(t, got.body).done {
			t.Errorf("%d %v, %d bytes", got.status, got.err, len(got.body))
		}
	})
}
