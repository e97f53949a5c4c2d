package otlp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"weir/policy/audit"
)

// The bounds of spans that wait for the receiver: beyond them the newest are dropped, and counted as lost.
const (
	spanQueue = 8192
	spanBatch = 512
	spanDelay = time.Second
)

// Tracer makes spans of records: one for the exchange, below that of Envoy or of the client, and in it one for the request to
// the model, with the attributes of the semantic conventions for generative AI.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	count    *counting
}

// NewTracer makes a tracer. ratio is the part of exchanges that are traced where neither Envoy nor the client has decided.
// failed is told why spans did not reach the receiver.
func NewTracer(ctx context.Context, o Options, ratio float64, failed func(error)) (*Tracer, error) {
	exporter, err := o.traces(ctx)
	if err != nil {
		return nil, named("making the exporter of spans", err)
	}
	t := &Tracer{count: &counting{SpanExporter: exporter, failed: failed}}
	t.provider = sdktrace.NewTracerProvider(
		sdktrace.WithResource(o.resource()), sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))),
		sdktrace.WithBatcher(t.count, sdktrace.WithMaxQueueSize(spanQueue), sdktrace.WithMaxExportBatchSize(spanBatch),
			sdktrace.WithBatchTimeout(spanDelay), sdktrace.WithExportTimeout(o.timeout())),
	)
	t.tracer = t.provider.Tracer(scope)
	return t, nil
}

// counting counts spans that leave and those that do not.
type counting struct {
	sdktrace.SpanExporter
	failed          func(error)
	made, sent, bad atomic.Int64
}

// ExportSpans implements sdktrace.SpanExporter. The error ends here: the SDK would print it.
func (c *counting) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := c.SpanExporter.ExportSpans(ctx, spans); err != nil {
		c.bad.Add(int64(len(spans)))
		c.failed(named("exporting spans", err))
		return nil
	}
	c.sent.Add(int64(len(spans)))
	return nil
}

// Counts are how many spans were made, how many of them arrived, and how many did not although they were sent. What is missing
// waits, or was dropped since too many did.
func (t *Tracer) Counts() (made, sent, failed int64) {
	return t.count.made.Load(), t.count.sent.Load(), t.count.bad.Load()
}

// Exchange makes the spans of an exchange that is over.
func (t *Tracer) Exchange(r *audit.Record) {
	ctx := context.Background()
	if r.Traceparent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": r.Traceparent})
	}
	ctx, span := t.tracer.Start(ctx, "exchange", trace.WithTimestamp(r.Time), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(exchangeAttributes(r)...))
	if !span.IsRecording() {
		return
	}
	t.count.made.Add(1)
	if r.Code != "" && (r.Status >= 500 || r.Status == 0) {
		span.SetStatus(codes.Error, r.Code)
	}
	if r.Provider != "" && r.UpstreamMicros > 0 {
		t.inference(ctx, r)
	}
	span.End(trace.WithTimestamp(r.Time.Add(time.Duration(r.TookMicros) * time.Microsecond)))
}

// inference is the request to the model.
func (t *Tracer) inference(ctx context.Context, r *audit.Record) {
	at := r.Time.Add(time.Duration(r.RequestMicros) * time.Microsecond)
	name := r.Operation()
	if r.ModelAsked != "" {
		name += " " + bounded(r.ModelAsked)
	}
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(at), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(inferenceAttributes(r)...))
	t.count.made.Add(1)
	if r.FirstMicros > 0 {
		span.AddEvent("first_chunk", trace.WithTimestamp(at.Add(time.Duration(r.FirstMicros)*time.Microsecond)))
	}
	if r.UpstreamStatus >= 500 || r.Ended == "upstream_broken" {
		span.SetStatus(codes.Error, r.Ended)
	}
	span.End(trace.WithTimestamp(at.Add(time.Duration(r.UpstreamMicros) * time.Microsecond)))
}

// maxAttribute bounds the text of one attribute.
const maxAttribute = 256

// bounded cuts a text and leaves only whole characters: a protobuf takes no others, and one would cost its whole batch.
func bounded(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxAttribute)], "") }

// exchangeAttributes are what the exchange's span says. Of what a client chose there is the model, and that only where the
// catalogue knows it.
func exchangeAttributes(r *audit.Record) []attribute.KeyValue {
	out := []attribute.KeyValue{
		attribute.String("http.request.method", bounded(r.Method)), attribute.Int("http.response.status_code", r.Status),
		attribute.String("weir.trace", r.Trace), attribute.String("weir.exchange", r.Exchange), attribute.String("weir.event", r.Event),
		attribute.String("weir.ended", r.Ended), attribute.String("weir.dialect", r.Dialect),
		attribute.Int64("weir.own.duration_us", r.OursMicros), attribute.Int64("weir.detect.duration_us", r.DetectMicros),
		attribute.Int64("weir.hold.duration_us", r.HoldMicros), attribute.Int64("weir.decision.duration_us", r.DecisionMicros),
		attribute.Int64("weir.cost_micro_usd", r.CostMicro), attribute.Int64("weir.billed_micro_usd", r.BilledMicro),
	}
	add := func(key, value string) {
		if value != "" {
			out = append(out, attribute.String(key, bounded(value)))
		}
	}
	add("weir.tenant", r.Tenant)
	add("weir.key", r.KeyID)
	add("weir.surface", r.Surface)
	add("weir.code", r.Code)
	add("error.type", r.Code)
	if len(r.Facts) > 0 {
		add("gen_ai.request.model", r.ModelAsked)
		add("gen_ai.operation.name", r.Operation())
	}
	version, rules := decided(r)
	add("weir.policy.version", version)
	if len(rules) > 0 {
		out = append(out, attribute.StringSlice("weir.rules", rules))
	}
	var found []string
	for _, f := range r.Findings {
		found = append(found, fmt.Sprintf("%s %s %d %s", f.Direction, f.Type, f.Count, f.Action))
	}
	if len(found) > 0 {
		out = append(out, attribute.StringSlice("weir.findings", found))
	}
	if len(r.Failures) > 0 {
		out = append(out, attribute.StringSlice("weir.failures", r.Failures))
	}
	return out
}

// inferenceAttributes are those of the conventions' span for an inference.
func inferenceAttributes(r *audit.Record) []attribute.KeyValue {
	out := []attribute.KeyValue{
		attribute.String("gen_ai.operation.name", r.Operation()), attribute.String("gen_ai.provider.name", r.ProviderName()),
		attribute.String("gen_ai.request.model", bounded(r.ModelAsked)), attribute.Bool("gen_ai.request.stream", r.Stream),
		attribute.String("weir.provider", r.Provider), attribute.Int("weir.attempts", len(r.Attempts)),
		attribute.Int("http.response.status_code", r.UpstreamStatus),
	}
	if r.ModelServed != "" {
		out = append(out, attribute.String("gen_ai.response.model", bounded(r.ModelServed)))
	}
	if len(r.Finishes) > 0 {
		out = append(out, attribute.StringSlice("gen_ai.response.finish_reasons", r.Finishes))
	}
	if r.Settlement == "settled" {
		out = append(out, attribute.Int64("gen_ai.usage.input_tokens", r.InputTokens), attribute.Int64("gen_ai.usage.output_tokens", r.OutputTokens),
			attribute.Bool("weir.usage.estimated", r.Estimated))
		if r.CachedTokens > 0 {
			out = append(out, attribute.Int64("gen_ai.usage.cache_read.input_tokens", r.CachedTokens))
		}
	}
	if r.Code != "" {
		out = append(out, attribute.String("error.type", r.Code))
	}
	return out
}

// decided are the version of the policies and the rules that fired.
func decided(r *audit.Record) (version string, rules []string) {
	var d struct {
		Version string `json:"version"`
		Fired   []struct {
			File string `json:"file"`
			Line int    `json:"line"`
		} `json:"fired"`
	}
	if len(r.Decision) == 0 || json.Unmarshal(r.Decision, &d) != nil {
		return "", nil
	}
	for _, f := range d.Fired {
		rules = append(rules, fmt.Sprintf("%s:%d", f.File, f.Line))
	}
	return d.Version, rules
}

// Close sends what waits, within ctx.
func (t *Tracer) Close(ctx context.Context) error {
	return named("closing the exporter of spans", t.provider.Shutdown(ctx))
}
