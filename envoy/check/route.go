package check

import (
	"fmt"
	"slices"
	"strings"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	"google.golang.org/protobuf/types/known/anypb"

	"weir/envoy"
)

// said is what a virtual host or route says about Weir's filter.
type said int

const (
	nothing said = iota
	on
	off
)

// routes checks what becomes of requests on each route.
func (k *chain) routes() {
	r, p, ok := k.routesOf()
	if !ok {
		k.add(Warning, "routes", k.at.in("rds"), "routes that are not in this text", "a config dump, which has them: extproc envoy check --admin")
		return
	}
	governed, open := 0, 0
	for i, v := range r.GetVirtualHosts() {
		host := p.in("virtual_hosts", i)
		byHost := k.override(v.GetTypedPerFilterConfig(), host)
		each := func(route *routev3.Route, at place) {
			switch k.verdict(k.override(route.GetTypedPerFilterConfig(), at), byHost, k.override(r.GetTypedPerFilterConfig(), p)) {
			case on:
				governed++
				k.route(route, v, at)
			case off:
				if route.GetRoute() != nil {
					open++
					k.add(Warning, "ungoverned", at, "a route that passes without Weir", "Weir on it, unless nothing for a model passes there")
				}
			}
		}
		for j, route := range v.GetRoutes() {
			each(route, host.in("routes", j))
		}
		for _, route := range matched(v) {
			each(route, host.in("matcher"))
		}
	}
	if governed == 0 && open > 0 {
		k.add(Error, "ungoverned", k.at.in("http_filters", k.number), "Weir's filter off on every route", "it on: typed_per_filter_config of the virtual host switches it on")
	}
}

// verdict is what holds for a route: its own word, the host's, that of all, the chain's.
func (k *chain) verdict(words ...said) said {
	for _, w := range words {
		if w != nothing {
			return w
		}
	}
	if k.off {
		return off
	}
	return on
}

// override reads what a virtual host or route says about the filter, and checks it.
func (k *chain) override(all map[string]*anypb.Any, p place) said {
	a, ok := all[k.name]
	if !ok {
		return nothing
	}
	at := p.in("typed_per_filter_config", k.name)
	f := &routev3.FilterConfig{}
	if a.UnmarshalTo(f) == nil {
		if f.GetDisabled() {
			return off
		}
		a, at = f.GetConfig(), at.in("config")
	}
	o := &extprocv3.ExtProcPerRoute{}
	if a == nil || a.UnmarshalTo(o) != nil {
		return on
	}
	if o.GetDisabled() {
		return off
	}
	if m := o.GetOverrides().GetProcessingMode(); m != nil {
		k.modes(m, at.in("overrides", "processing_mode"))
	}
	if o.GetOverrides().GetFailureModeAllow().GetValue() {
		k.add(Error, "failure-open", at.in("overrides", "failure_mode_allow"), "true", "false: whenever Weir does not answer, requests would pass ungoverned")
	}
	return on
}

// route checks one that Weir governs.
func (k *chain) route(r *routev3.Route, v *routev3.VirtualHost, p place) {
	a := r.GetRoute()
	if a == nil {
		return
	}
	p = p.in("route")
	switch d := a.GetTimeout(); {
	case d == nil && !k.nowhere(a):
		k.add(Error, "timeout", p.in("timeout"), "nothing, which is 15 s", "0s: every longer answer would be cut; idle_timeout bounds its silences")
	case d.AsDuration() > 0:
		k.add(Warning, "timeout", p.in("timeout"), d.AsDuration().String(), "0s: longer answers are cut, whatever they still say")
	}
	if d := a.GetIdleTimeout(); d != nil && d.AsDuration() > 0 && d.AsDuration() <= k.o.FirstEvent {
		k.add(Warning, "timeout", p.in("idle_timeout"), d.AsDuration().String(), fmt.Sprintf("more than %s, for which Weir waits for a first event", k.o.FirstEvent))
	}
	if d := a.GetMaxStreamDuration(); d != nil && d.GetMaxStreamDuration().AsDuration() > 0 {
		k.add(Warning, "timeout", p.in("max_stream_duration"), d.GetMaxStreamDuration().AsDuration().String(), "none: long streams would be cut")
	}
	if len(a.GetUpgradeConfigs()) > 0 {
		k.add(Warning, "upgrade", p.in("upgrade_configs"), "protocols that requests may switch to", "none: Weir answers each such request with 403, since what follows a switch cannot be judged")
	}
	if len(a.GetRequestMirrorPolicies()) > 0 {
		k.add(Warning, "mirror", p.in("request_mirror_policies"), "copies of requests to another cluster", "none: what Weir judged for one provider goes to another, and is charged to nobody")
	}
	if a.GetHedgePolicy() != nil {
		k.add(Error, "retries", p.in("hedge_policy"), "several attempts at once", "none: a provider would be paid for each, the tenant charged for one")
	}
	//lint:ignore SA1019 configurations still say it in the old way
	if a.GetInternalRedirectPolicy() != nil || a.GetInternalRedirectAction() == routev3.RouteAction_HANDLE_INTERNAL_REDIRECT {
		k.add(Warning, "redirects", p.in("internal_redirect_policy"), "redirects that Envoy follows itself", "none: a provider would send a request on to where Weir has not decided about")
	}
	k.shares(a, p)
	k.retries(a, v, p)
	k.mutes(r, p)
}

// nowhere says whether an action leads to a cluster that no header of a client's can name.
func (k *chain) nowhere(a *routev3.RouteAction) bool {
	return strings.HasPrefix(a.GetClusterHeader(), envoy.HeaderPrefix) && a.GetClusterHeader() != envoy.RouteHeader
}

// retries checks the policy that holds on a route.
func (k *chain) retries(a *routev3.RouteAction, v *routev3.VirtualHost, p place) {
	policy := a.GetRetryPolicy()
	if policy == nil {
		policy = v.GetRetryPolicy()
	}
	if policy == nil {
		return
	}
	p = p.in("retry_policy")
	if m := k.filter.GetProcessingMode().GetRequestBodyMode(); m == extprocv3.ProcessingMode_STREAMED || m == extprocv3.ProcessingMode_FULL_DUPLEX_STREAMED {
		k.add(Error, "retries", p, "retries with a request body that is "+m.String(), "BUFFERED, or no retries: a provider may be sent the body twice over")
	}
	if d := policy.GetPerTryTimeout(); d != nil && d.AsDuration() > 0 && d.AsDuration() < k.o.FirstEvent && policy.GetNumRetries().GetValue() > 0 && !k.isOurs(a) {
		k.add(Warning, "retries", p.in("per_try_timeout"), d.AsDuration().String(), "a time that no model needs for its answer's headers: the attempt that is given up is paid for, too")
	}
	if policy.GetRetryPriority() == nil { // else each attempt is another provider's
		k.tries(policy, p)
	}
}

// isOurs says whether a route leads to an order of Weir's own.
func (k *chain) isOurs(a *routev3.RouteAction) bool { return a.GetClusterHeader() == envoy.RouteHeader }

// mutes checks what a route takes from the filter's sight or adds after it.
func (k *chain) mutes(r *routev3.Route, p place) {
	for i, h := range r.GetRequestHeadersToAdd() {
		if strings.HasPrefix(strings.ToLower(h.GetHeader().GetKey()), envoy.HeaderPrefix) {
			k.add(Warning, "trusted-headers", p.in("request_headers_to_add", i), h.GetHeader().GetKey(), "no header of Weir's own")
		}
	}
}

// routedByHeader says whether a route is chosen, or leads, by Weir's header.
func (k *chain) routedByHeader() bool {
	return k.anyRoute(func(r *routev3.Route) bool {
		for _, h := range r.GetMatch().GetHeaders() {
			if strings.EqualFold(h.GetName(), envoy.RouteHeader) {
				return true
			}
		}
		return r.GetRoute().GetClusterHeader() == envoy.RouteHeader
	})
}

// idleOnRoutes says whether every route says itself how long a stream may be silent.
func (k *chain) idleOnRoutes() bool {
	return !k.anyRoute(func(r *routev3.Route) bool {
		return r.GetRoute() != nil && r.GetRoute().GetIdleTimeout() == nil && !k.nowhere(r.GetRoute())
	})
}

func (k *chain) anyRoute(is func(*routev3.Route) bool) bool {
	r, _, ok := k.routesOf()
	if !ok {
		return false
	}
	for _, v := range r.GetVirtualHosts() {
		if slices.ContainsFunc(v.GetRoutes(), is) || slices.ContainsFunc(matched(v), is) {
			return true
		}
	}
	return false
}
