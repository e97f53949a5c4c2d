package envoy

import (
	"slices"

	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/config/common/mutation_rules/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	injectorv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/credential_injector/v3"
	headersv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/header_mutation/v3"
	codecv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/upstream_codec/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	genericv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/injected_credentials/generic/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/proto"
)

// upstreamFilters run once for each attempt, after routing: first everything that is no business of the provider is
// taken out, then its own credential is put in.
func (w *writer) upstreamFilters(p Upstream) []*hcmv3.HttpFilter {
	filter := func(name string, m proto.Message) *hcmv3.HttpFilter {
		return &hcmv3.HttpFilter{Name: name, ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: w.pack(m)}}
	}
	list := []*hcmv3.HttpFilter{filter("envoy.filters.http.header_mutation", &headersv3.HeaderMutation{Mutations: outward(p.CallerHeaders)})}
	if p.SecretFile != "" || p.SecretEnv != "" {
		list = append(list, filter("envoy.filters.http.credential_injector", &injectorv3.CredentialInjector{
			Overwrite: true,
			Credential: &corev3.TypedExtensionConfig{
				Name: "envoy.http.injected_credentials.generic", TypedConfig: w.pack(w.credential(p)),
			},
		}))
		if p.CredentialPrefix != "" && !w.from(37) {
			list = append(list, filter("envoy.filters.http.header_mutation", prefixCredential(p)))
		}
	}
	return append(list, filter("envoy.filters.http.upstream_codec", &codecv3.UpstreamCodec{}))
}

// outward is what never crosses the border. To the provider: Weir's own headers, every form in which a caller's key
// may stand, cookies, and who the caller is. From the provider: what would speak in Weir's name, set a cookie, or send
// the client elsewhere. caller are headers in which the caller's own credential is for this provider.
func outward(caller []string) *headersv3.Mutations {
	m := &headersv3.Mutations{
		RequestMutations: []*mutationv3.HeaderMutation{
			removeMatching(HeaderPrefix), removeMatching("x-envoy-"), removeMatching("x-forwarded-"),
		},
		ResponseMutations: []*mutationv3.HeaderMutation{
			removeMatching(HeaderPrefix), removeMatching("x-envoy-"), remove("set-cookie"), remove("alt-svc"),
		},
	}
	for _, name := range [...]string{
		"authorization", "x-api-key", "x-detection-key", "x-bf-vk", "proxy-authorization", "cookie", "forwarded", "x-real-ip",
	} {
		if !slices.Contains(caller, name) {
			m.RequestMutations = append(m.RequestMutations, remove(name))
		}
	}
	return m
}

// credential is the provider's secret by reference. Where it cannot be read the attempt fails: a request never goes
// out without the credential it was to have.
func (w *writer) credential(p Upstream) *genericv3.Generic {
	g := &genericv3.Generic{
		Credential: &tlsv3.SdsSecretConfig{Name: RoutePrefix + p.Name},
		Header:     p.header(),
	}
	if w.from(37) {
		g.HeaderValuePrefix = p.CredentialPrefix
	}
	if p.SecretFile != "" {
		g.Credential.SdsConfig = &corev3.ConfigSource{
			ConfigSourceSpecifier: &corev3.ConfigSource_PathConfigSource{PathConfigSource: &corev3.PathConfigSource{Path: p.SecretFile}},
		}
	}
	return g
}

// header is where the credential stands.
func (u Upstream) header() string {
	if u.CredentialHeader == "" {
		return "authorization"
	}
	return u.CredentialHeader
}

// prefixCredential puts the prefix before a credential that was injected without it, as Envoy 1.36 does.
func prefixCredential(p Upstream) *headersv3.HeaderMutation {
	return &headersv3.HeaderMutation{Mutations: &headersv3.Mutations{RequestMutations: []*mutationv3.HeaderMutation{{
		Action: &mutationv3.HeaderMutation_Append{Append: header(p.header(), p.CredentialPrefix+"%REQ("+p.header()+")%")},
	}}}}
}

// environmentSecret names a variable of Envoy's own environment.
func environmentSecret(p Upstream) *tlsv3.Secret {
	return &tlsv3.Secret{
		Name: RoutePrefix + p.Name,
		Type: &tlsv3.Secret_GenericSecret{GenericSecret: &tlsv3.GenericSecret{
			Secret: &corev3.DataSource{Specifier: &corev3.DataSource_EnvironmentVariable{EnvironmentVariable: p.SecretEnv}},
		}},
	}
}
