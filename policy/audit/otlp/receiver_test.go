package otlp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"weir/policy/audit/otlp"
)

// receiver takes OTLP as a collector does, by the protos' own servers or by HTTP.
type receiver struct {
	endpoint string
	trust    *tls.Config // nil: without TLS

	mu      sync.Mutex
	refuse  int           // how many exports it does not take from now on; -1: all
	wrong   bool          // it says that they are wrong, and not that it is busy
	hang    chan struct{} // nil: it answers at once
	asked   int
	spans   []*tracev1.Span
	logs    []*logsv1.LogRecord
	metrics map[string]bool
	auth    map[string]bool // authorizations that came
}

// receivers are one for each way there is.
func receivers(t *testing.T) map[string]*receiver {
	t.Helper()
	return map[string]*receiver{
		otlp.GRPC: overGRPC(t, false), otlp.GRPC + " with TLS": overGRPC(t, true), otlp.HTTP: overHTTP(t, false), otlp.HTTP + " with TLS": overHTTP(t, true),
	}
}

func newReceiver() *receiver { return &receiver{metrics: map[string]bool{}, auth: map[string]bool{}} }

// options are those that reach it.
func (r *receiver) options(protocol string) otlp.Options {
	return otlp.Options{
		Endpoint: r.endpoint, Protocol: strings.Fields(protocol)[0], TLS: r.trust, Headers: map[string]string{"authorization": "Bearer very-secret"}, Version: "v1", Instance: "i",
	}
}

func overGRPC(t *testing.T, secure bool) *receiver {
	t.Helper()
	r := newReceiver()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var o []grpc.ServerOption
	r.endpoint = "http://" + l.Addr().String()
	if secure {
		lender := httptest.NewTLSServer(http.NotFoundHandler()) // of its certificate
		t.Cleanup(lender.Close)
		r.endpoint, r.trust = "https://"+l.Addr().String(), trusting(lender.Certificate())
		o = append(o, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: lender.TLS.Certificates, MinVersion: tls.VersionTLS12})))
	}
	s := grpc.NewServer(o...)
	coltrace.RegisterTraceServiceServer(s, traces{r: r})
	collogs.RegisterLogsServiceServer(s, logs{r: r})
	colmetrics.RegisterMetricsServiceServer(s, metrics{r: r})
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return r
}

func trusting(c *x509.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func overHTTP(t *testing.T, secure bool) *receiver {
	t.Helper()
	r := newReceiver()
	s := httptest.NewUnstartedServer(http.HandlerFunc(r.serve))
	if secure {
		s.StartTLS()
		r.trust = trusting(s.Certificate())
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	r.endpoint = s.URL
	return r
}

// serve implements OTLP over HTTP, with binary protobufs.
func (r *receiver) serve(w http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(in.Body)
	var m proto.Message
	switch in.URL.Path {
	case "/v1/traces":
		m = &coltrace.ExportTraceServiceRequest{}
	case "/v1/logs":
		m = &collogs.ExportLogsServiceRequest{}
	case "/v1/metrics":
		m = &colmetrics.ExportMetricsServiceRequest{}
	}
	if err != nil || m == nil || in.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, m) != nil {
		http.Error(w, "no export", http.StatusBadRequest)
		return
	}
	switch r.take(in.Context(), m, in.Header.Get("Authorization")) {
	case codes.OK:
		w.Header().Set("Content-Type", "application/x-protobuf")
	case codes.InvalidArgument:
		http.Error(w, "wrong", http.StatusBadRequest)
	default:
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}
}

// take keeps an export, or says why not.
func (r *receiver) take(ctx context.Context, m proto.Message, auth string) codes.Code {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.hang != nil {
		hang := r.hang
		r.mu.Unlock()
		select {
		case <-hang:
		case <-ctx.Done():
		}
		r.mu.Lock()
		return codes.Unavailable
	}
	if r.refuse != 0 {
		r.refuse--
		if r.wrong {
			return codes.InvalidArgument
		}
		return codes.Unavailable
	}
	r.auth[auth] = true
	switch m := m.(type) {
	case *coltrace.ExportTraceServiceRequest:
		for _, x := range m.GetResourceSpans() {
			for _, s := range x.GetScopeSpans() {
				r.spans = append(r.spans, s.GetSpans()...)
			}
		}
	case *collogs.ExportLogsServiceRequest:
		for _, x := range m.GetResourceLogs() {
			for _, s := range x.GetScopeLogs() {
				r.logs = append(r.logs, s.GetLogRecords()...)
			}
		}
	case *colmetrics.ExportMetricsServiceRequest:
		for _, x := range m.GetResourceMetrics() {
			for _, s := range x.GetScopeMetrics() {
				for _, m := range s.GetMetrics() {
					r.metrics[m.GetName()] = true
				}
			}
		}
	}
	return codes.OK
}

func (r *receiver) export(ctx context.Context, m proto.Message) error {
	in, _ := metadata.FromIncomingContext(ctx)
	if code := r.take(ctx, m, strings.Join(in.Get("authorization"), ",")); code != codes.OK {
		return status.Error(code, "no")
	}
	return nil
}

type traces struct {
	coltrace.UnimplementedTraceServiceServer
	r *receiver
}

func (s traces) Export(ctx context.Context, in *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	return &coltrace.ExportTraceServiceResponse{}, s.r.export(ctx, in)
}

type logs struct {
	collogs.UnimplementedLogsServiceServer
	r *receiver
}

func (s logs) Export(ctx context.Context, in *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	return &collogs.ExportLogsServiceResponse{}, s.r.export(ctx, in)
}

type metrics struct {
	colmetrics.UnimplementedMetricsServiceServer
	r *receiver
}

func (s metrics) Export(ctx context.Context, in *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	return &colmetrics.ExportMetricsServiceResponse{}, s.r.export(ctx, in)
}
