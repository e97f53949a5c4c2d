package process

import (
	"github.com/prometheus/client_golang/prometheus"

	"weir/cmd/extproc/config"
	"weir/policy/provider"
	"weir/policy/store"
)

// openBreakers makes the providers' breakers, which replicas share where they share a Redis.
func (p *Process) openBreakers(c *config.Config) {
	var board provider.Board
	if p.Redis != nil {
		board = provider.NewRedisBoard(p.Redis)
	}
	p.breakers = provider.NewBreakers(c.Breaker, board, p.log)
	p.registry.MustRegister(breakerStates{p.breakers})
}

// breakerStates tells of the breakers that were ever asked.
type breakerStates struct{ of *provider.Breakers }

var breakerInfo = prometheus.NewDesc("weir_provider_breaker_info",
	"1 for the state that a provider's breaker is in, else 0. While it is open the provider is left alone.", []string{"provider", "state"}, nil)

// Describe implements prometheus.Collector.
func (b breakerStates) Describe(to chan<- *prometheus.Desc) { to <- breakerInfo }

// Collect implements prometheus.Collector.
func (b breakerStates) Collect(to chan<- prometheus.Metric) {
	for name, now := range b.of.States() {
		for _, state := range store.BreakerStates() {
			v := 0.0
			if state == now {
				v = 1
			}
			to <- prometheus.MustNewConstMetric(breakerInfo, prometheus.GaugeValue, v, name, state)
		}
	}
}
