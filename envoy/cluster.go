package envoy

import (
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The bounds of connections to Weir and to providers.
const (
	weirConnect     = time.Second
	weirKeepalive   = 30 * time.Second // far above the shortest interval Weir allows
	weirWindow      = 16 << 20
	weirConnWindow  = 24 << 20
	maxUpstreamConn = 1024
	maxRetries      = 128 // retries at once
)

// httpOptions is where a cluster's HTTP options stand.
const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

// clusters are the providers in the order given and the orders of several, and the secrets that providers read from the
// environment.
func (w *writer) clusters() (list []*clusterv3.Cluster, secrets []*tlsv3.Secret) {
	for _, p := range w.o.Providers {
		list = append(list, w.order([]string{p.Name}))
		if p.SecretEnv != "" {
			secrets = append(secrets, environmentSecret(p))
		}
	}
	for _, names := range w.o.Orders {
		list = append(list, w.order(names))
	}
	return list, secrets
}

// cluster is one endpoint with bounds. Names are resolved to both address families and the first that connects is used.
func (w *writer) cluster(name string, e endpoint, hostname string) *clusterv3.Cluster {
	c := &clusterv3.Cluster{
		Name:                 name,
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STATIC},
		LoadAssignment: &endpointv3.ClusterLoadAssignment{
			ClusterName: name,
			Endpoints: []*endpointv3.LocalityLbEndpoints{{LbEndpoints: []*endpointv3.LbEndpoint{{
				HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: e.proto(), Hostname: hostname}},
			}}}},
		},
		CircuitBreakers: w.bounds(),
	}
	if !e.numeric() {
		c.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: clusterv3.Cluster_LOGICAL_DNS}
		c.DnsLookupFamily = clusterv3.Cluster_ALL
	}
	return c
}

// bounds are how much may be under way to one cluster.
func (w *writer) bounds() *clusterv3.CircuitBreakers {
	return &clusterv3.CircuitBreakers{Thresholds: []*clusterv3.CircuitBreakers_Thresholds{{
		MaxConnections:     wrapperspb.UInt32(maxUpstreamConn),
		MaxPendingRequests: wrapperspb.UInt32(uint32(w.o.Requests)),
		MaxRequests:        wrapperspb.UInt32(uint32(w.o.Requests)),
		MaxRetries:         wrapperspb.UInt32(maxRetries),
	}}}
}

func (w *writer) options(h *upstreamsv3.HttpProtocolOptions) map[string]*anypb.Any {
	return map[string]*anypb.Any{httpOptions: w.pack(proto.Message(h))}
}

// tls checks the provider's certificate against the authorities of the system, or its own, and the provider's name.
func (w *writer) tls(p Upstream, o origin) *corev3.TransportSocket {
	kind := tlsv3.SubjectAltNameMatcher_DNS
	name := o.endpoint.host
	if p.ServerName != "" {
		name = p.ServerName
	}
	sni := name
	if p.ServerName == "" && o.endpoint.numeric() {
		kind, sni = tlsv3.SubjectAltNameMatcher_IP_ADDRESS, ""
	}
	authorities := w.o.CAFile
	if p.CAFile != "" {
		authorities = p.CAFile
	}
	return &corev3.TransportSocket{
		Name: "envoy.transport_sockets.tls",
		ConfigType: &corev3.TransportSocket_TypedConfig{TypedConfig: w.pack(&tlsv3.UpstreamTlsContext{
			Sni: sni,
			CommonTlsContext: &tlsv3.CommonTlsContext{
				TlsParams: &tlsv3.TlsParameters{TlsMinimumProtocolVersion: tlsv3.TlsParameters_TLSv1_2, TlsMaximumProtocolVersion: tlsv3.TlsParameters_TLSv1_3},
				ValidationContextType: &tlsv3.CommonTlsContext_ValidationContext{ValidationContext: &tlsv3.CertificateValidationContext{
					TrustedCa:                 &corev3.DataSource{Specifier: &corev3.DataSource_Filename{Filename: authorities}},
					MatchTypedSubjectAltNames: []*tlsv3.SubjectAltNameMatcher{{SanType: kind, Matcher: exactly(name)}},
				}},
			},
		})},
	}
}
