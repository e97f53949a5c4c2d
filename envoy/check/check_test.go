package check_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"weir/envoy"
	"weir/envoy/check"
)

// made is a bootstrap of the product's own, as JSON.
func made(t testing.TB, minor int) []byte {
	t.Helper()
	b, err := envoy.Bootstrap(envoy.Options{
		Minor: minor, Weir: "127.0.0.1:18080", Admin: "127.0.0.1:9901",
		Providers: []envoy.Upstream{{Name: "a", BaseURL: "https://a.example"}, {Name: "b", BaseURL: "https://b.example"}},
		Orders:    [][]string{{"a", "b"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := envoy.JSON(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func findings(t *testing.T, text []byte, o check.Options) []check.Finding {
	t.Helper()
	list, err := check.Config(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What the product prints itself bites nobody, on any minor, in either form.
func TestOwnBootstrapIsWell(t *testing.T) {
	for minor := envoy.MinMinor; minor <= envoy.MaxMinor; minor++ {
		text := made(t, minor)
		for _, f := range findings(t, text, check.Options{Minor: minor}) {
			t.Errorf("1.%d: %s", minor, f)
		}
	}
}

// tree is JSON that a case changes.
type tree = map[string]any

// at walks down: a string is a member, an int an item.
func at(v any, keys ...any) any {
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			v = v.(tree)[k]
		case int:
			v = v.([]any)[k]
		}
	}
	return v
}

// Where things stand in the product's own bootstrap.
func manager(b tree) tree {
	return at(b, "static_resources", "listeners", 0, "filter_chains", 0, "filters", 0, "typed_config").(tree)
}
func filter(b tree) tree  { return at(manager(b), "http_filters", 0, "typed_config").(tree) }
func host(b tree) tree    { return at(manager(b), "route_config", "virtual_hosts", 0).(tree) }
func route(b tree) tree   { return at(host(b), "routes", 0, "route").(tree) }
func cluster(b tree) tree { return at(b, "static_resources", "clusters", 0).(tree) }

func insert(b tree, i int, f tree) {
	h := manager(b)
	h["http_filters"] = slices.Insert(h["http_filters"].([]any), i, any(f))
}

func named(name, kind string, more tree) tree {
	c := tree{"@type": "type.googleapis.com/" + kind}
	for k, v := range more {
		c[k] = v
	}
	return tree{"name": name, "typed_config": c}
}

// bites are configurations that would bite, each with the rule that says so and the key that stands on the line.
var bites = map[string]struct {
	change   func(tree)
	severity check.Severity
	rule     string
	on       string // what the line of the finding holds
	options  check.Options
}{
	"request streamed":  {func(b tree) { at(filter(b), "processing_mode").(tree)["request_body_mode"] = "STREAMED" }, check.Error, "body-mode", `"request_body_mode"`, check.Options{}},
	"request duplex":    {func(b tree) { at(filter(b), "processing_mode").(tree)["request_body_mode"] = "FULL_DUPLEX_STREAMED" }, check.Error, "retries", `"retry_policy"`, check.Options{}},
	"request unseen":    {func(b tree) { delete(at(filter(b), "processing_mode").(tree), "request_body_mode") }, check.Error, "body-mode", `"processing_mode"`, check.Options{}},
	"partial":           {func(b tree) { at(filter(b), "processing_mode").(tree)["request_body_mode"] = "BUFFERED_PARTIAL" }, check.Error, "body-mode", `"request_body_mode"`, check.Options{}},
	"answer streamed":   {func(b tree) { at(filter(b), "processing_mode").(tree)["response_body_mode"] = "STREAMED" }, check.Error, "body-mode", `"response_body_mode"`, check.Options{}},
	"answer's headers":  {func(b tree) { at(filter(b), "processing_mode").(tree)["response_header_mode"] = "SKIP" }, check.Error, "header-mode", `"response_header_mode"`, check.Options{}},
	"no trailers":       {func(b tree) { delete(at(filter(b), "processing_mode").(tree), "response_trailer_mode") }, check.Error, "trailers-mode", `"processing_mode"`, check.Options{}},
	"open":              {func(b tree) { filter(b)["failure_mode_allow"] = true }, check.Error, "failure-open", `"failure_mode_allow"`, check.Options{}},
	"open in camelCase": {func(b tree) { filter(b)["failureModeAllow"] = true }, check.Error, "failure-open", `"failureModeAllow"`, check.Options{}},
	"observing":         {func(b tree) { filter(b)["observability_mode"] = true }, check.Error, "switch", `"observability_mode"`, check.Options{}},
	"no refusals":       {func(b tree) { filter(b)["disable_immediate_response"] = true }, check.Error, "switch", `"disable_immediate_response"`, check.Options{}},
	"route kept":        {func(b tree) { filter(b)["route_cache_action"] = "RETAIN" }, check.Error, "route-cache", `"route_cache_action"`, check.Options{}},
	"no edits":          {func(b tree) { filter(b)["mutation_rules"] = tree{"disallow_all": true} }, check.Error, "mutations", `"disallow_all"`, check.Options{}},
	"200 ms":            {func(b tree) { filter(b)["message_timeout"] = "0.2s" }, check.Warning, "timeout", `"message_timeout"`, check.Options{}},
	"no time said":      {func(b tree) { delete(filter(b), "message_timeout") }, check.Warning, "timeout", `"typed_config"`, check.Options{}},
	"no namespaces":     {func(b tree) { delete(filter(b), "metadata_options") }, check.Error, "metadata", `"typed_config"`, check.Options{}},
	"no details":        {func(b tree) { filter(b)["response_attributes"] = []any{"response.code"} }, check.Warning, "attributes", `"response_attributes"`, check.Options{}},
	"the whole node":    {func(b tree) { filter(b)["request_attributes"] = []any{"xds.node", "source.address"} }, check.Error, "attributes", `"request_attributes"`, check.Options{}},
	"asked twice":       {func(b tree) { at(filter(b), "grpc_service", "retry_policy").(tree)["retry_on"] = "unavailable" }, check.Error, "retries", `"retry_on"`, check.Options{}},
	"always on":         {func(b tree) { delete(at(manager(b), "http_filters", 0).(tree), "disabled") }, check.Warning, "always-on", "{", check.Options{}},
	"attached twice":    {func(b tree) { insert(b, 1, at(manager(b), "http_filters", 0).(tree)) }, check.Error, "attached-twice", "{", check.Options{}},
	"another processor": {func(b tree) { insert(b, 0, otherProcessor("BUFFERED")) }, check.Error, "body-filter", `"processing_mode"`, check.Options{}},
	"a script":          {func(b tree) { insert(b, 0, named("lua", "envoy.extensions.filters.http.lua.v3.Lua", nil)) }, check.Warning, "body-filter", "{", check.Options{}},
	"denied too late":   {func(b tree) { insert(b, 1, named("authz", "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", nil)) }, check.Warning, "order", "{", check.Options{}},
	"verified too late": {func(b tree) {
		insert(b, 1, named("jwt", "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication", nil))
	}, check.Error, "order", "{", check.Options{}},
	"compressed first": {func(b tree) {
		insert(b, 1, named("gzip", "envoy.extensions.filters.http.compressor.v3.Compressor", nil))
	}, check.Error, "order", "{", check.Options{}},
	"small bodies": {func(b tree) { at(host(b)).(tree)["request_body_buffer_limit"] = "1000" }, check.Warning, "body-limit", `"per_connection_buffer_limit_bytes"`, check.Options{}},
	"small windows": {func(b tree) {
		delete(host(b), "request_body_buffer_limit")
		at(manager(b), "http2_protocol_options").(tree)["initial_stream_window_size"] = 65535
	}, check.Warning, "body-limit", `"initial_stream_window_size"`, check.Options{}},
	"no limits": {func(b tree) {
		delete(at(b, "static_resources", "listeners", 0).(tree), "per_connection_buffer_limit_bytes")
	}, check.Warning, "no-limits", "{", check.Options{}},
	"no bound of clients":        {func(b tree) { delete(b, "overload_manager") }, check.Warning, "no-limits", "{", check.Options{}},
	"slow headers":               {func(b tree) { delete(manager(b), "request_headers_timeout") }, check.Warning, "no-limits", `"typed_config"`, check.Options{}},
	"short silence":              {func(b tree) { manager(b)["stream_idle_timeout"] = "60s"; delete(route(b), "idle_timeout") }, check.Warning, "timeout", `"stream_idle_timeout"`, check.Options{}},
	"short silence of a way":     {func(b tree) { route(b)["idle_timeout"] = "60s" }, check.Warning, "timeout", `"idle_timeout"`, check.Options{}},
	"fifteen seconds":            {func(b tree) { delete(route(b), "timeout") }, check.Error, "timeout", `"route"`, check.Options{}},
	"a minute":                   {func(b tree) { route(b)["timeout"] = "60s" }, check.Warning, "timeout", `"timeout"`, check.Options{}},
	"tried again":                {func(b tree) { at(route(b), "retry_policy").(tree)["retry_on"] = "5xx" }, check.Warning, "retries", `"retry_on"`, check.Options{}},
	"hedged":                     {func(b tree) { route(b)["hedge_policy"] = tree{} }, check.Error, "retries", `"hedge_policy"`, check.Options{}},
	"mirrored":                   {func(b tree) { route(b)["request_mirror_policies"] = []any{tree{"cluster": "x"}} }, check.Warning, "mirror", `"request_mirror_policies"`, check.Options{}},
	"upgrades of a way":          {func(b tree) { route(b)["upgrade_configs"] = []any{tree{"upgrade_type": "websocket"}} }, check.Warning, "upgrade", `"upgrade_configs"`, check.Options{}},
	"upgrades of all":            {func(b tree) { manager(b)["upgrade_configs"] = []any{tree{"upgrade_type": "websocket"}} }, check.Warning, "upgrade", `"upgrade_configs"`, check.Options{}},
	"spoofed":                    {func(b tree) { delete(manager(b), "early_header_mutation_extensions") }, check.Error, "trusted-headers", `"typed_config"`, check.Options{}},
	"address of the client":      {func(b tree) { delete(manager(b), "use_remote_address") }, check.Warning, "client-address", `"typed_config"`, check.Options{}},
	"Envoy's own words":          {func(b tree) { delete(manager(b), "local_reply_config") }, check.Warning, "local-replies", `"typed_config"`, check.Options{}},
	"off":                        {func(b tree) { delete(host(b), "typed_per_filter_config") }, check.Error, "ungoverned", "{", check.Options{}},
	"off on a route":             {func(b tree) { at(host(b), "routes", 0).(tree)["typed_per_filter_config"] = offHere() }, check.Warning, "ungoverned", "{", check.Options{}},
	"open on a host":             {func(b tree) { host(b)["typed_per_filter_config"] = openHere() }, check.Error, "failure-open", `"failure_mode_allow"`, check.Options{}},
	"few at once":                {func(b tree) { delete(cluster(b), "circuit_breakers") }, check.Warning, "breaker", "{", check.Options{}},
	"few requests":               {func(b tree) { at(cluster(b), "circuit_breakers", "thresholds", 0).(tree)["max_requests"] = 100 }, check.Warning, "breaker", `"max_requests"`, check.Options{}},
	"HTTP/1.1 to Weir":           {func(b tree) { delete(cluster(b), "typed_extension_protocol_options") }, check.Error, "protocol", "{", check.Options{}},
	"pings":                      {func(b tree) { keepalive(b)["interval"] = "1s" }, check.Error, "keepalive", `"interval"`, check.Options{}},
	"clear text":                 {func(b tree) { address(b)["address"] = "10.0.0.7" }, check.Warning, "clear-text", "{", check.Options{}},
	"no cluster":                 {func(b tree) { cluster(b)["name"] = "another" }, check.Error, "no-cluster", `"cluster_name"`, check.Options{}},
	"no second":                  {func(b tree) { delete(at(filter(b), "grpc_service").(tree), "retry_policy") }, check.Warning, "restart", `"grpc_service"`, check.Options{}},
	"admin for all":              {func(b tree) { at(b, "admin", "address", "socket_address").(tree)["address"] = "0.0.0.0" }, check.Error, "admin-open", `"address"`, check.Options{}},
	"a field too new":            {func(b tree) {}, check.Warning, "newer-field", `"allow_content_length_header"`, check.Options{Minor: 37}},
	"a field without effect":     {func(b tree) {}, check.Warning, "idle-field", `"request_body_buffer_limit"`, check.Options{Minor: 36}},
	"replies of 1.36":            {func(b tree) {}, check.Warning, "local-replies", "{", check.Options{Minor: 36}},
	"a word misspelt":            {func(b tree) { filter(b)["failure_mode_allowed"] = true }, check.Warning, "unknown-field", `"failure_mode_allowed"`, check.Options{}},
	"an old Envoy":               {func(b tree) {}, check.Error, "old-envoy", `"node"`, check.Options{Minor: 35}},
	"not there":                  {func(b tree) { h := manager(b); h["http_filters"] = h["http_filters"].([]any)[1:] }, check.Error, "not-attached", "{", check.Options{}},
	"another door":               {func(b tree) { secondListener(b, "") }, check.Warning, "ungoverned", `"http_filters"`, check.Options{}},
	"another door to a provider": {func(b tree) { secondListener(b, envoy.RoutePrefix+"a") }, check.Error, "ungoverned", `"http_filters"`, check.Options{}},
	"off for a part":             {func(b tree) { delete(route(b), "cluster_header"); route(b)["weighted_clusters"] = shared() }, check.Error, "ungoverned", "{", check.Options{}},
	"a matcher":                  {func(b tree) { host(b)["matcher"] = matcher(); delete(host(b), "routes") }, check.Error, "timeout", `"matcher"`, check.Options{}},
	"a small buffer": {func(b tree) {
		insert(b, 0, named("whole", "envoy.extensions.filters.http.buffer.v3.Buffer", tree{"max_request_bytes": 1024}))
	}, check.Warning, "body-limit", `"max_request_bytes"`, check.Options{}},
	"one route of many": {func(b tree) { raiseOne(b) }, check.Warning, "body-limit", `"per_connection_buffer_limit_bytes"`, check.Options{}},
	"TLS with anybody": {func(b tree) {
		address(b)["address"] = "10.0.0.7"
		cluster(b)["transport_socket"] = named("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", nil)
	}, check.Warning, "clear-text", `"transport_socket"`, check.Options{}},
	"no TLS in words": {func(b tree) {
		address(b)["address"] = "10.0.0.7"
		cluster(b)["transport_socket"] = named("envoy.transport_sockets.raw_buffer", "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer", nil)
	}, check.Warning, "clear-text", `"transport_socket"`, check.Options{}},
	"endpoints from elsewhere": {func(b tree) { cluster(b)["type"] = "EDS"; delete(cluster(b), "load_assignment") }, check.Warning, "clear-text", "{", check.Options{}},
	"retried by status":        {func(b tree) { at(route(b), "retry_policy").(tree)["retry_on"] = "retriable-status-codes" }, check.Warning, "retries", `"retry_on"`, check.Options{}},
	"retried by a cluster":     {func(b tree) { provider(b)["retry_policy"] = tree{"retry_on": "5xx"} }, check.Warning, "retries", `"retry_on"`, check.Options{}},
	"redirects followed":       {func(b tree) { route(b)["internal_redirect_policy"] = tree{} }, check.Warning, "redirects", `"internal_redirect_policy"`, check.Options{}},
	"another's bodies": {func(b tree) {
		insert(b, 1, otherProcessor("NONE"))
		host(b)["typed_per_filter_config"].(tree)["other"] = streamedHere()
	}, check.Error, "body-filter", `"other"`, check.Options{}},
	"another's wishes": {func(b tree) {
		f := otherProcessor("NONE")
		f["typed_config"].(tree)["allow_mode_override"] = true
		insert(b, 1, f)
	}, check.Warning, "body-filter", `"allow_mode_override"`, check.Options{}},
	"keys in a log":     {func(b tree) { manager(b)["access_log"] = logging("%REQ(AUTHORIZATION)%") }, check.Warning, "logs", "AUTHORIZATION", check.Options{}},
	"metadata in a log": {func(b tree) { manager(b)["access_log"] = logging("%DYNAMIC_METADATA(weir.route)%") }, check.Warning, "logs", "weir.route", check.Options{}},
	"a tap":             {func(b tree) { insert(b, 1, named("tap", "envoy.extensions.filters.http.tap.v3.Tap", nil)) }, check.Warning, "logs", "{", check.Options{}},
	"routed anew": {func(b tree) {
		insert(b, 1, named("mutate", "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", tree{"mutations": tree{"request_mutations": []any{tree{"append": tree{"header": tree{"key": "x-weir-route", "value": "order-b"}}}}}}))
	}, check.Error, "trusted-headers", "x-weir-route", check.Options{}},
	"hops": {func(b tree) { manager(b)["xff_num_trusted_hops"] = 3 }, check.Warning, "client-address", `"xff_num_trusted_hops"`, check.Options{}},
	"address by a header": {func(b tree) {
		delete(manager(b), "use_remote_address")
		manager(b)["original_ip_detection_extensions"] = []any{named("xff", "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig", nil)}
	}, check.Warning, "client-address", "{", check.Options{}},
	"requests only":           {func(b tree) { gate(b) }, check.Warning, "requests-only", "{", check.Options{}},
	"requests only, and open": {func(b tree) { gate(b)["failure_mode_allow"] = true }, check.Error, "failure-open", `"failure_mode_allow"`, check.Options{}},
	"requests without bodies": {func(b tree) { delete(gate(b), "with_request_body") }, check.Error, "body-mode", `"typed_config"`, check.Options{}},
	"requests cut":            {func(b tree) { gate(b)["with_request_body"].(tree)["allow_partial_message"] = true }, check.Error, "body-mode", `"allow_partial_message"`, check.Options{}},
	"another name":            {func(b tree) {}, check.Error, "not-attached", "{", check.Options{Filter: "envoy.filters.http.ext_proc/other"}},
}

// gate puts ext_authz in the place of ext_proc.
func gate(b tree) tree {
	f := named(envoy.AuthzFilterName, "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", tree{
		"grpc_service": tree{"envoy_grpc": tree{"cluster_name": envoy.ExtProcCluster}}, "with_request_body": tree{"max_request_bytes": 65536},
	})
	manager(b)["http_filters"].([]any)[0] = f
	return f["typed_config"].(tree)
}

// A gate is an attachment: what it lacks is said, and not that there is none.
func TestGateIsAttached(t *testing.T) {
	var b tree
	if err := json.Unmarshal(made(t, 40), &b); err != nil {
		t.Fatal(err)
	}
	gate(b)
	text, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if list := findings(t, text, check.Options{}); check.Errors(list) > 0 {
		t.Errorf("%v", list)
	}
}

// secondListener is one without Weir, with a route to a cluster.
func secondListener(b tree, to string) {
	route := tree{"match": tree{"prefix": "/"}, "direct_response": tree{"status": 200}}
	if to != "" {
		route = tree{"match": tree{"prefix": "/"}, "route": tree{"cluster": to}}
	}
	m := tree{
		"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "second",
		"route_config": tree{"virtual_hosts": []any{tree{"name": "v", "domains": []any{"*"}, "routes": []any{route}}}},
		"http_filters": []any{named("router", "envoy.extensions.filters.http.router.v3.Router", nil)},
	}
	s := b["static_resources"].(tree)
	s["listeners"] = append(s["listeners"].([]any), tree{"name": "second", "filter_chains": []any{tree{"filters": []any{tree{"name": "hcm", "typed_config": m}}}}})
}

// shared are two clusters, one of them without Weir.
func shared() tree {
	return tree{"clusters": []any{tree{"name": "x", "weight": 1}, tree{"name": "y", "weight": 1, "typed_per_filter_config": offHere()}}}
}

// matcher leads every request to a route that bounds an answer by 15 s.
func matcher() tree {
	return tree{"on_no_match": tree{"action": named("all", "envoy.config.route.v3.Route", tree{"match": tree{"prefix": "/"}, "route": tree{"cluster": "x"}})}}
}

// raiseOne has one route take large bodies, and no other.
func raiseOne(b tree) {
	at(b, "static_resources", "listeners", 0).(tree)["per_connection_buffer_limit_bytes"] = 65536
	delete(host(b), "request_body_buffer_limit")
	at(host(b), "routes", 0).(tree)["request_body_buffer_limit"] = "1000000000"
}

// provider is where a provider's cluster has its HTTP options.
func provider(b tree) tree {
	return at(b, "static_resources", "clusters", 1, "typed_extension_protocol_options", "envoy.extensions.upstreams.http.v3.HttpProtocolOptions").(tree)
}

func streamedHere() tree {
	return tree{"@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute", "overrides": tree{"processing_mode": tree{"response_body_mode": "STREAMED"}}}
}

func logging(format string) []any {
	return []any{named("file", "envoy.extensions.access_loggers.file.v3.FileAccessLog", tree{"path": "/dev/stdout", "log_format": tree{"text_format_source": tree{"inline_string": format}}})}
}

func otherProcessor(mode string) tree {
	f := named("other", "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor", tree{"processing_mode": tree{"request_body_mode": mode}})
	f["typed_config"].(tree)["grpc_service"] = tree{"envoy_grpc": tree{"cluster_name": "other"}}
	return f
}

func offHere() tree {
	return tree{envoy.FilterName: tree{"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": true}}
}

func openHere() tree {
	return tree{envoy.FilterName: tree{"@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute",
		"overrides": tree{"failure_mode_allow": true}}}
}

func keepalive(b tree) tree {
	return at(cluster(b), "typed_extension_protocol_options", "envoy.extensions.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config",
		"http2_protocol_options", "connection_keepalive").(tree)
}

func address(b tree) tree {
	return at(cluster(b), "load_assignment", "endpoints", 0, "lb_endpoints", 0, "endpoint", "address", "socket_address").(tree)
}

// Each of them is said, once changed back it is not, and the line is the one it stands on.
func TestWhatBitesIsSaid(t *testing.T) {
	for name, c := range bites {
		var b tree
		if err := json.Unmarshal(made(t, 40), &b); err != nil {
			t.Fatal(err)
		}
		c.change(b)
		text, err := json.MarshalIndent(b, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		o := c.options
		if o.Minor == 0 {
			o.Minor = 40
		}
		list := findings(t, text, o)
		i := slices.IndexFunc(list, func(f check.Finding) bool { return f.Rule == c.rule && f.Severity == c.severity })
		if i < 0 {
			t.Errorf("%s: no %s %s in %v", name, c.severity, c.rule, list)
			continue
		}
		f := list[i]
		lines := strings.Split(string(text), "\n")
		if f.Line < 1 || f.Line > len(lines) || !strings.Contains(lines[f.Line-1], c.on) {
			t.Errorf("%s: %s; on line %d stands %q, want %s", name, f, f.Line, strings.TrimSpace(lines[max(f.Line, 1)-1]), c.on)
		}
		if f.Path == "" && c.rule != "not-attached" || f.Found == "" || f.Want == "" {
			t.Errorf("%s: %s", name, f)
		}
	}
}

// A config dump says which Envoy it is of, and what came over xDS; unknown extensions in it do not keep the rest from being
// read.
func TestDump(t *testing.T) {
	var b tree
	if err := json.Unmarshal(made(t, 40), &b); err != nil {
		t.Fatal(err)
	}
	filter(b)["failure_mode_allow"] = true
	insert(b, 1, tree{"name": "theirs", "typed_config": tree{"@type": "type.googleapis.com/some.vendor.Filter", "a": tree{"b": 1}}})
	typed := func(kind string, v any) tree {
		out := tree{"@type": "type.googleapis.com/" + kind}
		for k, w := range v.(tree) {
			out[k] = w
		}
		return out
	}
	routes := at(manager(b), "route_config").(tree)
	delete(manager(b), "route_config")
	manager(b)["rds"] = tree{"route_config_name": "weir", "config_source": tree{"ads": tree{}}}
	dump := tree{"configs": []any{
		tree{"@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump", "bootstrap": tree{
			"node": tree{"user_agent_build_version": tree{"version": tree{"major_number": 1, "minor_number": 37, "patch": 0}}},
		}},
		tree{"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump", "dynamic_active_clusters": []any{
			tree{"version_info": "1", "cluster": typed("envoy.config.cluster.v3.Cluster", cluster(b))},
		}},
		tree{"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump", "dynamic_listeners": []any{
			tree{"name": "warming"},
			tree{"name": "in", "active_state": tree{"listener": typed("envoy.config.listener.v3.Listener", at(b, "static_resources", "listeners", 0))}},
		}},
		tree{"@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump", "dynamic_route_configs": []any{
			tree{"route_config": typed("envoy.config.route.v3.RouteConfiguration", routes)},
		}},
		tree{"@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump"},
	}}
	text, err := json.MarshalIndent(dump, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(findings(t, text, check.Options{}))
	for _, want := range []string{"error: failure-open: configs[2].dynamic_listeners[1].active_state.listener.", "newer-field", "allow_content_length_header", "left out in silence over xDS"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q: %s", want, got)
		}
	}
	if strings.Contains(got, ": ungoverned: ") || strings.Contains(got, "some.vendor") {
		t.Errorf("it says too much: %s", got)
	}
}

// YAML is read with its lines, anchors included.
func TestYAML(t *testing.T) {
	text := `
static_resources:
  clusters:
  - name: weir
    x-defaults: &here {address: 127.0.0.1, port_value: 18080}
    load_assignment:
      cluster_name: weir
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: *here}}}]}]
  listeners:
  - name: in
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          http_filters:
          - name: weir
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
              failure_mode_allow: true
              grpc_service: {envoy_grpc: {cluster_name: weir}}
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`
	list := findings(t, []byte(text), check.Options{})
	i := slices.IndexFunc(list, func(f check.Finding) bool { return f.Rule == "failure-open" })
	if i < 0 || list[i].Line != 21 {
		t.Errorf("%v", list)
	}
	if !slices.ContainsFunc(list, func(f check.Finding) bool { return f.Rule == "unknown-field" && f.Line == 5 }) {
		t.Errorf("x-defaults is not named: %v", list)
	}
}

// What cannot be read is said with its line, and never taken for well.
func TestUnreadable(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no mapping": "- a\n", "another file": "a: 1\n", "half of JSON": "{\n\"admin\": {",
		"a wrong kind": "admin:\n  address: 7\n", "two documents": "admin: {}\n---\nadmin: {}\n", "no anchor": "admin: *nowhere\n",
		"deep": strings.Repeat(`{"a":`, 300),
	} {
		if list, err := check.Config([]byte(text), check.Options{}); err == nil {
			t.Errorf("%s: %v", name, list)
		}
	}
}

// An error says the line of the value that is wrong.
func TestUnreadableHasItsLine(t *testing.T) {
	for _, text := range []string{
		"admin:\n  address:\n    socket_address:\n      port_value: many\n",
		"{\n\"admin\": {\n\"address\": {\"socket_address\":\n{\"port_value\": \"many\"}}}}\n",
	} {
		if _, err := check.Config([]byte(text), check.Options{}); err == nil || !strings.HasPrefix(err.Error(), "line 4: ") {
			t.Errorf("%v", err)
		}
	}
}

// The fields of the table are fields.
func TestTableOfFields(t *testing.T) {
	for name, minor := range check.Differences() {
		if minor <= envoy.MinMinor || minor > envoy.MaxMinor {
			t.Errorf("%s: 1.%d", name, minor)
		}
		if strings.Contains(name, ".v3.") && strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])[0] == name[strings.LastIndexByte(name, '.')+1] {
			d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
			if _, ok := d.(protoreflect.FieldDescriptor); err != nil || !ok {
				t.Errorf("%s is no field: %v", name, err)
			}
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add(made(f, 36))
	f.Add([]byte("admin: {address: {socket_address: {address: 0.0.0.0}}}\n"))
	f.Add([]byte(`{"configs":[{"@type":"type.googleapis.com/envoy.admin.v3.ListenersConfigDump","dynamic_listeners":[{}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = check.Config(text, check.Options{Minor: 36})
	})
}
