package check

import (
	"fmt"
	"strings"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"

	"weir/envoy"
)

// Options are what a configuration is checked against. What is not set has its default.
type Options struct {
	Minor      int           // minor of the Envoy 1 it is for; 0: as a config dump says, else not known
	Filter     string        // name of Weir's filter in the chain; empty: found by what it does
	BodyBytes  int64         // largest request body Weir takes; default envoy.DefaultBodyBytes
	FirstEvent time.Duration // longest wait for a provider's first event; default 5 min
	Mesh       bool          // the mesh routes by itself, so Weir's routing headers are of no use
}

// checker collects findings.
type checker struct {
	o     Options
	minor int
	told  *told
	found []Finding
}

// Config checks a bootstrap, a config dump, or a file of resources, in YAML or JSON. The error says why it could not be
// read; what bites is in the findings, in the order of the text.
func Config(text []byte, o Options) ([]Finding, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := &checker{o: o.withDefaults(), minor: o.Minor}
	if c.told, err = read(root); err != nil {
		return nil, err
	}
	c.version()
	c.everyField()
	c.bootstrap()
	governed := 0
	for _, l := range c.told.listeners {
		governed += c.listener(l)
	}
	if governed == 0 {
		c.add(Error, "not-attached", place{at: root}, "no ext_proc filter of Weir's on any listener", "one: extproc envoy filter prints it")
	} else {
		for _, l := range c.told.listeners {
			c.managers(l, func(hcm *hcmv3.HttpConnectionManager, p place) {
				if len(c.own(hcm)) == 0 && len(c.gates(hcm)) == 0 {
					c.beside(l, hcm, p)
				}
			})
		}
	}
	return sorted(c.found), nil
}

func (o Options) withDefaults() Options {
	if o.BodyBytes == 0 {
		o.BodyBytes = envoy.DefaultBodyBytes
	}
	if o.FirstEvent == 0 {
		o.FirstEvent = 5 * time.Minute
	}
	return o
}

// add writes a finding down.
func (c *checker) add(s Severity, rule string, at place, found, want string) {
	c.found = append(c.found, Finding{Severity: s, Rule: rule, Line: at.line(), Path: at.path, Found: found, Want: want})
}

// version takes the minor from the dump, where the options do not say it, and refuses what is too old.
func (c *checker) version() {
	if c.told.boot == nil {
		return
	}
	v := c.told.boot.is.GetNode().GetUserAgentBuildVersion().GetVersion()
	if v.GetMajorNumber() == 1 && c.minor == 0 {
		c.minor = int(v.GetMinorNumber())
	}
	if c.minor > 0 && c.minor < envoy.MinMinor {
		c.add(Error, "old-envoy", c.told.boot.at.in("node", "user_agent_build_version"), fmt.Sprintf("Envoy 1.%d", c.minor),
			fmt.Sprintf("1.%d or newer: an older one is refused at its first message", envoy.MinMinor))
	}
}

// everyField looks for fields that are not known.
func (c *checker) everyField() {
	if b := c.told.boot; b != nil {
		c.known(b.at, "envoy.config.bootstrap.v3.Bootstrap", false)
	}
	for _, l := range c.told.listeners {
		c.resource(l.at, l.dynamic, "envoy.config.listener.v3.Listener")
	}
	for _, l := range c.told.clusters {
		c.resource(l.at, l.dynamic, "envoy.config.cluster.v3.Cluster")
	}
	for _, l := range c.told.routes {
		c.resource(l.at, l.dynamic, "envoy.config.route.v3.RouteConfiguration")
	}
}

// resource looks at one unless it stands in the bootstrap, which is looked at whole.
func (c *checker) resource(p place, dynamic bool, name string) {
	if !strings.HasPrefix(p.path, "static_resources") {
		c.known(p, protoName(name), dynamic)
	}
}

// chain is Weir's filter in one HTTP connection manager.
type chain struct {
	*checker
	hcm    *hcmv3.HttpConnectionManager
	at     place // of the connection manager's configuration
	number int   // of the filter in the chain
	name   string
	filter *extprocv3.ExternalProcessor
	here   place // of the filter's configuration
	off    bool  // it is disabled until a route switches it on

	listener *listenerv3.Listener
	door     place // of the listener
}

// listener checks a listener that Weir's filter is attached to, and says on how many connection managers it is.
func (c *checker) listener(l resource[*listenerv3.Listener]) (governed int) {
	c.managers(l, func(hcm *hcmv3.HttpConnectionManager, p place) {
		if c.manager(l, hcm, p) {
			governed++
		}
	})
	return governed
}

// managers visits the HTTP connection managers of a listener.
func (c *checker) managers(l resource[*listenerv3.Listener], each func(*hcmv3.HttpConnectionManager, place)) {
	visit := func(f *listenerv3.FilterChain, p place) {
		for i, n := range f.GetFilters() {
			hcm := &hcmv3.HttpConnectionManager{}
			if n.GetTypedConfig().UnmarshalTo(hcm) == nil {
				each(hcm, p.in("filters", i, "typed_config"))
			}
		}
	}
	for i, f := range l.is.GetFilterChains() {
		visit(f, l.at.in("filter_chains", i))
	}
	if f := l.is.GetDefaultFilterChain(); f != nil {
		visit(f, l.at.in("default_filter_chain"))
	}
}

// own are the places of Weir's filter in a chain.
func (c *checker) own(hcm *hcmv3.HttpConnectionManager) (out []int) {
	all := processors(hcm)
	for i, f := range hcm.GetHttpFilters() {
		if p, ok := all[i]; ok && c.isWeirs(f.GetName(), p, len(all)) {
			out = append(out, i)
		}
	}
	return out
}

// manager checks a connection manager that has Weir's filter.
func (c *checker) manager(l resource[*listenerv3.Listener], hcm *hcmv3.HttpConnectionManager, p place) bool {
	all, own := processors(hcm), c.own(hcm)
	if len(own) == 0 {
		return c.admits(hcm, p)
	}
	if len(own) > 1 {
		c.add(Error, "attached-twice", p.in("http_filters", own[1]), "Weir's filter a second time in one chain",
			"it once: the second would refuse what the first has governed")
	}
	k := &chain{
		checker: c, hcm: hcm, at: p, number: own[0], name: hcm.GetHttpFilters()[own[0]].GetName(), filter: all[own[0]],
		here: p.in("http_filters", own[0], "typed_config"), off: hcm.GetHttpFilters()[own[0]].GetDisabled(),
		listener: l.is, door: l.at,
	}
	k.processor()
	k.neighbours(all)
	k.edge()
	k.routes()
	k.way()
	k.providers()
	k.logs()
	return true
}

// processors are the ext_proc filters of a connection manager, by their place in the chain.
func processors(hcm *hcmv3.HttpConnectionManager) map[int]*extprocv3.ExternalProcessor {
	out := map[int]*extprocv3.ExternalProcessor{}
	for i, f := range hcm.GetHttpFilters() {
		p := &extprocv3.ExternalProcessor{}
		if f.GetTypedConfig().UnmarshalTo(p) == nil {
			out[i] = p
		}
	}
	return out
}

// isWeirs says whether an ext_proc filter is Weir's: it has the name that was given, or takes metadata into Weir's
// namespace, or leads to a cluster or has a name with weir in it, or is the only one.
func (c *checker) isWeirs(name string, p *extprocv3.ExternalProcessor, all int) bool {
	if c.o.Filter != "" {
		return name == c.o.Filter
	}
	for _, ns := range p.GetMetadataOptions().GetReceivingNamespaces().GetUntyped() {
		if ns == envoy.MetadataNamespace {
			return true
		}
	}
	return all == 1 || strings.Contains(clusterOf(p), "weir") || strings.Contains(name, "weir")
}

func clusterOf(p *extprocv3.ExternalProcessor) string {
	return p.GetGrpcService().GetEnvoyGrpc().GetClusterName()
}

// cluster finds a cluster by name.
func (c *checker) cluster(name string) (resource[*clusterv3.Cluster], bool) {
	for _, r := range c.told.clusters {
		if r.is.GetName() == name {
			return r, true
		}
	}
	return resource[*clusterv3.Cluster]{}, false
}

// routesOf is the route configuration of a connection manager: its own, or the one it is given by name.
func (k *chain) routesOf() (*routev3.RouteConfiguration, place, bool) {
	if r := k.hcm.GetRouteConfig(); r != nil {
		return r, k.at.in("route_config"), true
	}
	for _, r := range k.told.routes {
		if r.is.GetName() == k.hcm.GetRds().GetRouteConfigName() {
			return r.is, r.at, true
		}
	}
	return nil, place{}, false
}
