package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"weir/envoy"
)

// Filters that write down what passes, or set headers.
const (
	tap    = "envoy.extensions.filters.http.tap.v3.Tap"
	mutate = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
	xff    = "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig"
)

// beside checks a connection manager without Weir's filter, in an Envoy that has one with it.
func (c *checker) beside(l resource[*listenerv3.Listener], hcm *hcmv3.HttpConnectionManager, p place) {
	k := &chain{checker: c, hcm: hcm, at: p, listener: l.is, door: l.at}
	severity, found := Warning, "no filter of Weir's, and another listener has it"
	if k.anyRoute(leadsToOrder) {
		severity, found = Error, "no filter of Weir's, and a route to a provider of Weir's"
	}
	c.add(severity, "ungoverned", p.in("http_filters"), found, "Weir's filter here, too, unless nothing for a model passes there")
}

// leadsToOrder says whether a route leads to a cluster of Weir's own providers.
func leadsToOrder(r *routev3.Route) bool {
	a := r.GetRoute()
	ours := func(name string) bool { return strings.HasPrefix(name, envoy.RoutePrefix) }
	return a.GetClusterHeader() == envoy.RouteHeader || ours(a.GetCluster()) ||
		slices.ContainsFunc(a.GetWeightedClusters().GetClusters(), func(w *routev3.WeightedCluster_ClusterWeight) bool { return ours(w.GetName()) })
}

// matched are the routes that stand in a virtual host's matcher.
func matched(v *routev3.VirtualHost) (out []*routev3.Route) {
	if v.GetMatcher() == nil {
		return nil
	}
	var look func(m protoreflect.Message)
	look = func(m protoreflect.Message) {
		if a, ok := m.Interface().(*anypb.Any); ok {
			for _, into := range []proto.Message{&routev3.Route{}, &routev3.RouteList{}} {
				if a.UnmarshalTo(into) == nil {
					switch r := into.(type) {
					case *routev3.Route:
						out = append(out, r)
					case *routev3.RouteList:
						out = append(out, r.GetRoutes()...)
					}
				}
			}
			return
		}
		m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case f.IsMap():
				if f.MapValue().Message() != nil {
					v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool { look(v.Message()); return true })
				}
			case f.Message() == nil:
			case f.IsList():
				for i := range v.List().Len() {
					look(v.List().Get(i).Message())
				}
			default:
				look(v.Message())
			}
			return true
		})
	}
	look(v.GetMatcher().ProtoReflect())
	return out
}

// shares checks the clusters that requests of one route are shared among.
func (k *chain) shares(a *routev3.RouteAction, p place) {
	for i, w := range a.GetWeightedClusters().GetClusters() {
		at := p.in("weighted_clusters", "clusters", i)
		if k.override(w.GetTypedPerFilterConfig(), at) == off {
			k.add(Error, "ungoverned", at, "a part of the route's requests that passes without Weir", "Weir on it, too")
		}
	}
}

// bodies are the words about another ext_proc filter that let it process bodies, on any route.
func (k *chain) bodies(name string) (place, bool) {
	r, p, ok := k.routesOf()
	if !ok {
		return place{}, false
	}
	takes := func(all map[string]*anypb.Any) bool {
		a := all[name]
		f, o := &routev3.FilterConfig{}, &extprocv3.ExtProcPerRoute{}
		if a != nil && a.UnmarshalTo(f) == nil {
			a = f.GetConfig()
		}
		return a != nil && a.UnmarshalTo(o) == nil && seesBodies(o.GetOverrides().GetProcessingMode())
	}
	if takes(r.GetTypedPerFilterConfig()) {
		return p.in("typed_per_filter_config", name), true
	}
	for i, v := range r.GetVirtualHosts() {
		host := p.in("virtual_hosts", i)
		if takes(v.GetTypedPerFilterConfig()) {
			return host.in("typed_per_filter_config", name), true
		}
		for j, route := range v.GetRoutes() {
			if takes(route.GetTypedPerFilterConfig()) {
				return host.in("routes", j, "typed_per_filter_config", name), true
			}
		}
	}
	return place{}, false
}

func seesBodies(m *extprocv3.ProcessingMode) bool {
	return m.GetRequestBodyMode() != extprocv3.ProcessingMode_NONE || m.GetResponseBodyMode() != extprocv3.ProcessingMode_NONE
}

// verified says whether a transport socket is TLS that checks whom it speaks with; plain says that it is none at all. One
// that nobody here knows is taken for good.
func verified(s *corev3.TransportSocket) (good, plain bool) {
	if strings.HasSuffix(s.GetTypedConfig().GetTypeUrl(), ".RawBuffer") || s.GetName() == "envoy.transport_sockets.raw_buffer" {
		return false, true
	}
	t := &tlsv3.UpstreamTlsContext{}
	if s.GetTypedConfig().UnmarshalTo(t) != nil {
		return true, false
	}
	c := t.GetCommonTlsContext()
	checks := func(v *tlsv3.CertificateValidationContext) bool {
		return v.GetTrustedCa() != nil || v.GetCustomValidatorConfig() != nil || v.GetCaCertificateProviderInstance() != nil || v.GetSystemRootCerts() != nil ||
			len(v.GetVerifyCertificateHash()) > 0 || len(v.GetVerifyCertificateSpki()) > 0
	}
	return checks(c.GetValidationContext()) || c.GetValidationContextSdsSecretConfig() != nil ||
		checks(c.GetCombinedValidationContext().GetDefaultValidationContext()) || c.GetCombinedValidationContext().GetValidationContextSdsSecretConfig() != nil, false
}

// providers checks the clusters that requests go on to.
func (k *chain) providers() {
	for _, r := range k.told.clusters {
		o := &upstreamsv3.HttpProtocolOptions{}
		if r.is.GetName() == clusterOf(k.filter) || !holds(r.is, o) || o.GetRetryPolicy() == nil {
			continue
		}
		k.tries(o.GetRetryPolicy(), r.at.in("typed_extension_protocol_options", httpOptions, "retry_policy"))
	}
}

func holds(c *clusterv3.Cluster, o *upstreamsv3.HttpProtocolOptions) bool {
	a, ok := c.GetTypedExtensionProtocolOptions()[httpOptions]
	return ok && a.UnmarshalTo(o) == nil
}

// paidFor are the words of a retry policy that send a request again which a provider may have served.
var paidFor = []string{"5xx", "gateway-error", "retriable-4xx", "retriable-status-codes", "retriable-headers", "reset"}

// tries checks a retry policy whose attempts may all go to one provider.
func (k *chain) tries(policy interface{ GetRetryOn() string }, p place) {
	for _, word := range strings.Split(policy.GetRetryOn(), ",") {
		if word = strings.TrimSpace(word); slices.Contains(paidFor, word) {
			k.add(Warning, "retries", p.in("retry_on"), word, "connect-failure,refused-stream,reset-before-request for one provider: an answer that failed late may have been paid for, and Weir sees one attempt only")
		}
	}
}

// secretWords are parts of a log's format that print what nobody may read there.
var secretWords = regexp.MustCompile(`(?i)%(REQ|TRAILER|REQUEST_HEADER)\((authorization|proxy-authorization|cookie|x-api-key|api-key|x-goog-api-key|x-detection-key|x-bf-vk|x-weir-[a-z-]*)[?):]|%DYNAMIC_METADATA\(weir`)

// logs looks for what writes keys or prompts down.
func (k *chain) logs() {
	for i := range k.hcm.GetAccessLog() {
		p := k.at.in("access_log", i)
		p.at.each(func(n *node) {
			if m := secretWords.FindString(n.text()); m != "" {
				k.add(Warning, "logs", place{at: n, path: p.path}, m, "no header or metadata that holds a key: whoever reads the log has it")
			}
		})
	}
}

// each visits a node and all below it.
func (n *node) each(visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, k := range n.keys {
		n.kids[k].each(visit)
	}
	for _, i := range n.items {
		i.each(visit)
	}
}

// ours says whether a filter's configuration names a header of Weir's own, and which.
func ours(p place) (at place, header string) {
	p.at.each(func(n *node) {
		if t := strings.ToLower(n.text()); header == "" && strings.HasPrefix(t, envoy.HeaderPrefix) {
			at, header = place{at: n, path: p.path}, t
		}
	})
	return at, header
}

// addresses says where clients may say themselves where they come from.
func (k *chain) addresses() {
	h := k.hcm
	const why = "otherwise a client says in x-forwarded-for where it comes from, and limits by address are its own to choose"
	for i := range h.GetOriginalIpDetectionExtensions() {
		if kindOf(k.at.exact("original_ip_detection_extensions", i, "typed_config")) == xff {
			k.add(Warning, "client-address", k.at.in("original_ip_detection_extensions", i), "the address that a header says", "it only behind proxies that write the header anew: "+why)
		}
	}
	if n := h.GetXffNumTrustedHops(); n > 0 {
		k.add(Warning, "client-address", k.at.in("xff_num_trusted_hops"), fmt.Sprint(n), "0, unless as many proxies of yours stand in front: "+why)
	}
	if !h.GetUseRemoteAddress().GetValue() && len(h.GetOriginalIpDetectionExtensions()) == 0 {
		k.add(Warning, "client-address", k.at.in("use_remote_address"), "false", "true at the edge: "+why)
	}
}
