package filter_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/klauspost/compress/zstd"

	"weir/policy/tenant"
)

func compressed(t *testing.T, coding, body string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A body that was inspected decoded goes on decoded; a bomb, a broken one and one with a tail do not go on.
func TestCompressedBodies(t *testing.T) {
	body := `{"model":"echo","messages":[{"role":"user","content":"mail jane.doe@example.com"}]}`
	for _, coding := range []string{"gzip", "br", "zstd"} {
		h := build(t, "openai", nil)
		h.snap.Limits.BodyBytes = 64 << 10
		send := func(raw string) *told { return h.play(t, h.ask("content-encoding", coding), requestBody(raw)) }
		raw := compressed(t, coding, body)
		if got := send(raw); !strings.Contains(string(got.forwarded), "[EMAIL_ADDRESS_") || got.request["content-length"] != fmt.Sprint(len(got.forwarded)) {
			t.Errorf("%s: forwarded %q, %s", coding, got.forwarded, got.body)
		}
		clean := strings.Replace(body, "jane.doe@example.com", "nobody", 1)
		if got := send(compressed(t, coding, clean)); string(got.forwarded) != clean {
			t.Errorf("%s: forwarded %q", coding, got.forwarded)
		}
		for name, c := range map[string]struct{ raw, code string }{
			"bomb":   {compressed(t, coding, `{"model":"`+strings.Repeat("a", 1<<20)), "body_too_large"},
			"broken": {raw[:len(raw)/2], "json_invalid"},
			"none":   {"plain text", "json_invalid"},
		} {
			h.trail = nil
			if got := send(c.raw); got.immediate == nil || h.trail[0].Code != c.code {
				t.Errorf("%s, %s: %+v", coding, name, got)
			}
		}
	}
}

// G9: what a vendor keeps is refused, or allowed by the tenant.
func TestServerSideState(t *testing.T) {
	for field, c := range map[string]struct{ path, body string }{
		"previous_response_id":                {responsesPath, `{"model":"echo","input":"hi","previous_response_id":"resp_1"}`},
		"conversation":                        {responsesPath, `{"model":"echo","input":"hi","conversation":{"id":"c"}}`},
		"prompt":                              {responsesPath, `{"model":"echo","input":"hi","prompt":{"id":"p"}}`},
		"background":                          {responsesPath, `{"model":"echo","input":"hi","background":true}`},
		"input[0].id":                         {responsesPath, `{"model":"echo","input":[{"type":"item_reference","id":"i"}]}`},
		"messages[0].content[0].file.file_id": {"/v1/chat/completions", `{"model":"echo","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}`},
		"container":                           {messagesPath, `{"model":"echo","max_tokens":5,"container":"c","messages":[{"role":"user","content":"hi"}]}`},
		"cachedContent":                       {"/v1beta/models/echo:generateContent", `{"contents":[{"parts":[{"text":"hi"}]}],"cachedContent":"c"}`},
	} {
		h := build(t, "openai", nil)
		got := h.playNow(h.forwards(c.path, c.body))
		if got.immediate == nil || !strings.Contains(string(got.body), field) || h.trail[0].Code != "parameter_invalid" {
			t.Errorf("%s: %s", field, got.body)
		}
		h = build(t, "openai", func(a *tenant.Tenant) { a.Settings.State = tenant.StateAllow })
		if got := h.playNow(h.forwards(c.path, c.body)); got.immediate != nil {
			t.Errorf("%s allowed: %s", field, got.body)
		}
	}
}

// Bytes in memory are bounded over all exchanges, and given back.
func TestBytesInFlight(t *testing.T) {
	h := build(t, "openai", nil)
	h.snap.Limits.InFlightBytes = 2000
	request := fmt.Sprintf(`{"model":"echo","messages":[{"role":"user","content":%q}]}`, strings.Repeat("a", 1500))
	answer := `{"id":"c","object":"chat.completion","created":1,"model":"echo","choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("b", 600) + `"},"finish_reason":"stop"}]}`
	got := h.jsonTo("/v1/chat/completions", request, answer)
	if got.immediate == nil || got.immediate.GetStatus().GetCode() != 503 || got.headers["retry-after"] == "" && got.headers["Retry-After"] == "" {
		t.Errorf("%s %v", got.body, got.headers)
	}
	if n := h.server.InFlight(); n != 0 {
		t.Errorf("%d bytes stayed", n)
	}
	stream := opening + strings.Repeat(event("word "), 100) + stop + usage + done
	if got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), stream, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000, 11000, 12000, 13000, 14000, 15000)...); got.immediate != nil || string(got.body) != stream {
		t.Errorf("a stream of many small pieces was not let through: %s", got.body)
	}
	if n := h.server.InFlight(); n != 0 {
		t.Errorf("%d bytes stayed", n)
	}
}

// Text in base64 is read as text, edited in it; other documents are refused.
func TestDocumentsInBase64(t *testing.T) {
	h := build(t, "openai", nil)
	part := func(url string) string {
		return `{"model":"echo","messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"` + url + `"}}]}]}`
	}
	text := "bWFpbCBqYW5lLmRvZUBleGFtcGxlLmNvbQ==" // mail jane.doe@example.com
	if got := h.play(t, h.ask(), requestBody(part("data:text/plain;base64,"+text))); strings.Contains(string(got.forwarded), text) || got.forwarded == nil {
		t.Errorf("forwarded %s, %s", got.forwarded, got.body)
	}
	if got := h.play(t, h.ask(), requestBody(part("data:image/png;base64,iVBORw0KGgo="))); got.immediate != nil || got.forwarded != nil {
		t.Errorf("a picture: %s", got.body)
	}
	for _, url := range []string{"data:application/pdf;base64,JVBERi0=", "data:text/plain,hello", "data: text/plain;base64," + text, "data:text/plain;base64,//8="} {
		if got := h.play(t, h.ask(), requestBody(part(url))); got.immediate == nil {
			t.Errorf("%s went on", url)
		}
	}
}

// A body that takes long to read is not lost to Envoy's bound on a message.
func TestALargeBodyGetsMoreTime(t *testing.T) {
	h := build(t, "openai", nil)
	for _, c := range []struct {
		bytes int
		asked bool
	}{{1 << 20, false}, {4 << 20, true}} {
		body := fmt.Sprintf(`{"model":"echo","messages":[{"role":"user","content":%q}]}`, strings.Repeat("a ", c.bytes/2))
		e := &envoy{in: []*extprocv3.ProcessingRequest{h.ask(), requestBody(body)}, after: io.EOF}
		_ = h.server.Process(e)
		if len(e.out) < 2 || (e.out[1].GetOverrideMessageTimeout() != nil) != c.asked || e.out[len(e.out)-1].GetRequestBody() == nil {
			t.Errorf("%d bytes: %v", c.bytes, e.out[1:])
		}
	}
}
