package process

import (
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/envoy"
	"weir/filter"
)

// Envoy waits longer than Weir by whatever limit, and lets as much through as Weir takes.
func TestPatience(t *testing.T) {
	for name, k := range map[string]struct {
		limits        filter.Limits
		idle, message time.Duration
		requests      int64
	}{
		"nothing said":    {filter.Limits{}, 6 * time.Minute, 10 * time.Second, 10_000},
		"a slow provider": {filter.Limits{FirstEvent: 20 * time.Minute, BetweenEvents: time.Minute}, 21 * time.Minute, 10 * time.Second, 10_000},
		"slow events":     {filter.Limits{BetweenEvents: 15 * time.Minute}, 16 * time.Minute, 10 * time.Second, 10_000},
		"a hasty one":     {filter.Limits{FirstEvent: time.Second}, 6 * time.Minute, 10 * time.Second, 10_000},
		"slow policies":   {filter.Limits{Decision: time.Minute}, 6 * time.Minute, time.Minute + filter.DefaultStore, 10_000},
		"many at once":    {filter.Limits{ConcurrentTotal: 50_000}, 6 * time.Minute, 10 * time.Second, 50_000},
		"few at once":     {filter.Limits{ConcurrentTotal: 5}, 6 * time.Minute, 10 * time.Second, 10_000},
	} {
		o := BootstrapOptions(&config.Config{Limits: k.limits, Listen: "unix:/weir.sock"}, envoy.MaxMinor)
		if o.Timeouts.Idle != k.idle || o.Timeouts.Message != k.message || o.Requests != k.requests {
			t.Errorf("%s: %+v, %d requests", name, o.Timeouts, o.Requests)
		}
	}
}
