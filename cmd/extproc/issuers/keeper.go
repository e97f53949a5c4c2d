package issuers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/policy/provider"
)

// When an issuer is asked again.
const (
	lookEvery  = time.Second
	soonest    = time.Second     // after a failure, and doubled with each
	latest     = time.Minute     // after many
	ahead      = 5 * time.Minute // before a credential ends, or a fifth of its life before
	withoutEnd = time.Minute     // where nobody says when it ends
)

// Keeper keeps the credentials of providers fresh. One that cannot be fetched anew stays in use until it ends, and is gone
// then: its provider is as one without a credential, which its fallbacks stand in for.
type Keeper struct {
	fetch   func(context.Context, provider.From) (Issued, error)
	log     *slog.Logger
	fetches *prometheus.CounterVec
	ends    *prometheus.GaugeVec

	mu    sync.Mutex
	state map[string]*kept // by the file it is kept in
}

// kept is where one credential stands.
type kept struct {
	next   time.Time
	until  time.Time // zero: no end is known
	failed int       // times in turn
	asking bool
}

// NewKeeper makes a keeper, and its metrics.
func NewKeeper(log *slog.Logger, metrics prometheus.Registerer) (*Keeper, error) {
	k := &Keeper{
		fetch: Fetch, log: log, state: map[string]*kept{},
		fetches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_credential_fetches_total", Help: "Questions to issuers of providers' credentials, by what came of them: issued, failed.",
		}, []string{"provider", "result"}),
		ends: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "weir_credential_ends_seconds", Help: "When a credential that was issued ends, in seconds since 1970; 0 where it has no end.",
		}, []string{"provider"}),
	}
	for _, c := range []prometheus.Collector{k.fetches, k.ends} {
		if err := metrics.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of issuers: %w", err)
		}
	}
	return k, nil
}

// Run keeps the credentials of the providers that are declared now, until ctx ends.
func (k *Keeper) Run(ctx context.Context, providers func() []provider.Provider) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var asking sync.WaitGroup
	defer asking.Wait()
	for {
		for _, p := range providers() {
			if !p.From.IsZero() && p.From.AWS == nil && k.due(p, time.Now()) {
				asking.Go(func() { k.renew(ctx, p) })
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// due says whether a provider's credential is to be fetched now. A file whose credential has ended goes.
func (k *Keeper) due(p provider.Provider, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok := k.state[p.Credential.File]
	if !ok {
		s = &kept{}
		k.state[p.Credential.File] = s
	}
	if !s.until.IsZero() && !now.Before(s.until) {
		if err := os.Remove(p.Credential.File); err == nil {
			k.log.Error("a provider's credential has ended and could not be renewed; the provider is left out", "provider", p.Name)
		}
	}
	if s.asking || now.Before(s.next) {
		return false
	}
	s.asking = true
	return true
}

func (k *Keeper) renew(ctx context.Context, p provider.Provider) {
	got, err := k.fetch(ctx, p.From)
	if err == nil {
		err = write(p.Credential.File, got.Value)
	}
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.state[p.Credential.File]
	s.asking = false
	if err != nil {
		k.fetches.WithLabelValues(p.Name, "failed").Inc()
		s.failed++
		s.next = now.Add(min(soonest<<min(s.failed-1, 10), latest))
		if ctx.Err() == nil {
			k.log.Error("a provider's credential could not be fetched", "provider", p.Name, "error", err, "again_in", s.next.Sub(now).Round(time.Second))
		}
		return
	}
	k.fetches.WithLabelValues(p.Name, "issued").Inc()
	s.failed, s.until = 0, got.Until
	if got.Until.IsZero() {
		s.next = now.Add(withoutEnd)
		k.ends.WithLabelValues(p.Name).Set(0)
		return
	}
	life := got.Until.Sub(now)
	s.next = got.Until.Add(-min(ahead, life/5))
	k.ends.WithLabelValues(p.Name).Set(float64(got.Until.Unix()))
}

// Once fetches the credentials of providers that have none yet, for what has to be made before anything runs.
func Once(ctx context.Context, providers []provider.Provider) error {
	var failed []error
	for _, p := range providers {
		if p.From.IsZero() || p.From.AWS != nil {
			continue
		}
		if _, err := os.Stat(p.Credential.File); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		got, err := Fetch(ctx, p.From)
		if err == nil {
			err = write(p.Credential.File, got.Value)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("provider %s: %w", p.Name, err))
		}
	}
	return errors.Join(failed...)
}

// write replaces the file of a credential in one step, readable by its owner alone.
func write(path, value string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keeping a credential: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("keeping a credential: %w", err)
	}
	_, err = f.WriteString(value)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("keeping a credential: %w", err)
	}
	return nil
}
