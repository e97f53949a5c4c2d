package envoy

import (
	"fmt"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tracev3 "github.com/envoyproxy/go-control-plane/envoy/config/trace/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	uuidv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/request_id/uuid/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Tracing is where Envoy sends its spans: OpenTelemetry's protocol over gRPC, without headers of its own, since the bootstrap
// holds no secret.
type Tracing struct {
	Endpoint string  // http://host:port or https://host:port
	CAFile   string  // of the authorities that sign its certificate, as Envoy sees it; empty: those of Options
	Ratio    float64 // part of the requests that is traced where the client has not decided
}

// tracingCluster is where spans are sent.
const tracingCluster = "weir_otlp"

func (t *Tracing) check() error {
	if _, err := (Upstream{BaseURL: t.Endpoint}).origin(); err != nil {
		return fmt.Errorf("tracing: %q is no address to send spans to", t.Endpoint)
	}
	if !(t.Ratio >= 0 && t.Ratio <= 1) {
		return fmt.Errorf("tracing: the ratio %v is not between 0 and 1", t.Ratio)
	}
	return nil
}

// tracing has Envoy trace each request: its span, one for the call to Weir, below which Weir puts its own, and one for each
// attempt at a provider. Of a path no byte is kept: its query may hold a key.
func (w *writer) tracing() *hcmv3.HttpConnectionManager_Tracing {
	t := w.o.Tracing
	if t == nil {
		return nil
	}
	return &hcmv3.HttpConnectionManager_Tracing{
		RandomSampling:    &typev3.Percent{Value: 100 * t.Ratio},
		MaxPathTagLength:  wrapperspb.UInt32(0),
		SpawnUpstreamSpan: wrapperspb.Bool(true),
		Provider: &tracev3.Tracing_Http{
			Name: "envoy.tracers.opentelemetry",
			ConfigType: &tracev3.Tracing_Http_TypedConfig{TypedConfig: w.pack(&tracev3.OpenTelemetryConfig{
				ServiceName: "envoy",
				GrpcService: &corev3.GrpcService{
					TargetSpecifier: &corev3.GrpcService_EnvoyGrpc_{EnvoyGrpc: &corev3.GrpcService_EnvoyGrpc{ClusterName: tracingCluster}},
				},
			})},
		},
	}
}

// requestID leaves request ids as they are. Which requests are traced does not depend on them: only those that are UUIDs would be.
func (w *writer) requestID() *uuidv3.UuidRequestIdConfig {
	c := &uuidv3.UuidRequestIdConfig{PackTraceReason: wrapperspb.Bool(false)}
	if w.o.Tracing != nil {
		c.UseRequestIdForTraceSampling = wrapperspb.Bool(false)
	}
	return c
}

// tracingTo is the cluster of the receiver.
func (w *writer) tracingTo() []*clusterv3.Cluster {
	t := w.o.Tracing
	if t == nil {
		return nil
	}
	o, err := Upstream{BaseURL: t.Endpoint}.origin()
	if err != nil && w.err == nil {
		w.err = err
	}
	c := w.cluster(tracingCluster, o.endpoint, o.host)
	c.ConnectTimeout = durationpb.New(w.o.Timeouts.Connect)
	if o.tls {
		c.TransportSocket = w.tls(Upstream{CAFile: t.CAFile}, o)
	}
	c.TypedExtensionProtocolOptions = w.options(&upstreamsv3.HttpProtocolOptions{
		UpstreamProtocolOptions: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_{
			ExplicitHttpConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig{
				ProtocolConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{Http2ProtocolOptions: &corev3.Http2ProtocolOptions{}},
			},
		},
	})
	return []*clusterv3.Cluster{c}
}
