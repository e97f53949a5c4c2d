package filter_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
)

const plainAnswer = `{"id":"c","object":"chat.completion","created":1,"model":"echo","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}`

// answered is an exchange whose answer has these headers and this body, in pieces of a size.
func (h *house) answered(request, status, contentType, body string, size int) *told {
	messages := []*extprocv3.ProcessingRequest{h.ask(), requestBody(request), responseHeaders(status, contentType, "via_upstream")}
	for at := 0; at < len(body); at += size {
		messages = append(messages, responseBody(body[at:min(at+size, len(body))], false))
	}
	return h.playNow(append(messages, responseBody("", true)))
}

// Answers that have not the form that was asked for are refused with a real status, and none is passed unread.
func TestAnswersOfAnotherForm(t *testing.T) {
	stream := fmt.Sprintf(streamed, "hi")
	whole := `{"model":"echo","messages":[{"role":"user","content":"hi"}]}`
	events := opening + event("hi") + stop + done
	for name, c := range map[string]struct{ request, status, contentType, body string }{
		"JSON to a stream":             {stream, "200", "application/json", plainAnswer},
		"a stream to JSON":             {whole, "200", "text/event-stream", events},
		"a stream without a type":      {stream, "200", "", events},
		"HTML":                         {whole, "200", "text/html", "<p>busy"},
		"no content":                   {stream, "204", "text/event-stream", ""},
		"not modified":                 {whole, "304", "application/json", ""},
		"an empty stream":              {stream, "200", "text/event-stream", ""},
		"comments only":                {stream, "200", "text/event-stream", ": ping\n\n: ping\n\n"},
		"a stream in another charset":  {stream, "200", "text/event-stream; charset=utf-16", events},
		"a stream in Latin 1":          {stream, "200", `text/event-stream; Charset="ISO-8859-1"`, events},
		"JSON in another charset":      {whole, "200", "application/json; charset=utf-7", plainAnswer},
		"a stream that is no UTF-8":    {stream, "200", "text/event-stream", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"caf\xe9\"}}]}\n\n"},
		"an event that is no JSON":     {stream, "200", "text/event-stream", "data: hello\n\n"},
		"an event that is not chat's":  {stream, "200", "text/event-stream", "data: {\"type\":\"message_start\"}\n\n"},
		"JSON with a key twice":        {whole, "200", "application/json", strings.Replace(plainAnswer, `"id":"c"`, `"id":"c","id":"d"`, 1)},
		"JSON with data after its end": {whole, "200", "application/json", plainAnswer + "{}"},
	} {
		h := build(t, "openai", redacting)
		got := h.answered(c.request, c.status, c.contentType, c.body, 1<<20)
		if got.immediate == nil || got.immediate.GetStatus().GetCode() != 502 || strings.Contains(string(got.body), "hi") {
			t.Errorf("%s: %+v", name, got)
		}
		if n := h.server.InFlight(); n != 0 || len(h.trail) != 1 {
			t.Errorf("%s: %d bytes stayed, %d records", name, n, len(h.trail))
		}
	}
	for _, contentType := range []string{"text/event-stream; charset=utf-8", "text/event-stream;charset=UTF-8", "Text/Event-Stream ; charset=\"utf-8\"", "text/event-stream; charset=us-ascii"} {
		h := build(t, "openai", redacting)
		if got := h.answered(stream, "200", contentType, events, 7); string(got.body) != events {
			t.Errorf("%s: %+v", contentType, got)
		}
	}
}

// An event of 10 MB passes where the bound allows it and ends the stream where it does not; a line that never ends does not
// fill memory; 100,000 tiny events come out as they went in.
func TestEventsOfAnySize(t *testing.T) {
	request := fmt.Sprintf(streamed, "hi")
	huge := event(strings.Repeat("some plain words ", 10<<20/17))
	h := build(t, "openai", redacting)
	h.snap.Limits.EventBytes, h.snap.Limits.HeldBytes = 16<<20, 1<<20
	if got := h.answered(request, "200", "text/event-stream", opening+huge+stop+done, 64<<10); string(got.body) != opening+huge+stop+done {
		t.Errorf("%d bytes came back of %d", len(got.body), len(opening+huge+stop+done))
	}
	for name, c := range map[string]string{"10 MB in one event": huge, "a line that never ends": "data: " + strings.Repeat("x", 10<<20)} {
		h := build(t, "openai", redacting)
		got := h.answered(request, "200", "text/event-stream", opening+c, 16<<10)
		if !strings.HasPrefix(string(got.body), opening) || !strings.Contains(string(got.body), `"error"`) || strings.Contains(string(got.body), "[DONE]") || len(got.body) > 4096 {
			t.Errorf("%s: %d bytes came back: %.300s", name, len(got.body), got.body)
		}
		if n := h.server.InFlight(); n != 0 {
			t.Errorf("%s: %d bytes stayed", name, n)
		}
	}
	var tiny strings.Builder
	tiny.WriteString(opening)
	for range 100_000 {
		tiny.WriteString(`data: {"choices":[{"index":0,"delta":{"content":"some "}}]}` + "\n\n")
	}
	tiny.WriteString(stop + done)
	h = build(t, "openai", redacting)
	if got := h.answered(request, "200", "text/event-stream", tiny.String(), 8<<10); string(got.body) != tiny.String() {
		t.Errorf("%d bytes came back of %d", len(got.body), tiny.Len())
	}
}

// What comes behind the end of a stream is looked at like all else; what Envoy hands over behind the end of a body is not
// answered any more.
func TestEventsAfterTheEnd(t *testing.T) {
	h := build(t, "openai", redacting)
	request := fmt.Sprintf(streamed, "hi")
	all := opening + event("hi ") + stop + done
	got := h.answered(request, "200", "text/event-stream", all+event("mail "+someone+" ")+": bye\n\n", 1<<20)
	if strings.Contains(string(got.body), "jane") || !strings.HasPrefix(string(got.body), all) || !got.ended {
		t.Errorf("%s", got.body)
	}
	messages := append(h.answerTo(request, all), responseBody(event("more"), false), responseBody("", true))
	e := &envoy{in: messages, after: io.EOF}
	if err := h.server.Process(e); err != nil {
		t.Errorf("%v", err)
	}
	if got := read(e.out, nil); string(got.body) != all {
		t.Errorf("%s", got.body)
	}
}

// A stream that trailers end is one that ended; their answer follows its last bytes.
func TestTrailersEndAStream(t *testing.T) {
	h := build(t, "openai", redacting)
	messages := h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("write to jane.d")+stop+done)
	messages[len(messages)-1] = &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseTrailers{ResponseTrailers: &extprocv3.HttpTrailers{}}}
	e := &envoy{in: messages, after: io.EOF}
	if err := h.server.Process(e); err != nil {
		t.Fatal(err)
	}
	got := read(e.out, nil)
	if contentOf(t, got.body) != "write to jane.d" || got.ended || e.out[len(e.out)-1].GetResponseTrailers() == nil || h.trail[0].Ended != "complete" {
		t.Errorf("%s, %v", got.body, e.out[len(e.out)-1])
	}
}

// HEAD is no method of a surface that takes a body; where it is one, the answer has none.
func TestHead(t *testing.T) {
	h := build(t, "openai", nil)
	if got := h.play(t, h.ask(":method", "HEAD")); got.immediate == nil || got.immediate.GetStatus().GetCode() != 405 {
		t.Errorf("%+v", got)
	}
	if got := h.play(t, h.ask(":method", "HEAD", ":path", "/actuator/health")); got.immediate == nil || got.immediate.GetStatus().GetCode() != 200 {
		t.Errorf("%+v", got)
	}
}
