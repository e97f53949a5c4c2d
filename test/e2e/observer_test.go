package e2e_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"weir/cmd/extproc/config"
	"weir/policy/audit/webhook"
)

// observer receives what Weir and Envoy tell: OpenTelemetry's protocol, by the servers of its own protos, and webhooks.
type observer struct {
	otlp  *grpc.Server
	addr  string
	hooks *httptest.Server

	mu      sync.Mutex
	spans   []span
	logs    []*logsv1.LogRecord
	metrics map[string]bool // names
	told    []string        // types of webhooks' messages
	auth    map[string]bool // who sent spans, and with which authorization
	all     strings.Builder // everything, as it came
}

// span is one with who made it.
type span struct {
	service string
	*tracev1.Span
}

func newObserver() (*observer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &observer{otlp: grpc.NewServer(), addr: l.Addr().String(), metrics: map[string]bool{}, auth: map[string]bool{}}
	coltrace.RegisterTraceServiceServer(o.otlp, traceServer{o: o})
	collogs.RegisterLogsServiceServer(o.otlp, logServer{o: o})
	colmetrics.RegisterMetricsServiceServer(o.otlp, metricServer{o: o})
	go func() { _ = o.otlp.Serve(l) }()
	o.hooks = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var m struct{ Type string }
		_ = json.Unmarshal(body, &m) // Slack's have none
		o.mu.Lock()
		defer o.mu.Unlock()
		o.told = append(o.told, m.Type)
		o.all.Write(body)
	}))
	return o, nil
}

func (o *observer) close() {
	o.otlp.Stop()
	o.hooks.Close()
}

// join has a configuration tell the observer everything.
func (o *observer) join(f *config.File) {
	f.Telemetry.OTLP = &config.OTLP{Endpoint: "http://" + o.addr, Logs: true, Metrics: true, Interval: "500ms"}
	f.Webhooks = []config.Webhook{
		{Name: "all", URL: o.hooks.URL, Secret: config.Reference{Env: "PATH"}, Private: true, Events: webhook.Types()},
		{Name: "chat", URL: o.hooks.URL, Format: "slack", Private: true, Events: webhook.Types()},
	}
}

// kept adds what came to all.
func (o *observer) kept(m proto.Message) {
	b, _ := proto.Marshal(m) // it was unmarshalled just now
	o.all.Write(b)
}

type traceServer struct {
	coltrace.UnimplementedTraceServiceServer
	o *observer
}

func (s traceServer) Export(ctx context.Context, in *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.kept(in)
	for _, r := range in.GetResourceSpans() {
		service := attributeOf(r.GetResource().GetAttributes(), "service.name")
		with, _ := metadata.FromIncomingContext(ctx)
		s.o.auth[service+" "+strings.Join(with.Get("authorization"), ",")] = true
		for _, scope := range r.GetScopeSpans() {
			for _, sp := range scope.GetSpans() {
				s.o.spans = append(s.o.spans, span{service, sp})
			}
		}
	}
	return &coltrace.ExportTraceServiceResponse{}, nil
}

type logServer struct {
	collogs.UnimplementedLogsServiceServer
	o *observer
}

func (s logServer) Export(_ context.Context, in *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.kept(in)
	for _, r := range in.GetResourceLogs() {
		for _, scope := range r.GetScopeLogs() {
			s.o.logs = append(s.o.logs, scope.GetLogRecords()...)
		}
	}
	return &collogs.ExportLogsServiceResponse{}, nil
}

type metricServer struct {
	colmetrics.UnimplementedMetricsServiceServer
	o *observer
}

func (s metricServer) Export(_ context.Context, in *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.kept(in)
	for _, r := range in.GetResourceMetrics() {
		for _, scope := range r.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				s.o.metrics[m.GetName()] = true
			}
		}
	}
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}

// attributeOf is an attribute as text; numbers are not looked for.
func attributeOf(list []*commonv1.KeyValue, key string) string {
	for _, a := range list {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// numberOf is an attribute that is a number.
func numberOf(list []*commonv1.KeyValue, key string) int64 {
	for _, a := range list {
		if a.GetKey() == key {
			return a.GetValue().GetIntValue()
		}
	}
	return -1
}

// log is the log record of a trace id of the trail.
func (o *observer) log(trace string) *logsv1.LogRecord {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.logs {
		if attributeOf(l.GetAttributes(), "weir.trace") == trace {
			return l
		}
	}
	return nil
}

// of are the spans of an exchange: Weir's own, by the trail's trace id, and all that are in the same trace.
func (o *observer) of(trace string) (own *span, all map[string]span) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.spans {
		if attributeOf(o.spans[i].GetAttributes(), "weir.trace") == trace {
			own = &o.spans[i]
		}
	}
	all = map[string]span{}
	if own == nil {
		return nil, all
	}
	for _, s := range o.spans {
		if string(s.GetTraceId()) == string(own.GetTraceId()) {
			all[hex.EncodeToString(s.GetSpanId())] = s
		}
	}
	return own, all
}

// holds says whether a text is in anything that came.
func (o *observer) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// listing names every span, for a case that fails.
func (o *observer) listing() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b strings.Builder
	for _, s := range o.spans {
		fmt.Fprintf(&b, "%s %q trace %x span %x below %x\n", s.service, s.GetName(), s.GetTraceId(), s.GetSpanId(), s.GetParentSpanId())
	}
	return b.String()
}

// records is how many log records came.
func (o *observer) records() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.logs)
}

// hasTold says whether a webhook was told of a type of event.
func (o *observer) hasTold(kind string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.told {
		if t == "weir."+kind {
			return true
		}
	}
	return false
}

// hurried has Envoy send its spans soon, and as soon as it has so many.
func hurried(spans int) func(bootstrap []byte) []byte {
	return func(bootstrap []byte) []byte {
		var b map[string]any
		if json.Unmarshal(bootstrap, &b) != nil {
			return bootstrap
		}
		layer := map[string]any{"name": "tests", "static_layer": map[string]any{"tracing.opentelemetry.flush_interval_ms": 200, "tracing.opentelemetry.min_flush_spans": spans}}
		runtime, _ := b["layered_runtime"].(map[string]any)
		if runtime == nil {
			runtime = map[string]any{}
		}
		layers, _ := runtime["layers"].([]any)
		runtime["layers"] = append(layers, layer)
		b["layered_runtime"] = runtime
		out, err := json.Marshal(b)
		if err != nil {
			return bootstrap
		}
		return out
	}
}
