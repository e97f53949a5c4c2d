package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"weir/filter/fault"
)

// responseBegins is how a Responses stream begins, up to a text that is not whole.
func responseBegins(texts ...string) http.HandlerFunc {
	const head = `{"id":"r1","object":"response","created_at":7,"status":"in_progress","model":"m1","output":[],"error":null,"parallel_tool_calls":true,"tool_choice":"auto","tools":[]}`
	events := []string{
		"event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":" + head + "}\n\n",
		"event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"i1\",\"type\":\"message\",\"role\":\"assistant\",\"status\":\"in_progress\",\"content\":[]}}\n\n",
		"event: response.content_part.added\ndata: {\"type\":\"response.content_part.added\",\"sequence_number\":2,\"output_index\":0,\"content_index\":0,\"item_id\":\"i1\",\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n",
	}
	for i, text := range texts {
		events = append(events, fmt.Sprintf("event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":%d,\"output_index\":0,\"content_index\":0,\"item_id\":\"i1\",\"delta\":%q}\n\n", i+3, text))
	}
	return streams(events...)
}

// A Responses stream that ends by a refusal is response.failed to the OpenAI SDKs, with the code, in every dialect; where it
// ends by Rivaro's own error, which has one form everywhere, they raise.
func TestSDKResponses(t *testing.T) {
	s := open(t)
	by := drivers(t)
	for _, d := range append([]string{"openai"}, pages...) {
		for _, c := range []struct {
			cause  string
			kind   string
			script http.HandlerFunc
			code   fault.Code
		}{
			{"a provider that breaks off", plain, responseBegins("Hello "), fault.StreamBroken},
			{"a secret in the answer", guarded, responseBegins("Hello there. ", leakedText+" "), ""},
		} {
			t.Run(d+" "+c.cause, func(t *testing.T) {
				timed(t)
				for _, language := range []string{"python", "node"} {
					ask := call{path: "/v1/responses", key: of(c.kind, d), body: responsesAPI.ask("scripted", "x", true), trace: newTrace()}
					r := s.request(t.Context(), t, &ask)
					j := job{SDK: "responses", Base: "http://" + s.addr, Key: "none", NoKey: true, Stream: true, Headers: map[string]string{}, Body: ask.body}
					for name := range r.Header {
						j.Headers[name] = r.Header.Get(name)
					}
					s.upstream.script(t, ask.trace, c.script)
					got := by[language].do(t, j)
					told := got.Raised == "" && got.Finish == "failed" && got.Code != "" && got.Message != ""
					if d == "rivaro" && c.kind == plain {
						told = got.Raised == "APIError" && got.Finish == ""
					}
					if !told || got.Tries != 1 {
						t.Errorf("%s: %+v", language, got)
					}
					if rec := s.record(t, ask.trace); c.code != "" && rec.Code != string(c.code) {
						t.Errorf("the record says %q", rec.Code)
					}
				}
			})
		}
	}
}
