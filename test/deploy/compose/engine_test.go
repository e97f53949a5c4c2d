package compose

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mostBytes is how large the image may be.
const mostBytes = 60_000_000

// engine runs docker or docker-compose in the repository. Its project has a name of its own.
type engine struct {
	t       *testing.T
	compose []string
}

func (e engine) run(name string, args ...string) string {
	e.t.Helper()
	out, err := e.try(name, args...)
	if err != nil {
		e.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func (e engine) try(name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Dir = root
	// Not every builder has BuildKit; the file is written for both.
	c.Env = append(os.Environ(), "DOCKER_BUILDKIT=0", "COMPOSE_DOCKER_CLI_BUILD=0", "COMPOSE_HTTP_TIMEOUT=600", "OPENAI_API_KEY=", "ANTHROPIC_API_KEY=")
	out, err := c.CombinedOutput()
	return string(out), err
}

// up runs docker compose, whichever form of it is installed.
func (e engine) up(args ...string) string {
	e.t.Helper()
	return e.run(e.compose[0], slices.Concat(e.compose[1:], []string{"-p", "weir-test", "-f", "docker-compose.yml"}, args)...)
}

func onEngine(t *testing.T) engine {
	t.Helper()
	if os.Getenv("WEIR_DOCKER") == "" {
		t.Skip("WEIR_DOCKER is not set")
	}
	e := engine{t: t, compose: []string{"docker-compose"}}
	if out, err := e.try("docker", "compose", "version"); err == nil && strings.Contains(out, "version") {
		e.compose = []string{"docker", "compose"}
	}
	t.Log(strings.TrimSpace(e.run("docker", "version", "--format", "Docker engine {{.Server.Version}}")))
	return e
}

// The image is small, static, of a user that is nobody, asks itself for its health, says what it was built from, and holds no
// file that was not meant to be in it.
func TestImage(t *testing.T) {
	e := onEngine(t)
	standIns(t, e)
	// What lies about in a checkout, and must not get into any layer.
	const secret = "sk-canary-0123456789abcdefghijklmnop"
	canary := filepath.Join(root, "canary.secret")
	if err := os.WriteFile(canary, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(canary)
	e.run("docker", "build", "--network=host", "--build-arg", "BUILDPLATFORM=linux/"+arch(t, e), "-t", "weir", ".")

	var said []struct {
		Size   int64
		Config struct {
			User, WorkingDir string
			Env              []string
			Healthcheck      struct{ Test []string }
			Entrypoint       []string
		}
	}
	if err := json.Unmarshal([]byte(e.run("docker", "image", "inspect", "weir")), &said); err != nil {
		t.Fatal(err)
	}
	image := said[0]
	t.Logf("image weir: %d bytes (%.1f MB, at most %.1f MB)", image.Size, float64(image.Size)/1e6, float64(mostBytes)/1e6)
	if image.Size > mostBytes {
		t.Errorf("the image has %d bytes, at most %d are allowed", image.Size, mostBytes)
	}
	if image.Config.User != "101:101" || !slices.Equal(image.Config.Healthcheck.Test, []string{"CMD", "/extproc", "health"}) || len(image.Config.Env) != 1 {
		t.Errorf("user %q, health %q, environment %q", image.Config.User, image.Config.Healthcheck.Test, image.Config.Env)
	}
	files := layers(t, e)
	want := []string{"data/", "demo/", "etc/ssl/certs/ca-certificates.crt", "extproc", "sbom.cdx.json"}
	var names []string
	for name, body := range files {
		if !strings.HasSuffix(name, "/") || name == "data/" || name == "demo/" {
			names = append(names, name)
		}
		if bytes.Contains(body, []byte(secret)) {
			t.Errorf("%s holds what lay about in the checkout", name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("the image holds %q, want %q", names, want)
	}
	if bytes.Contains(files["extproc"], []byte("/lib64/ld-linux")) {
		t.Error("the binary is not static")
	}
	var bom struct {
		BomFormat  string
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(files["sbom.cdx.json"], &bom); err != nil || bom.BomFormat != "CycloneDX" || len(bom.Components) < 50 {
		t.Errorf("bill of materials: %v, %q, %d components", err, bom.BomFormat, len(bom.Components))
	}
	t.Logf("bill of materials: %d modules", len(bom.Components))
}

func arch(t *testing.T, e engine) string {
	t.Helper()
	return strings.TrimSpace(e.run("docker", "version", "--format", "{{.Server.Arch}}"))
}

// layers are all files of all layers of the image.
func layers(t *testing.T, e engine) map[string][]byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weir.tar")
	e.run("docker", "save", "-o", path, "weir")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string][]byte{}
	for outer := tar.NewReader(f); ; {
		h, err := outer.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, "layer.tar") && !strings.HasPrefix(h.Name, "blobs/") {
			continue
		}
		for inner := tar.NewReader(outer); ; {
			h, err := inner.Next()
			if err != nil {
				break // the end, or a blob that is no layer
			}
			b, err := io.ReadAll(inner)
			if err != nil {
				t.Fatal(err)
			}
			out[h.Name] = b
		}
	}
	return out
}

// The demo comes up from images, its tour finds every answer as it must be, and so does one through two Weirs that share a
// Redis. Prometheus sees every Weir.
func TestUp(t *testing.T) {
	e := onEngine(t)
	standIns(t, e)
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := e.try(e.compose[0], slices.Concat(e.compose[1:], []string{"-p", "weir-test", "logs", "--no-color", "--tail", "60"})...)
			t.Log(out)
		}
		_, _ = e.try(e.compose[0], slices.Concat(e.compose[1:], []string{"-p", "weir-test", "-f", "docker-compose.yml", "--profile", "replicas", "--profile", "monitoring", "--profile", "tour", "down", "--volumes"})...)
	})
	e.up("up", "-d", "--no-build")
	for _, p := range [][2]string{{"envoy", "127.0.0.1:10000"}, {"weir", "127.0.0.1:9911"}} {
		if out := e.up("ps"); !strings.Contains(out, p[1]) {
			t.Errorf("%s is not published at %s:\n%s", p[0], p[1], out)
		}
	}
	told(t, e.up("run", "--rm", "--no-deps", "tour"))

	e.up("--profile", "replicas", "up", "-d", "--no-build")
	told(t, e.up("run", "--rm", "--no-deps", "tour", "demo", "tour", "--dir", "/demo", "--envoy", "envoy-replicas:10000", "--admin", "weir-1:9911,weir-2:9911"))

	if monitored {
		e.up("--profile", "monitoring", "up", "-d", "--no-build", "--no-deps", "prometheus")
		const seen = "http://prometheus:9090/-/healthy"
		e.up("run", "--rm", "--no-deps", "tour", "health", "--timeout", "20s", "--url", seen)
	}
}

// told wants a whole tour without a difference.
func told(t *testing.T, out string) {
	t.Helper()
	if strings.Contains(out, "DIFFERS") || !strings.Contains(out, "Health needs no key") {
		t.Errorf("the tour:\n%s", out)
	}
	t.Logf("%d stops of the tour, no difference", strings.Count(out, "    trace  "))
}
