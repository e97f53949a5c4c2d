package process

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

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
	if t := conf.Envoy.TLS; t != (config.EnvoyTLS{}) {
		o.TLS = &envoy.WeirTLS{
			CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, Name: t.ServerName, Dir: TransportDir(conf),
			SPIFFE: strings.TrimPrefix(t.SPIFFE, "unix://"), Own: t.SPIFFEID,
		}
	}
	if t := conf.Token; t.Header != "" {
		o.Tokens = &envoy.Tokens{
			Header: conf.Identity.Claim.Header, Issuer: t.Issuer, Audiences: t.Audiences, JWKSFile: t.JWKS.File, JWKSURI: t.JWKS.URI,
		}
	}
	o.Tracing = tracingOf(conf)
	for _, p := range conf.Providers {
		if p.Kind == provider.MeshKind {
			continue // it is no cluster of Weir's
		}
		u := envoy.Upstream{Name: p.Located(), BaseURL: p.BaseURL, CAFile: p.TLS.CAFile, ServerName: p.TLS.ServerName}
		if p.Credential != (provider.Credential{}) && handed(p.Credential, envoy.SecretFile(conf.Envoy.Secrets, u.Name)) {
			u.SecretFile = envoy.SecretFile(conf.Envoy.Secrets, u.Name)
		}
		if a := p.From.AWS; a != nil {
			u.AWS = &envoy.AWS{Service: a.Service, Region: a.Region, File: a.File, Profile: a.Profile}
		}
		if p.Caller {
			u.CallerHeaders = p.CallerHeaders()
		}
		o.Providers = append(o.Providers, u)
	}
	o.Mesh = conf.Mesh != nil
	o.Orders = conf.Orders
	o.Timeouts, o.Requests = patience(conf), max(envoy.DefaultRequests, conf.Limits.ConcurrentTotal)
	return o
}

// beyond is how much longer Envoy waits than Weir, so that it is Weir who says that a time is over.
const beyond = time.Minute

// patience are the times that Envoy waits: never shorter than Weir does by its limits.
func patience(conf *config.Config) envoy.Timeouts {
	l := conf.Limits
	t := envoy.Timeouts{Attempt: conf.Attempt, Idle: envoy.DefaultIdle, Message: envoy.DefaultMessage}
	t.Idle = max(t.Idle, l.FirstEvent+beyond, l.BetweenEvents+beyond)
	t.Message = max(t.Message, cmp.Or(l.Decision, filter.DefaultDecision)+cmp.Or(l.Store, filter.DefaultStore))
	return t
}

// TransportDir is where Envoy finds what to follow of its certificates towards Weir.
func TransportDir(conf *config.Config) string { return filepath.Join(conf.Envoy.Secrets, "transport") }

// handed says whether Envoy has, or gets now, a file with a credential. One that was set before and is not now will be again.
func handed(c provider.Credential, file string) bool {
	if _, err := provider.Secret(c); err == nil {
		return true
	}
	_, err := os.Stat(file)
	return err == nil
}

// Secrets are the credentials that are set now, for envoy.WriteSecrets, and the values of the headers that Envoy's spans are sent with. A
// provider without one is left out: its models are refused before Envoy is asked.
func Secrets(conf *config.Config) []envoy.Secret {
	out := tracingSecrets(conf)
	for _, p := range conf.Providers {
		if v, err := provider.Secret(p.Credential); err == nil && v != "" {
			out = append(out, envoy.Secret{Provider: p.Located(), Value: v})
		}
	}
	return out
}

// Prepare writes the files that the Envoy of a bootstrap is fed from: which certificates it follows, and, unless it is served by Weir,
// credentials, and where it follows them routes and the providers' clusters.
func Prepare(conf *config.Config, o envoy.Options) error {
	if err := envoy.WriteWeirTLS(o.TLS); err != nil || o.XDS {
		return err
	}
	if err := envoy.WriteSecrets(conf.Envoy.Secrets, Secrets(conf)); err != nil {
		return err
	}
	if o.Discovery == "" {
		return nil
	}
	r, err := envoy.NewResources(o)
	if err != nil {
		return fmt.Errorf("what Envoy follows: %w", err)
	}
	_, err = envoy.WriteDiscovery(o.Discovery, o.Minor, r.Clusters, r.Routes)
	return err
}

// Credentialed says whether a provider is called with a credential of its own, wherever it is kept: one that the file names, or
// the one that its kind asks for. It is not where a vendor's kind needs none.
func Credentialed(conf *config.Config, name string) bool {
	for _, p := range conf.Providers {
		if p.Located() == name {
			return p.Credential != (provider.Credential{})
		}
	}
	return false
}
