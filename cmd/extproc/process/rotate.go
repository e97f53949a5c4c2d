package process

import (
	"context"
	"maps"
	"os"
	"time"

	"weir/envoy"
)

// rotateEvery is how often files with providers' credentials are read again.
const rotateEvery = 200 * time.Millisecond

// rotate hands credentials that change to Envoy, until ctx ends: it watches the files that they were written to. Where
// nobody has written any, Envoy gets its credentials in another way. A credential that is set for the first time, and
// clusters that nobody is sent to any more, are a matter of what Envoy follows.
func (p *Process) rotate(ctx context.Context) error {
	tick := time.NewTicker(rotateEvery)
	defer tick.Stop()
	last := map[string]string{}
	for _, s := range Secrets(p.config.Load().Config) {
		last[s.Provider] = s.Value
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := p.outlet.Tidy(time.Now()); err != nil {
			p.log.Error("taking providers away from Envoy", "error", err)
		}
		c := p.config.Load().Config
		if !p.outlet.Handed() { // a bootstrap that was made after the start may not know what has been set since
			if _, err := p.hand(c); err != nil {
				p.log.Error("handing providers to Envoy", "error", err)
			}
		}
		_, missing := os.Stat(c.Envoy.Secrets)
		if p.xds != nil {
			if err := p.xds.Tidy(ctx, time.Now()); err != nil {
				p.log.Error("taking providers away from Envoys", "error", err)
			}
		} else if missing != nil {
			p.ready.mark(c.Providers, time.Time{})
			continue
		}
		now, changed, first := maps.Clone(last), []envoy.Secret(nil), false
		for _, s := range Secrets(c) { // one that cannot be read now leaves the old one in force
			if last[s.Provider] != s.Value {
				changed = append(changed, s)
				first = first || last[s.Provider] == ""
			}
			now[s.Provider] = s.Value
		}
		if len(changed) == 0 {
			p.ready.mark(c.Providers, time.Now().Add(takeUp))
			continue
		}
		if missing == nil {
			if err := envoy.WriteSecrets(c.Envoy.Secrets, changed); err != nil {
				p.log.Error("handing a changed credential to Envoy", "error", err)
				continue
			}
		}
		if first || p.xds != nil {
			if _, err := p.hand(c); err != nil {
				p.log.Error("handing a provider's first credential to Envoy", "error", err)
				continue
			}
		}
		p.ready.mark(c.Providers, time.Now().Add(takeUp))
		last = now
		for _, s := range changed {
			p.log.Info("a provider's credential changed", "provider", s.Provider)
		}
	}
}
