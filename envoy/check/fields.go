package check

import (
	"fmt"
	"maps"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// newerFields are fields by the minor of Envoy 1 that came with them, as far as a configuration for Weir may use them. An
// older Envoy refuses them in a bootstrap, and over xDS leaves them out in silence.
func newerFields() map[protoreflect.FullName]int {
	return map[protoreflect.FullName]int{
		"envoy.extensions.filters.http.ext_proc.v3.MetadataOptions.cluster_metadata_forwarding_namespaces": 37,
		"envoy.extensions.upstreams.http.v3.HttpProtocolOptions.retry_policy":                              37,
		"envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor.allow_content_length_header":          38,
		"envoy.config.route.v3.RetryPolicy.refresh_cluster_on_retry":                                       39,
		"envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor.emit_client_span":                     40,
		"envoy.extensions.filters.http.ext_proc.v3.ExtProcOverrides.emit_client_span":                      40,
	}
}

// newerTypes are extensions by the minor that came with them.
func newerTypes() map[string]int {
	return map[string]int{
		"envoy.extensions.clusters.composite.v3.ClusterConfig":                                       37,
		"envoy.extensions.filters.http.sse_to_metadata.v3.SseToMetadata":                             38,
		"envoy.extensions.filters.http.ai_protocol_manager.v3.AiProtocolManager":                     39,
		"envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier": 40,
		"envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit":                             40,
	}
}

// idleFields are fields that load on an older Envoy and do nothing there.
func idleFields() map[protoreflect.FullName]int {
	return map[protoreflect.FullName]int{
		"envoy.config.route.v3.VirtualHost.request_body_buffer_limit": 37,
		"envoy.config.route.v3.Route.request_body_buffer_limit":       37,
	}
}

func protoName(s string) protoreflect.FullName { return protoreflect.FullName(s) }

// fields looks at the fields of a text beside the messages they belong to.
type fields struct {
	c           *checker
	dynamic     bool
	newer, idle map[protoreflect.FullName]int
	types       map[string]int
}

// known reports what of a resource this Envoy, or any, does not know.
func (c *checker) known(p place, name protoreflect.FullName, dynamic bool) {
	t, err := protoregistry.GlobalTypes.FindMessageByName(name)
	if err != nil {
		return
	}
	f := &fields{c: c, dynamic: dynamic, newer: newerFields(), idle: idleFields(), types: newerTypes()}
	f.message(p, t.Descriptor())
}

func (f *fields) message(p place, d protoreflect.MessageDescriptor) {
	if strings.HasPrefix(string(d.FullName()), "google.protobuf.") && d.FullName() != "google.protobuf.Any" || !p.at.mapping() {
		return
	}
	if kind := kindOf(p.at); kind != "" {
		if since := f.types[kind]; since > f.c.minor && f.c.minor > 0 {
			f.tooNew(p, kind, since)
		}
		t, err := protoregistry.GlobalTypes.FindMessageByName(protoName(kind))
		if err != nil {
			return // an extension that nothing here knows
		}
		d = t.Descriptor()
	}
	for _, k := range p.at.keys {
		if k == "@type" {
			continue
		}
		fd := d.Fields().ByName(protoreflect.Name(k))
		if fd == nil {
			fd = d.Fields().ByJSONName(k)
		}
		if fd == nil {
			f.c.add(Warning, "unknown-field", p.in(k), "a field that "+string(d.FullName())+" does not have",
				"none: Envoy refuses it in a bootstrap, and over xDS leaves it out in silence"+near(k, d))
			continue
		}
		f.field(p.in(k), fd)
	}
}

func (f *fields) field(p place, fd protoreflect.FieldDescriptor) {
	if since := f.newer[fd.FullName()]; since > f.c.minor && f.c.minor > 0 {
		f.tooNew(p, string(fd.Name()), since)
	}
	if since := f.idle[fd.FullName()]; since > f.c.minor && f.c.minor > 0 {
		f.c.add(Warning, "idle-field", p, fmt.Sprintf("%s, which loads on Envoy 1.%d and has no effect", fd.Name(), f.c.minor),
			"the listener's per_connection_buffer_limit_bytes, or envoy.filters.http.buffer before Weir's filter")
	}
	switch {
	case fd.IsMap():
		if v := fd.MapValue(); v.Message() != nil && p.at.mapping() {
			for _, k := range p.at.keys {
				f.message(p.in(k), v.Message())
			}
		}
	case fd.Message() == nil:
	case fd.IsList():
		for i := range p.at.items {
			f.message(p.in(i), fd.Message())
		}
	default:
		f.message(p, fd.Message())
	}
}

func (f *fields) tooNew(p place, what string, since int) {
	becomes := "refused in a bootstrap"
	if f.dynamic {
		becomes = "left out in silence over xDS"
	}
	f.c.add(Warning, "newer-field", p, fmt.Sprintf("%s, which came with Envoy 1.%d", what, since),
		fmt.Sprintf("nothing that Envoy 1.%d does not know: there it is %s", f.c.minor, becomes))
}

// near names the field that was probably meant.
func near(k string, d protoreflect.MessageDescriptor) string {
	var names []string
	for i := range d.Fields().Len() {
		names = append(names, string(d.Fields().Get(i).Name()))
	}
	squeezed := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	for _, n := range names {
		if a, b := squeezed(n), squeezed(k); a == b || strings.TrimSuffix(a, "s") == strings.TrimSuffix(b, "s") {
			return "; " + n + " was meant?"
		}
	}
	return ""
}

// Differences are the fields and extensions that not every supported Envoy knows, with the minor that brought each: for
// the page about versions.
func Differences() map[string]int {
	out := map[string]int{}
	for k, v := range newerFields() {
		out[string(k)] = v
	}
	maps.Copy(out, newerTypes())
	return out
}
