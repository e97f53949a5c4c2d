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

// service is what a case needs of what docker-compose.yml says of one.
type service struct {
	Command []string `yaml:"command"`
}

func composeServices(t *testing.T) map[string]service {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Services map[string]service `yaml:"services"`
	}
	// What a service says itself stands in for what it is merged from.
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.AllowDuplicateMapKey()).Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f.Services
}

// asked returns a service's command for this machine: its own directory, loopback addresses, ports that are free.
func asked(list []string, dir string, ports map[string]string, minor int) []string {
	out := make([]string, len(list))
	for i, a := range list {
		a = strings.ReplaceAll(strings.ReplaceAll(a, "/demo", dir), "${WEIR_REDIS:-}", "")
		for port, at := range ports {
			for _, host := range []string{"0.0.0.0", "127.0.0.1", "weir", "provider", "envoy"} {
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
// machine. The keys that are printed are good, and stay good, and the tour finds every answer as it must be.
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
	out, err := exec.Command(extproc, command("tour")...).CombinedOutput()
	if err != nil {
		t.Errorf("the tour: %v\n%s", err, out)
	}
	again := makeKeys()
	for id, key := range keys {
		if again[id] != key {
			t.Errorf("the key of %s has changed", id)
		}
	}
}
