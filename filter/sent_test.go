package filter_test

import (
	"slices"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"

	"weir/policy/tenant"
)

// Whatever a provider repeats of the credential it was sent, the client does not get it: in a header, in a whole answer, in an
// event of a stream, however the stream is cut. An error behind the first event is told in the dialect's words, or as it came
// where the dialect passes errors.
func TestNoCredentialComesBack(t *testing.T) {
	const secret = "sk-own/0123456789+abcdef"
	t.Setenv("OWN_KEY", secret)
	own := func(a *tenant.Tenant) {
		a.Own = tenant.Own{References: map[string]tenant.Reference{"demo": {Env: "OWN_KEY"}}}
		a.Settings.Secrets.Response, a.Settings.PII.Response = tenant.Log, tenant.Log
	}
	const chunk = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"echo","choices":[{"index":0,"delta":{"content":"hi there"},"finish_reason":null}]}` + "\n\n"
	late := `data: {"error":{"message":"bad key ` + strings.ReplaceAll(secret, "/", `\/`) + `","type":"x"}}` + "\n\n"
	for name, c := range map[string]struct {
		dialect, contentType, answer string
		stream                       bool
		has                          string // besides, none of the secret
	}{
		"a late error, mapped":          {"openai", "text/event-stream", chunk + late, true, `"type":"server_error"`},
		"a late error, mapped by DVARA": {"dvara", "text/event-stream", chunk + late + done, true, `provider_error`},
		"a late error, passed":          {"rivaro", "text/event-stream", chunk + late + done, true, `data: {"error":{"message":"bad key ***","type":"x"}}`},
		"a field of an event":           {"openai", "text/event-stream", strings.Replace(chunk, `"id":"c"`, `"id":"c","debug":"`+secret+`"`, 1) + stop + done, true, `"debug":"***"`},
		"a field of an answer": {"openai", "application/json", `{"id":"c","object":"chat.completion","created":1,"model":"echo","debug":"` + secret +
			`","choices":[{"index":0,"message":{"role":"assistant","content":"hi there"},"finish_reason":"stop"}]}`, false, `"debug":"***"`},
	} {
		for _, cut := range []int{0, 1, 7, len(c.answer) / 2, len(c.answer) - 9} {
			h := build(t, c.dialect, own)
			headers := responseHeaders("200", c.contentType, "via_upstream")
			list := headers.GetResponseHeaders().GetHeaders()
			list.Headers = append(list.Headers, &corev3.HeaderValue{Key: "x-echo", RawValue: []byte("Bearer " + secret)}, &corev3.HeaderValue{Key: "x-other", RawValue: []byte("kept")})
			request := `{"model":"echo","messages":[{"role":"user","content":"hi"}]}`
			if c.stream {
				request = strings.Replace(request, "{", `{"stream":true,`, 1)
			}
			got := h.playNow(append(h.forwards("/v1/chat/completions", request), headers, responseBody(c.answer[:cut], false), responseBody(c.answer[cut:], true)))
			body := string(got.body)
			if strings.Contains(body, "sk-own") || !strings.Contains(body, c.has) || c.stream && !strings.Contains(body, "hi there") {
				t.Errorf("%s, cut at %d: %v %s", name, cut, got.err, body)
			}
			if !slices.Contains(got.removed, "x-echo") || slices.Contains(got.removed, "x-other") {
				t.Errorf("%s: took out the headers %v", name, got.removed)
			}
			if r := h.trail[0]; strings.HasPrefix(name, "a late error, mapped") != (r.Code == "provider_error") {
				t.Errorf("%s: the record says %q, %s", name, r.Code, r.Ended)
			}
		}
	}
}
