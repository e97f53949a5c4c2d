package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// typed starts every type URL.
const typed = "type.googleapis.com/"

// resource is a part of a configuration, and where it stands.
type resource[M proto.Message] struct {
	is      M
	at      place
	dynamic bool // it came over xDS, where fields that are not known are left out in silence
}

// told is everything an Envoy was told, as far as it is looked at.
type told struct {
	boot      *resource[*bootstrapv3.Bootstrap] // nil: only resources are known
	listeners []resource[*listenerv3.Listener]
	clusters  []resource[*clusterv3.Cluster]
	routes    []resource[*routev3.RouteConfiguration]
}

// errNothing says what can be read.
var errNothing = errors.New("it is none of a bootstrap, a config dump and a file of resources: it has none of static_resources, dynamic_resources, admin, configs and resources")

// read takes a text apart by its form.
func read(root *node) (*told, error) {
	t := &told{}
	top := place{at: root}
	switch {
	case root.get("configs") != nil:
		return t, t.dump(top.in("configs"))
	case root.get("resources") != nil:
		return t, each(top.in("resources"), func(p place) error { return t.any(p, true) })
	case root.get("static_resources") != nil || root.get("dynamic_resources") != nil || root.get("admin") != nil:
		return t, t.bootstrap(top, true)
	}
	return nil, errNothing
}

// each visits the items of a sequence.
func each(list place, visit func(place) error) error {
	for i := range list.at.items {
		if err := visit(list.in(i)); err != nil {
			return err
		}
	}
	return nil
}

// bootstrap takes a bootstrap. resources says whether its static ones count: a dump has them elsewhere, too.
func (t *told) bootstrap(p place, resources bool) error {
	b := &bootstrapv3.Bootstrap{}
	if err := decode(p.at, b); err != nil {
		return err
	}
	t.boot = &resource[*bootstrapv3.Bootstrap]{is: b, at: p}
	if !resources {
		return nil
	}
	static := p.in("static_resources")
	for i, l := range b.GetStaticResources().GetListeners() {
		t.listeners = append(t.listeners, resource[*listenerv3.Listener]{is: l, at: static.in("listeners", i)})
	}
	for i, c := range b.GetStaticResources().GetClusters() {
		t.clusters = append(t.clusters, resource[*clusterv3.Cluster]{is: c, at: static.in("clusters", i)})
	}
	return nil
}

// dump takes the config dump of the admin page.
func (t *told) dump(configs place) error {
	return each(configs, func(p place) error {
		switch kindOf(p.at) {
		case "envoy.admin.v3.BootstrapConfigDump":
			return t.bootstrap(p.in("bootstrap"), false)
		case "envoy.admin.v3.ListenersConfigDump", "envoy.admin.v3.ClustersConfigDump", "envoy.admin.v3.RoutesConfigDump":
			return t.dumped(p)
		}
		return nil
	})
}

// dumped takes the resources of one part of a dump. Routes that stand in a static listener are looked at there.
func (t *told) dumped(p place) error {
	for _, list := range [...]struct {
		name    string
		way     []any
		dynamic bool
	}{
		{"static_listeners", []any{"listener"}, false},
		{"dynamic_listeners", []any{"active_state", "listener"}, true},
		{"static_clusters", []any{"cluster"}, false},
		{"dynamic_active_clusters", []any{"cluster"}, true},
		{"dynamic_warming_clusters", []any{"cluster"}, true},
		{"dynamic_route_configs", []any{"route_config"}, true},
	} {
		if p.at.get(list.name) == nil {
			continue
		}
		err := each(p.in(list.name), func(item place) error {
			if item.exact(list.way...) == nil {
				return nil // a listener that is still warming
			}
			return t.any(item.in(list.way...), list.dynamic)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// any takes a resource by its type.
func (t *told) any(p place, dynamic bool) (err error) {
	switch kindOf(p.at) {
	case "envoy.config.listener.v3.Listener":
		r := resource[*listenerv3.Listener]{is: &listenerv3.Listener{}, at: p, dynamic: dynamic}
		err = decode(p.at, r.is)
		t.listeners = append(t.listeners, r)
	case "envoy.config.cluster.v3.Cluster":
		r := resource[*clusterv3.Cluster]{is: &clusterv3.Cluster{}, at: p, dynamic: dynamic}
		err = decode(p.at, r.is)
		t.clusters = append(t.clusters, r)
	case "envoy.config.route.v3.RouteConfiguration":
		r := resource[*routev3.RouteConfiguration]{is: &routev3.RouteConfiguration{}, at: p, dynamic: dynamic}
		err = decode(p.at, r.is)
		t.routes = append(t.routes, r)
	}
	return err
}

// kindOf is the message that a node with @type is.
func kindOf(n *node) string { return strings.TrimPrefix(n.get("@type").text(), typed) }

// decode reads a node as a message. What nobody here knows is left out; fields.go says what that is.
func decode(n *node, m proto.Message) error {
	b := page{line: n.line}
	b.write(n, true)
	err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b.Bytes(), m)
	if err == nil {
		return nil
	}
	line, why := n.line, err.Error()
	if at := placed.FindStringSubmatch(why); at != nil {
		if down, err := strconv.Atoi(at[1]); err == nil {
			line, why = n.line+down-1, strings.Replace(why, at[0], "", 1)
		}
	}
	return fmt.Errorf("line %d: it is no %s: %s", line, m.ProtoReflect().Descriptor().FullName(), why)
}

// placed is how protojson says where an error is.
var placed = regexp.MustCompile(`\(line (\d+):\d+\): `)

// page is JSON whose values stand on the lines that they have in the text, so that an error's line is one of the text.
type page struct {
	bytes.Buffer
	line int // that is written on
}

// write writes a node as JSON. A typed part whose type is not known here becomes a Struct, so that the rest can be read;
// at the top @type only says what the caller knows.
func (b *page) write(n *node, top bool) {
	for ; b.line < n.line; b.line++ {
		b.WriteByte('\n')
	}
	switch {
	case n.mapping():
		kind := kindOf(n)
		if !top && kind != "" {
			if _, err := protoregistry.GlobalTypes.FindMessageByName(protoName(kind)); err != nil {
				b.WriteString(`{"@type":"` + typed + `google.protobuf.Struct","value":`)
				b.members(n, true)
				b.WriteByte('}')
				return
			}
		}
		b.members(n, top)
	case n.items != nil:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			b.write(item, false)
		}
		b.WriteByte(']')
	default:
		v, err := json.Marshal(n.value)
		if err != nil {
			v = []byte("null")
		}
		b.Write(v)
	}
}

func (b *page) members(n *node, untyped bool) {
	b.WriteByte('{')
	first := true
	for _, k := range n.keys {
		if untyped && k == "@type" {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		name, err := json.Marshal(k)
		if err != nil {
			continue
		}
		b.Write(name)
		b.WriteByte(':')
		b.write(n.kids[k], false)
	}
	b.WriteByte('}')
}
