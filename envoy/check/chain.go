package check

import (
	"fmt"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"

	"weir/envoy"
)

// What the filters of a chain are to Weir, by the type of their configuration.
const (
	authz = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz"
	jwt   = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
	rules = "envoy.extensions.filters.http.rbac.v3.RBAC"
	oauth = "envoy.extensions.filters.http.oauth2.v3.OAuth2"
	basic = "envoy.extensions.filters.http.basic_auth.v3.BasicAuth"
	keys  = "envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth"
	limit = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
	rates = "envoy.extensions.filters.http.ratelimit.v3.RateLimit"
	cors  = "envoy.extensions.filters.http.cors.v3.Cors"
	whole = "envoy.extensions.filters.http.buffer.v3.Buffer"
	sized = "envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit"
)

// editors may read or change a body.
func editors() map[string]string {
	return map[string]string{
		"envoy.extensions.filters.http.lua.v3.Lua":                                                "a script",
		"envoy.extensions.filters.http.wasm.v3.Wasm":                                              "a Wasm module",
		"envoy.extensions.filters.http.golang.v3alpha.Config":                                     "a Go plugin",
		"envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter":                    "a dynamic module",
		"envoy.extensions.filters.http.transform.v3.TransformConfig":                              "a transformation",
		"envoy.extensions.filters.http.ai_protocol_manager.v3.AiProtocolManager":                  "another reader of models' answers",
		"envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder":                "a transcoder",
		"envoy.extensions.filters.http.grpc_json_reverse_transcoder.v3.GrpcJsonReverseTranscoder": "a transcoder",
		"envoy.extensions.filters.http.aws_lambda.v3.Config":                                      "another form of every request",
		"envoy.extensions.filters.http.cache.v3.CacheConfig":                                      "a cache",
		"envoy.extensions.filters.http.cache_v2.v3.CacheV2Config":                                 "a cache",
	}
}

// packers change a body's coding.
func packers() map[string]string {
	return map[string]string{
		"envoy.extensions.filters.http.compressor.v3.Compressor":     "compresses",
		"envoy.extensions.filters.http.decompressor.v3.Decompressor": "decompresses",
		"envoy.extensions.filters.http.gzip.v3.Gzip":                 "compresses",
	}
}

// neighbours checks the filters around Weir's. A request passes them downwards, its answer upwards.
func (k *chain) neighbours(processors map[int]*extprocv3.ExternalProcessor) {
	for i, f := range k.hcm.GetHttpFilters() {
		p := k.at.in("http_filters", i)
		if i == k.number {
			continue
		}
		if other, ok := processors[i]; ok {
			k.other(f, other, p)
			continue
		}
		kind := kindOf(p.in("typed_config").at)
		if kind == tap {
			k.add(Warning, "logs", p, f.GetName()+", which writes requests and answers down", "none: prompts and keys are in them")
		}
		if what, ok := editors()[kind]; ok {
			k.add(Warning, "body-filter", p, what+" in the same chain", "none that changes a body after Weir has judged it, and no two that process bodies")
		}
		if i < k.number {
			k.above(f, kind, p)
		} else {
			k.below(f, kind, p)
		}
	}
	if last := len(k.hcm.GetHttpFilters()) - 1; k.number == last {
		k.add(Error, "order", k.at.in("http_filters", last), "Weir's filter last", "the router last")
	}
}

// other checks another ext_proc filter.
func (k *chain) other(f *hcmv3.HttpFilter, other *extprocv3.ExternalProcessor, p place) {
	m := other.GetProcessingMode()
	if clusterOf(other) == clusterOf(k.filter) {
		return // reported as attached twice
	}
	at := p.in("typed_config", "processing_mode")
	if !seesBodies(m) {
		if other.GetAllowModeOverride() {
			k.add(Warning, "body-filter", p.in("typed_config", "allow_mode_override"), f.GetName()+", another ext_proc filter that may ask for bodies", "false: two that process bodies cut them short")
		}
		there, takes := k.bodies(f.GetName())
		if !takes {
			return
		}
		at = there
	}
	k.add(Error, "body-filter", at, fmt.Sprintf("%s, another ext_proc filter that processes bodies", f.GetName()),
		"one body-processing ext_proc filter in a chain: two cut bodies short; let the other see headers only, or put it on a second listener or the upstream side")
}

// above checks a filter that sees a request before Weir.
func (k *chain) above(f *hcmv3.HttpFilter, kind string, p place) {
	if what, ok := packers()[kind]; ok && what == "decompresses" {
		k.add(Warning, "order", p, f.GetName()+" before Weir's filter", "none: Weir reads gzip, br and zstd itself, within its bound of a body")
	}
}

// below checks a filter that sees a request after Weir.
func (k *chain) below(f *hcmv3.HttpFilter, kind string, p place) {
	switch kind {
	case authz, rules, oauth, basic, keys, limit, rates:
		k.add(Warning, "order", p, f.GetName()+" after Weir's filter", "it before: what it refuses would have been judged and held money for already")
	case jwt:
		k.add(Error, "order", p, f.GetName()+" after Weir's filter", "it before: Weir reads the payload that it leaves, and would see none")
	case mutate:
		if at, header := ours(p.in("typed_config")); header != "" {
			k.add(Error, "trusted-headers", at, header+", after Weir's filter", "no header of Weir's own: a request would go elsewhere than was decided")
		}
	case cors:
		k.add(Warning, "order", p, f.GetName()+" after Weir's filter", "it before: a preflight request has no key and would be refused")
	case whole, sized:
		k.add(Warning, "order", p, f.GetName()+" after Weir's filter", "it before: a body has been read by then")
	}
	if what, ok := packers()[kind]; ok && what == "compresses" {
		k.add(Error, "order", p, f.GetName()+" after Weir's filter", "it before: Weir would be shown compressed answers, and refuses what it cannot read")
	}
}

// buffered is the most that a buffer filter before Weir's takes, whatever else is said, and where; 0: there is none.
func (k *chain) buffered() (n int64, at place) {
	for i := range k.number {
		p := k.at.in("http_filters", i, "typed_config")
		if kindOf(p.at) != whole {
			continue
		}
		if _, err := fmt.Sscan(p.exact("max_request_bytes").text(), &n); err == nil {
			return n, p.in("max_request_bytes")
		}
	}
	return 0, place{}
}

// spoken says whether Envoy's own replies print what Weir left for them.
func (k *chain) spoken() bool {
	for _, m := range k.hcm.GetLocalReplyConfig().GetMappers() {
		text := m.GetBodyFormatOverride().GetTextFormatSource().GetInlineString()
		if text == "%DYNAMIC_METADATA("+envoy.MetadataNamespace+":f503)%" {
			return true
		}
	}
	return false
}
