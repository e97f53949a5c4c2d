package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// service is what docker-compose.yml says of one; a key that is not here is a mistake.
type service struct {
	Image       string            `yaml:"image"`
	Build       string            `yaml:"build"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string          `yaml:"volumes"`
	Ports       []string          `yaml:"ports"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
}

func composeServices(t *testing.T) map[string]service {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Weir     any                `yaml:"x-weir"`
		Services map[string]service `yaml:"services"`
		Volumes  map[string]any     `yaml:"volumes"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f.Services
}

// asked returns a service's command for this machine: its own directory, loopback addresses, ports that are free.
func asked(list []string, dir string, ports map[string]string, minor int) []string {
	out := make([]string, len(list))
	for i, a := range list {
		a = strings.ReplaceAll(a, "/demo", dir)
		for port, at := range ports {
			for _, host := range []string{"0.0.0.0", "weir", "provider"} {
				a = strings.ReplaceAll(a, host+":"+port, at)
			}
		}
		if i > 0 && list[i-1] == "--minor" {
			a = fmt.Sprint(minor)
		}
		out[i] = a
	}
	return out
}

// What docker-compose.yml starts is run here without containers: the same commands, one directory, an Envoy of this
// machine. The keys that are printed are good, and stay good.
func TestComposeCommands(t *testing.T) {
	found, err := installed()
	onEnvoy(t, err)
	extproc := binary(t)
	timed(t)
	services, dir := composeServices(t), shortDir(t)
	ports := map[string]string{}
	for _, p := range []string{"10000", "9911", "18080", "18081"} {
		ports[p] = freePort(t)
	}
	command := func(name string) []string { return asked(services[name].Command, dir, ports, found.Minor) }
	makeKeys := func() map[string]string {
		out, err := exec.Command(extproc, command("keys")...).CombinedOutput()
		if err != nil {
			t.Fatalf("keys: %v\n%s", err, out)
		}
		b, err := os.ReadFile(filepath.Join(dir, "keys.json"))
		if err != nil {
			t.Fatal(err)
		}
		var kept struct{ Keys map[string]string }
		if err := json.Unmarshal(b, &kept); err != nil {
			t.Fatal(err)
		}
		for id, key := range kept.Keys {
			if strings.HasPrefix(id, "demo-") && !strings.Contains(string(out), key) {
				t.Errorf("the key of %s is not printed:\n%s", id, out)
			}
		}
		return kept.Keys
	}
	keys := makeKeys()
	logs := &captured{}
	run := func(name, path string, args []string) {
		c := exec.Command(path, args...)
		c.Stdout, c.Stderr = logs.from(name), logs.from(name)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Kill()
			_ = c.Wait()
			if t.Failed() && name == "envoy" {
				t.Log(logs)
			}
		})
	}
	run("provider", extproc, command("provider"))
	run("weir", extproc, command("weir"))
	run("envoy", found.Path, command("envoy")[1:])
	s := &stage{addr: ports["10000"], cast: &cast{keys: keys}}
	eventually(t, "the demo answers", func() bool {
		return s.do(t, call{method: http.MethodGet, path: "/actuator/health"}).status == http.StatusOK
	})
	for _, d := range []string{"dvara", "rivaro"} {
		if got := s.do(t, call{key: "demo-" + d, body: ask("echo", letter)}); got.status != 200 || read(t, got.body).content != letter {
			t.Errorf("%s: %d %s", d, got.status, got.body)
		}
	}
	again := makeKeys()
	for id, key := range keys {
		if again[id] != key {
			t.Errorf("the key of %s has changed", id)
		}
	}
}

func TestComposeFile(t *testing.T) {
	services := composeServices(t)
	if got := services["envoy"].Image; got != "envoyproxy/envoy:v1.40.0" {
		t.Errorf("Envoy's image is %s", got)
	}
	for name, s := range services {
		for on, d := range s.DependsOn {
			if _, ok := services[on]; !ok || d.Condition != "service_started" && d.Condition != "service_completed_successfully" {
				t.Errorf("%s waits for %s until %q", name, on, d.Condition)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s is open to the network at %s", name, p)
			}
		}
	}
	// The strict reading above stands in where the program is not installed.
	if path, err := exec.LookPath("docker-compose"); err == nil {
		c := exec.Command(path, "config", "--quiet")
		c.Dir = filepath.Join("..", "..")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("docker-compose config: %v\n%s", err, out)
		}
	}
}
