package process

import (
	"context"
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"weir/cmd/extproc/config"
	"weir/envoy"
	"weir/envoy/xds"
)

// errOpen says why no Envoy is served at an address.
var errOpen = errors.New("xds: providers' credentials are served where the ext_proc server listens, so listen must be a Unix socket, or transport must ask Envoys for certificates (client_ca_file or spiffe)")

// openXDS makes the server for Envoys that have no control plane, where the configuration asks for one.
func (p *Process) openXDS(c *config.Config) error {
	if !c.XDS {
		return nil
	}
	if !strings.HasPrefix(c.Listen, unixScheme) && c.Transport.ClientCAFile == "" && c.Transport.SPIFFE == "" {
		return errOpen
	}
	refused := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "weir_xds_refused_total", Help: "Configurations that an Envoy which is served by this process refused. It keeps what it had.",
	})
	p.registry.MustRegister(refused)
	p.xds = xds.New(p.log, refused.Inc)
	return nil
}

// serveEnvoys puts what a configuration says of Envoys in force for those that are served.
func (p *Process) serveEnvoys(c *config.Config) (fresh bool, err error) {
	options := func(minor int) envoy.Options { return BootstrapOptions(c, minor) }
	return p.xds.Set(context.Background(), options, Secrets(c), inUseUntil())
}
