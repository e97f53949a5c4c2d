package envoy

import (
	"fmt"
	"slices"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/proto"
)

// Resources are what Envoy is told, by kind. Listeners and Fixed stand in every bootstrap: a listener that changes cuts the
// streams on it. Routes and Clusters may be handed over while Envoy runs.
type Resources struct {
	Listeners []*listenerv3.Listener
	Routes    []*routev3.RouteConfiguration
	Fixed     []*clusterv3.Cluster // what a listener refers to: Weir, and the issuer of tokens
	Clusters  []*clusterv3.Cluster // each provider, in the order given, then each order
	Secrets   []*tlsv3.Secret      // those that Envoy reads from its own environment
}

// NewResources makes what Envoy is told by options, and checks it as Envoy would.
func NewResources(o Options) (Resources, error) {
	w, err := newWriter(o)
	if err != nil {
		return Resources{}, err
	}
	return w.resources()
}

// newWriter fills and checks the options.
func newWriter(o Options) (*writer, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	return &writer{o: o}, nil
}

func (w *writer) resources() (Resources, error) {
	r := Resources{
		Listeners: []*listenerv3.Listener{w.listener()},
		Routes:    []*routev3.RouteConfiguration{w.routes()},
		Fixed:     slices.Concat([]*clusterv3.Cluster{w.weirCluster()}, w.agent(), w.jwks(), w.tracingTo()),
	}
	r.Clusters, r.Secrets = w.clusters()
	if w.err != nil {
		return Resources{}, w.err
	}
	return r, r.check()
}

func (r Resources) check() error {
	for _, err := range []error{
		every(r.Listeners, (*listenerv3.Listener).ValidateAll), every(r.Routes, (*routev3.RouteConfiguration).ValidateAll),
		every(r.Fixed, (*clusterv3.Cluster).ValidateAll), every(r.Clusters, (*clusterv3.Cluster).ValidateAll),
		every(r.Secrets, (*tlsv3.Secret).ValidateAll),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func every[M proto.Message](list []M, valid func(M) error) error {
	for _, m := range list {
		if err := valid(m); err != nil {
			return fmt.Errorf("%s: %w", m.ProtoReflect().Descriptor().Name(), err)
		}
	}
	return nil
}
