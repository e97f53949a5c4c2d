package check

import (
	"fmt"
	"strings"

	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

// gates are Weir's ext_authz filters in a chain, by their place: those of the name that was given, or that lead to a cluster with
// weir in its name.
func (c *checker) gates(hcm *hcmv3.HttpConnectionManager) map[int]*authzv3.ExtAuthz {
	out := map[int]*authzv3.ExtAuthz{}
	for i, f := range hcm.GetHttpFilters() {
		a := &authzv3.ExtAuthz{}
		if f.GetTypedConfig().UnmarshalTo(a) != nil {
			continue
		}
		cluster := a.GetGrpcService().GetEnvoyGrpc().GetClusterName()
		if c.o.Filter != "" && f.GetName() == c.o.Filter || c.o.Filter == "" && strings.Contains(cluster, "weir") {
			out[i] = a
		}
	}
	return out
}

// admits checks a connection manager in which Weir is asked about requests alone, and says whether it is.
func (c *checker) admits(hcm *hcmv3.HttpConnectionManager, p place) bool {
	list := c.gates(hcm)
	for i, a := range list {
		at := p.in("http_filters", i, "typed_config")
		c.add(Warning, "requests-only", p.in("http_filters", i), "ext_authz, and no ext_proc filter of Weir's", "ext_proc where answers are to be governed: here requests are admitted or refused, nothing is edited and nothing is counted")
		if a.GetFailureModeAllow() {
			c.add(Error, "failure-open", at.in("failure_mode_allow"), "true", "false: whenever Weir does not answer, requests would pass ungoverned")
		}
		switch b := a.GetWithRequestBody(); {
		case b == nil:
			c.add(Error, "body-mode", at.in("with_request_body"), "nothing", "max_request_bytes: a request whose body Weir does not see is refused")
		case b.GetAllowPartialMessage():
			c.add(Error, "body-mode", at.in("with_request_body", "allow_partial_message"), "true", "false: the rest of a longer body would pass unseen")
		case int64(b.GetMaxRequestBytes()) < c.o.BodyBytes:
			c.add(Warning, "body-limit", at.in("with_request_body", "max_request_bytes"), fmt.Sprint(b.GetMaxRequestBytes()), fmt.Sprintf("%d, which Weir takes: larger bodies are refused before they reach it", c.o.BodyBytes))
		}
		k := &chain{checker: c, hcm: hcm, at: p, number: i}
		k.logs()
		k.addresses()
		if r, ok := c.cluster(a.GetGrpcService().GetEnvoyGrpc().GetClusterName()); ok {
			k.breakers(r)
			k.protocol(r)
			k.privacy(r)
		} else {
			c.add(Error, "no-cluster", at.in("grpc_service", "envoy_grpc", "cluster_name"), fmt.Sprintf("%q, which is no cluster here", a.GetGrpcService().GetEnvoyGrpc().GetClusterName()), "the cluster of Weir: every request would be refused")
		}
	}
	return len(list) > 0
}
