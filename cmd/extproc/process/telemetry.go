package process

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"weir/admin"
	"weir/cmd/extproc/config"
	"weir/policy/audit"
	"weir/policy/audit/otlp"
	"weir/policy/audit/sink"
	"weir/policy/audit/webhook"
)

// The names of the sinks, which their places in the trail are kept under.
const (
	sinkOTLP   = "otlp"
	sinkStream = "stream"
)

// telemetry is where exchanges are told of beside the trail's file.
type telemetry struct {
	crowd   *audit.Crowd
	tracer  *otlp.Tracer // nil: nobody traces
	metrics *otlp.Metrics
	logs    *otlp.LogSink
	stream  *sink.Stream
	feeds   []*sink.Feed
	office  *webhook.Office
}

// Append implements filter.Trail.
func (t *telemetry) Append(ctx context.Context, r audit.Record) error {
	err := t.crowd.Append(ctx, r)
	if t.tracer != nil {
		t.tracer.Exchange(&r)
	}
	return err
}

// Version is what the build knows of itself.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// openTelemetry makes what tells of exchanges. It waits for no receiver.
func (p *Process) openTelemetry(ctx context.Context, c *config.Config) error {
	grouped := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "weir_trail_grouped_total", Help: "Requests without a key that may be used which share a record, since too many came in a minute.",
	})
	p.registry.MustRegister(grouped, sinkStates{&p.telemetry})
	p.telemetry.crowd = audit.NewCrowd(p.Trail, int(c.Trail.Each), int(c.Trail.All), time.Now, grouped.Inc)
	if c.Trail.Stream {
		writer, err := p.Trail.Writer(ctx)
		if err != nil {
			return err
		}
		p.telemetry.stream = sink.NewStream(p.Redis, writer, c.Trail.StreamRecords)
		if err := p.feed(ctx, sinkStream, p.telemetry.stream, c); err != nil {
			return err
		}
	}
	if err := p.openWebhooks(ctx, c); err != nil {
		return err
	}
	if c.OTLP == nil {
		return nil
	}
	return p.openOTLP(ctx, c)
}

// failureEvery is how often the same failure of a receiver is logged.
const failureEvery = time.Minute

func (p *Process) openOTLP(ctx context.Context, c *config.Config) error {
	o, err := c.OTLP.Options(Version(), newID())
	if err != nil {
		return err
	}
	often := rate.Sometimes{Interval: failureEvery}
	failed := func(err error) {
		often.Do(func() { p.log.Error("telemetry does not reach its receiver", "error", err) })
	}
	if c.OTLP.Traces {
		if p.telemetry.tracer, err = otlp.NewTracer(ctx, o, c.OTLP.Ratio, failed); err != nil {
			return err
		}
	}
	if c.OTLP.Metrics {
		if p.telemetry.metrics, err = otlp.NewMetrics(ctx, o, p.registry, c.OTLP.Interval, failed); err != nil {
			return err
		}
	}
	if c.OTLP.Logs {
		if p.telemetry.logs, err = otlp.NewLogSink(ctx, o); err != nil {
			return err
		}
		return p.feed(ctx, sinkOTLP, p.telemetry.logs, c)
	}
	return nil
}

// feed adds a sink of the trail, which gets everything from the first exchange on.
func (p *Process) feed(ctx context.Context, name string, to sink.Target, c *config.Config) error {
	f := sink.New(p.Trail, to, sink.Options{
		Name: name, Backlog: c.Trail.Backlog, Log: p.log,
		Advance: func(ctx context.Context, name string, n int64) error {
			return p.Trail.Advance(ctx, name, n, nil)
		},
	})
	p.telemetry.feeds = append(p.telemetry.feeds, f)
	return f.Place(ctx)
}

// runTelemetry lets the sinks work until ctx ends.
func (p *Process) runTelemetry(ctx context.Context) error {
	g, run := errgroup.WithContext(ctx)
	g.Go(func() error {
		return p.telemetry.crowd.Run(run, func(err error) { p.log.Error("writing records that exchanges share", "error", err) })
	})
	for _, f := range p.telemetry.feeds {
		g.Go(func() error { return f.Run(run) })
	}
	g.Go(func() error { return p.runWebhooks(run) })
	g.Go(func() error { return p.telemetry.office.Run(run) })
	g.Go(func() error { return p.tellBreakers(run) })
	g.Go(func() error { return p.tellChanges(run) })
	return g.Wait()
}

// closeTelemetry hands over what waits, as far as it is taken within a bound. What of the trail is not is sent after the next start.
func (p *Process) closeTelemetry() {
	t := &p.telemetry
	if t.crowd == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeBound)
	defer cancel()
	report := func(what string, err error) {
		if err != nil {
			p.log.Error(what, "error", err)
		}
	}
	report("writing records that exchanges share", t.crowd.Flush(ctx))
	var all sync.WaitGroup
	for _, f := range t.feeds {
		all.Go(func() {
			if err := f.Flush(ctx); err != nil {
				p.log.Warn("records wait for a sink of the trail until the next start", "sink", f.Status().Name, "error", err)
			}
		})
	}
	if t.tracer != nil {
		all.Go(func() { report("closing telemetry", t.tracer.Close(ctx)) })
	}
	if t.metrics != nil {
		all.Go(func() { report("closing telemetry", t.metrics.Close(ctx)) })
	}
	all.Wait()
	if t.logs != nil {
		report("closing telemetry", t.logs.Close(ctx))
	}
}

// degraded are the sinks: one that takes nothing keeps no exchange from being served.
func (p *Process) degraded() []admin.Check {
	out := []admin.Check{{Name: "webhooks", Check: p.telemetry.office.Check}, {Name: "providers of the store", Check: p.keptInForce}}
	for _, f := range p.telemetry.feeds {
		out = append(out, admin.Check{Name: "sink " + f.Status().Name, Check: f.Check})
	}
	return out
}

// sinkStates tell of the sinks.
type sinkStates struct{ of *telemetry }

var (
	sinkBehind  = prometheus.NewDesc("weir_trail_sink_behind_rows", "Records of the trail that wait for a sink.", []string{"sink"}, nil)
	sinkSent    = prometheus.NewDesc("weir_trail_sink_sent_total", "Records of the trail that a sink has taken.", []string{"sink"}, nil)
	sinkFailed  = prometheus.NewDesc("weir_trail_sink_failures_total", "Batches of records that a sink did not take; they are sent again.", []string{"sink"}, nil)
	sinkSkipped = prometheus.NewDesc("weir_trail_sink_skipped_total", "Records that a sink did not get: they had expired, or more waited than may.", []string{"sink"}, nil)
	trimmedDesc = prometheus.NewDesc("weir_trail_stream_trimmed_total", "Records that went out at the end of the Redis Stream, since it is as long as it may be.", nil, nil)
	spansDesc   = prometheus.NewDesc("weir_trace_spans_total", "Spans, by what became of them: made, sent, failed.", []string{"result"}, nil)
)

// Describe implements prometheus.Collector.
func (s sinkStates) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{sinkBehind, sinkSent, sinkFailed, sinkSkipped, trimmedDesc, spansDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s sinkStates) Collect(to chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	for _, f := range s.of.feeds {
		st := f.Status()
		to <- prometheus.MustNewConstMetric(sinkBehind, prometheus.GaugeValue, float64(st.Behind), st.Name)
		counter(sinkSent, st.Sent, st.Name)
		counter(sinkFailed, st.Failed, st.Name)
		counter(sinkSkipped, st.Skipped, st.Name)
	}
	if s.of.stream != nil {
		counter(trimmedDesc, s.of.stream.Trimmed())
	}
	if s.of.tracer != nil {
		made, sent, failed := s.of.tracer.Counts()
		counter(spansDesc, made, "made")
		counter(spansDesc, sent, "sent")
		counter(spansDesc, failed, "failed")
	}
}
