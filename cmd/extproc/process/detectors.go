package process

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/cmd/extproc/config"
	"weir/policy/detect/remote"
)

// registerServices makes the metric of the detectors in other processes.
func (p *Process) registerServices() {
	p.asked = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "weir_detector_seconds", Help: "Questions to detectors in other processes, by what came of them: found, clean, failed, open.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 12),
	}, []string{"detector", "result"})
	p.registry.MustRegister(p.asked)
}

// servicesOf makes the slower detectors of a configuration. Those of old that did not change keep their breakers.
func (p *Process) servicesOf(c *config.Config, old *remote.Set) (*remote.Set, error) {
	var list []remote.Config
	for i, d := range c.Detectors {
		token, err := d.Token.Secret()
		if err != nil {
			return nil, fmt.Errorf("detectors[%d].token: %w", i, err)
		}
		made := d.Config
		made.Token = token
		list = append(list, made)
	}
	return remote.New(list, old, func(service, result string, took time.Duration) {
		p.asked.WithLabelValues(service, result).Observe(took.Seconds())
	})
}
