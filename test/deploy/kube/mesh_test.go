package kube

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	mesh "istio.io/api/mesh/v1alpha1"
	"sigs.k8s.io/yaml"
)

// Istio's manifests are what its CustomResourceDefinitions say, and nothing else.
func TestIstio(t *testing.T) {
	d := definitions{}
	d.add(t, readFile(t, moduleDir(t, ".", "istio.io/api"), "kubernetes", "customresourcedefinitions.gen.yaml"))
	d.holdFiles(t, "istio/*.yaml", 10)
}

// The extension provider that the page tells to declare is one that MeshConfig takes.
func TestMeshConfig(t *testing.T) {
	page := string(readFile(t, root, "docs", "install-istio.md"))
	_, text, ok := strings.Cut(page, "```yaml mesh.yaml\n")
	text, _, _ = strings.Cut(text, "\n```")
	if !ok {
		t.Fatal("the page has no mesh.yaml")
	}
	j, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m := &mesh.MeshConfig{}
	if err := protojson.Unmarshal(j, m); err != nil {
		t.Fatal(err)
	}
	p := m.GetExtensionProviders()
	if len(p) != 1 || p[0].GetEnvoyExtAuthzGrpc() == nil || p[0].GetEnvoyExtAuthzGrpc().FailOpen {
		t.Errorf("extension providers: %v", p)
	}
	if policy := readFile(t, root, "deploy", "istio", "ext-authz.yaml"); !bytes.Contains(policy, []byte("provider:\n    name: "+p[0].Name+"\n")) {
		t.Errorf("the AuthorizationPolicy asks another provider than %q", p[0].Name)
	}
}

// Envoy Gateway's manifests are what its definitions and the Gateway API's say, and nothing else.
func TestEnvoyGateway(t *testing.T) {
	d := definitions{}
	charts := filepath.Join(moduleDir(t, filepath.Join(root, "test", "peer", "gateway"), "github.com/envoyproxy/gateway"), "charts", "gateway-helm", "charts", "crds", "crds")
	err := filepath.WalkDir(charts, func(path string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			d.add(t, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"envoy-gateway/weir.yaml", "envoy-gateway/ext-authz.yaml", "envoy-gateway/gateway.yaml", "envoy-gateway/proxy.yaml"} {
		d.holdFiles(t, file, 1)
	}
}
