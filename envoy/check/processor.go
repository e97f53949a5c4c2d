package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"

	"weir/envoy"
)

// shortestAnswer is the least time that Weir should be given for one message: detectors in other processes and a store
// that fails over are in it.
const shortestAnswer = time.Second

// processor checks Weir's own filter.
func (k *chain) processor() {
	k.modes(k.filter.GetProcessingMode(), k.here.in("processing_mode"))
	if k.filter.GetFailureModeAllow() {
		k.add(Error, "failure-open", k.here.in("failure_mode_allow"), "true", "false: whenever Weir does not answer, requests would pass ungoverned")
	}
	k.switches()
	k.mutations()
	k.metadata()
	k.attributes()
	if !k.off {
		k.add(Warning, "always-on", k.at.in("http_filters", k.number, "disabled"), "the filter on for every request",
			"disabled: true here and typed_per_filter_config at the virtual host: otherwise requests that are no valid HTTP get no answer")
	}
	if !k.filter.GetAllowContentLengthHeader() && k.minor >= 38 {
		k.add(Warning, "content-length", k.here.in("allow_content_length_header"), "false", "true: answers whose length Weir knows would go out in chunks")
	}
	switch d := k.filter.GetMessageTimeout(); {
	case d == nil:
		k.add(Warning, "timeout", k.here.in("message_timeout"), "nothing, which is 200 ms", "10s: a slow store or detector would be a 504")
	case d.AsDuration() < shortestAnswer:
		k.add(Warning, "timeout", k.here.in("message_timeout"), d.AsDuration().String(), "1s or more: a slow store or detector would be a 504")
	}
}

// modes wants the ones that Weir works in.
func (k *chain) modes(m *extprocv3.ProcessingMode, p place) {
	const (
		send  = extprocv3.ProcessingMode_SEND
		usual = extprocv3.ProcessingMode_DEFAULT
	)
	if got := m.GetRequestBodyMode(); got != extprocv3.ProcessingMode_BUFFERED {
		k.add(Error, "body-mode", p.in("request_body_mode"), got.String(), "BUFFERED: any other is refused, since a request must be judged whole and may be sent twice")
	}
	if got := m.GetResponseBodyMode(); got != extprocv3.ProcessingMode_FULL_DUPLEX_STREAMED {
		k.add(Error, "body-mode", p.in("response_body_mode"), got.String(), "FULL_DUPLEX_STREAMED: any other is refused, since an answer could not be ended early")
	}
	for _, h := range [...]struct {
		field string
		got   extprocv3.ProcessingMode_HeaderSendMode
	}{{"request_header_mode", m.GetRequestHeaderMode()}, {"response_header_mode", m.GetResponseHeaderMode()}} {
		if h.got != send && h.got != usual {
			k.add(Error, "header-mode", p.in(h.field), h.got.String(), "SEND")
		}
	}
	if got := m.GetResponseTrailerMode(); got != send {
		k.add(Error, "trailers-mode", p.in("response_trailer_mode"), got.String(), "SEND: an answer that ends in trailers would have no end for Weir")
	}
	if got := m.GetRequestTrailerMode(); got == send {
		k.add(Warning, "trailers-mode", p.in("request_trailer_mode"), "SEND", "SKIP: Weir has no use for request trailers, and answers none")
	}
}

// switches are what takes an answer out of Weir's hands.
func (k *chain) switches() {
	for _, s := range [...]struct {
		field string
		on    bool
		why   string
	}{
		{"observability_mode", k.filter.GetObservabilityMode(), "Weir's answers would be ignored, and everything would pass"},
		{"disable_immediate_response", k.filter.GetDisableImmediateResponse(), "no refusal could be given"},
		{"send_body_without_waiting_for_header_response", k.filter.GetSendBodyWithoutWaitingForHeaderResponse(), "bodies would be sent before a key is checked"},
	} {
		if s.on {
			k.add(Error, "switch", k.here.in(s.field), "true", "false: "+s.why)
		}
	}
	if k.filter.GetGrpcService() == nil {
		k.add(Error, "switch", k.here.in("grpc_service"), "nothing", "envoy_grpc: Weir speaks gRPC only")
	}
	if k.filter.GetGrpcService().GetGoogleGrpc() != nil {
		k.add(Warning, "google-grpc", k.here.in("grpc_service", "google_grpc"), "google_grpc", "envoy_grpc: the other has no cluster, so no breakers, no health checks and no second Weir")
	}
	if strings.Contains(k.filter.GetGrpcService().GetRetryPolicy().GetRetryOn(), "unavailable") {
		k.add(Error, "retries", k.here.in("grpc_service", "retry_policy", "retry_on"), "unavailable", "connect-failure,refused-stream: a request that Weir has seen would be processed, and charged, twice")
	}
	if k.filter.GetForwardRules() != nil {
		k.add(Warning, "forward-rules", k.here.in("forward_rules"), "rules about which headers Weir sees", "none: keys, ids and content types that are kept back refuse the request, or go on to the provider")
	}
}

// mutations wants Weir to be able to edit what it edits.
func (k *chain) mutations() {
	r, p := k.filter.GetMutationRules(), k.here.in("mutation_rules")
	if r.GetDisallowAll().GetValue() {
		k.add(Error, "mutations", p.in("disallow_all"), "true", "false: the caller's key would go on to the provider")
	}
	if r.GetDisallowSystem().GetValue() && !k.o.Mesh {
		k.add(Error, "mutations", p.in("disallow_system"), "true", "false: Weir sets the path that a provider is asked at")
	}
	if r.GetDisallowExpression() != nil {
		k.add(Warning, "mutations", p.in("disallow_expression"), "names that may not be set", "none that Weir sets: "+envoy.HeaderPrefix+"*, x-request-id, authorization, content-length, retry-after")
	}
	if !r.GetDisallowIsError().GetValue() {
		k.add(Warning, "mutations", p.in("disallow_is_error"), "false", "true: a header that may not be set would be dropped in silence, and the request would go on otherwise than it was decided")
	}
	if k.o.Mesh {
		return
	}
	if k.filter.GetDisableClearRouteCache() || k.filter.GetRouteCacheAction() == extprocv3.ExternalProcessor_RETAIN {
		k.add(Error, "route-cache", k.here.in("route_cache_action"), "RETAIN", "DEFAULT: Weir chooses the route after the filter has run")
	}
}

// metadata wants the namespaces that Weir leaves its words in.
func (k *chain) metadata() {
	o, p := k.filter.GetMetadataOptions(), k.here.in("metadata_options")
	receiving := o.GetReceivingNamespaces().GetUntyped()
	for _, ns := range [...]struct {
		name string
		hard bool
		why  string
	}{
		{envoy.MetadataNamespace, false, "failures that Weir cannot answer would not be told in the tenant's words"},
		{envoy.RouteNamespace, !k.o.Mesh, "providers would be sent no path, model and credential of their own"},
	} {
		if slices.Contains(receiving, ns.name) || ns.name == envoy.RouteNamespace && k.o.Mesh {
			continue
		}
		severity := Warning
		if ns.hard {
			severity = Error
		}
		k.add(severity, "metadata", p.in("receiving_namespaces", "untyped"), fmt.Sprintf("%q", receiving), ns.name+" in it: "+ns.why)
	}
}

// attributes wants what Weir tells answers apart by.
func (k *chain) attributes() {
	for _, a := range [...]struct {
		field, name, why string
		list             []string
	}{
		{"request_attributes", "source.address", "limits by address would not hold", k.filter.GetRequestAttributes()},
		{"response_attributes", "response.code_details", "Envoy's own answers would count as the provider's", k.filter.GetResponseAttributes()},
		{"request_attributes", "xds.node.user_agent_build_version.version.minor_number", "Weir would take this Envoy for the oldest that it supports", k.filter.GetRequestAttributes()},
	} {
		if slices.Contains(a.list, a.name) {
			continue
		}
		k.add(Warning, "attributes", k.here.in(a.field), fmt.Sprintf("no %s", a.name), "it: "+a.why)
	}
	if slices.Contains(k.filter.GetRequestAttributes(), "xds.node") {
		k.add(Error, "attributes", k.here.in("request_attributes"), "xds.node", "its sub-field alone: the whole node makes every first message larger than 64 KiB, above which a second Weir is not tried")
	}
}
