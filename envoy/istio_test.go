package envoy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"weir/envoy"
)

// meshed are options for manifests: a name for Weir, files for secrets.
func meshed(t *testing.T, minor int) envoy.Options {
	t.Helper()
	dir := t.TempDir()
	o := whole(minor)
	o.Weir, o.Admin = "weir.weir.svc.cluster.local:18080", ""
	var secrets []envoy.Secret
	for i, name := range []string{"openai", "anthropic"} {
		o.Providers[i].SecretEnv, o.Providers[i].SecretFile = "", envoy.SecretFile(dir, name)
		secrets = append(secrets, envoy.Secret{Provider: name, Value: "sk-x"})
	}
	if err := envoy.WriteSecrets(dir, secrets); err != nil {
		t.Fatal(err)
	}
	o.CAFile = authorities(t, dir)
	o.Providers[1].CAFile = o.CAFile
	return o
}

// filterPatch is a patch of an EnvoyFilter.
type filterPatch struct {
	ApplyTo string `json:"applyTo"`
	Match   struct {
		Context            string `json:"context"`
		RouteConfiguration struct {
			Vhost struct{ Name string } `json:"vhost"`
		} `json:"routeConfiguration"`
	} `json:"match"`
	Patch struct {
		Operation string          `json:"operation"`
		Value     json.RawMessage `json:"value"`
	} `json:"patch"`
}

// patchesOf are those of the EnvoyFilter among manifests.
func patchesOf(t *testing.T, text []byte) []filterPatch {
	t.Helper()
	for _, doc := range bytes.Split(text, []byte("\n---\n")) {
		j, err := yaml.YAMLToJSON(doc)
		if err != nil {
			t.Fatal(err)
		}
		var o struct {
			Kind string
			Spec struct {
				ConfigPatches []filterPatch `json:"configPatches"`
			}
		}
		if err := json.Unmarshal(j, &o); err != nil {
			t.Fatal(err)
		}
		if o.Kind == "EnvoyFilter" {
			return o.Spec.ConfigPatches
		}
	}
	t.Fatal("there is no EnvoyFilter")
	return nil
}

// proxy is what Istio gives an Envoy for a host, as far as an EnvoyFilter for Weir changes it.
type proxy struct {
	listener *listenerv3.Listener
	manager  *hcmv3.HttpConnectionManager
	host     *routev3.VirtualHost
	clusters []*clusterv3.Cluster
}

const istioProxy = `{
  "node": {"id": "router~10.0.0.1~gateway.istio-system~istio-system.svc.cluster.local", "cluster": "gateway.istio-system"},
  "static_resources": {
    "listeners": [{"name": "0.0.0.0_8080", "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}, "filter_chains": [{"filters": [
      {"name": "envoy.filters.network.http_connection_manager", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "outbound_0.0.0.0_8080",
        "normalize_path": true, "use_remote_address": true,
        "route_config": {"name": "http.8080", "virtual_hosts": [{"name": "llm.example.com:80", "domains": ["*"],
          "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "outbound|18080||weir.weir.svc.cluster.local", "timeout": "0s"}}]}]},
        "http_filters": [
          {"name": "istio.metadata_exchange", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"}},
          {"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]}}]}]}],
    "clusters": [{"name": "outbound|18080||weir.weir.svc.cluster.local", "type": "STRICT_DNS", "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": {"http2_protocol_options": {}}}},
      "load_assignment": {"cluster_name": "weir", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 1}}}}]}]}}]
  }
}`

// patched is the configuration after every patch, done as Istio does them. A field that the API does not know is an error.
func patched(t *testing.T, list []filterPatch) *bootstrapv3.Bootstrap {
	t.Helper()
	b := &bootstrapv3.Bootstrap{}
	if err := protojson.Unmarshal([]byte(istioProxy), b); err != nil {
		t.Fatal(err)
	}
	p := proxy{listener: b.StaticResources.Listeners[0], manager: &hcmv3.HttpConnectionManager{}, clusters: b.StaticResources.Clusters}
	network := p.listener.FilterChains[0].Filters[0]
	if err := network.GetTypedConfig().UnmarshalTo(p.manager); err != nil {
		t.Fatal(err)
	}
	p.host = p.manager.GetRouteConfig().VirtualHosts[0]
	for _, f := range list {
		p.apply(t, f)
	}
	config, err := anypb.New(p.manager)
	if err != nil {
		t.Fatal(err)
	}
	network.ConfigType = &listenerv3.Filter_TypedConfig{TypedConfig: config}
	b.StaticResources.Clusters = p.clusters
	return b
}

func (p *proxy) apply(t *testing.T, f filterPatch) {
	t.Helper()
	read := func(m proto.Message) {
		t.Helper()
		if err := protojson.Unmarshal(f.Patch.Value, m); err != nil {
			t.Fatalf("%s %s: %v", f.Patch.Operation, f.ApplyTo, err)
		}
	}
	switch f.Patch.Operation + " " + f.ApplyTo {
	case "MERGE LISTENER":
		l := &listenerv3.Listener{}
		read(l)
		proto.Merge(p.listener, l)
	case "MERGE NETWORK_FILTER":
		n, m := &listenerv3.Filter{}, &hcmv3.HttpConnectionManager{}
		read(n)
		if err := n.GetTypedConfig().UnmarshalTo(m); err != nil {
			t.Fatal(err)
		}
		proto.Merge(p.manager, m)
	case "INSERT_BEFORE HTTP_FILTER":
		h := &hcmv3.HttpFilter{}
		read(h)
		last := len(p.manager.HttpFilters) - 1
		p.manager.HttpFilters = append(p.manager.HttpFilters[:last:last], h, p.manager.HttpFilters[last])
	case "MERGE VIRTUAL_HOST":
		v := &routev3.VirtualHost{}
		read(v)
		proto.Merge(p.host, v)
	case "INSERT_FIRST HTTP_ROUTE":
		r := &routev3.Route{}
		read(r)
		p.host.Routes = append([]*routev3.Route{r}, p.host.Routes...)
	case "ADD CLUSTER":
		c := &clusterv3.Cluster{}
		read(c)
		p.clusters = append(p.clusters, c)
	default:
		t.Fatalf("no such patch: %s %s", f.Patch.Operation, f.ApplyTo)
	}
}

// The Envoy configuration in the EnvoyFilter is one that a real Envoy loads, for each place it can be attached at.
func TestEnvoyFilterIsLoaded(t *testing.T) {
	b := installed(t)
	for _, context := range []string{envoy.IstioGateway, envoy.IstioOutbound, envoy.IstioInbound} {
		for _, minor := range []int{envoy.MinMinor, b.Minor} {
			text, err := envoy.Istio(meshed(t, minor), envoy.IstioTarget{Context: context})
			if err != nil {
				t.Fatal(err)
			}
			config := patched(t, patchesOf(t, text))
			raw, err := protojson.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "envoy.json")
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(b.Path, "--mode", "validate", "-c", path).CombinedOutput(); err != nil {
				t.Errorf("%s, 1.%d: %v\n%s", context, minor, err, out)
			}
			host := config.StaticResources.Listeners[0]
			if host.GetPerConnectionBufferLimitBytes().GetValue() == 0 {
				t.Errorf("%s: no bound of a body", context)
			}
		}
	}
}

// Manifests that could not work are refused.
func TestManifestsRefuse(t *testing.T) {
	o := meshed(t, envoy.MaxMinor)
	socket := o
	socket.Weir = "unix:/run/weir.sock"
	variable := o
	variable.Orders = nil
	variable.Providers = []envoy.Upstream{{Name: "a", BaseURL: "https://a.example", SecretEnv: "KEY"}}
	for want, try := range map[string]func() ([]byte, error){
		"a Service of the mesh":               func() ([]byte, error) { return envoy.Istio(socket, envoy.IstioTarget{}) },
		`context "everywhere"`:                func() ([]byte, error) { return envoy.Istio(o, envoy.IstioTarget{Context: "everywhere"}) },
		"its secret must be a file":           func() ([]byte, error) { return envoy.Gateway(variable, envoy.GatewayTarget{}) },
		fmt.Sprintf("1.%d", envoy.MinMinor-1): func() ([]byte, error) { return envoy.Gateway(meshed(t, envoy.MinMinor-1), envoy.GatewayTarget{}) },
	} {
		if _, err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
