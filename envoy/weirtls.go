package envoy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// WeirTLS is how Envoy and Weir know each other: from files, or from a SPIFFE agent that serves SDS.
type WeirTLS struct {
	CAFile   string // PEM file of the authorities that sign Weir's certificate, as Envoy sees it
	CertFile string // PEM file of Envoy's own certificate; empty: Weir asks for none
	KeyFile  string
	Name     string // the DNS name in Weir's certificate; with SPIFFE, Weir's SPIFFE id
	// Dir is the directory of the files that WriteWeirTLS writes, as Envoy sees it: by them it follows the ones above, so that
	// a renewed certificate is used without a restart. Empty: they are read at the start only.
	Dir string

	SPIFFE string // absolute path of the agent's socket; empty: files
	Own    string // Envoy's own SPIFFE id, which the agent is asked for
}

// The secrets of WriteWeirTLS, and their files without what ends their names.
const (
	clientSecret      = "weir-client"
	authoritiesSecret = "weir-authorities"
)

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

// WriteWeirTLS writes into Dir what has Envoy follow the files of certificates. It holds their names and nothing of them.
// Without Dir, and with SPIFFE, there is nothing to write.
func WriteWeirTLS(t *WeirTLS) error {
	if t == nil || t.Dir == "" || t.SPIFFE != "" {
		return nil
	}
	if err := os.MkdirAll(t.Dir, 0o700); err != nil {
		return fmt.Errorf("writing for Envoy's TLS: %w", err)
	}
	list := []*tlsv3.Secret{{Name: authoritiesSecret, Type: &tlsv3.Secret_ValidationContext{ValidationContext: &tlsv3.CertificateValidationContext{
		TrustedCa: file(t.CAFile), WatchedDirectory: around(t.CAFile),
	}}}}
	if t.CertFile != "" {
		list = append(list, &tlsv3.Secret{Name: clientSecret, Type: &tlsv3.Secret_TlsCertificate{TlsCertificate: &tlsv3.TlsCertificate{
			CertificateChain: file(t.CertFile), PrivateKey: file(t.KeyFile), WatchedDirectory: around(t.CertFile),
		}}})
	}
	for _, s := range list {
		resource, err := anypb.New(s)
		if err != nil {
			return fmt.Errorf("packing: %w", err)
		}
		text, err := marshal(&discoveryv3.DiscoveryResponse{Resources: []*anypb.Any{resource}})
		if err != nil {
			return err
		}
		if err := replace(filepath.Join(t.Dir, s.Name+".json"), text); err != nil {
			return fmt.Errorf("writing for Envoy's TLS: %w", err)
		}
	}
	return nil
}

// around is the directory of a file: whoever renews it replaces it, or a link beside it.
func around(path string) *corev3.WatchedDirectory {
	return &corev3.WatchedDirectory{Path: filepath.Dir(path)}
}

// fromFile is a secret that WriteWeirTLS wrote.
func fromFile(dir, secret string) *corev3.ConfigSource {
	return &corev3.ConfigSource{
		ResourceApiVersion: corev3.ApiVersion_V3,
		ConfigSourceSpecifier: &corev3.ConfigSource_PathConfigSource{PathConfigSource: &corev3.PathConfigSource{
			Path: filepath.Join(dir, secret+".json"),
		}},
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
	case t.Dir != "":
		if t.CertFile != "" {
			common.TlsCertificateSdsSecretConfigs = []*tlsv3.SdsSecretConfig{{Name: clientSecret, SdsConfig: fromFile(t.Dir, clientSecret)}}
		}
		common.ValidationContextType = &tlsv3.CommonTlsContext_CombinedValidationContext{
			CombinedValidationContext: &tlsv3.CommonTlsContext_CombinedCertificateValidationContext{
				DefaultValidationContext:         valid,
				ValidationContextSdsSecretConfig: &tlsv3.SdsSecretConfig{Name: authoritiesSecret, SdsConfig: fromFile(t.Dir, authoritiesSecret)},
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
