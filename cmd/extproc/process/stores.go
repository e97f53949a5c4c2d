package process

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/cmd/extproc/config"
	"weir/filter"
	"weir/policy/audit"
	"weir/policy/ledger"
	"weir/policy/store"
	"weir/policy/tenant"
)

// openRedis prepares the connection that several Weirs share, where one is configured. It does not wait for the server.
func (p *Process) openRedis(c *config.Config) error {
	if c.Redis == nil {
		return nil
	}
	o, err := c.Redis.Options()
	if err != nil {
		return err
	}
	if c.StoreSecret == (config.Reference{}) {
		p.log.Warn("several Weirs on one Redis need the same store.secret; without one each has its own")
	}
	o.Log = p.log
	p.Redis, err = store.OpenRedis(o)
	return err
}

// Directory is every tenant and key: those of the configuration, and what Redis adds where there is one, else the file.
func Directory(ctx context.Context, c *config.Config, file *store.Store, shared *store.Redis, options ...tenant.Option) (*tenant.Directory, error) {
	var source tenant.Source = tenant.NewSQLite(file)
	if shared != nil {
		source = tenant.NewRedis(shared)
	}
	return tenant.NewDirectory(ctx, source, tenant.Declared{Tenants: c.Tenants, Keys: c.Keys, Parse: c.Tenant}, options...)
}

// Changes is the log of what operators change: all replicas' on their Redis where there is one, else the file's.
func Changes(file *store.Store, shared *store.Redis, keys *audit.Keys) *audit.Changes {
	if shared != nil {
		return audit.SharedChanges(shared, keys)
	}
	return audit.NewChanges(file, keys)
}

// openLedger opens the account of use, in the file or on Redis, and settles what processes that died have left.
func (p *Process) openLedger(ctx context.Context) (err error) {
	p.died = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "weir_interrupted_exchanges_total", Help: "Exchanges that ended with a process that was killed: their holds were charged in full, and the trail has a record of each.",
	})
	p.registry.MustRegister(p.died)
	if p.Redis == nil {
		p.Ledger, err = ledger.OpenSQLite(ctx, p.Store, ledger.WithLog(p.log), ledger.WithDied(p.interrupted))
	} else {
		p.Ledger, err = ledger.OpenRedis(ctx, p.Redis, ledger.WithLog(p.log), ledger.WithDied(p.interrupted), ledger.WithJournal(p.Store))
	}
	if err != nil {
		return err
	}
	left, err := p.Ledger.Recover(ctx)
	if err != nil && p.Redis != nil {
		return nil // the server is down: Run looks again when it answers
	}
	if left > 0 {
		p.log.Warn("holds of a process that died were charged in full", "holds", left)
	}
	return err
}

// interrupted writes the records of exchanges that died with their process, unless the trail has them: it wrote a record before it
// died whose end the ledger did not take, or this was asked before.
func (p *Process) interrupted(ctx context.Context, list []ledger.Died) error {
	for i := range list {
		r, err := filter.Interrupted(&list[i])
		if err != nil {
			p.log.Error("an exchange that died has no record", "exchange", list[i].Exchange, "error", err)
			continue
		}
		there, err := p.Trail.Has(ctx, r.Trace, r.Exchange)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := p.Trail.Append(ctx, r); err != nil {
			return err
		}
		p.died.Inc()
	}
	return nil
}

// expireEvery is how often the trail is looked through for records that have expired.
const expireEvery = time.Hour

// expireRecords empties records that are older than their tenants' retention, until ctx ends.
func (p *Process) expireRecords(ctx context.Context) error {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	var clock audit.Steady
	for began := time.Now(); ; {
		err := p.expireNow(ctx, &clock, time.Since(began))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			p.log.Error("expiring records of the trail; it is tried again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// expireNow empties what is old, unless the clock was moved: then it waits for the next time, so that somebody can put it right.
func (p *Process) expireNow(ctx context.Context, clock *audit.Steady, running time.Duration) error {
	newest, err := p.Trail.Newest(ctx)
	if err != nil {
		return err
	}
	if moved := clock.Look(time.Now(), running, newest); moved != 0 {
		p.log.Warn("the clock was moved, or this Weir stood still for long: nothing of the trail is removed for an hour", "by", moved)
		return nil
	}
	n, err := p.Trail.Expire(ctx, time.Now(), p.retention)
	p.expired.Add(float64(n))
	return err
}

// retention is how long a tenant's records are kept. Nobody's, of requests without a key that may be used, and those of tenants
// that are gone are kept as long as everybody's.
func (p *Process) retention(id string) time.Duration {
	if t, ok := p.Directory.Current().Tenant(id); ok && t.Retention > 0 {
		return t.Retention
	}
	return p.config.Load().Retention
}

// checkpoint signs where the trail and the log of changes end, in the log: who keeps it can tell later that nothing was cut off.
func (p *Process) checkpoint() {
	if p.Trail == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeBound)
	defer cancel()
	c, err := p.Trail.Checkpoint(ctx)
	p.logCheckpoint("trail", c, err)
	if p.changes != nil {
		c, err = p.changes.Checkpoint(ctx, time.Now())
		p.logCheckpoint("log of changes", c, err)
	}
}

func (p *Process) logCheckpoint(of string, c *audit.Checkpoint, err error) {
	switch {
	case err != nil:
		p.log.Error("signing a checkpoint of the "+of, "error", err)
	case c != nil:
		p.log.Info("checkpoint of the "+of, "of", c.Of, "writer", c.Writer, "seq", c.Seq, "at", c.At, "mac", c.MAC, "key", c.Key, "signature", c.Signature)
	}
}

// storesAnswer says whether the file and, where there is one, the Redis answer.
func (p *Process) storesAnswer(ctx context.Context) error {
	err := p.Store.Ping(ctx)
	if p.Redis != nil {
		if down := p.Redis.Ping(ctx); down != nil {
			err = errors.Join(err, fmt.Errorf("redis: %w", down))
		}
	}
	return err
}

// storeMetrics tells of the stores' breakers, and of what passed while a store was down and is not in it yet.
func (p *Process) storeMetrics() {
	p.expired = prometheus.NewCounter(prometheus.CounterOpts{Name: "weir_trail_expired_total", Help: "Records of the trail that were emptied at the end of their retention."})
	p.registry.MustRegister(p.expired)
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) {
		p.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value))
	}
	breaker := func(name string, now func() string) {
		for _, state := range store.BreakerStates() {
			gauge("weir_store_breaker_info", "1 for the state that a store's breaker is in, else 0. While it is open the store is left alone.",
				prometheus.Labels{"store": name, "state": state}, func() float64 {
					if now() == state {
						return 1
					}
					return 0
				})
		}
	}
	breaker("sqlite", p.Store.Breaker)
	if p.Redis != nil {
		breaker("redis", p.Redis.Breaker)
	}
	gauge("weir_lease_micro_usd", "Micro-USD of local leases that are in use, over all tenants.", nil,
		func() float64 { return float64(p.Ledger.Leased().Amount) })
	gauge("weir_lease_exchanges", "Exchanges on local leases, over all tenants.", nil,
		func() float64 { return float64(p.Ledger.Leased().Requests) })
	gauge("weir_owed_exchanges", "Exchanges that are over and whose end the store has not taken yet.", nil, func() float64 { return float64(p.Ledger.Owed()) })
}
