package envoy

import (
	"fmt"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Fragment is what has to be put into an Envoy's own configuration so that Weir governs there: each part holds only the
// fields that matter, and goes into the message it is named after.
type Fragment struct {
	Listener *listenerv3.Listener         // bounds of a listener
	Manager  *hcmv3.HttpConnectionManager // the filter, local replies, bounds of the connection manager
	Authz    *hcmv3.HttpFilter            // ext_authz, for routes whose bodies Weir is not to see; nil unless asked for
	Host     *routev3.VirtualHost         // switches the filter on
	Route    *routev3.RouteAction         // time-outs that streams need
	Routes   []*routev3.Route             // those that lead to Weir's own providers; none where the mesh routes
	Clusters []*clusterv3.Cluster         // Weir, and its own providers
	Runtime  *structpb.Struct             // a static layer of the runtime; nil where none is needed
}

// AuthzFilterName is ext_authz's name in the chain.
const AuthzFilterName = "envoy.filters.http.ext_authz"

// NewFragment makes the parts for the Envoy that options name. authz says whether ext_authz is wanted.
func NewFragment(o Options, authz bool) (*Fragment, error) {
	w, err := newWriter(o)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	r, err := w.resources()
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	all := w.connections()
	host := r.Routes[0].GetVirtualHosts()[0]
	f := &Fragment{
		Listener: &listenerv3.Listener{PerConnectionBufferLimitBytes: r.Listeners[0].GetPerConnectionBufferLimitBytes()},
		Manager: &hcmv3.HttpConnectionManager{
			HttpFilters: w.filters()[:len(w.filters())-1], LocalReplyConfig: all.LocalReplyConfig,
			EarlyHeaderMutationExtensions: all.EarlyHeaderMutationExtensions, UseRemoteAddress: wrapperspb.Bool(true),
			PreserveExternalRequestId: true, RequestIdExtension: all.RequestIdExtension,
			Http2ProtocolOptions: all.Http2ProtocolOptions, StreamIdleTimeout: all.StreamIdleTimeout,
			RequestHeadersTimeout: all.RequestHeadersTimeout, RequestTimeout: all.RequestTimeout,
		},
		Host: &routev3.VirtualHost{
			TypedPerFilterConfig: host.TypedPerFilterConfig, RequestBodyBufferLimit: host.RequestBodyBufferLimit,
			//lint:ignore SA1019 its successor has no effect on Envoy 1.36
			PerRequestBufferLimitBytes: host.PerRequestBufferLimitBytes,
		},
		Route:    &routev3.RouteAction{Timeout: durationpb.New(0)},
		Clusters: append(r.Fixed, r.Clusters...),
	}
	if len(w.o.Providers) > 0 {
		f.Routes = host.GetRoutes()
	}
	if authz {
		f.Authz = w.authz()
	}
	if w.o.Minor == MinMinor {
		f.Runtime = w.runtime().GetLayers()[0].GetStaticLayer()
	}
	return f, w.err
}

// authz asks Weir about requests whose answers it is not to see. A body over the bound is refused and never cut.
func (w *writer) authz() *hcmv3.HttpFilter {
	return &hcmv3.HttpFilter{Name: AuthzFilterName, ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: w.pack(&authzv3.ExtAuthz{
		Services: &authzv3.ExtAuthz_GrpcService{GrpcService: &corev3.GrpcService{
			TargetSpecifier: &corev3.GrpcService_EnvoyGrpc_{EnvoyGrpc: &corev3.GrpcService_EnvoyGrpc{ClusterName: ExtProcCluster}},
			Timeout:         durationpb.New(w.o.Timeouts.Message),
		}},
		TransportApiVersion: corev3.ApiVersion_V3,
		WithRequestBody:     &authzv3.BufferSettings{MaxRequestBytes: uint32(w.o.BodyBytes), PackAsBytes: true},
		FailureModeAllow:    false, ValidateMutations: true, IncludePeerCertificate: true,
	})}}
}

// part is one section of what is printed.
type part struct{ name, goes string }

// parts are the sections in their order, and where each goes.
func parts() []part {
	return []part{
		{"listener", "into the listener"},
		{"http_connection_manager", "into the connection manager; http_filters in front of the router, behind what authenticates"},
		{"ext_authz_filter", "into http_filters, for chains in which Weir only admits requests and sees no answer"},
		{"virtual_host", "into each virtual host that Weir governs"},
		{"route", "into the route action of each of its routes"},
		{"routes", "in front of the virtual host's routes: they lead where Weir says"},
		{"clusters", "into the clusters"},
		{"static_layer", "into a static layer of layered_runtime"},
	}
}

// sections are the parts that there are, by name.
func (f *Fragment) sections() (map[string]any, error) {
	out := map[string]any{}
	put := func(name string, m proto.Message, there bool) error {
		if !there {
			return nil
		}
		v, err := plain(m)
		out[name] = v
		return err
	}
	for _, err := range []error{
		put("listener", f.Listener, true), put("http_connection_manager", f.Manager, true), put("ext_authz_filter", f.Authz, f.Authz != nil),
		put("virtual_host", f.Host, true), put("route", f.Route, true), put("static_layer", f.Runtime, f.Runtime != nil),
		several(out, "routes", f.Routes), several(out, "clusters", f.Clusters),
	} {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func several[M proto.Message](out map[string]any, name string, list []M) error {
	var all []any
	for _, m := range list {
		v, err := plain(m)
		if err != nil {
			return err
		}
		all = append(all, v)
	}
	if all != nil {
		out[name] = all
	}
	return nil
}

// plain is a message as YAML writes it, in the order of JSON.
func plain(m proto.Message) (any, error) {
	text, err := marshal(m)
	if err != nil {
		return nil, err
	}
	var v yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &v, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("writing YAML: %w", err)
	}
	return v, nil
}

// YAML prints the parts, each below a line that says where it goes.
func (f *Fragment) YAML() ([]byte, error) {
	sections, err := f.sections()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, p := range parts() {
		v, ok := sections[p.name]
		if !ok {
			continue
		}
		text, err := yaml.MarshalWithOptions(yaml.MapSlice{{Key: p.name, Value: v}}, yaml.IndentSequence(true))
		if err != nil {
			return nil, fmt.Errorf("writing YAML: %w", err)
		}
		fmt.Fprintf(&b, "# %s\n%s\n", p.goes, text)
	}
	return []byte(b.String()), nil
}
