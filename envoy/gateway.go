package envoy

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/anypb"
)

// The API groups of Envoy Gateway's manifests.
const (
	egAPI      = "gateway.envoyproxy.io/v1alpha1"
	egGroup    = "gateway.envoyproxy.io"
	routeAPI   = "gateway.networking.k8s.io/v1"
	routeGroup = "gateway.networking.k8s.io"
)

// Types of the resources that an EnvoyPatchPolicy changes.
const (
	listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	routesType   = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	clusterType  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
)

// manifestName is that of every object.
const manifestName = "weir"

// GatewayTarget is the Gateway that Weir is attached to.
type GatewayTarget struct {
	Namespace string // of the Gateway and of everything that is written; default: default
	Gateway   string // its name; default eg
	Listener  string // the name of its listener; default http
	// AuthzBytes writes a SecurityPolicy instead: only the request is decided about, over ext_authz, with so many bytes of
	// its body. 0: everything is governed, over ext_proc.
	AuthzBytes int64
	// Route is the user's own HTTPRoute that is governed, where the mesh routes by itself; empty: one is written, for the
	// providers of the options. A SecurityPolicy is always for a route of the user's.
	Route string
	// Authority is the ConfigMap with the authorities (ca.crt) that signed Weir's certificate, Name the name it is for; empty:
	// Weir is reached in the clear. ClientSecret is the Secret with the certificate that Envoy shows; empty: none.
	Authority, Name, ClientSecret string
	// Paths are prefixes of the paths that are governed; default: those of the vendors' APIs.
	Paths []string
}

// DefaultPaths are the prefixes of the paths that Weir governs on a Gateway that serves other things, too.
func DefaultPaths() []string {
	return []string{"/v1", "/v1beta", "/openai", "/actuator/health"}
}

func (t GatewayTarget) withDefaults() GatewayTarget {
	or(&t.Namespace, "default")
	or(&t.Gateway, "eg")
	or(&t.Listener, "http")
	if t.AuthzBytes > 0 {
		or(&t.Route, "llm")
	}
	if len(t.Paths) == 0 {
		t.Paths = DefaultPaths()
	}
	return t
}

// filter is the name that Envoy Gateway gives Weir's filter.
func (t GatewayTarget) filter() string {
	return fmt.Sprintf("%s//%s/%s/extproc/0", FilterName, t.Namespace, manifestName)
}

// resource is the name of the listener, and of its routes.
func (t GatewayTarget) resource() string {
	return strings.Join([]string{t.Namespace, t.Gateway, t.Listener}, "/")
}

func httpRoute(name string) list {
	return list{object{"group": routeGroup, "kind": "HTTPRoute", "name": name}}
}

func (t GatewayTarget) gateway() object {
	return object{"group": routeGroup, "kind": "Gateway", "name": t.Gateway}
}

// Gateway writes Envoy Gateway's manifests for a Weir at Options.Weir: what its own API can say is said by it, the rest by an
// EnvoyPatchPolicy. The Gateway itself is the user's.
func Gateway(o Options, t GatewayTarget) ([]byte, error) {
	w, err := begin("Envoy Gateway", o)
	if err != nil {
		return nil, err
	}
	t = t.withDefaults()
	if t.ClientSecret != "" && t.Authority == "" {
		return nil, fmt.Errorf("manifests of Envoy Gateway: --client-secret is of use with --weir-ca and --weir-name alone: Envoy must know whom it shows its certificate")
	}
	if err := named(map[string]string{"namespace": t.Namespace, "gateway": t.Gateway, "listener": t.Listener, "route": t.Route, "weir-ca": t.Authority, "client-secret": t.ClientSecret}); err != nil {
		return nil, fmt.Errorf("manifests of Envoy Gateway: %w", err)
	}
	for _, p := range t.Paths {
		if !strings.HasPrefix(p, "/") {
			return nil, fmt.Errorf("manifests of Envoy Gateway: --path %q must begin with /", p)
		}
	}
	if w.o.TLS != nil && t.Authority == "" {
		return nil, fmt.Errorf("manifests of Envoy Gateway: Weir speaks TLS, and Envoy Gateway reads certificates from objects: say --weir-ca and --weir-name, and --client-secret where Weir asks for a certificate")
	}
	if w.o.Mesh && t.Route == "" {
		return nil, fmt.Errorf("manifests of Envoy Gateway: where the mesh routes by itself, say which HTTPRoute is to be governed")
	}
	all := []manifest{w.weirBackend(t)}
	if t.Authority != "" {
		all = append(all, w.weirTLS(t))
	}
	all = append(all, w.clientPolicy(t))
	switch {
	case t.AuthzBytes > 0:
		all = append(all, w.authzPolicy(t))
	case t.Route != "":
		all = append(all, w.extensionPolicy(t), w.patchPolicy(t))
	default:
		all = append(all, nowhereBackend(), w.surfacesRoute(t), w.extensionPolicy(t), w.patchPolicy(t))
	}
	if w.err != nil {
		return nil, fmt.Errorf("manifests of Envoy Gateway: %w", w.err)
	}
	return manifests(t.Namespace, all)
}

// backendOf is where an endpoint is in the words of a Backend.
func backendOf(e endpoint) object {
	switch {
	case e.path != "":
		return object{"unix": object{"path": e.path}}
	case e.numeric():
		return object{"ip": object{"address": e.host, "port": e.port}}
	}
	return object{"fqdn": object{"hostname": e.host, "port": e.port}}
}

func (w *writer) weirBackend(t GatewayTarget) manifest {
	e, err := address(w.o.Weir, 1)
	if err != nil && w.err == nil {
		w.err = err
	}
	spec := object{"endpoints": list{backendOf(e)}}
	if t.ClientSecret != "" {
		spec["tls"] = object{"clientCertificateRef": object{"kind": "Secret", "name": t.ClientSecret}}
	}
	return manifest{
		why: "Where Envoy reaches Weir. A name that leads to each Weir's own address (a headless Service) lets it choose among them.",
		api: egAPI, kind: "Backend", name: manifestName, spec: spec,
	}
}

// weirTLS checks Weir's certificate.
func (w *writer) weirTLS(t GatewayTarget) manifest {
	return manifest{
		why: "Weir is who it says it is.",
		api: routeAPI, kind: "BackendTLSPolicy", name: manifestName,
		spec: object{
			"targetRefs": list{object{"group": egGroup, "kind": "Backend", "name": manifestName}},
			"validation": object{"caCertificateRefs": list{object{"group": "", "kind": "ConfigMap", "name": t.Authority}}, "hostname": t.Name},
		},
	}
}

// governed is the HTTPRoute that policies are for.
func (t GatewayTarget) governed() string {
	if t.Route != "" {
		return t.Route
	}
	return manifestName
}

// nowherePort is the discard protocol's, on Envoy's own address: nobody listens there.
const nowherePort = 9

func nowhereBackend() manifest {
	return manifest{
		why: "Where a request would go that Weir chose no provider for: nowhere.",
		api: egAPI, kind: "Backend", name: manifestName + "-nowhere",
		spec: object{"endpoints": list{object{"ip": object{"address": "127.0.0.1", "port": nowherePort}}}},
	}
}

func (w *writer) surfacesRoute(t GatewayTarget) manifest {
	var matches list
	for _, p := range t.Paths {
		matches = append(matches, object{"path": object{"type": "PathPrefix", "value": p}})
	}
	return manifest{
		why: "The paths that Weir governs. It answers itself, or names the order of providers that the request then goes to.",
		api: routeAPI, kind: "HTTPRoute", name: manifestName,
		spec: object{
			"parentRefs": list{object{"name": t.Gateway, "sectionName": t.Listener}},
			"rules": list{object{
				"name": "surfaces", "matches": matches, "timeouts": object{"request": "0s"},
				"backendRefs": list{object{"group": egGroup, "kind": "Backend", "name": manifestName + "-nowhere"}},
			}},
		},
	}
}

// clientPolicy bounds what clients may send, and takes out what only Weir and Envoy may say.
func (w *writer) clientPolicy(t GatewayTarget) manifest {
	return manifest{
		why: "Bounds of bodies: the first is that of HTTP/1, the windows are those of HTTP/2. Headers under " + HeaderPrefix + " are Weir's own;\nx-envoy- ones would change routing.",
		api: egAPI, kind: "ClientTrafficPolicy", name: manifestName,
		spec: object{
			"targetRefs": list{object{"group": routeGroup, "kind": "Gateway", "name": t.Gateway, "sectionName": t.Listener}},
			"connection": object{"bufferLimit": fmt.Sprint(w.o.BodyBytes)},
			"http2": object{
				"initialStreamWindowSize": fmt.Sprint(max(w.o.BodyBytes, smallestWindow)), "initialConnectionWindowSize": fmt.Sprint(max(w.o.BodyBytes, smallestWindow)),
				"maxConcurrentStreams": streamsPerClient,
			},
			"headers": object{
				"earlyRequestHeaders":   object{"removeOnMatch": list{startsWith(HeaderPrefix), startsWith("x-envoy-")}},
				"requestID":             "PreserveOrGenerate",
				"withUnderscoresAction": "RejectRequest",
			},
			"path": object{"disableMergeSlashes": true, "escapedSlashesAction": "KeepUnchanged"},
			"timeout": object{"http": object{
				"requestHeadersReceivedTimeout": w.o.Timeouts.Headers.String(), "requestReceivedTimeout": w.o.Timeouts.Upload.String(),
				"streamIdleTimeout": w.o.Timeouts.Idle.String(),
			}},
		},
	}
}

func startsWith(prefix string) object { return object{"type": "Prefix", "value": prefix} }

// reached is how Envoy reaches Weir from a policy.
func (w *writer) reached() object {
	return object{
		"backendRefs": list{object{"group": egGroup, "kind": "Backend", "name": manifestName}},
		"backendSettings": object{
			"circuitBreaker": object{"maxConnections": maxUpstreamConn, "maxPendingRequests": w.o.Requests, "maxParallelRequests": w.o.Requests},
			"http2":          object{"initialStreamWindowSize": fmt.Sprint(weirWindow), "initialConnectionWindowSize": fmt.Sprint(weirConnWindow)},
		},
	}
}

func (w *writer) extensionPolicy(t GatewayTarget) manifest {
	p, m := w.reached(), w.processor().MetadataOptions
	p["messageTimeout"], p["failOpen"] = w.o.Timeouts.Message.String(), false
	p["processingMode"] = object{
		"request":  object{"body": "Buffered", "attributes": permitted(requestAttributes())},
		"response": object{"body": "FullDuplexStreamed", "attributes": permitted(responseAttributes())},
	}
	p["metadata"] = object{"accessibleNamespaces": m.ForwardingNamespaces.Untyped, "writableNamespaces": m.ReceivingNamespaces.Untyped}
	return manifest{
		why: "Weir: the request's body whole, the answer as a stream that Weir may end early, and nothing passes where Weir does not answer.",
		api: egAPI, kind: "EnvoyExtensionPolicy", name: manifestName,
		spec: object{"targetRefs": httpRoute(t.governed()), "extProc": list{p}},
	}
}

// permitted are the attributes that an EnvoyExtensionPolicy may name; the others are patched in.
func permitted(all []string) []string {
	var out []string
	for _, a := range all {
		if !strings.HasPrefix(a, "xds.") {
			out = append(out, a)
		}
	}
	return out
}

func (w *writer) authzPolicy(t GatewayTarget) manifest {
	p := object{
		"grpc": w.reached(), "failOpen": false, "timeout": w.o.Timeouts.Message.String(),
		"bodyToExtAuth": object{"maxRequestBytes": t.AuthzBytes},
	}
	return manifest{
		why: "Weir, asked about the request alone: nothing is edited, and nothing of the answer is governed. A body beyond the bytes is a 413.",
		api: egAPI, kind: "SecurityPolicy", name: manifestName,
		spec: object{"targetRefs": httpRoute(t.governed()), "extAuth": p},
	}
}

// patchPolicy says what Envoy Gateway's API cannot.
func (w *writer) patchPolicy(t GatewayTarget) manifest {
	var patches list
	patch := func(kind, name, within, path string, value any) {
		op := object{"op": "add", "path": path, "value": value}
		if within != "" {
			op["jsonPath"] = within
		}
		patches = append(patches, object{"type": kind, "name": name, "operation": op})
	}
	processor := w.processor()
	name := t.resource()
	within := fmt.Sprintf("..http_filters[?(@.name=='%s')].typed_config", t.filter())
	patch(listenerType, name, within, "request_attributes", processor.RequestAttributes)
	patch(listenerType, name, within, "response_attributes", processor.ResponseAttributes)
	patch(listenerType, name, within, "grpc_service/retry_policy", w.plain(processor.GrpcService.RetryPolicy))
	patch(listenerType, name, within, "mutation_rules", w.plain(processor.MutationRules))
	if d := processor.MaxMessageTimeout; d != nil {
		patch(listenerType, name, within, "max_message_timeout", w.plain(d))
	}
	if processor.AllowContentLengthHeader {
		patch(listenerType, name, within, "allow_content_length_header", true)
	}
	const manager = "..filters[?(@.name=='envoy.filters.network.http_connection_manager')].typed_config"
	patch(listenerType, name, manager, "local_reply_config", w.plain(w.replies()))
	if t.Route == "" {
		w.patchRoutes(t, patch)
	}
	return manifest{
		why: "What Envoy Gateway's API cannot say: attributes, retries to another Weir, Envoy's own answers in the tenant's words, and the\n" +
			"orders of providers with each attempt's own credential, path and model.",
		api: egAPI, kind: "EnvoyPatchPolicy", name: manifestName,
		spec: object{"targetRef": t.gateway(), "type": "JSONPatch", "jsonPatches": patches},
	}
}

// patchRoutes adds the orders of providers, and the routes that lead to them: they are governed as all others, and no client
// gets there, since the header they look for is taken out first.
func (w *writer) patchRoutes(t GatewayTarget, patch func(kind, name, within, path string, value any)) {
	const hosts = "..virtual_hosts[*]"
	if n := w.bodyBound(); n > 0 {
		patch(routesType, t.resource(), hosts, "request_body_buffer_limit", fmt.Sprint(n))
	}
	routes := w.orderRoutes()
	for i := len(routes) - 1; i >= 0; i-- {
		r := routes[i]
		r.TypedPerFilterConfig = map[string]*anypb.Any{t.filter(): w.governs()}
		patch(routesType, t.resource(), hosts, "routes/0", w.plain(r))
	}
	clusters, _ := w.clusters()
	for _, c := range clusters {
		patch(clusterType, c.Name, "", "", w.plain(c))
	}
}
