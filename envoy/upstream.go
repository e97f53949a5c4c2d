package envoy

import (
	_ "embed"
	"path"
	"slices"
	"strconv"

	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/config/common/mutation_rules/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	awsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/common/aws/v3"
	signingv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/aws_request_signing/v3"
	injectorv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/credential_injector/v3"
	headersv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/header_mutation/v3"
	luav3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	codecv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/upstream_codec/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	genericv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/injected_credentials/generic/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/proto"
)

// attempt is what is done to each attempt. The names in it are those of RouteNamespace, AttemptsNamespace and
// HeaderPrefix.
//
//go:embed attempt.lua
var attempt string

// The headers that carry something from one upstream filter to the next. None leaves Envoy.
const (
	attemptHeader    = HeaderPrefix + "attempt"
	credentialHeader = HeaderPrefix + "credential-"
)

// upstreamFilters run once for each attempt, after routing: everything that is no business of a provider is taken out, the
// attempt learns which it is, the order's credentials are put in headers of Weir's own, the attempt's own is moved to its
// place with path and model, and all headers of Weir's own are taken out again, whatever happened before.
func (w *writer) upstreamFilters(list []Upstream) []*hcmv3.HttpFilter {
	filter := func(name string, m proto.Message) *hcmv3.HttpFilter {
		return &hcmv3.HttpFilter{Name: name, ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: w.pack(m)}}
	}
	const mutate = "envoy.filters.http.header_mutation"
	out := []*hcmv3.HttpFilter{filter(mutate, &headersv3.HeaderMutation{Mutations: inwards(list[0].CallerHeaders)})}
	for i, p := range list {
		if p.SecretFile == "" && p.SecretEnv == "" {
			continue
		}
		out = append(out, filter("envoy.filters.http.credential_injector", &injectorv3.CredentialInjector{
			Overwrite: true,
			Credential: &corev3.TypedExtensionConfig{
				Name: "envoy.http.injected_credentials.generic", TypedConfig: w.pack(w.credential(p, i)),
			},
		}))
	}
	out = append(out,
		filter("envoy.filters.http.lua", &luav3.Lua{DefaultSourceCode: &corev3.DataSource{Specifier: &corev3.DataSource_InlineString{InlineString: attempt}}}),
		filter(mutate, &headersv3.HeaderMutation{Mutations: outwards()}),
	)
	if a := list[0].AWS; a != nil {
		out = append(out, filter("envoy.filters.http.aws_request_signing", signing(a)))
	}
	return append(out, filter("envoy.filters.http.upstream_codec", &codecv3.UpstreamCodec{}))
}

// signing signs what goes out, last of all: headers and the hash of the body.
func signing(a *AWS) *signingv3.AwsRequestSigning {
	s := &signingv3.AwsRequestSigning{ServiceName: a.Service, Region: a.Region}
	if a.File != "" {
		s.CredentialProvider = &awsv3.AwsCredentialProvider{
			CustomCredentialProviderChain: true,
			CredentialsFileProvider: &awsv3.CredentialsFileCredentialProvider{
				CredentialsDataSource: &corev3.DataSource{Specifier: &corev3.DataSource_Filename{Filename: a.File}}, Profile: a.Profile,
			},
		}
	}
	return s
}

// inwards takes out what never crosses the border to a provider: Weir's own headers, every form in which a caller's key
// may stand, what an attempt before this one put in their place, cookies, and who the caller is. caller are headers in
// which the caller's own credential is for this provider.
func inwards(caller []string) *headersv3.Mutations {
	m := &headersv3.Mutations{RequestMutations: []*mutationv3.HeaderMutation{
		removeMatching(HeaderPrefix), removeMatching("x-envoy-"), removeMatching("x-forwarded-"),
	}}
	for _, name := range [...]string{
		"authorization", "x-api-key", "x-detection-key", "x-bf-vk", "x-goog-api-key", "api-key",
		"proxy-authorization", "cookie", "forwarded", "x-real-ip",
	} {
		if !slices.Contains(caller, name) {
			m.RequestMutations = append(m.RequestMutations, remove(name))
		}
	}
	m.RequestMutations = append(m.RequestMutations, put(attemptHeader))
	return m
}

// outwards takes Weir's own headers out last. From the provider it takes out what would speak in Weir's name, set a cookie,
// or send the client elsewhere; and it says which attempt answers.
func outwards() *headersv3.Mutations {
	return &headersv3.Mutations{
		RequestMutations: []*mutationv3.HeaderMutation{removeMatching(HeaderPrefix)},
		ResponseMutations: []*mutationv3.HeaderMutation{
			removeMatching(HeaderPrefix), removeMatching("x-envoy-"), remove("set-cookie"), remove("alt-svc"), put(attemptHeader),
		},
	}
}

// put writes which attempt of its order an endpoint is for.
func put(name string) *mutationv3.HeaderMutation {
	return &mutationv3.HeaderMutation{Action: &mutationv3.HeaderMutation_Append{
		Append: header(name, "%UPSTREAM_METADATA("+MetadataNamespace+":"+attemptKey+")%"),
	}}
}

// credential is the provider's secret by reference. Where it cannot be read the attempt fails: a request never goes
// out without the credential it was to have.
func (w *writer) credential(p Upstream, i int) *genericv3.Generic {
	g := &genericv3.Generic{
		Credential: &tlsv3.SdsSecretConfig{Name: RoutePrefix + p.Name},
		Header:     credentialHeader + strconv.Itoa(i),
	}
	switch {
	case w.o.XDS:
		g.Credential.SdsConfig = aggregated()
	case p.SecretFile != "":
		source := &corev3.PathConfigSource{Path: p.SecretFile}
		if w.mounted {
			source.WatchedDirectory = &corev3.WatchedDirectory{Path: path.Dir(p.SecretFile)}
		}
		g.Credential.SdsConfig = &corev3.ConfigSource{ConfigSourceSpecifier: &corev3.ConfigSource_PathConfigSource{PathConfigSource: source}}
	}
	return g
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
