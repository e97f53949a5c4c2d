package check

import (
	"fmt"
	"net/netip"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	earlyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/early_header_mutation/header_mutation/v3"

	"weir/envoy"
)

// Envoy's defaults that matter here.
const (
	defaultBuffer     = 1 << 20  // per_connection_buffer_limit_bytes
	defaultWindow     = 16 << 20 // initial_stream_window_size
	defaultStreamIdle = 5 * time.Minute
	connectionsBound  = "envoy.resource_monitors.global_downstream_max_connections"
	skipLocalReplies  = "envoy.reloadable_features.skip_ext_proc_on_local_reply"
	runtimeOfOldest   = 36 // the minor whose own replies pass ext_proc only where a guard is set
)

// bootstrap checks what holds for the whole process.
func (c *checker) bootstrap() {
	b := c.told.boot
	if b == nil {
		return
	}
	if a := b.is.GetAdmin().GetAddress().GetSocketAddress().GetAddress(); a != "" {
		if ip, err := netip.ParseAddr(a); err != nil || !ip.IsLoopback() {
			c.add(Error, "admin-open", b.at.in("admin", "address"), a, "a loopback address or a Unix socket: whoever reaches the admin page can read secrets and stop Envoy")
		}
	}
	bounded := false
	for _, m := range b.is.GetOverloadManager().GetResourceMonitors() {
		bounded = bounded || m.GetName() == connectionsBound
	}
	if !bounded {
		c.add(Warning, "no-limits", b.at.in("overload_manager", "resource_monitors"), "no bound of client connections", connectionsBound)
	}
	if c.minor == runtimeOfOldest && !showsReplies(b.is) {
		c.add(Warning, "local-replies", b.at.in("layered_runtime"), skipLocalReplies+" not set", "false: Envoy 1.36 would not show Weir its own replies, so those are told in the words that Weir left, and never retried or recorded with their cause")
	}
}

// showsReplies says whether a static layer of the runtime has Envoy 1.36 show its own replies to ext_proc.
func showsReplies(b *bootstrapv3.Bootstrap) bool {
	for _, l := range b.GetLayeredRuntime().GetLayers() {
		if v, ok := l.GetStaticLayer().GetFields()[skipLocalReplies]; ok {
			return !v.GetBoolValue()
		}
	}
	return false
}

// edge checks the listener and the connection manager.
func (k *chain) edge() {
	k.sizes()
	k.waits()
	k.strangers()
	h := k.hcm
	if len(h.GetUpgradeConfigs()) > 0 {
		k.add(Warning, "upgrade", k.at.in("upgrade_configs"), "protocols that requests may switch to", "none: Weir answers each such request with 403, since what follows a switch cannot be judged")
	}
	k.addresses()
	if !k.spoken() {
		k.add(Warning, "local-replies", k.at.in("local_reply_config"), "no mapper that prints %DYNAMIC_METADATA(weir:...)%", "those of extproc envoy filter: otherwise failures that Weir cannot answer any more are told in Envoy's own words")
	}
	if h.GetHttp2ProtocolOptions().GetMaxConcurrentStreams() == nil {
		k.add(Warning, "no-limits", k.at.in("http2_protocol_options", "max_concurrent_streams"), "nothing", "a number such as 100: one client could open any number of requests")
	}
}

// sizes compares what Envoy keeps of a body with what Weir takes.
func (k *chain) sizes() {
	buffer := int64(defaultBuffer)
	limit := k.listener.GetPerConnectionBufferLimitBytes()
	if limit != nil {
		buffer = int64(limit.GetValue())
	} else {
		k.add(Warning, "no-limits", k.door.in("per_connection_buffer_limit_bytes"), "nothing", "a bound: it is 1 MiB unless it is said, which is also the largest body of an HTTP/1.1 request")
	}
	if _, _, known := k.routesOf(); !known && k.minor != runtimeOfOldest {
		return // a virtual host that is not in this text may raise both
	}
	if n, at := k.buffered(); n > 0 {
		if n < k.o.BodyBytes {
			k.add(Warning, "body-limit", at, fmt.Sprintf("%d bytes", n), fmt.Sprintf("%d, which Weir takes: larger bodies are refused before they reach it", k.o.BodyBytes))
		}
		return
	}
	buffer = max(buffer, k.raised())
	if buffer < k.o.BodyBytes {
		k.add(Warning, "body-limit", k.door.in("per_connection_buffer_limit_bytes"), fmt.Sprintf("%d bytes", buffer),
			fmt.Sprintf("%d, which Weir takes: larger HTTP/1.1 bodies are refused before they reach it (request_body_buffer_limit of the virtual host raises it from Envoy 1.37 on)", k.o.BodyBytes))
	}
	window, at := int64(defaultWindow), k.at.in("http2_protocol_options", "initial_stream_window_size")
	if w := k.hcm.GetHttp2ProtocolOptions().GetInitialStreamWindowSize(); w != nil {
		window = int64(w.GetValue())
	}
	if window = max(window, k.raised()); window < k.o.BodyBytes {
		k.add(Warning, "body-limit", at, fmt.Sprintf("%d bytes", window), fmt.Sprintf("%d, which Weir takes: larger HTTP/2 bodies are refused before they reach it", k.o.BodyBytes))
	}
}

// raised is the bound of a body that every governed route has, by its own word or its host's, where this Envoy heeds it: the
// smallest of them.
func (k *chain) raised() int64 {
	r, p, ok := k.routesOf()
	if !ok || k.minor == runtimeOfOldest {
		return 0
	}
	least, some := int64(0), false
	quiet := *k
	quiet.checker = &checker{o: k.o, minor: k.minor, told: k.told} // what it finds is said elsewhere
	for i, v := range r.GetVirtualHosts() {
		host := p.in("virtual_hosts", i)
		byHost, byAll := quiet.override(v.GetTypedPerFilterConfig(), host), quiet.override(r.GetTypedPerFilterConfig(), p)
		for j, route := range v.GetRoutes() {
			if k.verdict(quiet.override(route.GetTypedPerFilterConfig(), host.in("routes", j)), byHost, byAll) == off {
				continue
			}
			n := int64(v.GetRequestBodyBufferLimit().GetValue())
			if own := route.GetRequestBodyBufferLimit(); own != nil {
				n = int64(own.GetValue())
			}
			if !some || n < least {
				least, some = n, true
			}
		}
	}
	return least
}

// waits compares how long Envoy waits with how long Weir does.
func (k *chain) waits() {
	idle := defaultStreamIdle
	if d := k.hcm.GetStreamIdleTimeout(); d != nil {
		idle = d.AsDuration()
	}
	if idle > 0 && idle <= k.o.FirstEvent && !k.idleOnRoutes() {
		k.add(Warning, "timeout", k.at.in("stream_idle_timeout"), idle.String(), fmt.Sprintf("more than %s, for which Weir waits for a first event: Envoy would answer before Weir does", k.o.FirstEvent))
	}
	common := k.hcm.GetCommonHttpProtocolOptions()
	if d := common.GetMaxStreamDuration(); d != nil && d.AsDuration() > 0 {
		k.add(Warning, "timeout", k.at.in("common_http_protocol_options", "max_stream_duration"), d.AsDuration().String(), "none: long streams would be cut")
	}
	if k.hcm.GetRequestHeadersTimeout() == nil {
		k.add(Warning, "no-limits", k.at.in("request_headers_timeout"), "nothing", "a time such as 10s: clients that never finish their headers stay")
	}
	if k.hcm.GetRequestTimeout() == nil {
		k.add(Warning, "no-limits", k.at.in("request_timeout"), "nothing", "a time such as 2m for a request to arrive: a body that trickles in is kept in memory")
	}
}

// strangers wants the headers that are Weir's own taken out of what clients send, before anything is routed by them.
func (k *chain) strangers() {
	if k.strips() {
		return
	}
	severity, why := Warning, "Weir takes them out itself, but filters before it would believe them"
	if k.routedByHeader() {
		severity, why = Error, "a client could choose its provider where Weir is off, and a route by "+envoy.RouteHeader+" is chosen before Weir is asked"
	}
	k.add(severity, "trusted-headers", k.at.in("early_header_mutation_extensions"), "nothing that removes "+envoy.HeaderPrefix+"* of clients",
		"early_header_mutation with remove_on_match, as extproc envoy filter prints it: "+why)
}

// strips says whether headers with Weir's prefix are removed before routing.
func (k *chain) strips() bool {
	for _, e := range k.hcm.GetEarlyHeaderMutationExtensions() {
		m := &earlyv3.HeaderMutation{}
		if e.GetTypedConfig().UnmarshalTo(m) != nil {
			continue
		}
		for _, one := range m.GetMutations() {
			if one.GetRemoveOnMatch().GetKeyMatcher().GetPrefix() == envoy.HeaderPrefix {
				return true
			}
		}
	}
	return false
}

// clear says whether an address is on this machine, where nobody else reads along.
func clear(a *corev3.Address) bool {
	if a.GetPipe() != nil {
		return true
	}
	ip, err := netip.ParseAddr(a.GetSocketAddress().GetAddress())
	return err == nil && ip.IsLoopback()
}
