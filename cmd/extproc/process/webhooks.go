package process

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"weir/cmd/extproc/config"
	"weir/policy/audit/sink"
	"weir/policy/audit/webhook"
)

// hooksOf are the webhooks of a configuration, with their secrets.
func hooksOf(c *config.Config) ([]webhook.Hook, error) {
	var out []webhook.Hook
	for i := range c.Webhooks {
		h, err := c.Webhooks[i].Ready()
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// openWebhooks makes the office that tells of events.
func (p *Process) openWebhooks(ctx context.Context, c *config.Config) error {
	hooks, err := hooksOf(c)
	if err != nil {
		return err
	}
	if p.telemetry.office, err = webhook.Open(ctx, p.Store, p.Trail, 0, time.Now, p.log); err != nil {
		return err
	}
	p.telemetry.office.Put(hooks)
	p.registry.MustRegister(hookStates{p.telemetry.office})
	return nil
}

// runWebhooks reads the trail for the hooks while there are any, and sends what they are to be told, until ctx ends.
func (p *Process) runWebhooks(ctx context.Context) error {
	for ctx.Err() == nil {
		hooks, changed := p.telemetry.office.Hooks()
		if len(hooks) > 0 {
			run, stop := context.WithCancel(ctx)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = p.hookFeed().Run(run) // it returns when run ends
			}()
			select {
			case <-ctx.Done():
			case <-changed:
			}
			stop()
			<-done
			continue
		}
		if err := p.Trail.Leave(ctx, webhook.Sink); err != nil && ctx.Err() == nil {
			p.log.Error("without webhooks", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return nil
}

func (p *Process) hookFeed() *sink.Feed {
	return sink.New(p.Trail, p.telemetry.office, sink.Options{Name: webhook.Sink, Backlog: p.config.Load().Trail.Backlog, Log: p.log})
}

// tell puts an event in for the hooks that want it.
func (p *Process) tell(e webhook.Event) {
	if p.telemetry.office == nil {
		return // while the policies are loaded for the first time
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeBound)
	defer cancel()
	e.At = time.Now()
	if err := p.telemetry.office.Tell(ctx, e); err != nil {
		p.log.Error("telling webhooks", "event", e.Type, "error", err)
	}
}

// changesEvery is how often the log of operators' changes is looked at for the hooks.
const changesEvery = time.Second

// tellChanges tells of what operators change, wherever they do, until ctx ends. Of replicas that share the log one does.
func (p *Process) tellChanges(ctx context.Context) error {
	tick := time.NewTicker(changesEvery)
	defer tick.Stop()
	often := rate.Sometimes{Interval: failureEvery}
	for who := newID(); ; {
		put := p.telemetry.office.Changed
		if hooks, _ := p.telemetry.office.Hooks(); len(hooks) == 0 {
			put = nil
		}
		if err := p.changes.Tell(ctx, who, put); err != nil && ctx.Err() == nil {
			often.Do(func() { p.log.Error("telling webhooks of operators' changes", "error", err) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// breakersEvery is how often the breakers are looked at for the hooks.
const breakersEvery = time.Second

// tellBreakers tells of breakers that change, until ctx ends.
func (p *Process) tellBreakers(ctx context.Context) error {
	tick := time.NewTicker(breakersEvery)
	defer tick.Stop()
	last := p.breakers.States()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := p.breakers.States()
		for name, state := range now {
			before, known := last[name]
			if state == before || !known && state == "closed" {
				continue
			}
			p.tell(webhook.Event{
				Type: webhook.Breaker, Data: webhook.Data{Provider: name, State: state}, Text: fmt.Sprintf("the breaker of the provider %s is %s", name, state),
			})
		}
		last = now
	}
}

// tellPolicies tells what came of a change of policies.
func (p *Process) tellPolicies(which, version, result string) {
	p.tell(webhook.Event{
		Type: webhook.PolicyReload, Data: webhook.Data{Policies: which, Version: version, Result: result},
		Text: fmt.Sprintf("a change of the %s policies: %s, version %s", which, result, version),
	})
}

// hookStates tell of the webhooks.
type hookStates struct{ of *webhook.Office }

var (
	hookMessages = prometheus.NewDesc("weir_webhook_messages_total", "Messages to webhooks, by what became of them: queued, delivered, failed (and to be sent again), dead, dropped.", []string{"hook", "result"}, nil)
	hookWaiting  = prometheus.NewDesc("weir_webhook_waiting_rows", "Messages that wait for a webhook.", []string{"hook"}, nil)
)

// Describe implements prometheus.Collector.
func (h hookStates) Describe(to chan<- *prometheus.Desc) {
	to <- hookMessages
	to <- hookWaiting
}

// Collect implements prometheus.Collector.
func (h hookStates) Collect(to chan<- prometheus.Metric) {
	for k, n := range h.of.Counts() {
		to <- prometheus.MustNewConstMetric(hookMessages, prometheus.CounterValue, float64(n), k.Hook, k.Result)
	}
	for hook, n := range h.of.Waiting() {
		to <- prometheus.MustNewConstMetric(hookWaiting, prometheus.GaugeValue, float64(n), hook)
	}
}
