package envoy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	jwtv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Tokens are JSON Web Tokens that name the actor behind a request. Envoy verifies them; what Weir reads is what Envoy
// has verified.
type Tokens struct {
	Header    string // lower-case name of the header the bare token stands in
	Issuer    string // the iss it must have
	Audiences []string
	JWKSFile  string // file with the issuer's keys, as Envoy sees it
	JWKSURI   string // or where Envoy fetches them from
}

// JWTNamespace is where Envoy leaves the payload of a token it has verified.
const JWTNamespace = "envoy.filters.http.jwt_authn"

const (
	jwksCluster = "weir-jwks"
	jwksTimeout = 5 * time.Second
	jwksCache   = 5 * time.Minute
)

func (t *Tokens) check() error {
	switch {
	case t.Header == "" || strings.ToLower(t.Header) != t.Header || strings.HasPrefix(t.Header, HeaderPrefix):
		return fmt.Errorf("tokens: %q is no header for them", t.Header)
	case slices.Contains([]string{"authorization", "x-api-key", "x-detection-key", "x-bf-vk", "x-goog-api-key", "api-key"}, t.Header):
		return fmt.Errorf("tokens: %s is where Weir's keys stand", t.Header)
	case t.Issuer == "":
		return fmt.Errorf("tokens: an issuer is needed")
	case (t.JWKSFile == "") == (t.JWKSURI == ""):
		return fmt.Errorf("tokens: the issuer's keys are read from a file or fetched from a URI")
	}
	if t.JWKSURI == "" {
		return nil
	}
	if _, err := (Upstream{BaseURL: t.JWKSURI}).origin(); err != nil {
		return fmt.Errorf("tokens: %q is no URI to fetch keys from", t.JWKSURI)
	}
	return nil
}

// filters are what a request passes in order.
func (w *writer) filters() []*hcmv3.HttpFilter {
	list := []*hcmv3.HttpFilter{w.weir(), w.router()}
	if w.o.Tokens != nil {
		list = append([]*hcmv3.HttpFilter{w.verifier()}, list...)
	}
	return list
}

// verifier reads a token where there is one. One that is not valid passes without a payload, and is refused by Weir in
// the tenant's words.
func (w *writer) verifier() *hcmv3.HttpFilter {
	t := w.o.Tokens
	p := &jwtv3.JwtProvider{
		Issuer: t.Issuer, Audiences: t.Audiences, Forward: true, PayloadInMetadata: "actor",
		FromHeaders: []*jwtv3.JwtHeader{{Name: t.Header}},
	}
	if t.JWKSFile != "" {
		p.JwksSourceSpecifier = &jwtv3.JwtProvider_LocalJwks{LocalJwks: &corev3.DataSource{Specifier: &corev3.DataSource_Filename{Filename: t.JWKSFile}}}
	} else {
		p.JwksSourceSpecifier = &jwtv3.JwtProvider_RemoteJwks{RemoteJwks: &jwtv3.RemoteJwks{
			HttpUri: &corev3.HttpUri{
				Uri: t.JWKSURI, HttpUpstreamType: &corev3.HttpUri_Cluster{Cluster: jwksCluster}, Timeout: durationpb.New(jwksTimeout),
			},
			CacheDuration: durationpb.New(jwksCache), AsyncFetch: &jwtv3.JwksAsyncFetch{FastListener: true},
		}}
	}
	is := func(name string) *jwtv3.JwtRequirement {
		return &jwtv3.JwtRequirement{RequiresType: &jwtv3.JwtRequirement_ProviderName{ProviderName: name}}
	}
	orNone := &jwtv3.JwtRequirement{RequiresType: &jwtv3.JwtRequirement_AllowMissingOrFailed{AllowMissingOrFailed: &emptypb.Empty{}}}
	return &hcmv3.HttpFilter{Name: JWTNamespace, ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: w.pack(&jwtv3.JwtAuthentication{
		Providers: map[string]*jwtv3.JwtProvider{"actor": p},
		Rules: []*jwtv3.RequirementRule{{
			Match: &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}},
			RequirementType: &jwtv3.RequirementRule_Requires{Requires: &jwtv3.JwtRequirement{RequiresType: &jwtv3.JwtRequirement_RequiresAny{
				RequiresAny: &jwtv3.JwtRequirementOrList{Requirements: []*jwtv3.JwtRequirement{is("actor"), orNone}},
			}}},
		}},
	})}}
}

// jwks is where the issuer's keys are fetched from.
func (w *writer) jwks() []*clusterv3.Cluster {
	if w.o.Tokens == nil || w.o.Tokens.JWKSURI == "" {
		return nil
	}
	o, err := Upstream{BaseURL: w.o.Tokens.JWKSURI}.origin()
	if err != nil && w.err == nil {
		w.err = err
	}
	c := w.cluster(jwksCluster, o.endpoint, o.host)
	c.ConnectTimeout = durationpb.New(w.o.Timeouts.Connect)
	if o.tls {
		c.TransportSocket = w.tls(Upstream{}, o)
	}
	return []*clusterv3.Cluster{c}
}

// forwarded are the namespaces of metadata that Weir gets to see.
func (w *writer) forwarded() *extprocv3.MetadataOptions_MetadataNamespaces {
	list := []string{AttemptsNamespace, ChainNamespace}
	if w.o.Tokens != nil {
		list = append(list, JWTNamespace)
	}
	return &extprocv3.MetadataOptions_MetadataNamespaces{Untyped: list}
}
