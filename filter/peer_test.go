package filter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	filterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter"
	"weir/filter/canary"
)

const minorOf = "xds.node.user_agent_build_version.version.minor_number"

// speaking is a request from an Envoy that says what it is asked for.
func (h *house) speaking(attributes map[string]any, extra ...string) *extprocv3.ProcessingRequest {
	m := h.ask(extra...)
	fields, err := structpb.NewStruct(attributes)
	if err != nil {
		panic(err)
	}
	m.Attributes = map[string]*structpb.Struct{"envoy.filters.http.ext_proc": fields}
	m.ProtocolConfig = &extprocv3.ProtocolConfiguration{
		RequestBodyMode: filterv3.ProcessingMode_BUFFERED, ResponseBodyMode: filterv3.ProcessingMode_FULL_DUPLEX_STREAMED,
	}
	return m
}

// observed is a house whose log and metrics are looked at.
func observed(t *testing.T, alter func(*filter.Parts)) (*house, *bytes.Buffer, *prometheus.Registry) {
	log, metrics := &bytes.Buffer{}, prometheus.NewRegistry()
	h := buildWith(t, "openai", nil, func(p *filter.Parts) {
		p.Log, p.Metrics = slog.New(slog.NewTextHandler(log, nil)), metrics
		if alter != nil {
			alter(p)
		}
	})
	return h, log, metrics
}

// An Envoy older than the oldest is refused at its first message, by name; the others are greeted once each.
func TestEnvoysByTheirMinor(t *testing.T) {
	h, log, metrics := observed(t, nil)
	for _, c := range []struct {
		minor   any
		label   string
		refused bool
	}{{36, "36", false}, {38, "38", false}, {40, "40", false}, {47, "newer", false}, {35, "older", true}, {"", "unknown", false}} {
		log.Reset()
		for range 2 {
			got := h.play(t, h.speaking(map[string]any{minorOf: c.minor, "source.address": "192.0.2.1:5"}), requestBody(fmt.Sprintf(streamed, "hi")))
			if refused := got.immediate != nil; refused != c.refused {
				t.Errorf("%v: %+v %s", c.minor, got.immediate, got.body)
			}
		}
		if n := strings.Count(log.String(), "an Envoy speaks"); n != 1 || !strings.Contains(log.String(), "minor="+c.label) {
			t.Errorf("%v: greeted %d times: %s", c.minor, n, log)
		}
		if tells := strings.Contains(log.String(), "content-length"); tells != slices.Contains([]string{"36", "older", "unknown"}, c.label) {
			t.Errorf("%v: %s", c.minor, log)
		}
		if c.refused && (!strings.Contains(log.String(), "found=1.35") || counted(t, metrics, "weir_envoy_refused_total", "1.35") != 2) {
			t.Errorf("%v: it is not named: %s", c.minor, log)
		}
	}
}

// Weir's filter twice in a chain: the second refuses, before it misses the key that the first has taken out. The mark is
// metadata, which no client can set.
func TestWeirTwiceInAChain(t *testing.T) {
	h, log, metrics := observed(t, nil)
	first := &envoy{after: io.EOF, in: []*extprocv3.ProcessingRequest{h.ask()}}
	_ = h.server.Process(first)
	mark := first.out[0].GetDynamicMetadata().GetFields()["weir.chain"].GetStructValue()
	if len(mark.GetFields()) != 1 {
		t.Fatalf("mark %v", mark)
	}
	second := h.ask("weir.chain", "no mark")
	second.GetRequestHeaders().Headers.Headers = slices.DeleteFunc(second.GetRequestHeaders().Headers.Headers,
		func(v *corev3.HeaderValue) bool { return v.GetKey() == "authorization" })
	if got := h.play(t, second); got.immediate.GetStatus().GetCode() != 401 {
		t.Errorf("without a mark: %+v", got.immediate)
	}
	second.MetadataContext = &corev3.Metadata{FilterMetadata: map[string]*structpb.Struct{"weir.chain": mark}}
	got := h.play(t, second)
	if got.immediate.GetStatus().GetCode() != 500 || !strings.Contains(log.String(), "setting=chain") || counted(t, metrics, "weir_envoy_refused_total", "chain") != 1 {
		t.Errorf("%+v %s", got.immediate, log)
	}
	if r := h.trail[len(h.trail)-1]; !slices.Contains(r.Failures, "chain:deny") {
		t.Errorf("record %+v", r)
	}
}

// An Envoy that does not send what it is asked for is served as the oldest; what it leaves out is counted and named, and
// an answer that comes before any request went out is still known for Envoy's own.
func TestAttributesThatAreNotSent(t *testing.T) {
	h, log, metrics := observed(t, nil)
	whole := h.answerTo(fmt.Sprintf(streamed, "hi"), "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	whole[2].Attributes = nil
	if got := h.play(t, whole...); got.immediate != nil || !got.ended {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{minorOf, "source.address", "response.code_details"} {
		if n := counted(t, metrics, "weir_missing_attributes_total", name); n != 1 {
			t.Errorf("%s was counted %d times", name, n)
		}
	}
	if !strings.Contains(log.String(), "attribute="+minorOf) {
		t.Errorf("log %s", log)
	}
	for status, code := range map[string]string{"413": "body_too_large", "503": "internal", "404": "internal"} {
		h.trail = nil
		reply := responseHeaders(status, "text/plain", "")
		reply.Attributes = nil
		got := h.play(t, h.ask(), reply)
		if got.immediate == nil || h.trail[0].Code != code || got.status {
			t.Errorf("%s before the request went out: %+v, %+v", status, got.immediate, h.trail)
		}
	}
}

// Somebody who holds the secret learns that a route is governed, and how; nobody else learns anything, and nothing goes on.
func TestCanaryIsAnsweredToItsHolder(t *testing.T) {
	key, err := canary.NewKey([]byte("master"))
	if err != nil {
		t.Fatal(err)
	}
	h, _, _ := observed(t, func(p *filter.Parts) { p.Canary = key })
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	asked := key.Ask(now, bytes.Repeat([]byte{1}, 16))
	for name, c := range map[string]struct {
		in       *extprocv3.ProcessingRequest
		problems int
	}{
		"well":          {h.speaking(map[string]any{minorOf: 38}, canary.Header, asked), 0},
		"another mode":  {h.sends(filterv3.ProcessingMode_STREAMED, canary.Header, asked), 1},
		"a free path":   {h.speaking(map[string]any{minorOf: 36}, ":path", "/no/surface", canary.Header, asked), 0},
		"without a key": {h.speaking(map[string]any{minorOf: 40}, canary.Header, asked, "authorization", ""), 0},
	} {
		got := h.play(t, c.in)
		var answer struct {
			Weir, Path string
			Problems   []string
		}
		if err := json.Unmarshal(got.body, &answer); err != nil || got.immediate.GetStatus().GetCode() != 200 || answer.Weir != "attached" || len(answer.Problems) != c.problems {
			t.Errorf("%s: %v %+v %s", name, err, got.immediate, got.body)
		}
		if !key.Proven(asked, got.body, got.headers[canary.Proof]) {
			t.Errorf("%s: no proof in %v", name, got.headers)
		}
	}
	other, err := canary.NewKey([]byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	plain := h.play(t, h.ask(":path", "/no/surface"))
	for name, header := range map[string]string{"forged": other.Ask(now, make([]byte, 16)), "old": key.Ask(now.Add(-time.Hour), make([]byte, 16)), "nonsense": "x"} {
		got := h.play(t, h.ask(":path", "/no/surface", canary.Header, header))
		if !bytes.Equal(got.body, plain.body) || got.headers[canary.Proof] != "" || got.immediate.GetDetails() != plain.immediate.GetDetails() {
			t.Errorf("%s: %s, without it %s", name, got.body, plain.body)
		}
	}
	e := &envoy{after: io.EOF, in: []*extprocv3.ProcessingRequest{h.ask(canary.Header, "x")}}
	_ = h.server.Process(e)
	if gone := e.out[0].GetRequestHeaders().GetResponse().GetHeaderMutation().GetRemoveHeaders(); !slices.Contains(gone, canary.Header) {
		t.Errorf("it goes on to the provider: %v", gone)
	}
}

// What a stopping server can still tell a client it tells, as an event of the stream or as a status.
func TestEndStreams(t *testing.T) {
	for name, c := range map[string]struct {
		messages int // of the exchange before the end
		status   int // of the whole answer; 0: the stream ends with an event
	}{"held": {3, 503}, "begun": {5, 0}} {
		t.Run(name, func(t *testing.T) {
			h, _, metrics := observed(t, nil)
			events := "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello there \"},\"finish_reason\":null}]}\n\n"
			all := h.answerTo(fmt.Sprintf(streamed, "hi"), events+events, len(events))
			e := &stopping{envoy: envoy{in: all[:c.messages]}, end: h.server.EndStreams, said: make(chan struct{})}
			err := h.server.Process(e)
			got := read(e.out, err)
			if n := total(t, metrics, "weir_stopped_exchanges_total"); err != nil || n != 1 || len(h.trail) != 1 || h.trail[0].Code != "overloaded" {
				t.Fatalf("%v, %d ended, %+v", err, n, h.trail)
			}
			if c.status != 0 && int(got.immediate.GetStatus().GetCode()) != c.status {
				t.Errorf("%+v", got.immediate)
			}
			if c.status == 0 && (!got.ended || !strings.Contains(string(got.body), `"error"`) || strings.Contains(string(got.body), "[DONE]")) {
				t.Errorf("%v %s", got.ended, got.body)
			}
		})
	}
}

// stopping is an Envoy that is told of the end when it has no more to say.
type stopping struct {
	envoy
	end     func()
	stopped bool
	once    sync.Once
	said    chan struct{} // closed when something is said after the end
}

// Send implements the stream.
func (s *stopping) Send(r *extprocv3.ProcessingResponse) error {
	if s.stopped {
		defer s.once.Do(func() { close(s.said) })
	}
	return s.envoy.Send(r)
}

// Recv implements the stream: once all is handed over the server stops, and its last words are waited for.
func (s *stopping) Recv() (*extprocv3.ProcessingRequest, error) {
	if len(s.in) == 0 {
		s.stopped = true
		s.end()
		select {
		case <-s.said:
		case <-time.After(time.Minute): // the case finds nothing, and says so
		}
		s.after = fmt.Errorf("canceled")
	}
	return s.envoy.Recv()
}

// total is a counter without labels.
func total(t testing.TB, r prometheus.Gatherer, name string) int {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return int(f.GetMetric()[0].GetCounter().GetValue())
		}
	}
	return 0
}
