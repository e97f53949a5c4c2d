package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// root is the repository, seen from here.
const root = "../../.."

// inside says that the process is in a network namespace of its own.
const inside = "WEIR_TEST_NETWORK"

func TestMain(m *testing.M) {
	if os.Getenv("WEIR_ENVOY_GATEWAY") == "" || os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	c := exec.Command("unshare", append([]string{"--net", "sh", "-c", `ip link set lo up && exec "$0" "$@"`}, os.Args...)...)
	c.Env = append(os.Environ(), inside+"=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "in a network namespace:", err)
		os.Exit(1)
	}
}

// stage is an Envoy Gateway with Weir and two demo providers.
type stage struct {
	t    *testing.T
	dir  string
	mu   sync.Mutex
	logs bytes.Buffer
}

// Write implements io.Writer for the logs of several programs.
func (s *stage) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs.Write(b)
}

// start runs a program until the test ends.
func (s *stage) start(name string, args ...string) {
	s.t.Helper()
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = s, s
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		done := make(chan struct{})
		go func() { _ = c.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = c.Process.Kill()
		}
	})
}

// run runs a program to its end and returns what it prints.
func (s *stage) run(name string, args ...string) string {
	s.t.Helper()
	c := exec.Command(name, args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

func (s *stage) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *stage) read(path string) string {
	s.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// Where everything is in the namespace.
const (
	listen   = "127.0.0.1:8080" // the port that deploy/envoy-gateway/gateway.yaml says
	weir     = "127.0.0.1:18080"
	admin    = "127.0.0.1:9911"
	provider = "127.0.0.1:18081"
	spare    = "127.0.0.1:18082"
)

// proxy stands in for deploy/envoy-gateway/proxy.yaml, which is about pods.
const proxy = `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {name: weir, namespace: default}
spec: {provider: {type: Host, host: {envoyVersion: 1.40.0}}}
`

// server is deploy/envoy-gateway/config.yaml for a provider that is a directory.
const server = `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyGateway
gateway: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
provider:
  type: Custom
  custom:
    resource: {type: File, file: {paths: [%[1]q]}}
    infrastructure: {type: Host, host: {configHome: %[2]q, dataHome: %[3]q, stateHome: %[4]q, runtimeDir: %[5]q}}
extensionApis: {enableBackend: true, enableEnvoyPatchPolicy: true}
`

// raise starts everything, and waits until Weir answers through the Gateway.
func raise(t *testing.T) *stage {
	t.Helper()
	binary, extproc, envoy := os.Getenv("WEIR_ENVOY_GATEWAY"), os.Getenv("WEIR_EXTPROC"), os.Getenv("ENVOY")
	if binary == "" {
		t.Skip("WEIR_ENVOY_GATEWAY is not set")
	}
	s := &stage{t: t, dir: t.TempDir()}
	t.Cleanup(func() {
		if t.Failed() {
			s.mu.Lock()
			defer s.mu.Unlock()
			b := s.logs.Bytes()
			t.Logf("%s", b[max(0, len(b)-20_000):])
		}
	})
	demo := filepath.Join(s.dir, "demo")
	s.run(extproc, "demo", "files", "--dir", demo, "--weir-listen", weir, "--admin-listen", admin, "--weir", weir, "--provider", provider)
	config := filepath.Join(demo, "weir.yaml")
	text := s.read(config)
	s.write("demo/spare.secret", "spare-secret")
	text = strings.Replace(text, "providers:\n", fmt.Sprintf("providers:\n  - {name: spare, kind: openai-compatible, base_url: \"http://%s\", credential: {file: %q}}\n", spare, filepath.Join(demo, "spare.secret")), 1)
	text = strings.Replace(text, "{name: error-503, provider: demo,", "{name: error-503, provider: demo, fallbacks: [stand-in],", 1)
	text = strings.Replace(text, "models:\n", "models:\n  - {name: stand-in, provider: spare, upstream: echo, price: {input: \"1.00\", output: \"2.00\"}}\n", 1)
	s.write("demo/weir.yaml", text)
	s.run(extproc, "envoy", "bootstrap", "--config", config, "--minor", "40", "--format", "json") // writes the credentials
	s.write("resources/gateway.yaml", s.read(filepath.Join(root, "deploy", "envoy-gateway", "gateway.yaml")))
	s.write("resources/proxy.yaml", proxy)
	s.write("resources/weir.yaml", s.run(extproc, "envoy", "gateway", "--config", config, "--weir", weir, "--secrets", filepath.Join(demo, "secrets")))

	at := func(name string) string { return filepath.Join(s.dir, name) }
	s.write(filepath.Join("data", "envoy-versions", "1.40.0", "bin", "envoy"), "")
	if err := os.Remove(at("data/envoy-versions/1.40.0/bin/envoy")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(envoy, at("data/envoy-versions/1.40.0/bin/envoy")); err != nil {
		t.Fatal(err)
	}
	eg := s.write("eg.yaml", fmt.Sprintf(server, at("resources"), at("config"), at("data"), at("state"), at("run")))
	s.run(binary, "certgen", "--local", "--config-home", at("config"))
	s.start(extproc, "demo", "provider", "--listen", provider, "--credential-file", filepath.Join(demo, "provider.secret"))
	s.start(extproc, "demo", "provider", "--listen", spare, "--credential", "spare-secret")
	s.start(extproc, "serve", "--config", config)
	s.start(binary, "server", "--config-path", eg)
	s.eventually("Weir answers through the Gateway", func() bool {
		resp, err := http.Get("http://" + listen + "/actuator/health")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return s
}

func (s *stage) eventually(what string, ok func() bool) {
	s.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	s.t.Fatalf("it did not happen that %s", what)
}

// The whole tour passes through a Gateway of Envoy Gateway's.
func TestTour(t *testing.T) {
	s := raise(t)
	out := s.run(os.Getenv("WEIR_EXTPROC"), "demo", "tour", "--dir", filepath.Join(s.dir, "demo"), "--envoy", listen, "--admin", admin)
	if strings.Contains(out, "DIFFERS") {
		t.Errorf("the tour:\n%s", out)
	}
	t.Logf("%d stops of the tour through Envoy Gateway, no difference", strings.Count(out, "    trace  "))

	t.Run("failover", s.failover)
	t.Run("spoofing", s.spoofing)
	t.Run("size", s.size)
	t.Run("elsewhere", s.elsewhere)
}

// ask sends a chat request for a model with the demo's key, and more headers in pairs.
func (s *stage) ask(model, text string, header ...string) (*http.Response, string) {
	s.t.Helper()
	kept := s.read(filepath.Join(s.dir, "demo", "keys.json"))
	_, key, _ := strings.Cut(kept, `"demo-dvara": "`)
	key, _, _ = strings.Cut(key, `"`)
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]}`, model, text)
	req, err := http.NewRequest(http.MethodPost, "http://"+listen+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("authorization", "Bearer "+key)
	req.Header.Set("content-type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, string(b)
}

// A provider that answers 503 is stood in for by the next of the order, with that one's own credential and model.
func (s *stage) failover(t *testing.T) {
	resp, body := s.ask("error-503", "who answers?")
	if resp.StatusCode != 200 || resp.Header.Get("x-weir-provider") != "spare" || !strings.Contains(body, "who answers?") {
		t.Errorf("%d from %q: %s", resp.StatusCode, resp.Header.Get("x-weir-provider"), body)
	}
}

// A client cannot name a provider, and so pass by Weir.
func (s *stage) spoofing(t *testing.T) {
	req, err := http.NewRequest(http.MethodPost, "http://"+listen+"/v1/chat/completions", strings.NewReader(`{"model":"echo","messages":[{"role":"user","content":"hello"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("x-weir-route", "order-demo")
	req.Header.Set("x-weir-attempt", "0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a key: %d", resp.StatusCode)
	}
}

// A body above Envoy Gateway's own bound of 32 KiB passes, over either protocol.
func (s *stage) size(t *testing.T) {
	text := strings.Repeat("water ", 50_000)
	if resp, body := s.ask("echo", text); resp.StatusCode != 200 {
		t.Errorf("%d: %.300s", resp.StatusCode, body)
	}
}

// What Weir does not govern, it does not answer: other paths of the Gateway are not touched.
func (s *stage) elsewhere(t *testing.T) {
	resp, err := http.Get("http://" + listen + "/shop")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("a path of nobody: %d", resp.StatusCode)
	}
}
