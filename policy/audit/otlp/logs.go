package otlp

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"weir/policy/audit"
)

// LogSink sends the trail as log records: the body is the record as it is stored, JSON; what is searched for most is in attributes,
// and trace and span are those that the exchange's span hangs below. weir.exchange is unique, so what arrives twice after a kill can be
// told.
type LogSink struct {
	exporter sdklog.Exporter
	provider *sdklog.LoggerProvider
	logger   log.Logger
	batch    *gathered
}

// gathered is a processor that keeps what is emitted until it is sent.
type gathered struct{ records []sdklog.Record }

// OnEmit implements sdklog.Processor.
func (g *gathered) OnEmit(_ context.Context, r *sdklog.Record) error {
	g.records = append(g.records, r.Clone())
	return nil
}

// Enabled implements sdklog.Processor.
func (g *gathered) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

// Shutdown implements sdklog.Processor.
func (g *gathered) Shutdown(context.Context) error { return nil }

// ForceFlush implements sdklog.Processor.
func (g *gathered) ForceFlush(context.Context) error { return nil }

// NewLogSink makes a sink. It does not wait for the receiver.
func NewLogSink(ctx context.Context, o Options) (*LogSink, error) {
	exporter, err := o.logs(ctx)
	if err != nil {
		return nil, named("making the exporter of logs", err)
	}
	s := &LogSink{exporter: exporter, batch: &gathered{}}
	s.provider = sdklog.NewLoggerProvider(sdklog.WithResource(o.resource()), sdklog.WithProcessor(s.batch), sdklog.WithAttributeValueLengthLimit(-1))
	s.logger = s.provider.Logger(scope)
	return s, nil
}

// Send implements sink.Target. It is called by one feed, one batch at a time.
func (s *LogSink) Send(ctx context.Context, batch []audit.Stored) error {
	s.batch.records = s.batch.records[:0]
	for i := range batch {
		var r said
		if err := json.Unmarshal(front(batch[i].Text), &r); err != nil {
			continue // it was changed after it was written, which is for verify to say
		}
		s.emit(batch[i].Text, &r)
	}
	return named("exporting logs", s.exporter.Export(ctx, s.batch.records))
}

// said is what of a record is said beside its text; the rest is not read.
type said struct {
	Trace        string    `json:"trace"`
	Traceparent  string    `json:"traceparent"`
	Exchange     string    `json:"exchange"`
	Time         time.Time `json:"time"`
	Event        string    `json:"event"`
	Ended        string    `json:"ended"`
	Tenant       string    `json:"tenant"`
	KeyID        string    `json:"key_id"`
	Surface      string    `json:"surface"`
	Code         string    `json:"code"`
	Status       int       `json:"status"`
	ProviderKind string    `json:"provider_kind"`
}

// front is a record without its facts and what stands behind them, which is most of it and not read here: a record is written in the
// order of its fields. Within a text no quote stands without a backslash, so what is looked for is a member's own.
func front(text []byte) []byte {
	for _, member := range [...]string{`,"facts":`, `,"decision":`} {
		if i := bytes.Index(text, []byte(member)); i >= 0 {
			return append(text[:i:i], '}')
		}
	}
	return text
}

func (s *LogSink) emit(text []byte, r *said) {
	ctx := context.Background()
	if r.Traceparent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": r.Traceparent})
	}
	var out log.Record
	out.SetTimestamp(r.Time)
	out.SetObservedTimestamp(time.Now())
	out.SetEventName("weir.exchange")
	severity, word := severityOf(r)
	out.SetSeverity(severity)
	out.SetSeverityText(word)
	out.SetBody(attribute.StringValue(string(text)))
	add := func(key, value string) {
		if value != "" {
			out.AddAttributes(attribute.String(key, bounded(value)))
		}
	}
	add("weir.trace", r.Trace)
	add("weir.exchange", r.Exchange)
	add("weir.event", r.Event)
	add("weir.ended", r.Ended)
	add("weir.tenant", r.Tenant)
	add("weir.key", r.KeyID)
	add("weir.surface", r.Surface)
	add("weir.code", r.Code)
	add("gen_ai.provider.name", (&audit.Record{ProviderKind: r.ProviderKind}).ProviderName())
	out.AddAttributes(attribute.Int("http.response.status_code", r.Status))
	s.logger.Emit(ctx, out)
}

// severityOf is how grave the end of an exchange is.
func severityOf(r *said) (log.Severity, string) {
	switch {
	case r.Status >= 500 || r.Ended == "failed":
		return log.SeverityError, "ERROR"
	case r.Code != "":
		return log.SeverityWarn, "WARN"
	}
	return log.SeverityInfo, "INFO"
}

// Close gives the connection back.
func (s *LogSink) Close(ctx context.Context) error {
	_ = s.provider.Shutdown(ctx) // its processor has nothing to close
	return named("closing the exporter of logs", s.exporter.Shutdown(ctx))
}
