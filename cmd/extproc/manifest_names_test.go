package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
)

// What Kubernetes takes for the name of an object (RFC 1123, a subdomain) and for a member of a Secret.
var (
	objectName   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
	secretMember = regexp.MustCompile(`^[A-Za-z0-9._-]{1,253}$`)
	mounted      = regexp.MustCompile(`/etc/weir/secrets/([^"'\s]+)`)
)

// Kubernetes takes every name in the manifests, whatever providers are called: of objects, and of the files that a Secret is to
// hold for the Envoys.
func TestNamesInManifests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.yaml")
	const text = `
providers:
  - {name: Open_AI.eu, kind: openai, credential: {env: KEY}}
  - {name: a, kind: anthropic, credential: {env: KEY}}
models:
  - {name: m, provider: Open_AI.eu, fallbacks: [n]}
  - {name: n, provider: a}
tenants: [{id: acme}]
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"envoy gateway", "envoy istio", "envoy istio --context outbound --namespace default --workload app=x --host llm.internal"} {
		var out bytes.Buffer
		root := newRoot()
		root.SetOut(&out)
		root.SetArgs(append(strings.Fields(args), "--config", path))
		if err := root.Execute(); err != nil {
			t.Fatalf("extproc %s: %v", args, err)
		}
		printed := out.String()
		documents := 0
		for d := yaml.NewDecoder(&out); ; {
			var object struct {
				Kind     string
				Metadata struct{ Name string }
			}
			if err := d.Decode(&object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("extproc %s: %v", args, err)
			}
			documents++
			if n := object.Metadata.Name; len(n) > 253 || !objectName.MatchString(n) {
				t.Errorf("extproc %s: %s is called %q", args, object.Kind, n)
			}
		}
		if documents == 0 {
			t.Errorf("extproc %s prints nothing", args)
		}
		for _, m := range mounted.FindAllStringSubmatch(printed, -1) {
			if !secretMember.MatchString(m[1]) {
				t.Errorf("extproc %s: no Secret can hold %q", args, m[1])
			}
		}
	}
	c, err := config.Load(path, process.Dialects())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range process.BootstrapOptions(c, 40).Providers {
		if !secretMember.MatchString("order-" + u.Name + ".json") {
			t.Errorf("no Secret can hold the file of %q", u.Name)
		}
	}
}
