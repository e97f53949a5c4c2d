package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the manifests of deploy anew")

// The shipped manifests are what the commands print for the configuration beside them, so that they never say anything else
// than the bootstrap.
func TestShippedManifests(t *testing.T) {
	for file, args := range map[string]string{
		"envoy-gateway/weir.yaml":      "envoy gateway",
		"envoy-gateway/ext-authz.yaml": "envoy gateway --ext-authz 65536",
		"istio/gateway.yaml":           "envoy istio",
		"istio/sidecar.yaml":           "envoy istio --context outbound --namespace default --workload app=assistant --host llm.internal",
		"istio/service.yaml":           "envoy istio --context inbound --namespace default --workload app=llm",
		"istio/ext-authz.yaml":         "envoy istio --ext-authz weir",
	} {
		var out bytes.Buffer
		root := newRoot()
		root.SetOut(&out)
		root.SetArgs(append(strings.Fields(args), "--config", "../../deploy/weir.yaml"))
		if err := root.Execute(); err != nil {
			t.Errorf("extproc %s: %v", args, err)
			continue
		}
		path := filepath.Join("..", "..", "deploy", filepath.FromSlash(file))
		text := "# Written by: extproc " + args + " --config deploy/weir.yaml\n" + out.String()
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Errorf("deploy/%s is not what extproc %s prints (%v); look at the difference, then run go test ./cmd/extproc -run Manifests -update", file, args, err)
		}
	}
}
