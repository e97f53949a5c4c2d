package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/attached"
	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/envoy/check"
	"weir/filter"
	"weir/filter/canary"
)

// checking is what extproc envoy check was asked.
type checking struct {
	config, admin, probe, host, filter, routesFile, ca string
	routes                                             []string
	minor                                              int
	mesh                                               bool
}

func newEnvoyCheck() *cobra.Command {
	var k checking
	c := &cobra.Command{
		Use: "check [FILE]", Short: "Say what of an Envoy's configuration would bite, or prove that Weir governs its routes",
		Long: "Read a bootstrap, a config dump or a file of resources, in YAML or JSON (- is standard input), or with --admin what a running Envoy\nwas told, and say line by line what would keep Weir from governing. It ends with 1 where there is an error, and with 0 where\nthere are only warnings.\n\n" +
			"With --probe it asks a running Envoy instead, on each route, whether Weir governs it: with a header that only a holder of\nWeir's secret can make, and an answer that only Weir can. It ends with 1 unless every route is governed.",
		Args: func(_ *cobra.Command, args []string) error {
			sources := len(args)
			for _, s := range []string{k.admin, k.probe} {
				if s != "" {
					sources++
				}
			}
			if sources != 1 {
				return &usageError{errors.New("want one of FILE, --admin and --probe")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if k.minor != 0 {
				if err := supported(k.minor); err != nil {
					return err
				}
			}
			conf, err := load(k.config)
			if err != nil {
				return err
			}
			if k.probe != "" {
				return k.prove(c.Context(), c.OutOrStdout(), conf)
			}
			name, text, err := k.read(c, args)
			if err != nil {
				return err
			}
			return k.say(c.OutOrStdout(), name, text, conf)
		},
	}
	configFlag(c, &k.config)
	f := c.Flags()
	f.StringVar(&k.admin, "admin", "", "admin page of a running Envoy: host:port, or unix:/path")
	f.StringVar(&k.probe, "probe", "", "address of a running Envoy: http(s)://host[:port]")
	f.StringVar(&k.host, "host", "", "host that the probe asks for, where a virtual host is for its name alone; empty is that of the address")
	f.StringVar(&k.filter, "filter", "", "name of Weir's filter in the chain; empty: it is found by what it does")
	f.IntVar(&k.minor, "minor", 0, "minor version of the Envoy 1 it is for; 0: as a config dump says, else not known")
	f.BoolVar(&k.mesh, "mesh", false, "the mesh routes by itself: Weir's routing is not looked for; a configuration with mesh says so, too")
	f.StringArrayVar(&k.routes, "route", nil, `route to probe, "/path" or "METHOD /path"; may be repeated; default POST /v1/chat/completions`)
	f.StringVar(&k.routesFile, "routes", "", "file with a route to probe on each line")
	f.StringVar(&k.ca, "ca", "", "PEM file of the authorities that sign the Envoy's certificate, for --probe; default: the system's")
	return c
}

// read is the text to check, and what it is called.
func (k *checking) read(c *cobra.Command, args []string) (name string, text []byte, err error) {
	switch {
	case k.admin != "":
		text, err = attached.Dump(c.Context(), k.admin)
		return "config_dump", text, err
	case args[0] == "-":
		text, err = io.ReadAll(c.InOrStdin())
		return "stdin", text, err
	default:
		text, err = os.ReadFile(args[0])
		return args[0], text, err
	}
}

// say prints each finding with its place.
func (k *checking) say(w io.Writer, name string, text []byte, conf *config.Config) error {
	list, err := check.Config(text, check.Options{
		Minor: k.minor, Filter: k.filter, Mesh: k.mesh || conf.Mesh != nil,
		BodyBytes: cmp.Or(conf.Limits.BodyBytes, filter.DefaultBodyBytes), FirstEvent: conf.Limits.FirstEvent,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, f := range list {
		if _, err := fmt.Fprintf(w, "%s:%s\n", name, f); err != nil {
			return err
		}
	}
	bad := check.Errors(list)
	if _, err := fmt.Fprintf(w, "%d errors, %d warnings\n", bad, len(list)-bad); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%s: Weir would not govern as it must", name)
	}
	return nil
}

// prove asks every route.
func (k *checking) prove(ctx context.Context, w io.Writer, conf *config.Config) error {
	routes, err := k.list()
	if err != nil {
		return err
	}
	master, err := process.MasterSecret(conf)
	if err != nil {
		return err
	}
	key, err := canary.NewKey(master)
	if err != nil {
		return err
	}
	client, err := k.client()
	if err != nil {
		return err
	}
	bad := 0
	for _, r := range routes {
		a, err := attached.Ask(ctx, client, k.probe, k.host, r, key)
		word := fmt.Sprintf("governed, Envoy 1.%s", a.Minor)
		switch {
		case err != nil:
			bad, word = bad+1, "NOT GOVERNED: "+err.Error()
		case a.Path != r.Path:
			word += ", as " + a.Path
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", r, word); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d routes are not governed", bad, len(routes))
	}
	return nil
}

// list are the routes of flags and file.
func (k *checking) list() (out []attached.Route, err error) {
	lines := k.routes
	if k.routesFile != "" {
		f, err := os.Open(k.routesFile)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		s := bufio.NewScanner(f)
		for s.Scan() {
			if t := strings.TrimSpace(s.Text()); t != "" && !strings.HasPrefix(t, "#") {
				lines = append(lines, t)
			}
		}
		if err := s.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", k.routesFile, err)
		}
	}
	if len(lines) == 0 {
		lines = []string{"/v1/chat/completions"}
	}
	for _, l := range lines {
		r, err := attached.ReadRoute(l)
		if err != nil {
			return nil, &usageError{err}
		}
		out = append(out, r)
	}
	return out, nil
}

// client follows no redirect: it would lead away from the route that was asked.
func (k *checking) client() (*http.Client, error) {
	t := &http.Transport{}
	if k.ca != "" {
		pem, err := os.ReadFile(k.ca)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", k.ca)
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}
