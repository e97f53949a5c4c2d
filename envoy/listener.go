package envoy

import (
	"time"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/config/common/mutation_rules/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	filelogv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/file/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	earlyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/early_header_mutation/header_mutation/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// statPrefix names the listener's counters: http.ingress.*.
const statPrefix = "ingress"

// The listener's own bounds, the same for every minor.
const (
	refreshOverload   = 250 * time.Millisecond
	connectionIdle    = 10 * time.Minute // a client's connection with no request on it
	maxHeaders        = 100
	maxHeaderKiB      = 60
	streamsPerClient  = 100     // HTTP/2 streams at once on one client connection
	connectionBuffer  = 1 << 20 // bytes buffered for a slow reader, on Envoys where bodies have a bound of their own
	responseFlushTime = time.Minute
)

// listener is the one door clients come through.
func (w *writer) listener() *listenerv3.Listener {
	buffer := w.o.BodyBytes
	if w.from(37) {
		// The virtual host's bound of a body raises this one and never lowers it. Before 1.37 there is only this one.
		buffer = min(buffer, connectionBuffer)
	}
	return &listenerv3.Listener{
		Name:                          statPrefix,
		Address:                       socket(w.o.Listen),
		PerConnectionBufferLimitBytes: wrapperspb.UInt32(uint32(buffer)),
		FilterChains: []*listenerv3.FilterChain{{Filters: []*listenerv3.Filter{{
			Name:       "envoy.filters.network.http_connection_manager",
			ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: w.pack(w.connections())},
		}}}},
	}
}

// connections is Envoy's HTTP server.
//
// Paths: Envoy rewrites nothing before Weir sees it (no normalisation, slashes and escapes kept), since the one route
// matches every path and Weir refuses what is not canonical. So the path that was judged is the path that is forwarded.
//
// Request ids: a client's own reaches Weir as it was sent; where there is none Envoy makes one, so that even an answer
// Weir never sees has an id to ask about. Weir overwrites it with the trace id of the exchange.
func (w *writer) connections() *hcmv3.HttpConnectionManager {
	h := &hcmv3.HttpConnectionManager{
		CodecType:        hcmv3.HttpConnectionManager_AUTO,
		StatPrefix:       statPrefix,
		HttpFilters:      w.filters(),
		LocalReplyConfig: w.replies(),
		AccessLog:        w.accessLog(),
		Tracing:          w.tracing(),
		EarlyHeaderMutationExtensions: []*corev3.TypedExtensionConfig{{
			Name: "envoy.http.early_header_mutation.header_mutation", TypedConfig: w.pack(strip()),
		}},

		// The client is the peer of the connection; what it says about itself in x-forwarded-for is not believed.
		UseRemoteAddress:      wrapperspb.Bool(true),
		SkipXffAppend:         true,
		InternalAddressConfig: &hcmv3.HttpConnectionManager_InternalAddressConfig{},

		NormalizePath:                wrapperspb.Bool(false),
		MergeSlashes:                 false,
		PathWithEscapedSlashesAction: hcmv3.HttpConnectionManager_KEEP_UNCHANGED,
		SchemeHeaderTransformation:   &corev3.SchemeHeaderTransformation{MatchUpstream: true},

		// Weir makes the ids of requests that bring none, so that they are the same in every answer and record.
		GenerateRequestId:         wrapperspb.Bool(false),
		PreserveExternalRequestId: true,
		RequestIdExtension: &hcmv3.RequestIDExtension{
			TypedConfig: w.pack(w.requestID()),
		},

		CommonHttpProtocolOptions: &corev3.HttpProtocolOptions{
			IdleTimeout:                  durationpb.New(connectionIdle),
			MaxHeadersCount:              wrapperspb.UInt32(maxHeaders),
			HeadersWithUnderscoresAction: corev3.HttpProtocolOptions_REJECT_REQUEST,
		},
		Http2ProtocolOptions:  w.http2(),
		MaxRequestHeadersKb:   wrapperspb.UInt32(maxHeaderKiB),
		RequestHeadersTimeout: durationpb.New(w.o.Timeouts.Headers),
		RequestTimeout:        durationpb.New(w.o.Timeouts.Upload),
		StreamIdleTimeout:     durationpb.New(w.o.Timeouts.Idle),
		StreamFlushTimeout:    durationpb.New(responseFlushTime),
		DelayedCloseTimeout:   durationpb.New(time.Second),
	}
	w.routing(h)
	return h
}

// http2 sets the windows. A stream's window is what bounds the body of an HTTP/2 request.
func (w *writer) http2() *corev3.Http2ProtocolOptions {
	window := uint32(max(w.o.BodyBytes, smallestWindow))
	return &corev3.Http2ProtocolOptions{
		MaxConcurrentStreams:                    wrapperspb.UInt32(streamsPerClient),
		InitialStreamWindowSize:                 wrapperspb.UInt32(window),
		InitialConnectionWindowSize:             wrapperspb.UInt32(window),
		OverrideStreamErrorOnInvalidHttpMessage: wrapperspb.Bool(true),
	}
}

// smallestWindow is the least HTTP/2 allows (RFC 9113, section 6.9.2).
const smallestWindow = 65535

// strip takes out what only Weir and Envoy may say, before anything is routed by it.
func strip() *earlyv3.HeaderMutation {
	return &earlyv3.HeaderMutation{Mutations: []*mutationv3.HeaderMutation{
		removeMatching(HeaderPrefix), removeMatching("x-envoy-"),
	}}
}

func removeMatching(prefix string) *mutationv3.HeaderMutation {
	return &mutationv3.HeaderMutation{Action: &mutationv3.HeaderMutation_RemoveOnMatch_{
		RemoveOnMatch: &mutationv3.HeaderMutation_RemoveOnMatch{KeyMatcher: prefixed(prefix)},
	}}
}

func remove(name string) *mutationv3.HeaderMutation {
	return &mutationv3.HeaderMutation{Action: &mutationv3.HeaderMutation_Remove{Remove: name}}
}

// routes lead to the order of providers Weir chose, and nowhere. A request for which Weir chose none never leaves.
// The filter is switched on for the host and not in the chain, or answers to requests Envoy cannot parse would be lost.
func (w *writer) routes() *routev3.RouteConfiguration {
	host := &routev3.VirtualHost{
		Name: "weir", Domains: []string{"*"},
		TypedPerFilterConfig: map[string]*anypb.Any{FilterName: w.governs()},
		Routes:               append(w.orderRoutes(), deny()),
	}
	switch {
	case w.from(38):
		host.RequestBodyBufferLimit = wrapperspb.UInt64(uint64(w.o.BodyBytes))
	case w.from(37):
		// Envoy 1.37 counts a body twice when it decides whether it keeps it for another attempt. So it takes more than
		// Weir does, which refuses what is over its own bound.
		host.RequestBodyBufferLimit = wrapperspb.UInt64(uint64(2 * w.o.BodyBytes))
	default: // so does Envoy 1.36
		//lint:ignore SA1019 its successor has no effect there
		host.PerRequestBufferLimitBytes = wrapperspb.UInt32(uint32(min(2*w.o.BodyBytes, maxBytes)))
	}
	return &routev3.RouteConfiguration{Name: routesName, VirtualHosts: []*routev3.VirtualHost{host}}
}

func deny() *routev3.Route {
	return &routev3.Route{
		Name:  "nowhere",
		Match: &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}},
		// A cluster nobody can name: no client's x-weir- header gets here. A direct response would do the same, but the
		// virtual host's bound of a body is not applied to a request whose route is one.
		Action: &routev3.Route_Route{Route: &routev3.RouteAction{
			ClusterSpecifier: &routev3.RouteAction_ClusterHeader{ClusterHeader: HeaderPrefix + "nowhere"},
		}},
	}
}

func (w *writer) router() *hcmv3.HttpFilter {
	return &hcmv3.HttpFilter{
		Name:       "envoy.filters.http.router",
		ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: w.pack(&routerv3.Router{SuppressEnvoyHeaders: true, UpstreamLog: w.attemptLog()})},
	}
}

// accessLog writes what an operator needs to find an exchange and nothing a client said: no path, no header but the
// trace id, which is bounded.
func (w *writer) accessLog() []*accesslogv3.AccessLog {
	if w.o.AccessLog == "" {
		return nil
	}
	fields := map[string]*structpb.Value{}
	for k, v := range map[string]string{
		"time": "%START_TIME%", "trace": "%REQ(X-REQUEST-ID):128%", "method": "%REQ(:METHOD):16%", "status": "%RESPONSE_CODE%",
		"details": "%RESPONSE_CODE_DETAILS%", "flags": "%RESPONSE_FLAGS%", "protocol": "%PROTOCOL%",
		"bytes_in": "%BYTES_RECEIVED%", "bytes_out": "%BYTES_SENT%", "duration_ms": "%DURATION%",
		"cluster": "%UPSTREAM_CLUSTER%", "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
	} {
		fields[k] = structpb.NewStringValue(v)
	}
	return []*accesslogv3.AccessLog{{
		Name: "envoy.access_loggers.file",
		ConfigType: &accesslogv3.AccessLog_TypedConfig{TypedConfig: w.pack(&filelogv3.FileAccessLog{
			Path: w.o.AccessLog,
			AccessLogFormat: &filelogv3.FileAccessLog_LogFormat{LogFormat: &corev3.SubstitutionFormatString{
				Format: &corev3.SubstitutionFormatString_JsonFormat{JsonFormat: &structpb.Struct{Fields: fields}},
			}},
		})},
	}}
}
