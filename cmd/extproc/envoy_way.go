package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/envoy"
)

// wayToWeir are the flags that say how Envoy reaches Weir, each in the place of what the configuration says.
type wayToWeir struct {
	weir, ca, cert, key, name, spiffe, id string
}

func (f *wayToWeir) add(c *cobra.Command) {
	c.Flags().StringVar(&f.weir, "weir", "", "where Envoy reaches Weir: host:port, or unix:/path; empty is where Weir listens")
	c.Flags().StringVar(&f.ca, "weir-ca", "", "PEM file of the authorities that sign Weir's certificate, as Envoy sees it; empty is envoy.tls.ca_file")
	c.Flags().StringVar(&f.name, "weir-name", "", "the name in Weir's certificate, or Weir's SPIFFE id; empty is envoy.tls.server_name")
	c.Flags().StringVar(&f.cert, "client-cert", "", "PEM file of the certificate that Envoy shows to Weir, as Envoy sees it; empty is envoy.tls.cert_file")
	c.Flags().StringVar(&f.key, "client-key", "", "PEM file of its key; empty is envoy.tls.key_file")
	c.Flags().StringVar(&f.spiffe, "spiffe", "", "socket of the SPIFFE agent that Envoy has certificate and authorities from, over SDS: unix:///path; empty is envoy.tls.spiffe")
	c.Flags().StringVar(&f.id, "spiffe-id", "", "Envoy's own SPIFFE id; empty is envoy.tls.spiffe_id")
	c.MarkFlagsRequiredTogether("client-cert", "client-key")
	c.MarkFlagsMutuallyExclusive("spiffe", "weir-ca")
	c.MarkFlagsMutuallyExclusive("spiffe", "client-cert")
}

// apply puts the flags into options that were made from a configuration, and refuses what Weir would not let in.
func (f *wayToWeir) apply(conf *config.Config, o *envoy.Options) error {
	if f.weir != "" {
		o.Weir = f.weir
	}
	said := *f
	if said.weir = ""; said != (wayToWeir{}) {
		o.TLS = f.over(o.TLS, process.TransportDir(conf))
	}
	switch t := conf.Transport; {
	case t.Secure() && o.TLS == nil:
		return &usageError{errors.New("transport has Weir speak TLS, so Envoy must be told whom to trust: envoy.tls in the configuration, or --weir-ca with --weir-name, or --spiffe with --spiffe-id and --weir-name")}
	case (t.ClientCAFile != "" || t.SPIFFE != "") && o.TLS.CertFile == "" && o.TLS.SPIFFE == "":
		return &usageError{errors.New("transport asks Envoys for certificates, so Envoy must be told its own: envoy.tls.cert_file and key_file in the configuration, or --client-cert and --client-key, or --spiffe")}
	case !t.Secure() && o.TLS != nil:
		return &usageError{errors.New("transport has Weir speak no TLS: set it in the configuration")}
	}
	return nil
}

// over is what the flags make of the configuration's own.
func (f *wayToWeir) over(t *envoy.WeirTLS, dir string) *envoy.WeirTLS {
	var out envoy.WeirTLS
	if t != nil {
		out = *t
	}
	out.Dir = dir
	switch {
	case f.spiffe != "":
		out.CAFile, out.CertFile, out.KeyFile = "", "", ""
	case f.ca != "" || f.cert != "":
		out.SPIFFE, out.Own = "", ""
	}
	for _, s := range []struct {
		to   *string
		said string
	}{
		{&out.CAFile, f.ca}, {&out.CertFile, f.cert}, {&out.KeyFile, f.key}, {&out.Name, f.name},
		{&out.SPIFFE, strings.TrimPrefix(f.spiffe, "unix://")}, {&out.Own, f.id},
	} {
		if s.said != "" {
			*s.to = s.said
		}
	}
	return &out
}
