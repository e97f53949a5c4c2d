package process

import "github.com/prometheus/client_golang/prometheus"

// Metrics describes every metric that there is, also those that nothing was counted in yet.
func (p *Process) Metrics() prometheus.Collector { return p.registry }
