package envoy

import (
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// spiffeCluster is the agent that serves SDS.
const spiffeCluster = "weir-spiffe"

// Beforehand says whether a cluster stands in the bootstrap of an Envoy that is served by Weir: Weir itself, and what it is
// reached by.
func Beforehand(cluster string) bool { return cluster == ExtProcCluster || cluster == spiffeCluster }

// healthEvery is how often each of several Weirs is asked whether it takes exchanges: gRPC's own health service says no
// as soon as a stop was asked for.
const healthEvery = time.Second

// weirCluster is the ext_proc server, or several of them: HTTP/2, on this host, in this pod, or over TLS.
func (w *writer) weirCluster() *clusterv3.Cluster {
	e, _ := address(w.o.Weir, 1)
	c := w.cluster(ExtProcCluster, e, "")
	if !e.numeric() { // each address of the name is a Weir
		c.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STRICT_DNS}
	}
	for _, r := range w.o.Replicas {
		e, _ := address(r, 1)
		if !e.numeric() {
			c.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STRICT_DNS}
			c.DnsLookupFamily = clusterv3.Cluster_ALL
		}
		first := c.LoadAssignment.Endpoints[0]
		first.LbEndpoints = append(first.LbEndpoints, &endpointv3.LbEndpoint{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: e.proto()}},
		})
	}
	if len(w.o.Replicas) > 0 || !e.numeric() {
		c.HealthChecks = []*corev3.HealthCheck{{
			Timeout: durationpb.New(healthEvery), Interval: durationpb.New(healthEvery), NoTrafficInterval: durationpb.New(healthEvery),
			UnhealthyThreshold: wrapperspb.UInt32(1), HealthyThreshold: wrapperspb.UInt32(1),
			HealthChecker: &corev3.HealthCheck_GrpcHealthCheck_{GrpcHealthCheck: &corev3.HealthCheck_GrpcHealthCheck{}},
		}}
	}
	c.ConnectTimeout = durationpb.New(weirConnect)
	c.TypedExtensionProtocolOptions = w.options(overHTTP2())
	if w.o.TLS != nil {
		c.TransportSocket = w.towardsWeir(w.o.TLS)
	}
	return c
}

// overHTTP2 are the options of gRPC, with windows for large bodies.
func overHTTP2() *upstreamsv3.HttpProtocolOptions {
	return &upstreamsv3.HttpProtocolOptions{
		UpstreamProtocolOptions: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_{
			ExplicitHttpConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig{
				ProtocolConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{
					Http2ProtocolOptions: &corev3.Http2ProtocolOptions{
						InitialStreamWindowSize:     wrapperspb.UInt32(weirWindow),
						InitialConnectionWindowSize: wrapperspb.UInt32(weirConnWindow),
						ConnectionKeepalive: &corev3.KeepaliveSettings{
							Interval: durationpb.New(weirKeepalive), Timeout: durationpb.New(5 * time.Second),
						},
					},
				},
			},
		},
	}
}
