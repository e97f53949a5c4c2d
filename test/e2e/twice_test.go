package e2e_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/envoy"
)

// twice has a bootstrap ask a second filter, which leads to a Weir at a socket.
func twice(t *testing.T, text []byte, socket string) []byte {
	t.Helper()
	var b object
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	copied := func(v any) (out any) {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	const again = envoy.FilterName + ".again"
	static := b["static_resources"].(object)
	chain := static["listeners"].([]any)[0].(object)["filter_chains"].([]any)[0].(object)
	manager := chain["filters"].([]any)[0].(object)["typed_config"].(object)
	filters := manager["http_filters"].([]any)
	i := slices.IndexFunc(filters, func(f any) bool { return f.(object)["name"] == envoy.FilterName })
	second := copied(filters[i]).(object)
	second["name"] = again
	second["typed_config"].(object)["grpc_service"].(object)["envoy_grpc"].(object)["cluster_name"] = "again"
	manager["http_filters"] = slices.Insert(filters, i+1, any(second))
	host := manager["route_config"].(object)["virtual_hosts"].([]any)[0].(object)
	on := host["typed_per_filter_config"].(object)
	on[again] = copied(on[envoy.FilterName])
	clusters := static["clusters"].([]any)
	j := slices.IndexFunc(clusters, func(c any) bool { return c.(object)["name"] == envoy.ExtProcCluster })
	way := copied(clusters[j]).(object)
	way["name"] = "again"
	way["load_assignment"].(object)["cluster_name"] = "again"
	way["load_assignment"].(object)["endpoints"].([]any)[0].(object)["lb_endpoints"].([]any)[0].(object)["endpoint"].(object)["address"] = object{"pipe": object{"path": socket}}
	static["clusters"] = append(clusters, way)
	out, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A second filter of Weir's in one chain, be it to the same Weir or to another, refuses what the first has governed: the client
// gets an answer in words, no provider is asked, and the second names it in log and metric.
func TestWeirTwiceInAChain(t *testing.T) {
	for _, same := range []bool{true, false} {
		t.Run(map[bool]string{true: "the same", false: "another"}[same], func(t *testing.T) {
			c, err := newCast()
			if err != nil {
				t.Fatal(err)
			}
			s := &stage{logs: &captured{}, cast: c}
			second := s
			if !same {
				second = ownWeir(t)
			}
			s.tune = func(o *envoy.Options) { o.Discovery = "" }
			s.reword = func(text []byte) []byte { return twice(t, text, filepath.Join(second.dir, weirSocket)) }
			if err := s.raise(true); err != nil {
				s.close()
				onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
			}
			t.Cleanup(s.close)
			timed(t)
			for _, more := range []string{"", streaming} {
				got := s.do(t, call{key: of(plain, "openai"), body: ask("echo", "hello", more)})
				if got.err != nil || got.status != 500 || !json.Valid([]byte(got.body)) || !strings.Contains(got.body, `"error"`) {
					t.Errorf("%d %v %s", got.status, got.err, got.body)
				}
				s.upstream.none(t, got.trace)
			}
			text, err := second.metrics()
			if err != nil || !strings.Contains(text, `weir_envoy_refused_total{found="a request that Weir governs already",setting="chain"} 2`) {
				t.Errorf("metrics: %v %s", err, text)
			}
			if !strings.Contains(second.logs.String(), "setting=chain") {
				t.Errorf("log %s", second.logs)
			}
		})
	}
}
