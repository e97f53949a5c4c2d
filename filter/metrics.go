package filter

import (
	"cmp"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the filter counts. Label sets are bounded: surfaces, dialects, canonical codes, statuses.
type metrics struct {
	exchanges  *prometheus.CounterVec
	findings   *prometheus.CounterVec
	failures   *prometheus.CounterVec
	tokens     *prometheus.CounterVec
	billed     prometheus.Counter
	overrun    prometheus.Counter
	events     prometheus.Counter
	panics     prometheus.Counter
	unexpected prometheus.Counter
	misfits    *prometheus.CounterVec
	missing    *prometheus.CounterVec
	envoys     *prometheus.GaugeVec
	ended      prometheus.Counter
	outcomes   *prometheus.CounterVec
	refused    prometheus.Counter
	heldOver   *prometheus.CounterVec
	inFlight   prometheus.GaugeFunc
	alerts     prometheus.Counter
	compared   *prometheus.CounterVec
	forgotten  prometheus.Counter
	spoofed    prometheus.Counter
	retries    *prometheus.CounterVec
	attempts   *prometheus.CounterVec
	failed     *prometheus.CounterVec
	spared     *prometheus.CounterVec
	live       prometheus.Gauge
	held       prometheus.Histogram
	ours       prometheus.Histogram
	decision   prometheus.Histogram
	took       *prometheus.HistogramVec
	genAI      genAI
}

func newMetrics(r prometheus.Registerer, inFlight func() int64) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(native(name, help, buckets))
	}
	fast := prometheus.ExponentialBuckets(0.000_05, 2, 14)
	m := &metrics{
		exchanges:  vec("weir_exchanges_total", "Exchanges that ended, by surface, dialect, how they ended, canonical fault code and status.", "surface", "dialect", "ended", "code", "status"),
		findings:   vec("weir_findings_total", "Findings, by direction, type and the action taken.", "direction", "type", "action"),
		failures:   vec("weir_dependency_failures_total", "Failures of a dependency, by the declared mode that applied.", "dependency", "mode"),
		tokens:     vec("weir_tokens_total", "Tokens settled, by direction.", "direction"),
		billed:     counter("weir_billed_micro_usd_total", "Micro-USD billed to tenants."),
		overrun:    counter("weir_overrun_micro_usd_total", "Micro-USD billed beyond holds."),
		events:     counter("weir_stream_events_total", "Events of streamed answers that were followed."),
		panics:     counter("weir_panics_total", "Panics recovered in an exchange."),
		unexpected: counter("weir_unexpected_messages_total", "Messages that Envoy's configuration should not produce; any at all is a misconfiguration."),
		misfits:    vec("weir_envoy_refused_total", "Exchanges refused because Envoy is told otherwise than Weir needs: an old version, body modes, Weir twice in a chain.", "setting", "found"),
		missing:    vec("weir_missing_attributes_total", "First messages and answers without an attribute that Weir asks Envoy for.", "attribute"),
		ended:      counter("weir_stopped_exchanges_total", "Exchanges that were ended because the process stopped before they did."),
		envoys:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "weir_envoy_info", Help: "1 for each minor of Envoy 1 that has spoken: 36 to 40, older, newer, unknown."}, []string{"minor"}),
		outcomes:   vec("weir_decisions_total", "Decisions of the policies, by outcome: decided, undefined, error, timeout, conflict.", "phase", "outcome"),
		compared:   vec("weir_candidate_decisions_total", "Decisions of the candidate policies, by how they differ from those in force.", "change"),
		alerts:     counter("weir_policy_alerts_total", "Alerts that policies raised at the close of exchanges."),
		forgotten:  counter("weir_standings_forgotten_total", "Times that the memory of where rates stand was full and was emptied."),
		refused:    counter("weir_in_flight_refused_total", "Exchanges refused because too many bytes were in memory."),
		heldOver:   vec("weir_stream_held_over_total", "Times that text of a stream waited past a bound, by the bound and the rule that applied.", "bound", "rule"),
		inFlight: prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "weir_in_flight_bytes", Help: "Bytes of bodies, answers, events and held text in memory over all exchanges.",
		}, func() float64 { return float64(inFlight()) }),
		spoofed:  counter("weir_spoofed_headers_total", "Trusted headers that came from a peer which is not believed; they were ignored."),
		retries:  vec("weir_fallbacks_total", "Attempts at a provider because the one before it failed.", "from_provider", "to_provider"),
		attempts: vec("weir_attempt_logs_total", "Failed attempts that Envoy's log told of: matched, unknown (over already, or another Weir's), ambiguous (a trace id was used twice at once), unreadable.", "result"),
		failed:   vec("weir_failed_attempts_total", "Attempts at a provider that failed without a status, by why: connect, tls, timeout, reset, protocol, overflow, no_host, unknown.", "provider", "why"),
		spared:   vec("weir_provider_spared_total", "Times that a provider was put behind others because its quota is nearly used up.", "provider"),
		live:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "weir_live_exchanges", Help: "Exchanges under way."}),
		held:     histogram("weir_stream_held_bytes", "Most bytes of one text channel that waited for a decision, by stream.", prometheus.ExponentialBuckets(1, 4, 10)),
		ours:     histogram("weir_exchange_own_seconds", "Time an exchange spent in the filter.", fast),
		decision: histogram("weir_decision_seconds", "Time of one policy decision.", fast),
		took: prometheus.NewHistogramVec(native("weir_exchange_seconds", "Time of an exchange from its first message to its record, the provider's among it, by surface and how it ended.",
			prometheus.ExponentialBuckets(0.001, 2, 18)), []string{"surface", "ended"}),
		genAI: newGenAI(),
	}
	for _, c := range []prometheus.Collector{
		m.exchanges, m.findings, m.failures, m.tokens, m.billed, m.overrun, m.events, m.panics, m.unexpected, m.misfits, m.missing, m.envoys, m.ended, m.outcomes, m.alerts, m.compared, m.spoofed, m.forgotten,
		m.refused, m.heldOver, m.inFlight, m.live, m.held, m.ours, m.decision,
		m.retries, m.spared, m.attempts, m.failed,
		m.took, m.genAI.tokens, m.genAI.duration, m.genAI.firstChunk, m.genAI.other,
	} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// closed counts an exchange that is over.
func (m *metrics) closed(x *exchange) {
	r := &x.record
	m.exchanges.WithLabelValues(r.Surface, r.Dialect, r.Ended, r.Code, strconv.Itoa(r.Status)).Inc()
	for _, f := range r.Findings {
		m.findings.WithLabelValues(f.Direction, f.Type, f.Action).Add(float64(f.Count))
	}
	for _, a := range r.Attempts {
		if a.Status == 0 {
			m.failed.WithLabelValues(a.Provider, cmp.Or(a.Failed, "unknown")).Inc()
		}
	}
	m.tokens.WithLabelValues("input").Add(float64(r.InputTokens))
	m.tokens.WithLabelValues("output").Add(float64(r.OutputTokens))
	m.billed.Add(float64(r.BilledMicro))
	m.overrun.Add(float64(r.OverrunMicro))
	m.ours.Observe(float64(r.OursMicros) / 1e6)
	m.took.WithLabelValues(r.Surface, r.Ended).Observe(seconds(x.since(x.began)))
	m.genAI.closed(x)
	if f := x.answer.follower; f != nil {
		m.events.Add(float64(f.events))
		m.held.Observe(float64(f.heldPeak))
	}
}
