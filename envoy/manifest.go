package envoy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// manifest is one Kubernetes object. Its pieces of Envoy configuration are those of the bootstrap, so that both say the same.
type manifest struct {
	why  string // lines of a comment above it
	kind string
	api  string // apiVersion
	name string
	spec object
}

// object is a JSON object.
type object map[string]any

// list is a JSON array.
type list []any

// manifests writes objects as one YAML stream for a namespace. Keys are in alphabetical order, but for those of Envoy's.
func manifests(namespace string, all []manifest) ([]byte, error) {
	var out bytes.Buffer
	for i, m := range all {
		if i > 0 {
			out.WriteString("---\n")
		}
		for _, line := range strings.Split(m.why, "\n") {
			fmt.Fprintf(&out, "# %s\n", line)
		}
		text, err := json.Marshal(object{
			"apiVersion": m.api, "kind": m.kind, "metadata": object{"name": m.name, "namespace": namespace, "labels": object{"app.kubernetes.io/name": "weir"}}, "spec": m.spec,
		})
		if err != nil {
			return nil, fmt.Errorf("writing %s %s: %w", m.kind, m.name, err)
		}
		text, err = yaml.JSONToYAML(text)
		if err != nil {
			return nil, fmt.Errorf("writing %s %s: %w", m.kind, m.name, err)
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

// plain is a message of Envoy's as a member of an object.
func (w *writer) plain(m proto.Message) json.RawMessage {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		if w.err == nil {
			w.err = fmt.Errorf("writing %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
		}
		return json.RawMessage("null")
	}
	return raw
}

// objects are the names that Kubernetes takes (RFC 1123).
var objects = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// named refuses names of objects that Kubernetes would; an empty one is none.
func named(list map[string]string) error {
	for _, flag := range slices.Sorted(maps.Keys(list)) {
		if n := list[flag]; n != "" && !objects.MatchString(n) {
			return fmt.Errorf("--%s %q is no name of an object: lower-case letters, digits, dots and dashes", flag, n)
		}
	}
	return nil
}

// begin checks options and starts to write for them.
func begin(what string, o Options) (*writer, error) {
	w, err := newWriter(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	for _, p := range o.Providers {
		if p.SecretEnv != "" {
			return nil, fmt.Errorf("%s: provider %q: a variable of Envoy's environment cannot be named from outside; its secret must be a file", what, p.Name)
		}
	}
	w.mounted = true
	return w, nil
}

// bodyBound is the bound of a body that a virtual host has, bytes; 0: on this minor it has none that would help.
func (w *writer) bodyBound() uint64 {
	return w.routes().VirtualHosts[0].GetRequestBodyBufferLimit().GetValue()
}
