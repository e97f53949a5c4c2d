package check

import (
	"fmt"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
)

// The bounds that matter on the way to Weir.
const (
	fewRequests  = 1024 // Envoy's default breaker
	shortestPing = 5 * time.Second
	httpOptions  = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
)

// way checks the cluster that leads to Weir.
func (k *chain) way() {
	name := clusterOf(k.filter)
	if name == "" {
		return
	}
	r, ok := k.cluster(name)
	if !ok {
		k.add(Error, "no-cluster", k.here.in("grpc_service", "envoy_grpc", "cluster_name"), fmt.Sprintf("%q, which is no cluster here", name), "the cluster of Weir: every request would be a 500")
		return
	}
	k.breakers(r)
	k.protocol(r)
	k.privacy(r)
	k.spares(r)
}

// breakers wants room for every stream: each request has one of its own for as long as it lasts.
func (k *chain) breakers(r resource[*clusterv3.Cluster]) {
	at := r.at.in("circuit_breakers", "thresholds")
	list := r.is.GetCircuitBreakers().GetThresholds()
	for i, t := range list {
		if t.GetPriority() != corev3.RoutingPriority_DEFAULT {
			continue
		}
		at = at.in(i)
		for _, b := range [...]struct {
			field string
			n     uint32
			set   bool
		}{
			{"max_requests", t.GetMaxRequests().GetValue(), t.GetMaxRequests() != nil},
			{"max_pending_requests", t.GetMaxPendingRequests().GetValue(), t.GetMaxPendingRequests() != nil},
		} {
			if !b.set || b.n <= fewRequests {
				k.fewStreams(at.in(b.field), b.n, b.set)
			}
		}
		return
	}
	k.fewStreams(at, 0, false)
}

func (k *chain) fewStreams(at place, n uint32, set bool) {
	found := "nothing, which is 1024"
	if set {
		found = fmt.Sprint(n)
	}
	k.add(Warning, "breaker", at, found, "as many as Weir takes at once, 10000: each request under way is one, and those over it are refused")
}

// protocol wants HTTP/2, and pings that grpc-go allows.
func (k *chain) protocol(r resource[*clusterv3.Cluster]) {
	o := &upstreamsv3.HttpProtocolOptions{}
	at := r.at.in("typed_extension_protocol_options", httpOptions)
	a, ok := r.is.GetTypedExtensionProtocolOptions()[httpOptions]
	//lint:ignore SA1019 configurations still say it in the old way
	h2 := r.is.GetHttp2ProtocolOptions()
	if ok && a.UnmarshalTo(o) == nil && o.GetExplicitHttpConfig().GetHttp2ProtocolOptions() != nil {
		h2 = o.GetExplicitHttpConfig().GetHttp2ProtocolOptions()
	}
	if h2 == nil {
		k.add(Error, "protocol", at, "no HTTP/2", "explicit_http_config: {http2_protocol_options: {}}: gRPC needs it, and every request would be a 500")
		return
	}
	if d := h2.GetConnectionKeepalive().GetInterval(); d != nil && d.AsDuration() < shortestPing {
		k.add(Error, "keepalive", at.in("explicit_http_config", "http2_protocol_options", "connection_keepalive", "interval"), d.AsDuration().String(),
			fmt.Sprintf("%s or more: Weir closes connections that are pinged more often, with all that is on them", shortestPing))
	}
}

// privacy wants TLS on every way that leaves the machine, and a certificate that is checked: keys and prompts are on it.
func (k *chain) privacy(r resource[*clusterv3.Cluster]) {
	if len(r.is.GetTransportSocketMatches()) > 0 {
		return // which of them is taken is said by endpoints
	}
	to, leaves := k.leaves(r.is)
	if !leaves {
		return
	}
	const want = "mutual TLS, or the mesh's own: keys and prompts go over this connection, and whoever answers it decides"
	if s := r.is.GetTransportSocket(); s == nil {
		k.add(Warning, "clear-text", r.at.in("transport_socket"), "no TLS on the way to "+to, want)
	} else if good, plain := verified(s); plain {
		k.add(Warning, "clear-text", r.at.in("transport_socket"), "no TLS on the way to "+to, want)
	} else if !good {
		k.add(Warning, "clear-text", r.at.in("transport_socket"), "TLS that checks no certificate on the way to "+to, "trusted_ca and the name in Weir's certificate: whoever answers this connection decides")
	}
}

// leaves says whether a cluster has an endpoint that is not on this machine, or one that is not known here.
func (k *chain) leaves(c *clusterv3.Cluster) (to string, yes bool) {
	if c.GetType() == clusterv3.Cluster_EDS {
		return "endpoints that come over EDS", true
	}
	for _, e := range c.GetLoadAssignment().GetEndpoints() {
		for _, l := range e.GetLbEndpoints() {
			if !clear(l.GetEndpoint().GetAddress()) {
				return l.GetEndpoint().GetAddress().GetSocketAddress().GetAddress(), true
			}
		}
	}
	return "", false
}

// spares checks that a Weir that goes away is not missed.
func (k *chain) spares(r resource[*clusterv3.Cluster]) {
	for i, h := range r.is.GetHealthChecks() {
		if h.GetNoTrafficInterval() == nil {
			k.add(Warning, "health", r.at.in("health_checks", i, "no_traffic_interval"), "nothing, which is 60 s", "1s: a Weir that was late to start stays unused for a minute")
		}
	}
	p := k.filter.GetGrpcService().GetRetryPolicy()
	if p == nil {
		k.add(Warning, "restart", k.here.in("grpc_service", "retry_policy"), "nothing", "connect-failure,refused-stream with previous_hosts: while one of several Weirs restarts, requests to it would be 500")
	}
}
