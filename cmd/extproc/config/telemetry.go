package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"time"

	"weir/policy/audit/otlp"
)

// Telemetry is where traces, logs and metrics go beside /metrics.
type Telemetry struct {
	// OTLP is a receiver of OpenTelemetry's protocol, such as a collector.
	OTLP *OTLP `yaml:"otlp,omitempty" json:"otlp,omitempty"`
}

// OTLP is a receiver of OpenTelemetry's protocol. Nothing that a client sent as content goes there.
type OTLP struct {
	// Endpoint is http://host:port or https://host:port. The generated bootstrap has Envoy send its spans to the same, over gRPC.
	Endpoint string `yaml:"endpoint" json:"endpoint" jsonschema:"example=http://127.0.0.1:4317"`
	// Protocol is grpc where nothing is said.
	Protocol string `yaml:"protocol,omitempty" json:"protocol,omitempty" jsonschema:"enum=grpc,enum=http/protobuf"`
	// Headers are sent with every export, by their names.
	Headers map[string]Reference `yaml:"headers,omitempty" json:"headers,omitempty"`
	// CA is a file of the certificates that may have signed the receiver's; without one the system's are trusted.
	CA string `yaml:"ca,omitempty" json:"ca,omitempty"`
	// Timeout bounds one export.
	Timeout string `yaml:"timeout,omitempty" json:"timeout,omitempty" jsonschema:"example=10s"`
	// Traces sends a span for each exchange and one for its request to the model; true where nothing is said.
	Traces *bool `yaml:"traces,omitempty" json:"traces,omitempty"`
	// Ratio is the part of exchanges that are traced where neither Envoy nor the client has decided; 1 where nothing is said.
	Ratio *float64 `yaml:"ratio,omitempty" json:"ratio,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Logs sends every record of the trail as a log record; what does not arrive waits.
	Logs bool `yaml:"logs,omitempty" json:"logs,omitempty"`
	// Metrics sends what /metrics shows, too.
	Metrics bool `yaml:"metrics,omitempty" json:"metrics,omitempty"`
	// Interval is how often metrics are sent.
	Interval string `yaml:"interval,omitempty" json:"interval,omitempty" jsonschema:"example=30s"`
}

// CheckedOTLP is a receiver whose times are read; its secrets are not.
type CheckedOTLP struct {
	Endpoint, Protocol, CA string
	Headers                map[string]Reference
	Timeout, Interval      time.Duration
	Traces, Logs, Metrics  bool
	Ratio                  float64
}

func (c *checker) otlp(o *OTLP) *CheckedOTLP {
	if o == nil {
		return nil
	}
	const at = "telemetry.otlp"
	out := &CheckedOTLP{
		Endpoint: o.Endpoint, Protocol: or(o.Protocol, otlp.GRPC), CA: o.CA, Headers: o.Headers, Traces: o.Traces == nil || *o.Traces,
		Logs: o.Logs, Metrics: o.Metrics, Ratio: 1, Timeout: c.wait(at+".timeout", o.Timeout), Interval: c.wait(at+".interval", o.Interval),
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		c.add(at+".endpoint", fmt.Sprintf("%q", o.Endpoint), "an address like http://127.0.0.1:4317", "a secret belongs into headers")
		return nil
	}
	if _, port, err := net.SplitHostPort(u.Host); err != nil || port == "" {
		c.add(at+".endpoint", fmt.Sprintf("%q", o.Endpoint), "an address with a port", "gRPC receivers listen at 4317, those of HTTP at 4318")
	}
	if !slices.Contains(otlp.Protocols(), out.Protocol) {
		c.add(at+".protocol", fmt.Sprintf("%q", o.Protocol), "a protocol", nearest(o.Protocol, otlp.Protocols()))
	}
	if out.Protocol == otlp.GRPC && u.Path != "" && u.Path != "/" {
		c.add(at+".endpoint", fmt.Sprintf("%q", o.Endpoint), "no path with protocol grpc", "")
	}
	if o.CA != "" && u.Scheme != "https" {
		c.add(at+".ca", fmt.Sprintf("%q", o.CA), "an https endpoint beside it", "")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		c.reference(at+".headers."+name, o.Headers[name], false)
	}
	if r := o.Ratio; r != nil {
		if !(*r >= 0 && *r <= 1) {
			c.add(at+".ratio", fmt.Sprint(*r), "a number between 0 and 1", "")
		}
		out.Ratio = *r
	}
	if o.Interval != "" && !o.Metrics {
		c.add(at+".interval", fmt.Sprintf("%q", o.Interval), "metrics: true beside it", "")
	}
	if !out.Traces && !out.Logs && !out.Metrics {
		c.add(at, "no signal", "at least one of traces, logs and metrics", "")
	}
	return out
}

// Options are what exporters are made with. It reads the secrets that the configuration names.
func (o *CheckedOTLP) Options(version, instance string) (otlp.Options, error) {
	out := otlp.Options{Endpoint: o.Endpoint, Protocol: o.Protocol, Timeout: o.Timeout, Version: version, Instance: instance, Headers: map[string]string{}}
	for name, r := range o.Headers {
		v, err := r.Secret()
		if err != nil {
			return out, fmt.Errorf("telemetry.otlp.headers.%s: %w", name, err)
		}
		out.Headers[name] = v
	}
	if o.CA == "" {
		return out, nil
	}
	pool, err := authorities(o.CA)
	if err != nil {
		return out, fmt.Errorf("telemetry.otlp.ca: %w", err)
	}
	out.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	return out, nil
}

// authorities reads a file of certificates.
func authorities(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return pool, nil
}
