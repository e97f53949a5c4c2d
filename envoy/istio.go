package envoy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Where an EnvoyFilter attaches Weir.
const (
	IstioGateway  = "gateway"  // to what comes in at a gateway
	IstioOutbound = "outbound" // to what a workload asks for, in its sidecar
	IstioInbound  = "inbound"  // to what a workload is asked, in its sidecar
)

// The API groups of Istio's manifests.
const (
	istioNetwork  = "networking.istio.io/v1"
	istioFilter   = "networking.istio.io/v1alpha3"
	istioSecurity = "security.istio.io/v1"
)

// managerName is the network filter that an EnvoyFilter looks for.
const managerName = "envoy.filters.network.http_connection_manager"

// IstioTarget is the workload that Weir is attached to.
type IstioTarget struct {
	Namespace string            // of the workload and of everything that is written; default istio-system
	Workload  map[string]string // its labels; default istio=ingressgateway
	Context   string            // IstioGateway, IstioOutbound or IstioInbound; default IstioGateway
	Hosts     []string          // that are governed; default llm.example.com
	// Provider writes an AuthorizationPolicy instead, for the extension provider of this name in MeshConfig: only requests are
	// decided about, over ext_authz.
	Provider string
}

func (t IstioTarget) withDefaults() IstioTarget {
	or(&t.Namespace, "istio-system")
	or(&t.Context, IstioGateway)
	if len(t.Workload) == 0 {
		t.Workload = map[string]string{"istio": "ingressgateway"}
	}
	if len(t.Hosts) == 0 {
		t.Hosts = []string{"llm.example.com"}
	}
	return t
}

// contexts are the words of an EnvoyFilter.
var contexts = map[string]string{IstioGateway: "GATEWAY", IstioOutbound: "SIDECAR_OUTBOUND", IstioInbound: "SIDECAR_INBOUND"}

// Istio writes the manifests that attach a Weir at Options.Weir, a Service of the mesh.
func Istio(o Options, t IstioTarget) ([]byte, error) {
	w, err := begin("Istio", o)
	if err != nil {
		return nil, err
	}
	t = t.withDefaults()
	if contexts[t.Context] == "" {
		return nil, fmt.Errorf("manifests of Istio: context %q is none of gateway, outbound and inbound", t.Context)
	}
	if err := named(map[string]string{"namespace": t.Namespace}); err != nil {
		return nil, fmt.Errorf("manifests of Istio: %w", err)
	}
	if slices.Contains(t.Hosts, "") {
		return nil, fmt.Errorf("manifests of Istio: --host must be the name of a host")
	}
	service, err := address(o.Weir, 1)
	if err != nil || service.numeric() {
		return nil, fmt.Errorf("manifests of Istio: Weir must be a Service of the mesh, found %q", o.Weir)
	}
	all := []manifest{w.weirRule(service)}
	if t.Provider != "" {
		all = append(all, t.authorizationPolicy())
	} else {
		if list := w.providerEntries(); len(list) > 0 {
			all = append(all, list...)
		}
		all = append(all, w.envoyFilter(t, service))
	}
	if w.err != nil {
		return nil, fmt.Errorf("manifests of Istio: %w", w.err)
	}
	return manifests(t.Namespace, all)
}

// weirRule bounds what is under way to Weir, and reaches it with the mesh's own mutual TLS.
func (w *writer) weirRule(service endpoint) manifest {
	return manifest{
		why: "Weir's own Service: as many exchanges at once as Weir takes, mutual TLS of the mesh, and no retries but the filter's own.",
		api: istioNetwork, kind: "DestinationRule", name: manifestName,
		spec: object{
			"host": service.host,
			"trafficPolicy": object{
				"connectionPool": object{
					"tcp":  object{"maxConnections": maxUpstreamConn, "connectTimeout": weirConnect.String()},
					"http": object{"http2MaxRequests": w.o.Requests, "http1MaxPendingRequests": w.o.Requests, "h2UpgradePolicy": "UPGRADE"},
				},
				"tls": w.meshTLS(),
			},
		},
	}
}

// plainName makes a provider's name one that Kubernetes takes for an object (RFC 1123).
var plainName = strings.NewReplacer("_", "-", ".", "-")

// meshTLS is the mesh's own mutual TLS, unless Weir has certificates from elsewhere.
func (w *writer) meshTLS() object {
	t := w.o.TLS
	switch {
	case t == nil || t.SPIFFE != "": // the mesh's own identities are SPIFFE's
		return object{"mode": "ISTIO_MUTUAL"}
	case t.CertFile == "":
		return object{"mode": "SIMPLE", "caCertificates": t.CAFile, "sni": t.Name, "subjectAltNames": list{t.Name}}
	}
	return object{
		"mode": "MUTUAL", "caCertificates": t.CAFile, "clientCertificate": t.CertFile, "privateKey": t.KeyFile, "sni": t.Name, "subjectAltNames": list{t.Name},
	}
}

// providerEntries are the providers as the mesh knows them, for an egress that lets out only what is registered.
func (w *writer) providerEntries() []manifest {
	var out []manifest
	seen := map[string]bool{}
	for _, p := range w.o.Providers {
		o, err := p.origin()
		if err != nil || o.endpoint.numeric() || seen[o.endpoint.host] {
			continue
		}
		seen[o.endpoint.host] = true
		protocol := map[bool]string{true: "TLS", false: "HTTP"}[o.tls]
		out = append(out, manifest{
			why: "A provider that the mesh lets out to. Envoy speaks TLS with it itself.",
			api: istioNetwork, kind: "ServiceEntry", name: manifestName + "-" + strings.ToLower(plainName.Replace(p.Name)),
			spec: object{
				"hosts": list{o.endpoint.host}, "location": "MESH_EXTERNAL", "resolution": "DNS",
				"ports": list{object{"name": strings.ToLower(protocol), "number": o.endpoint.port, "protocol": protocol}},
			},
		})
	}
	return out
}

// authorizationPolicy asks the extension provider about every request to the hosts.
func (t IstioTarget) authorizationPolicy() manifest {
	return manifest{
		why: "Weir, asked about the request alone: nothing is edited, and nothing of the answer is governed. docs/install-istio.md has the\n" +
			"extension provider that MeshConfig must declare under this name.",
		api: istioSecurity, kind: "AuthorizationPolicy", name: manifestName,
		spec: object{
			"selector": object{"matchLabels": t.Workload}, "action": "CUSTOM", "provider": object{"name": t.Provider},
			"rules": list{object{"to": list{object{"operation": object{"hosts": t.Hosts}}}}},
		},
	}
}

// envoyFilter are the patches of one workload's Envoys.
func (w *writer) envoyFilter(t IstioTarget, service endpoint) manifest {
	f := istioPatches{context: contexts[t.Context]}
	connection := object{"filterChain": object{"filter": object{"name": managerName}}}
	router := object{"filterChain": object{"filter": object{"name": managerName, "subFilter": object{"name": "envoy.filters.http.router"}}}}

	f.add("LISTENER", "MERGE", "listener", object{}, w.plain(&listenerv3.Listener{PerConnectionBufferLimitBytes: wrapperspb.UInt32(uint32(w.o.BodyBytes))}))
	f.add("NETWORK_FILTER", "MERGE", "listener", connection, w.plain(&listenerv3.Filter{
		Name: managerName, ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: w.pack(w.guard())},
	}))
	filter := w.weir()
	processor := w.processor()
	processor.GrpcService.GetEnvoyGrpc().ClusterName = fmt.Sprintf("outbound|%d||%s", service.port, service.host)
	filter.ConfigType = &hcmv3.HttpFilter_TypedConfig{TypedConfig: w.pack(processor)}
	f.add("HTTP_FILTER", "INSERT_BEFORE", "listener", router, w.plain(filter))

	host := &routev3.VirtualHost{TypedPerFilterConfig: map[string]*anypb.Any{FilterName: w.governs()}}
	if n := w.bodyBound(); n > 0 {
		host.RequestBodyBufferLimit = wrapperspb.UInt64(n)
	}
	var routes []*routev3.Route
	if len(w.o.Providers) > 0 { // else the mesh routes by itself
		routes = w.orderRoutes()
		slices.Reverse(routes)
	}
	for _, vhost := range t.hosts() {
		f.add("VIRTUAL_HOST", "MERGE", "routeConfiguration", vhost, w.plain(host))
		for _, r := range routes {
			f.add("HTTP_ROUTE", "INSERT_FIRST", "routeConfiguration", vhost, w.plain(r))
		}
	}
	clusters, _ := w.clusters()
	for _, c := range clusters {
		f.add("CLUSTER", "ADD", "", nil, w.plain(c))
	}
	return manifest{
		why: "Weir's filter, Envoy's own answers in the tenant's words, and the orders of providers with each attempt's own credential, path\n" +
			"and model. The fields are those of the Envoy minor this was written for: an older one ignores what it does not know.",
		api: istioFilter, kind: "EnvoyFilter", name: manifestName,
		spec: object{"workloadSelector": object{"labels": t.Workload}, "configPatches": f.list},
	}
}

// istioPatches are the patches of an EnvoyFilter.
type istioPatches struct {
	context string
	list    list
}

// add is one patch; match is what it looks for in a thing of the kind.
func (f *istioPatches) add(applyTo, operation, kind string, match object, value json.RawMessage) {
	m := object{"context": f.context}
	if len(match) > 0 {
		m[kind] = match
	}
	f.list = append(f.list, object{"applyTo": applyTo, "match": m, "patch": object{"operation": operation, "value": value}})
}

// hosts match the virtual hosts that Istio makes of what is governed. A workload's own are all there are in its sidecar.
func (t IstioTarget) hosts() []object {
	if t.Context == IstioInbound {
		return []object{{}}
	}
	var out []object
	for _, h := range t.Hosts {
		if !strings.Contains(h, ":") {
			h += ":80"
		}
		out = append(out, object{"vhost": object{"name": h}})
	}
	return out
}

// guard is what the manager of connections must do about clients that it does not do by itself in a mesh.
func (w *writer) guard() *hcmv3.HttpConnectionManager {
	full := w.connections()
	return &hcmv3.HttpConnectionManager{
		LocalReplyConfig:              full.LocalReplyConfig,
		EarlyHeaderMutationExtensions: full.EarlyHeaderMutationExtensions,
		Http2ProtocolOptions: &corev3.Http2ProtocolOptions{
			InitialStreamWindowSize:     full.Http2ProtocolOptions.InitialStreamWindowSize,
			InitialConnectionWindowSize: full.Http2ProtocolOptions.InitialConnectionWindowSize,
		},
		StreamIdleTimeout:     durationpb.New(w.o.Timeouts.Idle),
		RequestHeadersTimeout: durationpb.New(w.o.Timeouts.Headers),
		RequestTimeout:        durationpb.New(w.o.Timeouts.Upload),
	}
}
