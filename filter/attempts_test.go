package filter_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	alsv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"weir/policy/audit"
	"weir/policy/provider"
)

// logged is an entry of Envoy's log of failed attempts.
func logged(trace, order, attempt string, at time.Time, flags *datav3.ResponseFlags) *datav3.HTTPAccessLogEntry {
	return &datav3.HTTPAccessLogEntry{
		CommonProperties: &datav3.AccessLogCommon{
			UpstreamCluster: order, CustomTags: map[string]string{"attempt": attempt}, StartTime: timestamppb.New(at), ResponseFlags: flags,
			Duration: durationpb.New(1500 * time.Microsecond),
		},
		Request: &datav3.HTTPRequestProperties{RequestId: trace},
	}
}

// What Envoy's log tells of a failed attempt gets into the record of the exchange that made it, and into no other's: not one of
// another order, of another trace, of an earlier time, nor one that cannot be told from another.
func TestFailedAttemptsGetToTheirExchange(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	reset := &datav3.ResponseFlags{UpstreamConnectionTermination: true}
	for name, c := range map[string]struct {
		log  func(order string) []*datav3.HTTPAccessLogEntry
		seen bool // Envoy shows an answer, with what became of the attempts
		want []audit.Attempt
	}{
		"told": {func(o string) []*datav3.HTTPAccessLogEntry {
			return []*datav3.HTTPAccessLogEntry{logged("trace-1", o, "0", now, reset)}
		}, true, []audit.Attempt{{Provider: "a", Model: "m", Failed: audit.FailedReset, TookMicros: 1500}, {Provider: "b", Model: "n", Status: 200}}},
		"nobody saw an answer": {func(o string) []*datav3.HTTPAccessLogEntry {
			return []*datav3.HTTPAccessLogEntry{
				logged("trace-1", o, "0", now, &datav3.ResponseFlags{UpstreamConnectionFailure: true}), logged("trace-1", o, "1", now, &datav3.ResponseFlags{LocalReset: true}),
			}
		}, false, []audit.Attempt{{Provider: "a", Model: "m", Failed: audit.FailedConnect, TookMicros: 1500}}},
		"another's": {func(o string) []*datav3.HTTPAccessLogEntry {
			return []*datav3.HTTPAccessLogEntry{
				logged("trace-2", o, "0", now, reset), logged("trace-1", "order-c", "0", now, reset), logged("trace-1", o, "0", now.Add(-time.Hour), reset),
				logged("trace-1", o, "7", now, reset), logged("trace-1", o, "", now, reset), nil,
			}
		}, true, []audit.Attempt{{Provider: "a", Model: "m"}, {Provider: "b", Model: "n", Status: 200}}},
	} {
		h := build(t, "openai", nil)
		list, err := provider.NewCatalogue(
			[]provider.Provider{{Name: "a", Kind: "openai-compatible", BaseURL: "http://a.example"}, {Name: "b", Kind: "openai-compatible", BaseURL: "http://b.example"}},
			[]provider.Model{{Name: "m", Provider: "a", Fallbacks: []string{"n"}}, {Name: "n", Provider: "b"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.snap.Catalogue = list
		tell := h.logs(t)
		p := &paced{envoy: envoy{after: io.EOF}, next: map[int]func(){}}
		p.in = []*extprocv3.ProcessingRequest{h.ask(), requestBody(`{"model":"m","messages":[{"role":"user","content":"hi"}]}`)}
		if c.seen {
			m := responseHeaders("200", "application/json", "via_upstream")
			m.GetResponseHeaders().Headers.Headers = append(m.GetResponseHeaders().Headers.Headers, &corev3.HeaderValue{Key: "x-weir-attempt", RawValue: []byte("1")})
			m.MetadataContext = &corev3.Metadata{FilterMetadata: map[string]*structpb.Struct{"weir.attempts": {Fields: map[string]*structpb.Value{
				"0": structpb.NewStringValue("sent"), "1": structpb.NewStringValue("200"),
			}}}}
			p.in = append(p.in, m, responseBody(plainAnswer, true))
		}
		p.next[2] = func() { // the request is on its way
			order := ""
			for _, m := range p.out {
				for _, s := range m.GetRequestBody().GetResponse().GetHeaderMutation().GetSetHeaders() {
					if s.GetHeader().GetKey() == "x-weir-route" {
						order = string(s.GetHeader().GetRawValue())
					}
				}
			}
			tell(c.log(order)...)
		}
		_ = h.server.Process(p)
		got := h.trail[len(h.trail)-1].Attempts
		if len(got) != len(c.want) {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %+v, want %+v", name, got[i], c.want[i])
			}
		}
	}
}

// paced is an Envoy that does something before its nth message.
type paced struct {
	envoy
	n    int
	next map[int]func()
}

func (p *paced) Recv() (*extprocv3.ProcessingRequest, error) {
	if f := p.next[p.n]; f != nil {
		f()
	}
	p.n++
	return p.envoy.Recv()
}

// logs is a log of Envoy's. What it is given has been taken when it returns.
func (h *house) logs(t *testing.T) func(...*datav3.HTTPAccessLogEntry) {
	t.Helper()
	var to services
	h.server.Register(&to)
	return func(list ...*datav3.HTTPAccessLogEntry) {
		entries := &alsv3.StreamAccessLogsMessage_HttpLogs{HttpLogs: &alsv3.StreamAccessLogsMessage_HTTPAccessLogEntries{LogEntry: list}}
		s := &logStream{in: []*alsv3.StreamAccessLogsMessage{
			{Identifier: &alsv3.StreamAccessLogsMessage_Identifier{LogName: "weir.attempts"}, LogEntries: entries}, {LogEntries: entries},
		}}
		if err := to.logs.StreamAccessLogs(s); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	}
}

// services are those that a server registers.
type services struct{ logs alsv3.AccessLogServiceServer }

func (s *services) RegisterService(_ *grpc.ServiceDesc, impl any) {
	if l, ok := impl.(alsv3.AccessLogServiceServer); ok {
		s.logs = l
	}
}

// logStream hands over messages of a log.
type logStream struct {
	grpc.ServerStream
	in   []*alsv3.StreamAccessLogsMessage
	wait chan struct{} // nil: it ends with its messages
}

func (s *logStream) Context() context.Context                           { return context.Background() }
func (s *logStream) SendAndClose(*alsv3.StreamAccessLogsResponse) error { return nil }
func (s *logStream) Recv() (*alsv3.StreamAccessLogsMessage, error) {
	if len(s.in) == 0 {
		if s.wait != nil {
			<-s.wait
		}
		return nil, io.EOF
	}
	m := s.in[0]
	s.in = s.in[1:]
	return m, nil
}

// A log lasts as long as Envoy does, and a server that stops does not wait for it.
func TestLogsEndWithTheServer(t *testing.T) {
	h := build(t, "openai", nil)
	var to services
	h.server.Register(&to)
	s := &logStream{wait: make(chan struct{})}
	defer close(s.wait)
	done := make(chan error)
	go func() { done <- to.logs.StreamAccessLogs(s) }()
	h.server.EndLogs()
	h.server.EndLogs()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
