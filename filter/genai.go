package filter

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// genAI are the metrics of OpenTelemetry's semantic conventions for generative AI (gen_ai.client.*), under the names that they
// have in Prometheus: Weir is the client of the models.
type genAI struct {
	tokens     *prometheus.HistogramVec
	duration   *prometheus.HistogramVec
	firstChunk *prometheus.HistogramVec
	other      prometheus.Counter
	models     *names
}

// The bounds and the buckets that the conventions name.
const (
	// maxModelNames bounds the label of a model: what a glob lets through may be any name.
	maxModelNames = 200
	otherModel    = "_OTHER"
)

func newGenAI() genAI {
	labels := []string{"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"}
	vec := func(name, help string, buckets []float64, more ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(native(name, help, buckets), append(labels[:len(labels):len(labels)], more...))
	}
	g := genAI{
		tokens: vec("gen_ai_client_token_usage", "Input and output tokens of a request to a model: gen_ai.client.token.usage.",
			prometheus.ExponentialBuckets(1, 4, 14), "gen_ai_token_type"),
		duration: vec("gen_ai_client_operation_duration_seconds", "Time of a request to a model, to the last byte of its answer: gen_ai.client.operation.duration.",
			prometheus.ExponentialBuckets(0.01, 2, 14), "error_type"),
		firstChunk: vec("gen_ai_client_operation_time_to_first_chunk_seconds", "Time to the first byte of a streamed answer: gen_ai.client.operation.time_to_first_chunk.",
			prometheus.ExponentialBuckets(0.001, 2, 16)),
		other: prometheus.NewCounter(prometheus.CounterOpts{Name: "weir_metrics_other_models_total", Help: "Exchanges whose model is counted under _OTHER, since too many names are in use."}),
	}
	g.models = &names{most: maxModelNames, seen: map[string]bool{}}
	return g
}

// closed counts a request that went to a provider.
func (g *genAI) closed(x *exchange) {
	r := &x.record
	if x.answer.forwarded.IsZero() || x.answer.unreached {
		return
	}
	model, known := g.models.of(x.candidate.Name)
	if !known {
		g.other.Inc()
	}
	operation, provider := r.Operation(), r.ProviderName()
	g.duration.WithLabelValues(operation, provider, model, r.Code).Observe(x.server.parts.Clock().Sub(x.answer.forwarded).Seconds())
	if r.Settlement == "settled" && !r.Estimated { // the conventions want what a provider reported
		g.tokens.WithLabelValues(operation, provider, model, "input").Observe(float64(r.InputTokens))
		g.tokens.WithLabelValues(operation, provider, model, "output").Observe(float64(r.OutputTokens))
	}
	if x.answer.stream && !x.answer.firstByte.IsZero() {
		g.firstChunk.WithLabelValues(operation, provider, model).Observe(x.answer.firstByte.Sub(x.answer.forwarded).Seconds())
	}
}

// names are those that a label may have.
type names struct {
	mu   sync.Mutex
	most int
	seen map[string]bool
}

// of is a name as a label has it, and whether that is itself.
func (n *names) of(name string) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[name] {
		return name, true
	}
	if len(n.seen) == n.most || len(name) > userBytes {
		return otherModel, false
	}
	n.seen[name] = true
	return name, true
}

// native are the options of a histogram that has exponential buckets for who scrapes in Prometheus' protocol, and these for who
// does not.
func native(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}
}

func seconds(micros int64) float64 { return float64(micros) / 1e6 }
