package process

import (
	"maps"
	"os"
	"slices"
	"strconv"

	"weir/cmd/extproc/config"
	"weir/envoy"
	"weir/policy/audit/otlp"
)

// tracingOf is where Envoy sends its spans: to the receiver of Weir's own, if that speaks gRPC and the values of all its headers can be
// handed over.
func tracingOf(conf *config.Config) *envoy.Tracing {
	c := conf.OTLP
	if c == nil || !c.Traces || c.Protocol != otlp.GRPC {
		return nil
	}
	t := &envoy.Tracing{Endpoint: c.Endpoint, CAFile: c.CA, Ratio: c.Ratio}
	for i, name := range slices.Sorted(maps.Keys(c.Headers)) {
		h := envoy.TracingHeader{Name: name, Secret: tracingSecret(i), File: envoy.SecretFile(conf.Envoy.Secrets, tracingSecret(i))}
		if v, err := c.Headers[name].Secret(); err != nil || v == "" {
			if _, err := os.Stat(h.File); err != nil {
				return nil
			}
		}
		t.Headers = append(t.Headers, h)
	}
	return t
}

// tracingSecret names the secret of a header of exports. No provider's has that form.
func tracingSecret(i int) string { return "otlp-header-" + strconv.Itoa(i) }

// tracingSecrets are the values of those headers that can be read now.
func tracingSecrets(conf *config.Config) (out []envoy.Secret) {
	c := conf.OTLP
	if c == nil || !c.Traces || c.Protocol != otlp.GRPC {
		return nil
	}
	for i, name := range slices.Sorted(maps.Keys(c.Headers)) {
		if v, err := c.Headers[name].Secret(); err == nil && v != "" {
			out = append(out, envoy.Secret{Provider: tracingSecret(i), Value: v, Blanks: true})
		}
	}
	return out
}
