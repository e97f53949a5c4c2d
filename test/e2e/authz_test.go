package e2e_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy/tenant"
)

// byRole is a policy in the oldest style of OPA's Envoy plugin: Rego 0, a boolean, basic credentials.
const byRole = `package envoy.authz

import input.attributes.request.http as http_request

default allow = false

allow {
	granted := roles[_]
	granted.method == http_request.method
	granted.path == http_request.path
}

roles[grant] {
	role := members[caller][_]
	grant := grants[role][_]
}

caller = name {
	[_, encoded] := split(http_request.headers.authorization, " ")
	[name, _] := split(base64.decode(encoded), ":")
}

members = {"alice": ["reader"], "bob": ["reader", "writer"]}

grants = {
	"reader": [{"method": "GET", "path": "/people"}],
	"writer": [{"method": "POST", "path": "/people"}],
}
`

// byToken is one in today's style: an object with headers, body and status, a signed token, the path and the body taken apart.
const byToken = `package envoy.authz

import rego.v1

default decision := {
	"allowed": false,
	"http_status": 401,
	"headers": {"www-authenticate": "Bearer"},
	"body": "show a token",
}

decision := {
	"allowed": true,
	"headers": {"x-role": claims.role},
	"request_headers_to_remove": ["x-secret"],
	"response_headers_to_add": {"x-decided": "yes"},
	"dynamic_metadata": {"role": claims.role},
} if {
	input.parsed_path[0] == "people"
	not self_made
}

decision := {"allowed": false, "http_status": 403, "body": "not for yourself"} if {
	claims.role
	self_made
}

self_made if input.parsed_body.name == claims.sub

claims := payload if {
	[_, token] := split(input.attributes.request.http.headers.authorization, " ")
	[valid, _, payload] := io.jwt.decode_verify(token, {"secret": "s3cret", "alg": "HS256", "time": time.now_ns()})
	valid
}
`

// {"alg":"HS256","typ":"JWT"} . {"sub":"ana","role":"admin"}, signed with s3cret.
const anasToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbmEiLCJyb2xlIjoiYWRtaW4ifQ.J-CTyLCwAiq2AdOnSQaxlneImJ2t7dtmVKi45WVClZ8"

// authzEnvoy is an Envoy whose only filter beside the router is ext_authz.
const authzEnvoy = `{"admin":{"address":{"pipe":{"path":%q}}},"static_resources":{
"listeners":[{"address":{"socket_address":{"address":"127.0.0.1","port_value":0}},"filter_chains":[{"filters":[{"name":"envoy.filters.network.http_connection_manager",
"typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager","stat_prefix":"in",
"route_config":{"virtual_hosts":[{"name":"all","domains":["*"],"routes":[{"match":{"prefix":"/"},"route":{"cluster":"up"}}]}]},
"http_filters":[{"name":"envoy.filters.http.ext_authz","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
"grpc_service":{"envoy_grpc":{"cluster_name":"weir"},"timeout":"5s"},"transport_api_version":"V3","failure_mode_allow":false,
"with_request_body":{"max_request_bytes":%d,"allow_partial_message":true}}},
{"name":"envoy.filters.http.router","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]}}]}]}],
"clusters":[%s,%s]}}`

const plainCluster = `{"name":%q,"connect_timeout":"5s","type":"STATIC","load_assignment":{"cluster_name":%q,"endpoints":[{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"127.0.0.1","port_value":%s}}}}]}]}%s}`

const overHTTP2 = `,"typed_extension_protocol_options":{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions":{"@type":"type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions","explicit_http_config":{"http2_protocol_options":{}}}}`

// authorized is an Envoy with ext_authz, the Weir it asks, and an upstream that says what reached it.
func authorized(t *testing.T, bodyBytes int, yaml string, files map[string]string) string {
	t.Helper()
	base, _, _ := authorizedBy(t, bodyBytes, yaml, files)
	return base
}

// authorizedBy is authorized with the Weir that is asked and its directory.
func authorizedBy(t *testing.T, bodyBytes int, yaml string, files map[string]string) (base string, weir *process.Process, dir string) {
	t.Helper()
	bin, err := installed()
	onEnvoy(t, err)
	dir = t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), text)
	}
	conf := filepath.Join(dir, "weir.yaml")
	writeFile(t, conf, strings.ReplaceAll(yaml, "DIR", dir))
	c, err := config.Load(conf, process.Dialects())
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		<-served
		p.Close()
	})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "role=%v secret=%v body=%d", r.Header["X-Role"], r.Header["X-Secret"], len(body))
	}))
	t.Cleanup(upstream.Close)
	port := func(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
	// A pipe's path is short, a test's directory is not.
	short, err := os.MkdirTemp("", "weir")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	admin := filepath.Join(short, "a.sock")
	text := fmt.Sprintf(authzEnvoy, admin, bodyBytes, fmt.Sprintf(plainCluster, "up", "up", port(upstream.Listener.Addr().String()), ""),
		fmt.Sprintf(plainCluster, "weir", "weir", port(p.Addr().String()), overHTTP2))
	writeFile(t, filepath.Join(dir, "envoy.json"), text)
	cmd := exec.Command(bin.Path, "-c", filepath.Join(dir, "envoy.json"), "--use-dynamic-base-id", "--concurrency", "1", "-l", "error")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(gone)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-gone
	})
	addr, err := ready(admin, gone)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + addr, p, dir
}

// checked is a request and what comes of it.
type checked struct {
	name, method, path, body string
	headers                  map[string]string
	chunked                  bool
	status                   int
	says, told               string // in the body, and in the header www-authenticate or x-decided
}

func (c checked) run(t *testing.T, base string) {
	t.Helper()
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
		if c.chunked {
			body = io.MultiReader(body) // of no known length
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), c.method, base+c.path, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range c.headers {
		r.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != c.status || !strings.Contains(string(text), c.says) ||
		!strings.Contains(resp.Header.Get("www-authenticate")+resp.Header.Get("x-decided"), c.told) {
		t.Errorf("%s: %d %q %v", c.name, resp.StatusCode, text, resp.Header)
	}
}

const authzYAML = "listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\nstore: {path: DIR/weir.db}\n"

// Policies that were written for OPA's Envoy plugin run as they are.
func TestPoliciesOfOPAsPluginRunUnchanged(t *testing.T) {
	basic := func(user string) map[string]string {
		return map[string]string{"authorization": map[string]string{"alice": "Basic YWxpY2U6cGFzcw==", "bob": "Basic Ym9iOnBhc3M="}[user]}
	}
	base := authorized(t, 4096, authzYAML+"authz: {dir: DIR/opa}\n", map[string]string{"opa/policy.rego": byRole})
	for _, c := range []checked{
		{name: "alice reads", method: "GET", path: "/people", headers: basic("alice"), status: 200, says: "role=[]"},
		{name: "alice writes", method: "POST", path: "/people", body: "{}", headers: basic("alice"), status: 403},
		{name: "bob writes", method: "POST", path: "/people", body: "{}", headers: basic("bob"), status: 200, says: "body=2"},
		{name: "nobody", method: "GET", path: "/people", status: 403},
	} {
		c.run(t, base)
	}
	bearer := map[string]string{"authorization": "Bearer " + anasToken, "content-type": "application/json", "x-role": "forged", "x-secret": "mine"}
	base = authorized(t, 4096, authzYAML+"authz: {dir: DIR/opa, path: envoy/authz/decision}\n", map[string]string{"opa/policy.rego": byToken})
	long := `{"name":"` + strings.Repeat("x", 5000) + `"}`
	for _, c := range []checked{
		{name: "no token", method: "GET", path: "/people", status: 401, says: "show a token", told: "Bearer"},
		{name: "a forged token", method: "GET", path: "/people", headers: map[string]string{"authorization": "Bearer " + anasToken[:len(anasToken)-2] + "AA"}, status: 401},
		// A header that a policy injects replaces what the client sent, and never stands beside it.
		{name: "a token", method: "POST", path: "/people?x=1", body: `{"name":"joe"}`, headers: bearer, status: 200, says: "role=[admin] secret=[]", told: "yes"},
		{name: "for herself", method: "POST", path: "/people", body: `{"name":"ana"}`, headers: bearer, status: 403, says: "not for yourself"},
		// A body in chunks is read like any other.
		{name: "for herself, in chunks", method: "POST", path: "/people", body: `{"name":"ana"}`, chunked: true, headers: bearer, status: 403, says: "not for yourself"},
		// A body that Envoy cuts is refused before any policy runs.
		{name: "too long", method: "POST", path: "/people", body: long, headers: bearer, status: 413},
		{name: "too long, in chunks", method: "POST", path: "/people", body: long, chunked: true, headers: bearer, status: 413},
		{name: "no JSON", method: "POST", path: "/people", body: `{"name":`, headers: bearer, status: 400},
	} {
		c.run(t, base)
	}
}

// Policies of ext_authz come into force when their file is written; one that does not compile is kept out, and the operator is
// told.
func TestPoliciesOfExtAuthzAreReloaded(t *testing.T) {
	const allowing, denying = "package envoy.authz\n\nallow := true\n", "package envoy.authz\n\nallow := false\n"
	base, weir, dir := authorizedBy(t, 4096, authzYAML+"authz: {dir: DIR/opa}\n", map[string]string{"opa/policy.rego": allowing})
	operator := &stage{weir: weir}
	status := func() int {
		r, err := http.Get(base + "/people")
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		return r.StatusCode
	}
	file := filepath.Join(dir, "opa", "policy.rego")
	if got := status(); got != 200 {
		t.Fatalf("at first: %d", got)
	}
	writeFile(t, file, denying)
	eventually(t, "the change is in force", func() bool { return status() == 403 })
	writeFile(t, file, allowing+"allow := nonsense\n")
	eventually(t, "the operator is told", func() bool {
		code, text := operator.readiness(t)
		return code == 503 && strings.Contains(text, "ext_authz policies") && strings.Contains(text, "policy.rego:4")
	})
	if got := status(); got != 403 {
		t.Errorf("with a policy that does not compile: %d", got)
	}
	r, err := http.Get("http://" + weir.AdminAddr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || !strings.Contains(string(text), `weir_policy_loads_total{policies="ext_authz",result="refused"} 1`) {
		t.Errorf("metrics: %v", err)
	}
	writeFile(t, file, allowing)
	eventually(t, "all is well again", func() bool {
		code, _ := operator.readiness(t)
		return code == 200 && status() == 200
	})
}

// Weir's own decision, for a mesh that attaches ext_authz only.
func TestTheRequestsOwnDecisionThroughExtAuthz(t *testing.T) {
	keys := map[string]string{}
	for _, id := range []string{"open", "capped"} {
		key, err := tenant.Mint("gw_", strings.NewReader(strings.Repeat(id[:1], 64)))
		if err != nil {
			t.Fatal(err)
		}
		keys[id] = key
	}
	yaml := authzYAML + "providers: [{name: up, kind: openai-compatible, base_url: \"http://127.0.0.1:9\"}]\nmodels: [{name: m, provider: up}]\ntenants:\n"
	for _, id := range []string{"open", "capped"} {
		yaml += fmt.Sprintf("  - {id: %s, dialect: dvara, settings: {pii: {request: block}}, models: {deny: [secret-*]}, keys: [{id: k-%s, sha256: %x}]", id, id, tenant.HashOf(keys[id]))
		if id == "capped" {
			yaml += ", budgets: [{limit: \"1.00\", period: day}]"
		}
		yaml += "}\n"
	}
	base := authorized(t, 65536, yaml, nil)
	ask := func(key string) map[string]string {
		return map[string]string{"authorization": "Bearer " + keys[key], "content-type": "application/json"}
	}
	chat := func(text string) string { return `{"model":"m","messages":[{"role":"user","content":"` + text + `"}]}` }
	for _, c := range []checked{
		{name: "passes", method: "POST", path: "/v1/chat/completions", body: chat("hi"), headers: ask("open"), status: 200, says: "body="},
		{name: "no key", method: "POST", path: "/v1/chat/completions", body: chat("hi"), headers: map[string]string{"content-type": "application/json"}, status: 401, says: "error"},
		{name: "personal data", method: "POST", path: "/v1/chat/completions", body: chat("write to eve@example.com"), headers: ask("open"), status: 400, says: "pii"},
		{name: "a hard cap", method: "POST", path: "/v1/chat/completions", body: chat("hi"), headers: ask("capped"), status: 403, says: "hard budget"},
	} {
		c.run(t, base)
	}
}
