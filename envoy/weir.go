package envoy

import (
	"fmt"
	"strings"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// WeirTLS is how Envoy and Weir know each other: from files, or from a SPIFFE agent that serves SDS.
type WeirTLS struct {
	CAFile   string // PEM file of the authorities that sign Weir's certificate, as Envoy sees it
	CertFile string // PEM file of Envoy's own certificate; empty: Weir asks for none
	KeyFile  string
	Name     string // the DNS name in Weir's certificate; with SPIFFE, Weir's SPIFFE id

	SPIFFE string // absolute path of the agent's socket; empty: files
	Own    string // Envoy's own SPIFFE id, which the agent is asked for
}

// spiffeCluster is the agent that serves SDS.
const spiffeCluster = "weir-spiffe"

// Beforehand says whether a cluster stands in the bootstrap of an Envoy that is served by Weir: Weir itself, and what it is
// reached by.
func Beforehand(cluster string) bool { return cluster == ExtProcCluster || cluster == spiffeCluster }

// healthEvery is how often each of several Weirs is asked whether it takes exchanges: gRPC's own health service says no
// as soon as a stop was asked for.
const healthEvery = time.Second

func (t *WeirTLS) check() error {
	switch {
	case t.SPIFFE != "" && (t.CAFile != "" || t.CertFile != "" || t.KeyFile != ""):
		return fmt.Errorf("certificates are read from files or from SPIFFE, not both")
	case t.SPIFFE != "" && !strings.HasPrefix(t.SPIFFE, "/"):
		return fmt.Errorf("%q: the path of the SPIFFE agent's socket must be absolute", t.SPIFFE)
	case t.SPIFFE != "" && (!strings.HasPrefix(t.Name, "spiffe://") || !strings.HasPrefix(t.Own, "spiffe://")):
		return fmt.Errorf("with SPIFFE both Weir's name and Envoy's own must be SPIFFE ids, spiffe://trust-domain/path")
	case t.SPIFFE == "" && t.CAFile == "":
		return fmt.Errorf("the file of the authorities that sign Weir's certificate is missing")
	case (t.CertFile == "") != (t.KeyFile == ""):
		return fmt.Errorf("both of the certificate and the key of Envoy's own are needed, or neither")
	case t.Name == "":
		return fmt.Errorf("the name in Weir's certificate is missing")
	}
	return nil
}

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

// towardsWeir is mutual TLS: Envoy checks whom it asks, and shows who asks.
func (w *writer) towardsWeir(t *WeirTLS) *corev3.TransportSocket {
	kind := tlsv3.SubjectAltNameMatcher_DNS
	if strings.Contains(t.Name, "://") {
		kind = tlsv3.SubjectAltNameMatcher_URI
	}
	valid := &tlsv3.CertificateValidationContext{
		MatchTypedSubjectAltNames: []*tlsv3.SubjectAltNameMatcher{{SanType: kind, Matcher: exactly(t.Name)}},
	}
	common := &tlsv3.CommonTlsContext{
		TlsParams:     &tlsv3.TlsParameters{TlsMinimumProtocolVersion: tlsv3.TlsParameters_TLSv1_2, TlsMaximumProtocolVersion: tlsv3.TlsParameters_TLSv1_3},
		AlpnProtocols: []string{"h2"},
	}
	switch {
	case t.SPIFFE != "":
		common.TlsCertificateSdsSecretConfigs = []*tlsv3.SdsSecretConfig{{Name: t.Own, SdsConfig: fromAgent()}}
		common.ValidationContextType = &tlsv3.CommonTlsContext_CombinedValidationContext{
			CombinedValidationContext: &tlsv3.CommonTlsContext_CombinedCertificateValidationContext{
				DefaultValidationContext:         valid,
				ValidationContextSdsSecretConfig: &tlsv3.SdsSecretConfig{Name: domainOf(t.Name), SdsConfig: fromAgent()},
			},
		}
	default:
		valid.TrustedCa = file(t.CAFile)
		common.ValidationContextType = &tlsv3.CommonTlsContext_ValidationContext{ValidationContext: valid}
		if t.CertFile != "" {
			common.TlsCertificates = []*tlsv3.TlsCertificate{{CertificateChain: file(t.CertFile), PrivateKey: file(t.KeyFile)}}
		}
	}
	sni := t.Name
	if kind == tlsv3.SubjectAltNameMatcher_URI {
		sni = ""
	}
	return &corev3.TransportSocket{
		Name:       "envoy.transport_sockets.tls",
		ConfigType: &corev3.TransportSocket_TypedConfig{TypedConfig: w.pack(&tlsv3.UpstreamTlsContext{Sni: sni, CommonTlsContext: common})},
	}
}

func file(path string) *corev3.DataSource {
	return &corev3.DataSource{Specifier: &corev3.DataSource_Filename{Filename: path}}
}

// domainOf is the trust domain of a SPIFFE id: by that name an agent serves its authorities.
func domainOf(id string) string {
	domain, _, _ := strings.Cut(strings.TrimPrefix(id, "spiffe://"), "/")
	return "spiffe://" + domain
}

// fromAgent asks the SPIFFE agent of this machine.
func fromAgent() *corev3.ConfigSource {
	return &corev3.ConfigSource{
		ResourceApiVersion: corev3.ApiVersion_V3,
		ConfigSourceSpecifier: &corev3.ConfigSource_ApiConfigSource{ApiConfigSource: &corev3.ApiConfigSource{
			ApiType: corev3.ApiConfigSource_GRPC, TransportApiVersion: corev3.ApiVersion_V3,
			GrpcServices: []*corev3.GrpcService{{TargetSpecifier: &corev3.GrpcService_EnvoyGrpc_{
				EnvoyGrpc: &corev3.GrpcService_EnvoyGrpc{ClusterName: spiffeCluster},
			}}},
		}},
	}
}

// agent is the SPIFFE agent, where Envoy's certificates come from it.
func (w *writer) agent() []*clusterv3.Cluster {
	if w.o.TLS == nil || w.o.TLS.SPIFFE == "" {
		return nil
	}
	c := w.cluster(spiffeCluster, endpoint{path: w.o.TLS.SPIFFE}, "")
	c.ConnectTimeout = durationpb.New(weirConnect)
	c.TypedExtensionProtocolOptions = w.options(overHTTP2())
	return []*clusterv3.Cluster{c}
}
