package envoy

import (
	"fmt"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/config/metrics/v3"
	overloadv3 "github.com/envoyproxy/go-control-plane/envoy/config/overload/v3"
	downstreamv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/resource_monitors/downstream_connections/v3"
	heapv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/resource_monitors/fixed_heap/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Bootstrap makes a complete configuration for an Envoy: one listener, Weir as its filter, one cluster for each provider.
// Routes and providers' clusters stand in it, or with Options.Discovery in files that Envoy follows. It holds no secret,
// only where secrets are read from.
func Bootstrap(o Options) (*bootstrapv3.Bootstrap, error) {
	w, err := newWriter(o)
	if err != nil {
		return nil, fmt.Errorf("bootstrap: %w", err)
	}
	r, err := w.resources()
	if err != nil {
		return nil, fmt.Errorf("bootstrap: %w", err)
	}
	b := &bootstrapv3.Bootstrap{
		Node:            &corev3.Node{Id: "weir", Cluster: "weir"},
		StaticResources: &bootstrapv3.Bootstrap_StaticResources{Listeners: r.Listeners, Clusters: r.Fixed, Secrets: r.Secrets},
		OverloadManager: w.overload(),
		StatsConfig:     stats(),
	}
	switch {
	case w.o.XDS:
		b.StaticResources = &bootstrapv3.Bootstrap_StaticResources{Clusters: append(r.Fixed[:1:1], w.agent()...)}
		b.DynamicResources = asking()
	case w.o.Discovery != "":
		b.DynamicResources = &bootstrapv3.Bootstrap_DynamicResources{CdsConfig: w.source(clustersFile)}
	default:
		b.StaticResources.Clusters = append(b.StaticResources.Clusters, r.Clusters...)
	}
	if w.o.Admin != "" {
		b.Admin = &bootstrapv3.Admin{Address: socket(w.o.Admin)}
	}
	if w.o.Minor == 36 {
		b.LayeredRuntime = w.runtime()
	}
	if w.err != nil {
		return nil, fmt.Errorf("bootstrap: %w", w.err)
	}
	if err := b.ValidateAll(); err != nil {
		return nil, fmt.Errorf("bootstrap: %w", err)
	}
	return b, nil
}

// writer collects the first error of packing, so that the configuration reads as one.
type writer struct {
	o       Options
	mounted bool // secrets are files of a directory that is replaced as a whole, as Kubernetes does
	err     error
}

// pack wraps an extension's configuration.
func (w *writer) pack(m proto.Message) *anypb.Any {
	a, err := anypb.New(m)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("packing %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return a
}

// from says whether the Envoy this is for has what came with a minor.
func (w *writer) from(minor int) bool { return w.o.Minor >= minor }

// runtime lets Envoy 1.36 show its own replies to the filter, as every later one does.
func (w *writer) runtime() *bootstrapv3.LayeredRuntime {
	return &bootstrapv3.LayeredRuntime{Layers: []*bootstrapv3.RuntimeLayer{{
		Name: "weir",
		LayerSpecifier: &bootstrapv3.RuntimeLayer_StaticLayer{StaticLayer: &structpb.Struct{Fields: map[string]*structpb.Value{
			"envoy.reloadable_features.skip_ext_proc_on_local_reply": structpb.NewBoolValue(false),
		}}},
	}}}
}

// overload bounds connections and memory. Above the heap's bound requests are refused with a 503 rather than the
// process being killed with everything in it.
func (w *writer) overload() *overloadv3.OverloadManager {
	at := func(name string, threshold float64) *overloadv3.OverloadAction {
		return &overloadv3.OverloadAction{Name: name, Triggers: []*overloadv3.Trigger{{
			Name:         "envoy.resource_monitors.fixed_heap",
			TriggerOneof: &overloadv3.Trigger_Threshold{Threshold: &overloadv3.ThresholdTrigger{Value: threshold}},
		}}}
	}
	monitor := func(name string, m proto.Message) *overloadv3.ResourceMonitor {
		return &overloadv3.ResourceMonitor{Name: name, ConfigType: &overloadv3.ResourceMonitor_TypedConfig{TypedConfig: w.pack(m)}}
	}
	return &overloadv3.OverloadManager{
		RefreshInterval: durationpb.New(refreshOverload),
		ResourceMonitors: []*overloadv3.ResourceMonitor{
			monitor("envoy.resource_monitors.fixed_heap", &heapv3.FixedHeapConfig{MaxHeapSizeBytes: uint64(w.o.HeapBytes)}),
			monitor("envoy.resource_monitors.global_downstream_max_connections",
				&downstreamv3.DownstreamConnectionsConfig{MaxActiveDownstreamConnections: w.o.Connections}),
		},
		Actions: []*overloadv3.OverloadAction{
			at("envoy.overload_actions.shrink_heap", 0.90),
			at("envoy.overload_actions.stop_accepting_requests", 0.95),
		},
	}
}

// stats keeps the counters somebody reads: Weir's filter, the clusters, the listener, memory and overload.
func stats() *metricsv3.StatsConfig {
	var keep []*matcherv3.StringMatcher
	for _, p := range [...]string{"cluster." + ExtProcCluster + ".", "cluster." + RoutePrefix, "http." + statPrefix + ".", "listener.", "overload.", "server."} {
		keep = append(keep, prefixed(p))
	}
	return &metricsv3.StatsConfig{StatsMatcher: &metricsv3.StatsMatcher{
		StatsMatcher: &metricsv3.StatsMatcher_InclusionList{InclusionList: &matcherv3.ListStringMatcher{Patterns: keep}},
	}}
}

func prefixed(p string) *matcherv3.StringMatcher {
	return &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Prefix{Prefix: p}}
}

func exactly(s string) *matcherv3.StringMatcher {
	return &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Exact{Exact: s}}
}

// socket is an address in Envoy's words. The options it comes from are checked before.
func socket(s string) *corev3.Address {
	e, err := address(s, 0)
	if err != nil {
		return nil
	}
	return e.proto()
}

func (e endpoint) proto() *corev3.Address {
	if e.path != "" {
		return &corev3.Address{Address: &corev3.Address_Pipe{Pipe: &corev3.Pipe{Path: e.path, Mode: 0o600}}}
	}
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: e.host, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: e.port},
	}}}
}
