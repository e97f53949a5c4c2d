package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/cmd/extproc/config"
	"weir/envoy"
	"weir/envoy/xds"
)

// The bounds of waiting for Envoys.
const (
	// takeUp is how long an Envoy may take to follow a file. It says nothing when it has, so what is new is used so much later;
	// a request that comes too early all the same finds no cluster, and is told to come again.
	takeUp = 4 * time.Second
	// confirmBound is how long Envoys that are served may take to confirm what they are told. Those of them that are well take
	// some milliseconds, and as long as a name service if a provider's name is new.
	confirmBound = 15 * time.Second
	// settling is longer than it takes to put a configuration in force.
	settling = time.Second
)

// handover tells Envoys of providers and their credentials: those that are served by this process, and the one that
// follows files. Nobody else does. It knows what they were told last, which is ahead of what is in force while a change is
// under way, so that a credential which changes meanwhile takes nothing back. It is safe for concurrent use.
type handover struct {
	log         *slog.Logger
	outlet      *envoy.Outlet
	xds         *xds.Server // nil: no Envoy is served by this process
	unconfirmed prometheus.Counter

	mu   sync.Mutex
	told *config.Config    // nil: nothing yet
	sent map[string]string // the credentials they were told, by provider
}

// openHandover makes ready to tell Envoys what a configuration says. Those that have no control plane are served where the configuration asks
// for it.
func (p *Process) openHandover(c *config.Config) error {
	p.envoys = &handover{
		log: p.log, outlet: envoy.NewOutlet(c.Envoy.Secrets), sent: map[string]string{},
		unconfirmed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "weir_xds_unconfirmed_total", Help: "Envoys that had not confirmed changed providers in time. What changed is used all the same.",
		}),
	}
	if !c.XDS {
		return nil
	}
	if !strings.HasPrefix(c.Listen, unixScheme) && c.Transport.ClientCAFile == "" && c.Transport.SPIFFE == "" {
		return errOpen
	}
	refused := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "weir_xds_refused_total", Help: "Configurations that an Envoy which is served by this process refused. It keeps what it had.",
	})
	s := xds.New(p.log, refused.Inc)
	p.envoys.xds = s
	p.registry.MustRegister(refused, p.envoys.unconfirmed, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "weir_xds_streams", Help: "Streams of Envoys that are served by this process.",
	}, func() float64 { return float64(s.Connected()) }))
	return nil
}

// errOpen says why no Envoy is served at an address.
var errOpen = errors.New("xds: providers' credentials are served where the ext_proc server listens, so listen must be a Unix socket, or transport must ask Envoys for certificates (client_ca_file or spiffe)")

// live says whether there is an Envoy that can be told of providers while it runs.
func (h *handover) live() (bool, error) {
	_, follows, err := h.outlet.Followed()
	return follows || h.xds != nil, err
}

// concerns says whether something else than providers changes for Envoys that are served: they are told everything.
func (h *handover) concerns(old, c *config.Config) bool {
	return h.xds != nil && !reflect.DeepEqual(BootstrapOptions(old, envoy.MaxMinor), BootstrapOptions(c, envoy.MaxMinor))
}

// tell tells Envoys what a configuration says of providers. silent says that one of them must take up something new, and
// will not say when it has.
func (h *handover) tell(c *config.Config) (silent bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hand(c)
}

// hand is tell for who holds the lock.
func (h *handover) hand(c *config.Config) (silent bool, err error) {
	secrets := h.secrets(c)
	if h.xds != nil {
		options := func(minor int) envoy.Options { return h.options(c, minor) }
		if err := h.xds.Set(context.Background(), options, secrets); err != nil {
			return false, err
		}
	}
	minor, follows, err := h.outlet.Followed()
	if err != nil {
		return false, err
	}
	if follows {
		if h.told != nil && h.told != c && !h.outlet.Handed() { // the bootstrap's own files were written after the start
			if _, err := h.outlet.Hand(h.options(h.told, minor), h.secrets(h.told)); err != nil {
				return false, err
			}
		}
		if silent, err = h.outlet.Hand(h.options(c, minor), secrets); err != nil {
			return false, err
		}
		silent = silent || h.told != nil && sendsMore(h.told, c)
	}
	h.told = c
	for _, s := range secrets {
		h.sent[s.Provider] = s.Value
	}
	return silent, nil
}

// secrets are the credentials of a configuration that are set now. One that was told before and cannot be read now stays.
func (h *handover) secrets(c *config.Config) []envoy.Secret {
	out := Secrets(c)
	for _, p := range c.Providers {
		name := p.Located()
		v, known := h.sent[name]
		if known && !slices.ContainsFunc(out, func(s envoy.Secret) bool { return s.Provider == name }) {
			out = append(out, envoy.Secret{Provider: name, Value: v})
		}
	}
	return out
}

// options are those of a bootstrap, with the credentials that were told before.
func (h *handover) options(c *config.Config, minor int) envoy.Options {
	o := BootstrapOptions(c, minor)
	for i := range o.Providers {
		u := &o.Providers[i]
		if _, known := h.sent[u.Name]; known && u.AWS == nil && len(u.CallerHeaders) == 0 {
			u.SecretFile = envoy.SecretFile(c.Envoy.Secrets, u.Name)
		}
	}
	return o
}

// await waits until Envoys can be sent requests for what they were told, within bounds: the served ones say so, the other
// does not where it is silent.
func (h *handover) await(ctx context.Context, silent bool) {
	if h.xds != nil {
		bounded, cancel := context.WithTimeout(ctx, confirmBound)
		behind := h.xds.Confirmed(bounded)
		cancel()
		if len(behind) > 0 && ctx.Err() == nil {
			h.unconfirmed.Add(float64(len(behind)))
			h.log.Warn("Envoys have not confirmed what they were told, and are not waited for any longer", "nodes", behind, "after", confirmBound)
		}
	}
	if silent {
		select {
		case <-ctx.Done():
		case <-time.After(takeUp):
		}
	}
}

// settled says that no new request is decided on with what was told before.
func (h *handover) settled() {
	at := time.Now().Add(settling)
	h.outlet.Settled(at)
	if h.xds != nil {
		h.xds.Settled(at)
	}
}

// tidy takes away the clusters whose time to leave has come.
func (h *handover) tidy(ctx context.Context, now time.Time) error {
	err := h.outlet.Tidy(now)
	if h.xds != nil {
		err = errors.Join(err, h.xds.Tidy(ctx, now))
	}
	return err
}

// late tells an Envoy whose bootstrap was made after the start, and may not know what has been set since.
func (h *handover) late() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, follows, err := h.outlet.Followed()
	if err != nil || !follows || h.told == nil || h.outlet.Handed() {
		return err
	}
	_, err = h.hand(h.told)
	return err
}

// rotate tells Envoys of credentials that are not what they were told. It names the providers that are called with them.
// first says that one of them had none before.
func (h *handover) rotate() (changed []string, first bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.told == nil {
		return nil, false, nil
	}
	var list []envoy.Secret
	for _, s := range Secrets(h.told) { // one that cannot be read now leaves the old one in force
		if old := h.sent[s.Provider]; old != s.Value {
			list, changed, first = append(list, s), append(changed, s.Provider), first || old == ""
		}
	}
	if len(list) == 0 {
		return nil, false, nil
	}
	if written(h.told) {
		if err := envoy.WriteSecrets(h.told.Envoy.Secrets, list); err != nil {
			return nil, false, fmt.Errorf("handing a changed credential to Envoy: %w", err)
		}
	}
	if first || h.xds != nil {
		if _, err := h.hand(h.told); err != nil {
			return nil, false, fmt.Errorf("handing a provider's credential to Envoy: %w", err)
		}
	}
	for _, s := range list {
		h.sent[s.Provider] = s.Value
	}
	return changed, first, nil
}

// written says whether credentials are handed over by files: somebody has written some.
func written(c *config.Config) bool {
	files, err := os.ReadDir(c.Envoy.Secrets)
	return err == nil && slices.ContainsFunc(files, func(f os.DirEntry) bool { return strings.HasPrefix(f.Name(), envoy.RoutePrefix) })
}
