package otlp

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// DefaultInterval is how often metrics are exported.
const DefaultInterval = 30 * time.Second

// Metrics exports what is gathered for Prometheus, under the same names.
type Metrics struct{ provider *sdkmetric.MeterProvider }

// NewMetrics makes and starts an export. every is how often; 0 is DefaultInterval. failed is told why one did not arrive.
func NewMetrics(ctx context.Context, o Options, from prometheus.Gatherer, every time.Duration, failed func(error)) (*Metrics, error) {
	exporter, err := o.metrics(ctx)
	if err != nil {
		return nil, named("making the exporter of metrics", err)
	}
	if every <= 0 {
		every = DefaultInterval
	}
	reader := sdkmetric.NewPeriodicReader(&telling{exporter, failed}, sdkmetric.WithInterval(every), sdkmetric.WithTimeout(o.timeout()),
		sdkmetric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(from))))
	return &Metrics{sdkmetric.NewMeterProvider(sdkmetric.WithResource(o.resource()), sdkmetric.WithReader(reader))}, nil
}

// telling tells of exports that failed. The error ends here: the SDK would print it.
type telling struct {
	sdkmetric.Exporter
	failed func(error)
}

// Export implements sdkmetric.Exporter.
func (t *telling) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	if err := t.Exporter.Export(ctx, m); err != nil {
		t.failed(named("exporting metrics", err))
	}
	return nil
}

// Close exports once more, within ctx.
func (m *Metrics) Close(ctx context.Context) error {
	return named("closing the exporter of metrics", m.provider.Shutdown(ctx))
}
