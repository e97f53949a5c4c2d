package filter_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	filterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/policy/tenant"
)

// Three published bypasses of a proxy that asks OPA, as tests of this one: facts that are absent refuse by themselves, before
// any policy runs.

// secretive is a request that the policies of strict refuse for what its body holds.
const secretive = `{"model":"echo","messages":[{"role":"user","content":"my number is 078-05-1120"}]}`

// strict is a house whose tenant refuses personal data.
func strict(t *testing.T) *house {
	return build(t, "openai", func(a *tenant.Tenant) { a.Settings.PII.Request = tenant.Block })
}

// sends is a request's headers from an Envoy that sends bodies in a mode.
func (h *house) sends(mode filterv3.ProcessingMode_BodySendMode, extra ...string) *extprocv3.ProcessingRequest {
	m := h.ask(extra...)
	m.ProtocolConfig = &extprocv3.ProtocolConfiguration{RequestBodyMode: mode, ResponseBodyMode: filterv3.ProcessingMode_FULL_DUPLEX_STREAMED}
	return m
}

// refused wants a refusal with a code, and so many evaluations of the policies: two where they decided, on the request and at
// its close.
func (h *house) refused(t *testing.T, name, code string, evaluations int64, messages ...*extprocv3.ProcessingRequest) {
	t.Helper()
	h.trail = nil
	before := h.snap.Policy.Evaluations()
	got := h.playNow(messages)
	if got.immediate == nil || got.forwarded != nil || len(h.trail) != 1 || h.trail[0].Code != code {
		t.Errorf("%s: %+v, %s, trail %+v", name, got.immediate, got.body, h.trail)
	}
	if n := h.snap.Policy.Evaluations() - before; n != evaluations {
		t.Errorf("%s: the policies were asked %d times, want %d", name, n, evaluations)
	}
}

// A body in chunks names no length. Its fields are facts like any other's, and where Envoy does not hand it over whole no
// policy is asked about what is missing.
func TestGHSA659fChunkedBodyIsNotUnparsed(t *testing.T) {
	h := strict(t)
	chunked := []string{"transfer-encoding", "chunked"}
	whole := h.sends(filterv3.ProcessingMode_BUFFERED, chunked...)
	h.refused(t, "chunked and whole", "pii_detected", 2, whole, requestBody(secretive))
	for _, mode := range []filterv3.ProcessingMode_BodySendMode{
		filterv3.ProcessingMode_NONE, filterv3.ProcessingMode_STREAMED, filterv3.ProcessingMode_BUFFERED_PARTIAL, filterv3.ProcessingMode_FULL_DUPLEX_STREAMED,
	} {
		h.refused(t, mode.String(), "internal", 0, h.sends(mode, chunked...), requestBody(secretive))
	}
	h.refused(t, "a body that never came", "internal", 0, h.ask(chunked...), responseHeaders("200", "application/json", "via_upstream"))
	h.refused(t, "an empty body", "json_invalid", 0, h.ask(chunked...), requestBody(""))
	for n := 1; n < len(secretive); n += 7 {
		h.refused(t, fmt.Sprintf("its first %d bytes", n), "json_invalid", 0, h.ask(chunked...), requestBody(secretive[:n]))
	}
}

// A body over the limit is refused whole: it is not cut, decided on and let through.
func TestGHSA8qqmOversizeBodyIsNotCut(t *testing.T) {
	h := strict(t)
	h.snap.Limits.BodyBytes = 1 << 10
	filler := strings.Repeat(" ", 1<<10)
	h.refused(t, "by its length", "body_too_large", 0, h.ask("content-length", "2000"))
	h.refused(t, "without a length", "body_too_large", 0, h.ask(), requestBody(`{"model":"echo","messages":[{"role":"user","content":"hi"}]}`+filler))
	h.refused(t, "its field behind the limit", "body_too_large", 0, h.ask(), requestBody(`{"model":"echo",`+filler+secretive[len(`{"model":"echo",`):]))
	h.refused(t, "a length that lies", "body_too_large", 0, h.ask("content-length", "10"), requestBody(filler+secretive))
	h.refused(t, "cut by Envoy", "internal", 0, h.sends(filterv3.ProcessingMode_BUFFERED_PARTIAL), requestBody(`{"model":"echo","messages":[{"role":"user","content":"hi"}]}`))
	// What comes after a body that was decided on ends the exchange.
	got := h.playNow([]*extprocv3.ProcessingRequest{h.ask(), requestBody(`{"model":"echo","messages":[{"role":"user","content":"hi"}]}`), requestBody(secretive)})
	if got.immediate == nil || got.immediate.GetStatus().GetCode() != 500 {
		t.Errorf("a second body: %+v", got.immediate)
	}
}

// A header that Weir sets replaces what the client sent under its name.
func TestGHSAwvv5HeadersReplaceTheClients(t *testing.T) {
	h := strict(t)
	e := &envoy{after: io.EOF, in: []*extprocv3.ProcessingRequest{
		h.ask("x-weir-route", "dearest", "x-weir-tenant", "other", "x-request-id", "trace-1"),
		requestBody(`{"model":"echo","messages":[{"role":"user","content":"hi"}]}`),
	}}
	_ = h.server.Process(e)
	routes := 0
	for _, m := range e.out {
		list := m.GetRequestHeaders().GetResponse().GetHeaderMutation().GetSetHeaders()
		for _, s := range append(list, m.GetRequestBody().GetResponse().GetHeaderMutation().GetSetHeaders()...) {
			//lint:ignore SA1019 of the two ways to ask for appending, Envoy's filter reads this one alone
			if s.GetAppend().GetValue() {
				t.Errorf("%s is added to what the client sent", s.GetHeader().GetKey())
			}
			if s.GetHeader().GetKey() == "x-weir-route" {
				routes++
				if string(s.GetHeader().GetRawValue()) == "dearest" {
					t.Error("the client chose its route")
				}
			}
		}
	}
	if routes != 1 {
		t.Errorf("the route was set %d times", routes)
	}
}
