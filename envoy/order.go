package envoy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	prioritiesv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/retry/priority/previous_priorities/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// An order is a cluster with one priority for each of its providers: Envoy tries the first, and each retry goes to a
// priority that was not tried (envoy.retry_priorities.previous_priorities). An order of one is a plain cluster.

// MaxAttempts is how many providers an order has at most.
const MaxAttempts = 3

// orderSign stands between the names of an order's providers, and in no name.
const orderSign = "+"

// The keys of an endpoint's metadata: which attempt of the order it is for, and whose TLS settings it takes.
const (
	attemptKey = "attempt"
	socketKey  = "provider"
	socketSpec = "envoy.transport_socket_match"
)

// retriable are the provider's statuses that the next provider may do better than: 401, 403 and 404 are about the credential and
// the name of the model that it was sent, which the client does not choose. A client's own mistake is none.
var retriable = []uint32{401, 403, 404, 408, 429, 500, 502, 503, 504, 529}

// When a failing provider is left alone by Envoy itself, and for how long: long after Weir's breakers, which see all
// orders at once, and only where one of those does not see it.
const (
	ejectAfter = 20
	ejectTime  = 30 * time.Second
)

// OrderName is the cluster that tries providers one after the other, for RouteHeader.
func OrderName(providers ...string) string { return RoutePrefix + strings.Join(providers, orderSign) }

// checkOrders refuses what no request could take.
func (o Options) checkOrders() error {
	byName := map[string]Upstream{}
	for _, p := range o.Providers {
		byName[p.Name] = p
	}
	for _, order := range o.Orders {
		if len(order) < 2 || len(order) > MaxAttempts {
			return fmt.Errorf("order %v: it must have 2 to %d providers", order, MaxAttempts)
		}
		for i, name := range order {
			p, ok := byName[name]
			if !ok || slices.Contains(order[:i], name) {
				return fmt.Errorf("order %v: provider %q is not declared, or stands there twice", order, name)
			}
			if p.AWS != nil {
				return fmt.Errorf("order %v: requests to provider %q are signed, which would reach the others, too", order, name)
			}
			if len(p.CallerHeaders) > 0 {
				return fmt.Errorf("order %v: provider %q is called with the caller's own credential, which nobody else may see", order, name)
			}
		}
	}
	return nil
}

// order is the cluster of an order.
func (w *writer) order(names []string) *clusterv3.Cluster {
	list := make([]Upstream, 0, len(names))
	for _, name := range names {
		i := slices.IndexFunc(w.o.Providers, func(p Upstream) bool { return p.Name == name })
		list = append(list, w.o.Providers[i])
	}
	c := &clusterv3.Cluster{
		Name:                 OrderName(names...),
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STATIC},
		LoadAssignment:       &endpointv3.ClusterLoadAssignment{ClusterName: OrderName(names...)},
		CircuitBreakers:      w.bounds(),
		ConnectTimeout:       durationpb.New(w.o.Timeouts.Connect),
		UpstreamConnectionOptions: &clusterv3.UpstreamConnectionOptions{TcpKeepalive: &corev3.TcpKeepalive{
			KeepaliveProbes: wrapperspb.UInt32(3), KeepaliveTime: wrapperspb.UInt32(30), KeepaliveInterval: wrapperspb.UInt32(10),
		}},
	}
	secure := w.endpoints(c, list)
	if len(list) > 1 {
		c.OutlierDetection = &clusterv3.OutlierDetection{
			Consecutive_5Xx: wrapperspb.UInt32(ejectAfter), BaseEjectionTime: durationpb.New(ejectTime), MaxEjectionPercent: wrapperspb.UInt32(100),
		}
	}
	h := &upstreamsv3.HttpProtocolOptions{HttpFilters: w.upstreamFilters(list)}
	if secure {
		h.UpstreamProtocolOptions = &upstreamsv3.HttpProtocolOptions_AutoConfig{AutoConfig: &upstreamsv3.HttpProtocolOptions_AutoHttpConfig{
			HttpProtocolOptions: &corev3.Http1ProtocolOptions{}, Http2ProtocolOptions: &corev3.Http2ProtocolOptions{},
		}}
	} else {
		h.UpstreamProtocolOptions = &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_{
			ExplicitHttpConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig{
				ProtocolConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_HttpProtocolOptions{
					HttpProtocolOptions: &corev3.Http1ProtocolOptions{},
				},
			},
		}
	}
	c.TypedExtensionProtocolOptions = w.options(h)
	return c
}

// endpoints puts each provider into a priority of its own. It says whether all of them are reached over TLS; only then can
// HTTP/2 be agreed upon.
func (w *writer) endpoints(c *clusterv3.Cluster, list []Upstream) (secure bool) {
	secure = true
	for i, p := range list {
		o, err := p.origin()
		if err != nil && w.err == nil {
			w.err = err
		}
		c.LoadAssignment.Endpoints = append(c.LoadAssignment.Endpoints, &endpointv3.LocalityLbEndpoints{
			Priority: uint32(i),
			LbEndpoints: []*endpointv3.LbEndpoint{{
				HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: o.proto(), Hostname: o.host}},
				Metadata: &corev3.Metadata{FilterMetadata: map[string]*structpb.Struct{
					MetadataNamespace: {Fields: map[string]*structpb.Value{attemptKey: structpb.NewStringValue(strconv.Itoa(i))}},
					socketSpec:        {Fields: map[string]*structpb.Value{socketKey: structpb.NewStringValue(p.Name)}},
				}},
			}},
		})
		if !o.numeric() {
			c.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STRICT_DNS}
			c.DnsLookupFamily = clusterv3.Cluster_ALL
		}
		if !o.tls {
			secure = false
			continue
		}
		c.TransportSocketMatches = append(c.TransportSocketMatches, &clusterv3.Cluster_TransportSocketMatch{
			Name:            p.Name,
			Match:           &structpb.Struct{Fields: map[string]*structpb.Value{socketKey: structpb.NewStringValue(p.Name)}},
			TransportSocket: w.tls(p, o),
		})
	}
	if secure { // what no match takes must be able to agree on a protocol, too
		c.TransportSocket = c.TransportSocketMatches[0].TransportSocket
	}
	return secure
}

// orderRoutes lead to the order that RouteHeader names, one route for each length: a retry for each provider but the
// first. An order of one is tried again only where the attempt cannot have reached the provider.
func (w *writer) orderRoutes() []*routev3.Route {
	one := w.forward("provider", "", &routev3.RetryPolicy{
		RetryOn: "connect-failure,refused-stream,reset-before-request", NumRetries: wrapperspb.UInt32(2),
	})
	list := []*routev3.Route{one}
	for n := 2; n <= MaxAttempts; n++ {
		list = append(list, w.forward(fmt.Sprintf("%d providers", n), strings.Repeat(`[^+]+\+`, n-1), &routev3.RetryPolicy{
			RetryOn:              "connect-failure,refused-stream,reset,retriable-status-codes",
			RetriableStatusCodes: retriable,
			NumRetries:           wrapperspb.UInt32(uint32(n - 1)),
			PerTryTimeout:        durationpb.New(w.o.Timeouts.Attempt),
			RetryPriority: &routev3.RetryPolicy_RetryPriority{
				Name: "envoy.retry_priorities.previous_priorities",
				ConfigType: &routev3.RetryPolicy_RetryPriority_TypedConfig{
					TypedConfig: w.pack(&prioritiesv3.PreviousPrioritiesConfig{UpdateFrequency: 1}),
				},
			},
			RetryBackOff: &routev3.RetryPolicy_RetryBackOff{
				BaseInterval: durationpb.New(10 * time.Millisecond), MaxInterval: durationpb.New(100 * time.Millisecond),
			},
		}))
	}
	return list
}

// forward goes where RouteHeader says, where its value is RoutePrefix, before, and a provider's name.
func (w *writer) forward(name, before string, retry *routev3.RetryPolicy) *routev3.Route {
	return &routev3.Route{
		Name: name,
		Match: &routev3.RouteMatch{
			PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"},
			Headers: []*routev3.HeaderMatcher{{
				Name: RouteHeader,
				HeaderMatchSpecifier: &routev3.HeaderMatcher_StringMatch{StringMatch: &matcherv3.StringMatcher{
					MatchPattern: &matcherv3.StringMatcher_SafeRegex{SafeRegex: &matcherv3.RegexMatcher{Regex: RoutePrefix + before + `[^+]+`}},
				}},
			}},
		},
		Action: &routev3.Route_Route{Route: &routev3.RouteAction{
			ClusterSpecifier:     &routev3.RouteAction_ClusterHeader{ClusterHeader: RouteHeader},
			HostRewriteSpecifier: &routev3.RouteAction_AutoHostRewrite{AutoHostRewrite: wrapperspb.Bool(true)},
			Timeout:              durationpb.New(0), // a stream may go on for long; the listener bounds its silences
			RetryPolicy:          retry,
		}},
	}
}
