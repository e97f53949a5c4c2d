package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// root is the repository, seen from here.
const root = "../../.."

// resource is a Kubernetes object.
type resource struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name, Namespace string
		Labels          map[string]string
	} `json:"metadata"`
	text []byte
}

// split reads a stream of YAML documents; empty ones are left out.
func split(t *testing.T, text []byte) []resource {
	t.Helper()
	var out []resource
	for _, doc := range bytes.Split(append([]byte("\n"), text...), []byte("\n---")) {
		var r resource
		if err := yaml.Unmarshal(doc, &r); err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		if r.Kind == "" {
			continue
		}
		r.text = doc
		out = append(out, r)
	}
	return out
}

// definitions are the schemas of custom resources, by apiVersion and kind.
type definitions map[string]*jsonschema.Schema

// add reads CustomResourceDefinitions. A schema is made strict: a member that it does not name is refused, where it does not say
// itself that others may stand there.
func (d definitions) add(t *testing.T, text []byte) {
	t.Helper()
	for _, r := range split(t, text) {
		if r.Kind != "CustomResourceDefinition" {
			continue
		}
		var crd struct {
			Spec struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Schema struct {
						OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
					}
				}
			}
		}
		if err := yaml.Unmarshal(r.text, &crd); err != nil {
			t.Fatal(err)
		}
		for _, v := range crd.Spec.Versions {
			s := v.Schema.OpenAPIV3Schema
			strict(s)
			if p, ok := s["properties"].(map[string]any); ok {
				p["apiVersion"], p["kind"], p["metadata"] = true, true, true
			}
			d[crd.Spec.Group+"/"+v.Name+" "+crd.Spec.Names.Kind] = compiled(t, s)
		}
	}
}

func compiled(t *testing.T, s map[string]any) *jsonschema.Schema {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("crd.json", doc); err != nil {
		t.Fatal(err)
	}
	out, err := c.Compile("crd.json")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// strict turns a structural schema into a JSON Schema that refuses what the API server would prune in silence.
func strict(v any) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	delete(m, "format")
	if m["x-kubernetes-int-or-string"] == true {
		delete(m, "type")
		delete(m, "pattern")
	}
	if _, has := m["properties"]; has && m["x-kubernetes-preserve-unknown-fields"] != true && m["additionalProperties"] == nil {
		m["additionalProperties"] = false
	}
	for _, name := range []string{"properties", "patternProperties"} {
		if list, ok := m[name].(map[string]any); ok {
			for _, s := range list {
				strict(s)
			}
		}
	}
	for _, name := range []string{"items", "additionalProperties"} {
		strict(m[name])
	}
	// What stands in these adds to the schema around them, which names the members already.
	for _, name := range []string{"oneOf", "anyOf", "allOf"} {
		if list, ok := m[name].([]any); ok {
			for _, s := range list {
				if sub, ok := s.(map[string]any); ok {
					delete(sub, "format")
				}
			}
		}
	}
}

// hold checks a resource against its definition.
func (d definitions) hold(r resource) error {
	s, ok := d[r.APIVersion+" "+r.Kind]
	if !ok {
		return fmt.Errorf("nobody defines %s %s", r.APIVersion, r.Kind)
	}
	j, err := yaml.YAMLToJSON(r.text)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// holdFiles checks every document of files of deploy, and that a mistake in each would be found.
func (d definitions) holdFiles(t *testing.T, pattern string, least int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "deploy", filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range split(t, b) {
			n++
			if err := d.hold(r); err != nil {
				t.Errorf("%s: %s %s: %v", f, r.Kind, r.Metadata.Name, err)
			}
			wrong := r
			wrong.text = []byte(strings.Replace(string(r.text), "\nspec:\n", "\nspec:\n  notAField: 1\n", 1))
			if bytes.Equal(wrong.text, r.text) || d.hold(wrong) == nil {
				t.Errorf("%s: %s: a field that is not there is let pass", f, r.Kind)
			}
		}
	}
	if n < least {
		t.Errorf("only %d documents in %d files", n, len(files))
	}
}

// moduleDir is where the sources of a module are, as the module in dir has it.
func moduleDir(t *testing.T, dir, path string) string {
	t.Helper()
	c := exec.Command("go", "mod", "download", "-json", path)
	c.Dir = dir
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v\n%s", path, err, out)
	}
	var said struct{ Dir string }
	if err := json.Unmarshal(out, &said); err != nil || said.Dir == "" {
		t.Fatalf("go mod download %s: %v\n%s", path, err, out)
	}
	return said.Dir
}

func readFile(t *testing.T, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
