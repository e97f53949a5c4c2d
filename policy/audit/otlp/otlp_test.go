package otlp_test

import (
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"weir/policy/audit"
	"weir/policy/audit/otlp"
)

const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"

// served is an exchange that a model answered.
func served(i int) audit.Record {
	return audit.Record{
		Trace: fmt.Sprint("t", i), Exchange: fmt.Sprint("e", i), Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Event: "EXCHANGE", Tenant: "acme", KeyID: "k1",
		Traceparent: "00-" + theirs + "-00f067aa0ba902b7-01", Surface: "openai.chat", Method: "POST", ModelAsked: "gpt-4o", ModelServed: "gpt-4o-2024", Provider: "main",
		ProviderKind: "openai", Stream: true, Status: 200, UpstreamStatus: 200, Dialect: "dvara", Ended: "complete", Settlement: "settled", Facts: json.RawMessage(`{}`),
		Decision: json.RawMessage(`{"version":"v7","fired":[{"file":"pii.rego","line":12}]}`), InputTokens: 11, OutputTokens: 7, CachedTokens: 3, Finishes: []string{"stop"},
		TookMicros: 900, RequestMicros: 100, UpstreamMicros: 700, FirstMicros: 50,
	}
}

// stored is a record as a sink is given it.
func stored(t *testing.T, r audit.Record) audit.Stored {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Stored{N: 1, Text: text}
}

// heard keeps what an exporter says of its failures.
type heard struct {
	mu   sync.Mutex
	said []string
}

func (h *heard) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = append(h.said, err.Error())
}

func (h *heard) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.said, "\n")
}

// counted is a registry with a metric.
func counted() *prometheus.Registry {
	r := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "weir_things_total", Help: "Things."})
	r.MustRegister(c)
	return r
}

// Every signal arrives by every protocol, with and without TLS, with the headers that are configured.
func TestEverySignalByEveryProtocol(t *testing.T) {
	for name, r := range receivers(t) {
		t.Run(name, func(t *testing.T) {
			var wrong heard
			tracer, err := otlp.NewTracer(t.Context(), r.options(name), 0, wrong.failed)
			if err != nil {
				t.Fatal(err)
			}
			sink, err := otlp.NewLogSink(t.Context(), r.options(name))
			if err != nil {
				t.Fatal(err)
			}
			meter, err := otlp.NewMetrics(t.Context(), r.options(name), counted(), time.Hour, wrong.failed)
			if err != nil {
				t.Fatal(err)
			}
			rec := served(1)
			tracer.Exchange(&rec)
			in := stored(t, rec)
			if err := sink.Send(t.Context(), []audit.Stored{in, {N: 2, Text: []byte("{")}}); err != nil {
				t.Error(err)
			}
			for _, close := range []func() error{
				func() error { return tracer.Close(t.Context()) }, func() error { return sink.Close(t.Context()) }, func() error { return meter.Close(t.Context()) },
			} {
				if err := close(); err != nil {
					t.Error(err)
				}
			}
			if made, sent, failed := tracer.Counts(); made != 2 || sent != 2 || failed != 0 || wrong.text() != "" {
				t.Errorf("%d made, %d sent, %d failed, %s", made, sent, failed, wrong.text())
			}
			if len(r.spans) != 2 || len(r.logs) != 1 || !r.metrics["weir_things_total"] || len(r.auth) != 1 || !r.auth["Bearer very-secret"] {
				t.Fatalf("%d spans, %d logs, %v, %v", len(r.spans), len(r.logs), r.metrics, r.auth)
			}
			holdsTogether(t, r.spans)
			saysWhatTheTrailSays(t, r.logs[0], string(in.Text))
		})
	}
}

func attribute(list []*commonv1.KeyValue, key string) string {
	for _, a := range list {
		if a.GetKey() != key {
			continue
		}
		switch v := a.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			return v.StringValue
		case *commonv1.AnyValue_IntValue:
			return fmt.Sprint(v.IntValue)
		case *commonv1.AnyValue_BoolValue:
			return fmt.Sprint(v.BoolValue)
		case *commonv1.AnyValue_ArrayValue:
			var out []string
			for _, x := range v.ArrayValue.GetValues() {
				out = append(out, x.GetStringValue())
			}
			return strings.Join(out, ",")
		}
	}
	return ""
}

// holdsTogether looks at the spans of an exchange: the model's in Weir's, below the one that came, with the conventions' attributes.
func holdsTogether(t *testing.T, spans []*tracev1.Span) {
	t.Helper()
	model, own := spans[0], spans[1]
	if own.GetName() == "chat gpt-4o" {
		model, own = own, model
	}
	if hex.EncodeToString(own.GetTraceId()) != theirs || hex.EncodeToString(own.GetParentSpanId()) != "00f067aa0ba902b7" || string(model.GetParentSpanId()) != string(own.GetSpanId()) ||
		own.GetKind() != tracev1.Span_SPAN_KIND_SERVER || model.GetKind() != tracev1.Span_SPAN_KIND_CLIENT || model.GetEndTimeUnixNano()-model.GetStartTimeUnixNano() != 700_000 ||
		own.GetEndTimeUnixNano()-own.GetStartTimeUnixNano() != 900_000 || len(model.GetEvents()) != 1 {
		t.Errorf("%v\n%v", own, model)
	}
	for key, want := range map[string]string{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024",
		"gen_ai.usage.input_tokens": "11", "gen_ai.usage.output_tokens": "7", "gen_ai.usage.cache_read.input_tokens": "3", "gen_ai.response.finish_reasons": "stop",
		"gen_ai.request.stream": "true", "http.response.status_code": "200",
	} {
		if got := attribute(model.GetAttributes(), key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	for key, want := range map[string]string{"weir.trace": "t1", "weir.exchange": "e1", "weir.rules": "pii.rego:12", "weir.policy.version": "v7", "weir.tenant": "acme"} {
		if got := attribute(own.GetAttributes(), key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func saysWhatTheTrailSays(t *testing.T, l *logsv1.LogRecord, text string) {
	t.Helper()
	if l.GetBody().GetStringValue() != text || hex.EncodeToString(l.GetTraceId()) != theirs || attribute(l.GetAttributes(), "weir.exchange") != "e1" ||
		l.GetEventName() != "weir.exchange" || l.GetSeverityText() != "INFO" || l.GetTimeUnixNano() != uint64(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC).UnixNano()) {
		t.Errorf("%v", l)
	}
}

// What a receiver refuses is an error for the trail's feed, which sends it again, and is counted of spans. No error says a header.
func TestAReceiverThatRefuses(t *testing.T) {
	for name, r := range receivers(t) {
		t.Run(name, func(t *testing.T) {
			var wrong heard
			r.refuse, r.wrong = -1, true
			tracer, err := otlp.NewTracer(t.Context(), r.options(name), 1, wrong.failed)
			if err != nil {
				t.Fatal(err)
			}
			meter, err := otlp.NewMetrics(t.Context(), r.options(name), counted(), time.Hour, wrong.failed)
			if err != nil {
				t.Fatal(err)
			}
			sink, err := otlp.NewLogSink(t.Context(), r.options(name))
			if err != nil {
				t.Fatal(err)
			}
			rec := served(1)
			tracer.Exchange(&rec)
			said := fmt.Sprint(tracer.Close(t.Context()), meter.Close(t.Context()))
			if made, sent, failed := tracer.Counts(); made != 2 || sent != 0 || failed != 2 {
				t.Errorf("%d made, %d sent, %d failed", made, sent, failed)
			}
			batch := []audit.Stored{stored(t, rec)}
			err = sink.Send(t.Context(), batch)
			if err == nil {
				t.Error("a refused export of logs is none")
			}
			said += wrong.text() + fmt.Sprint(err)
			for _, want := range []string{"OTLP: exporting spans", "OTLP: exporting metrics", "OTLP: exporting logs"} {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not said: %s", want, said)
				}
			}
			if strings.Contains(said, "very-secret") {
				t.Errorf("a header is said: %s", said)
			}
			// It is busy once: the same batch arrives when it is sent again, once.
			r.mu.Lock()
			r.refuse, r.wrong = 1, false
			before := r.asked
			r.mu.Unlock()
			if err := sink.Send(t.Context(), batch); err == nil || r.asked != before+1 {
				t.Errorf("%v after %d tries: the exporter must not repeat what the feed repeats", err, r.asked-before)
			}
			if err := sink.Send(t.Context(), batch); err != nil || len(r.logs) != 1 {
				t.Errorf("%v, %d logs", err, len(r.logs))
			}
			if err := sink.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A receiver that does not answer, one that is not there, and one whose certificate nobody has signed take nothing, and hold nobody up
// for longer than the configuration says.
func TestReceiversThatDoNotAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	_ = l.Close()
	for _, protocol := range otlp.Protocols() {
		slow, secure := overGRPC(t, false), overGRPC(t, true)
		if protocol == otlp.HTTP {
			slow, secure = overHTTP(t, false), overHTTP(t, true)
		}
		slow.hang = make(chan struct{})
		t.Cleanup(func() { close(slow.hang) })
		for name, change := range map[string]func(*otlp.Options){
			"slow":        func(o *otlp.Options) { *o = slow.options(protocol) },
			"gone":        func(o *otlp.Options) { o.Endpoint = "http://" + gone },
			"untrusted":   func(o *otlp.Options) { *o = secure.options(protocol); o.TLS = nil },
			"without TLS": func(o *otlp.Options) { o.Endpoint = strings.Replace(secure.endpoint, "https", "http", 1) },
			"other CA": func(o *otlp.Options) {
				*o = secure.options(protocol)
				o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: "elsewhere.example", RootCAs: o.TLS.RootCAs}
			},
		} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				o := otlp.Options{Protocol: protocol}
				change(&o)
				o.Timeout = 100 * time.Millisecond
				sink, err := otlp.NewLogSink(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				if err := sink.Send(t.Context(), []audit.Stored{stored(t, served(1))}); err == nil || strings.Contains(err.Error(), "very-secret") {
					t.Errorf("%v", err)
				}
				if err := sink.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		for _, r := range []*receiver{slow, secure} {
			r.mu.Lock()
			if len(r.logs) > 0 {
				t.Errorf("%d arrived", len(r.logs))
			}
			r.mu.Unlock()
		}
	}
}

// Who decided that a trace is kept is followed; where nobody did, the ratio decides. Of what is not kept nothing is made.
func TestWhoDecidesWhatIsTraced(t *testing.T) {
	r := overGRPC(t, false)
	for traceparent, c := range map[string]struct {
		ratio float64
		want  int64
	}{
		"00-" + theirs + "-00f067aa0ba902b7-01": {0, 2}, "00-" + theirs + "-00f067aa0ba902b7-00": {1, 0}, "": {1, 2}, "nonsense": {0, 0},
	} {
		tracer, err := otlp.NewTracer(t.Context(), r.options(otlp.GRPC), c.ratio, func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		rec := served(1)
		rec.Traceparent = traceparent
		tracer.Exchange(&rec)
		if err := tracer.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if made, sent, _ := tracer.Counts(); made != c.want || sent != c.want {
			t.Errorf("%q at %v: %d made, %d sent, want %d", traceparent, c.ratio, made, sent, c.want)
		}
	}
}

// A refusal has one span, which says why; a failure of the service is marked as an error.
func TestSpansOfRefusalsAndFailures(t *testing.T) {
	r := overGRPC(t, false)
	tracer, err := otlp.NewTracer(t.Context(), r.options(otlp.GRPC), 1, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	refused, failed := served(1), served(2)
	refused.Code, refused.Status, refused.Provider, refused.Ended = "pii_detected", 400, "", "refused"
	refused.Findings = []audit.Finding{{Direction: "request", Type: "US_SSN", Count: 2, Action: "block"}}
	failed.Code, failed.Status, failed.UpstreamStatus, failed.Ended = "provider_error", 502, 503, "upstream_broken"
	tracer.Exchange(&refused)
	tracer.Exchange(&failed)
	if err := tracer.Close(t.Context()); err != nil {
		t.Error(err)
	}
	wrong := 0
	for _, s := range r.spans {
		if s.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR {
			wrong++
		}
		if attribute(s.GetAttributes(), "weir.exchange") == "e1" && (attribute(s.GetAttributes(), "error.type") != "pii_detected" || attribute(s.GetAttributes(), "weir.findings") != "request US_SSN 2 block") {
			t.Errorf("%v", s)
		}
	}
	if len(r.spans) != 3 || wrong != 2 {
		t.Errorf("%d spans, %d of them errors", len(r.spans), wrong)
	}
}

// An address that cannot be meant is said at once.
func TestAddressesThatAreNone(t *testing.T) {
	for _, protocol := range otlp.Protocols() {
		o := otlp.Options{Endpoint: "localhost", Protocol: protocol}
		_, err := otlp.NewTracer(t.Context(), o, 1, nil)
		_, err2 := otlp.NewLogSink(t.Context(), o)
		_, err3 := otlp.NewMetrics(t.Context(), o, counted(), 0, nil)
		if err == nil || err2 == nil || err3 == nil {
			t.Errorf("%s: %v, %v, %v", protocol, err, err2, err3)
		}
	}
}
