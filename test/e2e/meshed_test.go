package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/envoy"
)

// object is a piece of Envoy's configuration.
type object = map[string]any

// meshOf is an Envoy that a team runs already, with routes, credentials and clusters of its own, and what extproc envoy
// filter prints put where it says. Requests for the model "far" go to the second cluster; /free passes without Weir.
func meshOf(t *testing.T, f *envoy.Fragment, admin string, near, far string) []byte {
	t.Helper()
	text, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var part object
	if err := yaml.Unmarshal(text, &part); err != nil {
		t.Fatal(err)
	}
	route := func(cluster, key string) object {
		to := object{"cluster": cluster}
		for k, v := range part["route"].(object) {
			to[k] = v
		}
		return object{
			"route":                  to,
			"request_headers_to_add": []any{object{"header": object{"key": "authorization", "value": "Bearer " + key}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}},
		}
	}
	free, second, first := route("near", "sk-of-the-mesh-near"), route("far", "sk-of-the-mesh-far"), route("near", "sk-of-the-mesh-near")
	free["match"] = object{"prefix": "/free"}
	free["typed_per_filter_config"] = object{envoy.FilterName: object{"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": true}}
	second["match"] = object{"prefix": "/", "headers": []any{object{"name": "x-llm-model", "string_match": object{"exact": "far"}}}}
	first["match"] = object{"prefix": "/"}
	virtual := object{"name": "all", "domains": []any{"*"}, "routes": []any{free, second, first}}
	for k, v := range part["virtual_host"].(object) {
		virtual[k] = v
	}
	manager := object{
		"@type":       "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
		"stat_prefix": "team", "route_config": object{"virtual_hosts": []any{virtual}},
	}
	for k, v := range part["http_connection_manager"].(object) {
		manager[k] = v
	}
	manager["http_filters"] = append(manager["http_filters"].([]any), object{"name": "envoy.filters.http.router",
		"typed_config": object{"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}})
	listener := object{
		"name": "team", "address": object{"socket_address": object{"address": "127.0.0.1", "port_value": 0}},
		"filter_chains": []any{object{"filters": []any{object{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}}}},
	}
	for k, v := range part["listener"].(object) {
		listener[k] = v
	}
	cluster := func(name, url string) object {
		at, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
		return object{"name": name, "connect_timeout": "5s", "type": "STATIC", "load_assignment": object{"cluster_name": name, "endpoints": []any{
			object{"lb_endpoints": []any{object{"endpoint": object{"address": object{"socket_address": object{"address": at, "port_value": json.Number(port)}}}}}},
		}}}
	}
	whole := object{
		"admin": object{"address": object{"pipe": object{"path": admin}}},
		"static_resources": object{
			"listeners": []any{listener}, "clusters": append(part["clusters"].([]any), cluster("near", near), cluster("far", far)),
		},
	}
	if layer, ok := part["static_layer"]; ok {
		whole["layered_runtime"] = object{"layers": []any{object{"name": "weir", "static_layer": layer}}}
	}
	out, err := json.MarshalIndent(whole, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// meshed is a stage whose Envoy is a team's own.
func meshed(t *testing.T) (s *stage, far *upstream) {
	t.Helper()
	c, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	c.alter = func(f *config.File) {
		f.Providers, f.Mesh = nil, &config.Mesh{ModelHeader: "x-llm-model", Metadata: true}
		var models []config.Model
		for _, m := range f.Models {
			if m.Provider == "demo" && len(m.Fallbacks) == 0 {
				m.Provider = ""
				models = append(models, m)
			}
		}
		f.Models = append(models, config.Model{Name: "far", Price: config.Price{Input: "1.00", Output: "2.00"}})
		for i := range f.Tenants {
			f.Tenants[i].Credentials = nil
		}
	}
	far = newUpstream()
	farAway := httptest.NewServer(far)
	t.Cleanup(farAway.Close)
	s = &stage{logs: &captured{}, cast: c}
	s.reword = func([]byte) []byte {
		o := process.BootstrapOptions(s.conf, s.envoy.Minor)
		f, err := envoy.NewFragment(o, false)
		if err != nil {
			t.Fatal(err)
		}
		return meshOf(t, f, filepath.Join(s.dir, adminSocket), s.provider, farAway.URL)
	}
	if err := s.raise(true); err != nil {
		s.close()
		onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
	}
	s.closes(t)
	s.upstream.always(demoOf("sk-of-the-mesh-near").ServeHTTP)
	far.always(demoOf("sk-of-the-mesh-far").ServeHTTP)
	timed(t)
	return s, far
}

// In a mesh that routes, holds credentials and falls back by itself Weir governs and does nothing else: the key goes, the
// mesh's credential comes, the hint chooses the route, money and trail are as ever.
func TestGoverningOnly(t *testing.T) {
	s, far := meshed(t)
	over(t, func(t *testing.T, c *http.Client) {
		for _, stream := range []string{"", streaming} {
			got := s.do(t, call{key: of(measured, "openai"), body: ask("echo", "one two three", stream), client: c})
			if got.status != 200 || read(t, got.body).content != "one two three" || got.header.Get("X-Weir-Provider") != "" {
				t.Fatalf("%d %v %s %v", got.status, got.err, got.body, got.header)
			}
			at := s.upstream.one(t, got.trace)
			if at.header.Get("Authorization") != "Bearer sk-of-the-mesh-near" || at.path != "/v1/chat/completions" {
				t.Errorf("the provider got %s %v", at.path, at.header)
			}
			for name := range at.header {
				if strings.HasPrefix(strings.ToLower(name), "x-weir-") {
					t.Errorf("the provider got %s", name)
				}
			}
			if r := s.record(t, got.trace); r.Ended != "complete" || r.Provider != "mesh" || r.BilledMicro == 0 || r.ModelServed != "echo" {
				t.Errorf("record %+v", r)
			}
		}
		got := s.do(t, call{key: of(plain, "openai"), body: ask("far", "hello"), client: c, header: []string{"X-Llm-Model", "echo"}})
		if len(far.saw(got.trace)) != 1 || len(s.upstream.saw(got.trace)) != 0 {
			t.Errorf("the hint did not choose the route: %d %s", got.status, got.body)
		}
		placed := s.do(t, call{key: of(guarded, "openai"), body: ask("echo", "write to "+address), client: c})
		if at := s.upstream.one(t, placed.trace); strings.Contains(at.body, address) || read(t, placed.body).content != "write to "+address {
			t.Errorf("the provider got %s, the client %s", at.body, placed.body)
		}
		for name, refused := range map[string]struct {
			call
			status int
		}{
			"no key":        {call{body: ask("echo", "x")}, 401},
			"unknown model": {call{key: of(plain, "openai"), body: ask("nobody-has-it", "x")}, 404},
			"personal data": {call{key: of(blocking, "openai"), body: ask("echo", "write to "+address)}, 400},
			"upgrade":       {call{key: of(plain, "openai"), body: ask("echo", "x"), header: []string{"Connection", "upgrade", "Upgrade", "websocket"}}, 0},
		} {
			if name == "upgrade" && c == clients["h2"] {
				continue
			}
			refused.client = c
			got := s.do(t, refused.call)
			if refused.status != 0 && got.status != refused.status || got.status < 400 || !json.Valid([]byte(got.body)) {
				t.Errorf("%s: %d %v %s", name, got.status, got.err, got.body)
			}
			s.upstream.none(t, got.trace)
		}
	})
	if settles(t, s, of(measured, "openai")) == 0 {
		t.Error("nothing was charged")
	}
}

// The command proves which routes are governed, finds nothing wrong with a configuration that was put together as it says,
// and ends with 1 where a route is not.
func TestCheckOfARunningEnvoy(t *testing.T) {
	s, _ := meshed(t)
	run := func(args ...string) (string, error) {
		out, err := exec.Command(binary(t), append([]string{"envoy", "check", "--config", s.config}, args...)...).CombinedOutput()
		return string(out), err
	}
	out, err := run("--probe", "http://"+s.addr, "--route", "/v1/chat/completions", "--route", "POST /v1/messages", "--route", "GET /v1/models")
	if err != nil || strings.Count(out, fmt.Sprintf(": governed, Envoy 1.%d", min(s.envoy.Minor, 40))) != 3 {
		t.Errorf("%v %s", err, out)
	}
	out, err = run("--probe", "http://"+s.addr, "--route", "/v1/chat/completions", "--route", "/free/v1/chat/completions")
	if err == nil || !strings.Contains(out, "POST /free/v1/chat/completions: NOT GOVERNED: somebody else answered") || !strings.Contains(out, "1 of 2 routes are not governed") {
		t.Errorf("%v %s", err, out)
	}
	if n := len(s.upstream.saw("")); n > 2 {
		t.Errorf("%d canaries reached a provider", n)
	}
	out, err = run("--admin", "unix:"+filepath.Join(s.dir, adminSocket), "--mesh")
	if err != nil || !strings.Contains(out, "config_dump:") || !strings.Contains(out, ": warning: ungoverned: ") || strings.Contains(out, ": error: ") || strings.Contains(out, "newer-field") {
		t.Errorf("%v %s", err, out)
	}
	// Whoever holds another secret learns nothing.
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte("store: {path: "+filepath.Join(t.TempDir(), "other.db")+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary(t), "envoy", "check", "--config", other, "--probe", "http://"+s.addr).CombinedOutput(); err == nil || !strings.Contains(string(out), "holds another secret") {
		t.Errorf("%v %s", err, out)
	}
}
