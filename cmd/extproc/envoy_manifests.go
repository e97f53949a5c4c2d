package main

import (
	"github.com/spf13/cobra"

	"weir/cmd/extproc/process"
	"weir/envoy"
)

// manifestFlags are what every kind of manifest is made from.
type manifestFlags struct {
	config, weir, secrets, ca string
	minor                     int
}

func (f *manifestFlags) add(c *cobra.Command) {
	configFlag(c, &f.config)
	c.Flags().StringVar(&f.weir, "weir", "weir.weir.svc.cluster.local:18080", "where Envoy reaches Weir: host:port, or unix:/path")
	c.Flags().StringVar(&f.secrets, "secrets", "/etc/weir/secrets", "the directory of the providers' credentials, as Envoy sees it")
	c.Flags().StringVar(&f.ca, "ca", envoy.DefaultCAFile, "PEM file of the authorities that sign providers' certificates, as Envoy sees it")
	c.Flags().IntVar(&f.minor, "minor", envoy.MaxMinor, "minor version of the Envoy 1 that reads them, from 36")
}

// options are those of the bootstrap, for an Envoy elsewhere. A provider has its credential there, whether or not it is
// known here.
func (f *manifestFlags) options() (envoy.Options, error) {
	conf, err := load(f.config)
	if err != nil {
		return envoy.Options{}, err
	}
	conf.Listen, conf.Envoy.Secrets = f.weir, f.secrets
	o := process.BootstrapOptions(conf, f.minor)
	for i := range o.Providers {
		p := &o.Providers[i]
		if p.SecretFile == "" && len(p.CallerHeaders) == 0 && process.Credentialed(conf, p.Name) {
			p.SecretFile = envoy.SecretFile(f.secrets, p.Name)
		}
	}
	o.CAFile, o.Admin = f.ca, ""
	return o, nil
}

// printed writes what was made for an Envoy, or says why there is none.
func printed(c *cobra.Command, text []byte, err error) error {
	if err != nil {
		return err
	}
	_, err = c.OutOrStdout().Write(text)
	return err
}

func newGateway() *cobra.Command {
	var f manifestFlags
	var t envoy.GatewayTarget
	c := &cobra.Command{
		Use: "gateway", Short: "Print the manifests that attach Weir to a Gateway of Envoy Gateway's", Args: none,
		Long: "Print the manifests that attach Weir to a Gateway of Envoy Gateway's: Backend, HTTPRoute, EnvoyExtensionPolicy or SecurityPolicy,\nClientTrafficPolicy and EnvoyPatchPolicy, with the providers of the configuration.",
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options()
			if err != nil {
				return err
			}
			text, err := envoy.Gateway(o, t)
			return printed(c, text, err)
		},
	}
	f.add(c)
	c.Flags().StringVar(&t.Namespace, "namespace", "default", "the Gateway's namespace")
	c.Flags().StringVar(&t.Gateway, "gateway", "eg", "the Gateway's name")
	c.Flags().StringVar(&t.Listener, "listener", "http", "the name of the Gateway's listener")
	c.Flags().StringSliceVar(&t.Paths, "path", envoy.DefaultPaths(), "prefixes of the paths to govern")
	c.Flags().StringVar(&t.Route, "route", "", "an HTTPRoute of your own to govern, where Envoy Gateway routes to providers by itself; empty writes one")
	c.Flags().StringVar(&t.Authority, "weir-ca", "", "the ConfigMap with the authorities that signed Weir's certificate; empty reaches Weir in the clear")
	c.Flags().StringVar(&t.Name, "weir-name", "", "the name that Weir's certificate is for")
	c.Flags().StringVar(&t.ClientSecret, "client-secret", "", "the Secret with the certificate that Envoy shows to Weir")
	c.MarkFlagsRequiredTogether("weir-ca", "weir-name")
	c.Flags().Int64Var(&t.AuthzBytes, "ext-authz", 0, "attach over ext_authz instead, with so many bytes of the body; only requests are decided about then")
	return c
}

func newIstio() *cobra.Command {
	var f manifestFlags
	var t envoy.IstioTarget
	c := &cobra.Command{
		Use: "istio", Short: "Print the manifests that attach Weir to a gateway or to sidecars of Istio's", Args: none,
		Long: "Print the manifests that attach Weir to a gateway or to sidecars of Istio's: EnvoyFilter, DestinationRule, ServiceEntry, or\nAuthorizationPolicy, with the providers of the configuration.",
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options()
			if err != nil {
				return err
			}
			text, err := envoy.Istio(o, t)
			return printed(c, text, err)
		},
	}
	f.add(c)
	c.Flags().StringVar(&t.Namespace, "namespace", "istio-system", "the namespace of the workload")
	c.Flags().StringToStringVar(&t.Workload, "workload", map[string]string{"istio": "ingressgateway"}, "labels of the workload")
	c.Flags().StringVar(&t.Context, "context", envoy.IstioGateway, "gateway: what comes in there; outbound: what a workload asks for; inbound: what it is asked")
	c.Flags().StringSliceVar(&t.Hosts, "host", []string{"llm.example.com"}, "the hosts that are governed")
	c.Flags().StringVar(&t.Provider, "ext-authz", "", "attach over ext_authz instead, as the extension provider of this name in MeshConfig")
	return c
}
