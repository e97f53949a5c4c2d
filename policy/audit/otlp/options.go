package otlp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/credentials"
)

// The protocols, by the names that OTEL_EXPORTER_OTLP_PROTOCOL has for them.
const (
	GRPC = "grpc"
	HTTP = "http/protobuf"
)

// Protocols are the protocols.
func Protocols() []string { return []string{GRPC, HTTP} }

// DefaultTimeout bounds one export.
const DefaultTimeout = 10 * time.Second

// scope names what Weir's spans and log records come from.
const scope = "weir"

// Options say where telemetry goes.
type Options struct {
	Endpoint string            // http://host:port or https://host:port; with HTTP, a path is put before /v1/traces, /v1/logs and /v1/metrics
	Protocol string            // GRPC or HTTP
	Headers  map[string]string // of every export, such as an authorization
	TLS      *tls.Config       // for https; nil: what the system trusts
	Timeout  time.Duration     // of one export; 0: DefaultTimeout
	Version  string            // of this Weir
	Instance string            // of this process: service.instance.id
}

func (o Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return DefaultTimeout
	}
	return o.Timeout
}

// secure are the TLS settings, or nil for a connection without TLS.
func (o Options) secure() (*tls.Config, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" {
		return nil, errors.New("the endpoint is no address like http://127.0.0.1:4317")
	}
	switch {
	case u.Scheme == "http":
		return nil, nil
	case o.TLS != nil:
		return o.TLS, nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12}, nil
}

// path is the address of a signal over HTTP.
func (o Options) path(signal string) string {
	u, _ := url.Parse(o.Endpoint) // secure has parsed it
	return u.JoinPath("v1", signal).Path
}

func (o Options) host() string {
	u, _ := url.Parse(o.Endpoint)
	return u.Host
}

// resource says what the telemetry is about.
func (o Options) resource() *resource.Resource {
	return resource.NewSchemaless(
		attribute.String("service.name", "weir"), attribute.String("service.version", o.Version), attribute.String("service.instance.id", o.Instance),
	)
}

func (o Options) traces(ctx context.Context) (sdktrace.SpanExporter, error) {
	secure, err := o.secure()
	if err != nil {
		return nil, err
	}
	if o.Protocol == HTTP {
		more := otlptracehttp.WithInsecure()
		if secure != nil {
			more = otlptracehttp.WithTLSClientConfig(secure)
		}
		return otlptrace.New(ctx, otlptracehttp.NewClient(otlptracehttp.WithEndpoint(o.host()), otlptracehttp.WithURLPath(o.path("traces")),
			otlptracehttp.WithHeaders(o.Headers), otlptracehttp.WithTimeout(o.timeout()), more))
	}
	more := otlptracegrpc.WithInsecure()
	if secure != nil {
		more = otlptracegrpc.WithTLSCredentials(credentials.NewTLS(secure))
	}
	return otlptrace.New(ctx, otlptracegrpc.NewClient(otlptracegrpc.WithEndpoint(o.host()), otlptracegrpc.WithHeaders(o.Headers), otlptracegrpc.WithTimeout(o.timeout()), more))
}

func (o Options) metrics(ctx context.Context) (sdkmetric.Exporter, error) {
	secure, err := o.secure()
	if err != nil {
		return nil, err
	}
	if o.Protocol == HTTP {
		more := otlpmetrichttp.WithInsecure()
		if secure != nil {
			more = otlpmetrichttp.WithTLSClientConfig(secure)
		}
		return otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpoint(o.host()), otlpmetrichttp.WithURLPath(o.path("metrics")),
			otlpmetrichttp.WithHeaders(o.Headers), otlpmetrichttp.WithTimeout(o.timeout()), more)
	}
	more := otlpmetricgrpc.WithInsecure()
	if secure != nil {
		more = otlpmetricgrpc.WithTLSCredentials(credentials.NewTLS(secure))
	}
	return otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(o.host()), otlpmetricgrpc.WithHeaders(o.Headers), otlpmetricgrpc.WithTimeout(o.timeout()), more)
}

// logs repeats nothing by itself: the feed that sends the trail does.
func (o Options) logs(ctx context.Context) (sdklog.Exporter, error) {
	secure, err := o.secure()
	if err != nil {
		return nil, err
	}
	if o.Protocol == HTTP {
		more := otlploghttp.WithInsecure()
		if secure != nil {
			more = otlploghttp.WithTLSClientConfig(secure)
		}
		return otlploghttp.New(ctx, otlploghttp.WithEndpoint(o.host()), otlploghttp.WithURLPath(o.path("logs")), otlploghttp.WithHeaders(o.Headers),
			otlploghttp.WithTimeout(o.timeout()), otlploghttp.WithRetry(otlploghttp.RetryConfig{}), more)
	}
	more := otlploggrpc.WithInsecure()
	if secure != nil {
		more = otlploggrpc.WithTLSCredentials(credentials.NewTLS(secure))
	}
	return otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(o.host()), otlploggrpc.WithHeaders(o.Headers), otlploggrpc.WithTimeout(o.timeout()),
		otlploggrpc.WithRetry(otlploggrpc.RetryConfig{}), more)
}

// named adds what failed to an error.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("OTLP: %s: %w", what, err)
}
