package filter_test

import (
	"io"
	"testing"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
)

// responseTrailers ends an answer.
func responseTrailers() *extprocv3.ProcessingRequest {
	return &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseTrailers{ResponseTrailers: &extprocv3.HttpTrailers{}}}
}

// A provider's error that is passed on ends as it came, whatever ends it: Envoy waits for an answer to each of its messages.
func TestAProvidersErrorEndsAsItCame(t *testing.T) {
	headers := func(end bool) *extprocv3.ProcessingRequest {
		m := responseHeaders("429", "application/json", "via_upstream")
		m.GetResponseHeaders().EndOfStream = end
		return m
	}
	for name, c := range map[string]struct {
		answer                []*extprocv3.ProcessingRequest
		body                  string
		bodyEnds, hasTrailers bool
	}{
		"headers alone":                {[]*extprocv3.ProcessingRequest{headers(true)}, "", false, false},
		"a body":                       {[]*extprocv3.ProcessingRequest{headers(false), responseBody(`{"e":1}`, true)}, `{"e":1}`, true, false},
		"a body in pieces":             {[]*extprocv3.ProcessingRequest{headers(false), responseBody(`{"e"`, false), responseBody(`:1}`, false), responseBody("", true)}, `{"e":1}`, true, false},
		"an empty body":                {[]*extprocv3.ProcessingRequest{headers(false), responseBody("", true)}, "", true, false},
		"trailers alone":               {[]*extprocv3.ProcessingRequest{headers(false), responseTrailers()}, "", false, true},
		"trailers behind a body":       {[]*extprocv3.ProcessingRequest{headers(false), responseBody(`{"e":1}`, false), responseTrailers()}, `{"e":1}`, false, true},
		"trailers behind an empty one": {[]*extprocv3.ProcessingRequest{headers(false), responseBody("", false), responseTrailers()}, "", false, true},
	} {
		h := build(t, "rivaro", nil)
		e := &envoy{in: append(h.forwards("/v1/chat/completions", `{"model":"echo","messages":[{"role":"user","content":"hi"}]}`), c.answer...), after: io.EOF}
		if err := h.server.Process(e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, trailers := read(e.out, nil), 0
		for _, m := range e.out {
			if m.GetResponseTrailers() != nil {
				trailers++
			}
		}
		if got.immediate != nil || !got.status || string(got.body) != c.body || got.ended != c.bodyEnds || trailers > 1 || (trailers == 1) != c.hasTrailers {
			t.Errorf("%s: %+v, %d answers to trailers", name, got, trailers)
		}
		if r := h.trail[0]; r.Ended != "complete" || r.Status != 429 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// An error in the place of an answer is the provider's, whatever status it comes with; it costs nothing, and passes where the
// dialect passes errors.
func TestAnErrorInASuccess(t *testing.T) {
	const wrong = `{"error":{"message":"overloaded","type":"x"}}`
	event := "data: " + wrong + "\n\n"
	for name, c := range map[string]struct {
		dialect, contentType, answer string
		status                       int // of Weir's own answer; 0: the provider's passes
	}{
		"mapped":      {"dvara", "application/json", wrong, 502},
		"passed":      {"rivaro", "application/json", wrong, 0},
		"first event": {"openai", "text/event-stream", event, 502},
		"with an answer": {"openai", "application/json", `{"id":"c","object":"chat.completion","created":1,"model":"echo","error":{"message":"late"},` +
			`"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}`, 0},
	} {
		h := build(t, c.dialect, nil)
		request := `{"model":"echo","messages":[{"role":"user","content":"hi"}]}`
		if c.contentType == "text/event-stream" {
			request = `{"stream":true,` + request[1:]
		}
		got := h.playNow(append(h.forwards("/v1/chat/completions", request), responseHeaders("200", c.contentType, "via_upstream"), responseBody(c.answer, true)))
		r := h.trail[0]
		answered := name == "with an answer"
		if s := int(got.immediate.GetStatus().GetCode()); s != c.status || c.status == 0 && string(got.body) != c.answer {
			t.Errorf("%s: %d %s", name, s, got.body)
		}
		if (r.Code == "provider_error") == answered || (r.Settlement == "settled") != answered || (r.CostMicro > 0) != answered {
			t.Errorf("%s: the record says %q, %s, %d micro-USD", name, r.Code, r.Settlement, r.CostMicro)
		}
	}
}
