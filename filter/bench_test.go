package filter_test

import (
	"fmt"
	"strings"
	"testing"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/policy/tenant"
)

// BenchmarkEvent is what one event of a stream costs in the filter, gRPC left out: inspected with every mask on, and held to
// its end.
func BenchmarkEvent(b *testing.B) {
	words := strings.SplitAfter(strings.Repeat("The weir holds the river back where the mill needs it, and lets the rest run on over the stones. ", 100), " ")
	for name, text := range map[string]func(i int) string{
		"inspected": func(i int) string { return words[i] },
		"leading":   func(i int) string { return " " + strings.TrimSpace(words[i]) },
		"masked":    func(i int) string { return fmt.Sprintf("u%d@example.com ", i) },
	} {
		b.Run(name, func(b *testing.B) {
			h := build(b, "dvara", func(a *tenant.Tenant) {
				redacting(a)
				a.Settings.Secrets.Response = tenant.Redact
			})
			messages := []*extprocv3.ProcessingRequest{h.ask(), requestBody(fmt.Sprintf(streamed, "hi")), responseHeaders("200", "text/event-stream", "via_upstream")}
			for i := range b.N {
				messages = append(messages, responseBody(fmt.Sprintf(
					`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"echo","service_tier":"default","system_fingerprint":"fp_0123456789abcdef","choices":[{"index":0,"delta":{"content":%q},"logprobs":null,"finish_reason":null}],"usage":null}`+"\n\n", text(i%1000)), false))
			}
			messages = append(messages, responseBody(stop+done, true))
			b.ReportAllocs()
			b.ResetTimer()
			h.play(b, messages...)
		})
	}
}
