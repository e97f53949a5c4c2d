package envoy

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The minors of Envoy 1 that Bootstrap writes for. An Envoy newer than MaxMinor gets what MaxMinor gets.
const (
	MinMinor = 36
	MaxMinor = 40
)

// The defaults of Options.
const (
	DefaultListen      = "127.0.0.1:10000"
	DefaultBodyBytes   = 32 << 20
	DefaultConnections = 10_000
	DefaultRequests    = 10_000
	DefaultHeapBytes   = 2 << 30
	DefaultIdle        = 6 * time.Minute
	DefaultMessage     = 10 * time.Second
	DefaultCAFile      = "/etc/ssl/certs/ca-certificates.crt"
)

// Options are what a bootstrap is made from. The zero value of a field is its default; Minor and Weir have none.
type Options struct {
	Minor  int    // minor version of Envoy 1, from 36
	Listen string // host:port clients connect to; default 127.0.0.1:10000
	Admin  string // loopback host:port, or unix:/path, of Envoy's admin page; empty: none
	Weir   string // host:port, or unix:/path, of the ext_proc server; each address of a name is one

	Replicas []string // of Weir beside that one, in the same form
	TLS      *WeirTLS // between Envoy and Weir; nil: none, on this host or in this pod

	Mesh      bool // somebody else routes: there are no providers, and Weir leaves hints at most
	Providers []Upstream
	Orders    [][]string // orders of two and three providers to try, by name; each provider alone is one anyway
	Tokens    *Tokens    // who verifies tokens that name actors; nil: nobody
	Tracing   *Tracing   // where spans go; nil: nowhere
	CAFile    string     // PEM file of the authorities that sign providers' certificates, as Envoy sees it
	// Discovery is the directory of the files that WriteDiscovery writes, as Envoy sees it: routes and providers' clusters
	// are followed there, so that providers come and go without a restart. Empty: they stand in the bootstrap.
	Discovery string
	// XDS has everything but Weir's own cluster served by Weir over ADS, credentials included. It excludes Discovery.
	XDS bool

	BodyBytes   int64 // largest request body; default 32 MiB
	Connections int64 // most client connections at once; default 10,000
	Requests    int64 // most requests at once to Weir, and to each provider; default 10,000
	HeapBytes   int64 // memory at which Envoy starts to refuse requests; default 2 GiB

	Timeouts    Timeouts
	Concurrency int    // worker threads, for Args; 0: one for each CPU
	AccessLog   string // file of the access log, as Envoy sees it; empty: none
}

// Timeouts bound each way of waiting. What is not set gets its default.
type Timeouts struct {
	Headers time.Duration // for a client to send its request's headers; default 10 s
	Upload  time.Duration // for a client to send its whole request; default 2 min
	Idle    time.Duration // without a byte in either direction; default 6 min, above Weir's own wait for a first event
	Message time.Duration // for Weir to answer one message about a request; default 10 s
	Connect time.Duration // to connect to a provider; default 5 s
	// Attempt bounds the wait for an answer's headers from a provider that others stand behind; default 2 min.
	Attempt time.Duration
}

// Upstream is a provider as Envoy reaches it. The path of BaseURL is not Envoy's concern: Weir sets the path.
type Upstream struct {
	Name    string // as in the catalogue, and @ with which address of it this is; the cluster is RoutePrefix + Name
	BaseURL string // http(s)://host[:port][/prefix]

	CAFile     string // PEM file of the authorities that sign its certificate, as Envoy sees it; empty: those of Options
	ServerName string // the name its certificate is for and that is asked for; empty: the host of BaseURL

	// SecretFile is the file that WriteSecrets wrote, as Envoy sees it; SecretEnv names a variable in Envoy's own
	// environment, read once at its start. At most one is set; with neither, no credential is sent.
	SecretFile string
	SecretEnv  string

	// AWS has Envoy sign each request with credentials of its own; it stands alone.
	AWS *AWS

	// CallerHeaders let a caller's own credential through in these headers, in the place of one that is put in: for a
	// provider that is called with it.
	CallerHeaders []string
}

// AWS is what requests are signed for (Signature Version 4), and what with.
type AWS struct {
	Service, Region string
	File            string // credentials file, as Envoy sees it; empty: Envoy's environment, or the role of its machine
	Profile         string // in the file; empty: default
}

// withDefaults fills what is not set.
func (o Options) withDefaults() Options {
	or(&o.Listen, DefaultListen)
	or(&o.CAFile, DefaultCAFile)
	or(&o.BodyBytes, DefaultBodyBytes)
	or(&o.Connections, DefaultConnections)
	or(&o.Requests, DefaultRequests)
	or(&o.HeapBytes, DefaultHeapBytes)
	or(&o.Timeouts.Headers, 10*time.Second)
	or(&o.Timeouts.Upload, 2*time.Minute)
	or(&o.Timeouts.Idle, DefaultIdle)
	or(&o.Timeouts.Message, DefaultMessage)
	or(&o.Timeouts.Connect, 5*time.Second)
	or(&o.Timeouts.Attempt, 2*time.Minute)
	o.Minor = min(o.Minor, MaxMinor)
	return o
}

// Attempts is how long all attempts of one request may wait for headers together.
func (o Options) Attempts() time.Duration { return MaxAttempts * o.withDefaults().Timeouts.Attempt }

func or[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// maxBytes is the largest HTTP/2 window, which bounds a body (RFC 9113, section 6.9.1).
const maxBytes = 1<<31 - 1

// check refuses options that Envoy would refuse, or that would open more than was meant.
func (o Options) check() error {
	if o.Minor < MinMinor {
		return fmt.Errorf("envoy 1.%d is not supported: 1.%d or newer is needed", o.Minor, MinMinor)
	}
	for name, n := range map[string]int64{
		"body bytes": o.BodyBytes, "connections": o.Connections, "requests": o.Requests,
	} {
		if n < 0 || n > maxBytes {
			return fmt.Errorf("%s: %d is not between 1 and %d", name, n, maxBytes)
		}
	}
	if o.HeapBytes < 0 || o.Concurrency < 0 {
		return fmt.Errorf("heap bytes and concurrency must not be negative")
	}
	if o.Timeouts.shortest() < 0 {
		return fmt.Errorf("a timeout must not be negative")
	}
	if err := o.checkAddresses(); err != nil {
		return err
	}
	if o.Tokens != nil {
		if err := o.Tokens.check(); err != nil {
			return err
		}
	}
	if o.XDS && o.Discovery != "" {
		return fmt.Errorf("what Envoy follows comes from files or from Weir itself, not both")
	}
	if o.Discovery != "" || o.XDS {
		for _, p := range o.Providers {
			if p.SecretEnv != "" {
				return fmt.Errorf("provider %q: a secret of Envoy's own environment stands in the bootstrap, so its provider cannot be followed", p.Name)
			}
		}
	}
	if o.Tracing != nil {
		if err := o.Tracing.check(); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, p := range o.Providers {
		if err := p.check(); err != nil {
			return fmt.Errorf("provider %q: %w", p.Name, err)
		}
		if seen[p.Name] {
			return fmt.Errorf("provider %q is declared twice", p.Name)
		}
		seen[p.Name] = true
	}
	return o.checkOrders()
}

func (t Timeouts) shortest() time.Duration {
	return min(t.Headers, t.Upload, t.Idle, t.Message, t.Connect, t.Attempt)
}

func (o Options) checkAddresses() error {
	if _, err := address(o.Listen, 0); err != nil {
		return fmt.Errorf("listen address: %w", err)
	}
	if _, err := address(o.Weir, 1); err != nil {
		return fmt.Errorf("address of Weir: %w", err)
	}
	for _, r := range o.Replicas {
		if _, err := address(r, 1); err != nil {
			return fmt.Errorf("address of another Weir: %w", err)
		}
	}
	if o.TLS != nil {
		if err := o.TLS.check(); err != nil {
			return fmt.Errorf("TLS to Weir: %w", err)
		}
	}
	if o.Admin == "" || strings.HasPrefix(o.Admin, unixScheme) {
		return nil
	}
	a, err := address(o.Admin, 0)
	if err != nil {
		return fmt.Errorf("admin address: %w", err)
	}
	if ip, err := netip.ParseAddr(a.host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("admin address %q: Envoy's admin page can stop Envoy and has no login, so it must be a loopback address", o.Admin)
	}
	return nil
}

// names that may stand in a cluster's name, in a file's, and as a key of a Kubernetes Secret.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

// variables are the names an environment may hold.
var variables = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (u Upstream) check() error {
	if !names.MatchString(u.Name) {
		return fmt.Errorf("its name must match %s", names)
	}
	if _, err := u.origin(); err != nil {
		return err
	}
	if u.SecretFile != "" && u.SecretEnv != "" {
		return fmt.Errorf("its secret is read from a file or from the environment, not both")
	}
	if len(u.CallerHeaders) > 0 && (u.SecretFile != "" || u.SecretEnv != "") {
		return fmt.Errorf("it is called with the caller's credential or with one of its own, not both")
	}
	if u.AWS != nil && (len(u.CallerHeaders) > 0 || u.SecretFile != "" || u.SecretEnv != "") {
		return fmt.Errorf("its requests are signed, so no other credential is sent")
	}
	if u.SecretEnv != "" && !variables.MatchString(u.SecretEnv) {
		return fmt.Errorf("%q is no name of an environment variable", u.SecretEnv)
	}
	return nil
}

// origin is where a provider is: what BaseURL says without its path.
type origin struct {
	endpoint
	tls  bool
	host string // as it stands in the Host header: with the port where it is not the scheme's own
}

func (u Upstream) origin() (origin, error) {
	p, err := url.Parse(u.BaseURL)
	if err != nil || p.Hostname() == "" || p.Scheme != "http" && p.Scheme != "https" || p.User != nil {
		return origin{}, fmt.Errorf("its base URL must be http(s)://host[:port][/prefix]")
	}
	o := origin{tls: p.Scheme == "https", host: p.Host}
	port := p.Port()
	standard := map[bool]string{false: "80", true: "443"}[o.tls]
	if port == "" || port == standard {
		port = standard
		o.host = strings.TrimSuffix(p.Host, ":"+standard)
	}
	o.endpoint, err = address(net.JoinHostPort(p.Hostname(), port), 1)
	return o, err
}

// unixScheme starts the address of a Unix socket.
const unixScheme = "unix:"

// endpoint is a host and a port, or a socket's path.
type endpoint struct {
	host string
	port uint32
	path string
}

// address reads host:port or unix:/path. lowest is the lowest port allowed; 0 lets the kernel choose.
func address(s string, lowest int) (endpoint, error) {
	if path, ok := strings.CutPrefix(s, unixScheme); ok {
		if !strings.HasPrefix(path, "/") {
			return endpoint{}, fmt.Errorf("%q: the path of a Unix socket must be absolute", s)
		}
		return endpoint{path: path}, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		return endpoint{}, fmt.Errorf("%q must be host:port or unix:/path", s)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < lowest || n > 65535 {
		return endpoint{}, fmt.Errorf("%q: %q is no port", s, port)
	}
	return endpoint{host: host, port: uint32(n)}, nil
}

// numeric says whether the host is an address and needs no name service.
func (e endpoint) numeric() bool {
	_, err := netip.ParseAddr(e.host)
	return e.path != "" || err == nil
}
