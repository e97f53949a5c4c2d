package process

import (
	"cmp"
	"weir/cmd/extproc/config"
	"weir/envoy"
	"weir/filter"
	"weir/policy/provider"
)

// BootstrapOptions are what a configuration says about Envoy. Credentials are read from the files that Secrets are
// written to.
func BootstrapOptions(conf *config.Config, minor int) envoy.Options {
	o := envoy.Options{
		Minor: minor, Listen: conf.Envoy.Listen, Admin: conf.Envoy.Admin, Weir: conf.Listen, BodyBytes: cmp.Or(conf.Limits.BodyBytes, filter.DefaultBodyBytes) + filter.EditRoom,
	}
	if t := conf.Token; t.Header != "" {
		o.Tokens = &envoy.Tokens{
			Header: conf.Identity.Claim.Header, Issuer: t.Issuer, Audiences: t.Audiences, JWKSFile: t.JWKS.File, JWKSURI: t.JWKS.URI,
		}
	}
	for _, p := range conf.Providers {
		u := envoy.Upstream{Name: p.Name, BaseURL: p.BaseURL, CAFile: p.TLS.CAFile, ServerName: p.TLS.ServerName}
		if _, err := provider.Secret(p.Credential); err == nil && p.Credential != (provider.Credential{}) {
			u.SecretFile = envoy.SecretFile(conf.Envoy.Secrets, p.Name)
		}
		if p.Caller {
			u.CallerHeaders = p.CallerHeaders()
		}
		o.Providers = append(o.Providers, u)
	}
	o.Orders, o.Timeouts.Attempt = conf.Orders, conf.Attempt
	return o
}

// Secrets are the credentials that are set now, for envoy.WriteSecrets. A provider without one is left out: its models
// are refused before Envoy is asked.
func Secrets(conf *config.Config) []envoy.Secret {
	var out []envoy.Secret
	for _, p := range conf.Providers {
		if v, err := provider.Secret(p.Credential); err == nil && v != "" {
			out = append(out, envoy.Secret{Provider: p.Name, Value: v})
		}
	}
	return out
}
