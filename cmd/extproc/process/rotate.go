package process

import (
	"context"
	"slices"
	"time"

	"weir/policy/provider"
)

// rotateEvery is how often files with providers' credentials are read again.
const rotateEvery = 200 * time.Millisecond

// rotate hands credentials that change to Envoy, until ctx ends: it watches the files that they were written to. Where
// nobody has written any, Envoy gets its credentials in another way. A credential that is set for the first time is used
// when Envoy has taken it up.
func (p *Process) rotate(ctx context.Context) error {
	tick := time.NewTicker(rotateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := p.envoys.tidy(ctx, time.Now()); err != nil {
			p.log.Error("taking providers away from Envoy", "error", err)
		}
		if err := p.envoys.late(); err != nil {
			p.log.Error("handing providers to Envoy", "error", err)
		}
		changed, first, err := p.envoys.rotate()
		if err != nil {
			p.log.Error("a changed credential is not in force", "error", err)
			continue
		}
		if first {
			p.envoys.await(ctx, false)
		}
		c := p.config.Load()
		files := written(c.Config)
		from := time.Now().Add(takeUp)
		switch {
		case p.envoys.xds == nil && !files:
			from = time.Time{} // it is none of Weir's business
		case first && !files: // served, and confirmed
			p.ready.mark(slices.DeleteFunc(slices.Clone(c.Providers), func(q provider.Provider) bool { return !slices.Contains(changed, q.Located()) }), time.Time{})
		}
		p.ready.mark(c.Providers, from)
		for _, name := range changed {
			p.log.Info("a provider's credential changed", "provider", name)
		}
	}
}
