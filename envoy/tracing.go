package envoy

import (
	"fmt"
	"regexp"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tracev3 "github.com/envoyproxy/go-control-plane/envoy/config/trace/v3"
	injectorv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/credential_injector/v3"
	codecv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/upstream_codec/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	uuidv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/request_id/uuid/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Tracing is where Envoy sends its spans: OpenTelemetry's protocol over gRPC. The bootstrap holds no secret: headers are put in on the
// way out, from secrets that Envoy is handed as it is handed providers' credentials, and no dump of its configuration shows them.
type Tracing struct {
	Endpoint string  // http://host:port or https://host:port
	CAFile   string  // of the authorities that sign its certificate, as Envoy sees it; empty: those of Options
	Ratio    float64 // part of the requests that is traced where the client has not decided
	Headers  []TracingHeader
}

// TracingHeader is a header of every export, such as an authorization.
type TracingHeader struct {
	Name   string // as HTTP has it, in any case
	Secret string // name of the Secret that holds its value
	File   string // of that Secret, as Envoy sees it; over xDS it is not read
}

// headerNames are tokens (RFC 9110, section 5.6.2).
var headerNames = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// tracingCluster is where spans are sent.
const tracingCluster = "weir_otlp"

func (t *Tracing) check() error {
	if _, err := (Upstream{BaseURL: t.Endpoint}).origin(); err != nil {
		return fmt.Errorf("tracing: %q is no address to send spans to", t.Endpoint)
	}
	if !(t.Ratio >= 0 && t.Ratio <= 1) {
		return fmt.Errorf("tracing: the ratio %v is not between 0 and 1", t.Ratio)
	}
	for _, h := range t.Headers {
		if !headerNames.MatchString(h.Name) || !names.MatchString(h.Secret) {
			return fmt.Errorf("tracing: %q is no header, or %q no name of a secret", h.Name, h.Secret)
		}
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
		HttpFilters: w.tracingHeaders(),
	})
	return []*clusterv3.Cluster{c}
}

// tracingHeaders put the headers into what is sent to the receiver. Without the value of one nothing is sent.
func (w *writer) tracingHeaders() []*hcmv3.HttpFilter {
	var out []*hcmv3.HttpFilter
	add := func(name string, m proto.Message) {
		out = append(out, &hcmv3.HttpFilter{Name: name, ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: w.pack(m)}})
	}
	for _, h := range w.o.Tracing.Headers {
		g := w.credential(Upstream{Name: h.Secret, SecretFile: h.File}, 0)
		g.Header = strings.ToLower(h.Name)
		add("envoy.filters.http.credential_injector", &injectorv3.CredentialInjector{
			Overwrite: true, Credential: &corev3.TypedExtensionConfig{Name: "envoy.http.injected_credentials.generic", TypedConfig: w.pack(g)},
		})
	}
	if len(out) > 0 {
		add("envoy.filters.http.upstream_codec", &codecv3.UpstreamCodec{})
	}
	return out
}
