package compose

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// root is the repository, seen from here.
const root = "../../.."

// project reads the file as docker compose config does, with every profile.
func project(t *testing.T) *types.Project {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	o, err := cli.NewProjectOptions([]string{filepath.Join(dir, "docker-compose.yml")},
		cli.WithName("weir-test"), cli.WithWorkingDirectory(dir), cli.WithProfiles([]string{"*"}), cli.WithInterpolation(true), cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What the file says is what docker compose understands, and each service is as closed as it can be.
func TestFile(t *testing.T) {
	p := project(t)
	if len(p.Services) < 11 {
		t.Fatalf("only %d services", len(p.Services))
	}
	for name, s := range p.Services {
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open to the network", name, port.Published)
			}
		}
		for _, v := range s.Volumes {
			if v.Type == types.VolumeTypeBind {
				if _, err := os.Stat(v.Source); err != nil || !v.ReadOnly {
					t.Errorf("%s: %s must be there and read only: %v", name, v.Source, err)
				}
			}
		}
		if s.Privileged || len(s.CapAdd) > 0 || s.NetworkMode != "" || len(s.Devices) > 0 {
			t.Errorf("%s may do more than it needs", name)
		}
		if s.Build != nil {
			closed(t, name, s)
			continue
		}
		if image, tag, ok := strings.Cut(s.Image, ":"); !ok || tag == "latest" || image == "" {
			t.Errorf("%s: image %q has no version", name, s.Image)
		}
	}
}

// closed says what a service of Weir's own image must not be able to do, and that what serves is asked for its health.
func closed(t *testing.T, name string, s types.ServiceConfig) {
	t.Helper()
	if s.Image != "weir" || !s.ReadOnly || len(s.CapDrop) != 1 || s.CapDrop[0] != "ALL" || len(s.SecurityOpt) != 1 || s.User != "" {
		t.Errorf("%s: it must be read only, without capabilities, and run as the image's user", name)
	}
	if s.Restart != "" && (s.HealthCheck == nil || s.HealthCheck.Test[1] != "/extproc") {
		t.Errorf("%s: it must be asked for its health by the binary itself", name)
	}
}

// Which services there are without a profile, and with each.
func TestProfiles(t *testing.T) {
	want := map[string]string{
		"keys": "", "provider": "", "weir": "", "envoy": "", "tour": "tour", "redis": "redis,replicas",
		"keys-replicas": "replicas", "weir-1": "replicas", "weir-2": "replicas", "envoy-replicas": "replicas",
		"prometheus": "monitoring", "grafana": "monitoring",
	}
	p := project(t)
	for name, profiles := range want {
		s, ok := p.Services[name]
		if !ok || strings.Join(s.Profiles, ",") != profiles {
			t.Errorf("%s: profiles %v, want %q", name, s.Profiles, profiles)
		}
	}
	if len(p.Services) != len(want) {
		t.Errorf("%d services, want %d", len(p.Services), len(want))
	}
	if got := p.Services["envoy"].Image; got != "envoyproxy/envoy:v1.40.0" {
		t.Errorf("Envoy's image is %s", got)
	}
}

// A value that is not known is refused by the same reading, or it would test nothing.
func TestReadingIsStrict(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docker-compose.yml")
	if err := os.WriteFile(path, []byte("services: {a: {image: b, profile: [c]}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := cli.NewProjectOptions([]string{path}, cli.WithName("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.LoadProject(context.Background()); err == nil {
		t.Error("a key that Compose does not know was read")
	}
}
