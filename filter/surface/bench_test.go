package surface_test

import (
	"strings"
	"testing"

	"weir/filter/surface"
)

// chatOf12KB is a chat of 29 messages of plain words.
func chatOf12KB() []byte {
	return []byte(`{"model":"m","messages":[{"role":"system","content":"be kind"}` +
		strings.Repeat(`,{"role":"user","content":"`+strings.Repeat("some plain words of a chat ", 15)+`"}`, 28) + "]}")
}

// BenchmarkView is how fast a chat of 12 KB is read.
func BenchmarkView(b *testing.B) {
	body := chatOf12KB()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (surface.Chat{}).ReadRequest(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadEvent is what reading one event of a streamed chat costs.
func BenchmarkReadEvent(b *testing.B) {
	data := []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"echo","service_tier":"default","system_fingerprint":"fp_0123456789abcdef","choices":[{"index":0,"delta":{"content":"stones "},"logprobs":null,"finish_reason":null}],"usage":null}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (surface.Chat{}).ReadEvent("", data); err != nil {
			b.Fatal(err)
		}
	}
}
