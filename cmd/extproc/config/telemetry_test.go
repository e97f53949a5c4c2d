package config_test

import (
	"errors"
	"testing"
	"time"

	"weir/cmd/extproc/config"
)

func TestTelemetry(t *testing.T) {
	c, err := config.Parse("w.yaml", []byte("telemetry: {otlp: {endpoint: 'https://otel.example:4318/v', protocol: http/protobuf, headers: {authorization: {env: A}}, ratio: 0.1, metrics: true, interval: 5s}}\n"+
		"trail: {backlog: 7, stream: {records: 8}, unidentified: {each: 1, all: 2}}\nstore: {redis: {addresses: ['127.0.0.1:6379']}}\n"+
		"webhooks: [{name: ops, url: 'https://example.org/x', secret: {env: S}, events: [block], give_up: 1h}]\ntenants: [{id: a, capture: {request: true, retention_days: 2}}]\n"), dialects)
	if err != nil {
		t.Fatal(err)
	}
	if o := c.OTLP; !o.Traces || o.Logs || !o.Metrics || o.Ratio != 0.1 || o.Interval != 5*time.Second || o.Headers["authorization"].Env != "A" {
		t.Errorf("%+v", o)
	}
	if tr := c.Trail; !tr.Stream || tr.StreamRecords != 8 || tr.Backlog != 7 || tr.Each != 1 || tr.All != 2 {
		t.Errorf("%+v", tr)
	}
	if w := c.Webhooks[0]; w.GiveUp != time.Hour || w.Timeout != 10*time.Second || w.Slack || w.Events[0] != "block" {
		t.Errorf("%+v", w)
	}
	if k := c.Tenants[0].Capture; !k.Request || k.Answer || k.Whole || k.For != 48*time.Hour {
		t.Errorf("%+v", k)
	}
}

// Every wrong value of where exchanges are told of is refused with its place, what was found and what is wanted.
func TestTelemetryRefused(t *testing.T) {
	for text, want := range map[string]string{
		"telemetry: {otlp: {endpoint: 127.0.0.1:4317}}":                   `w.yaml:1:30: telemetry.otlp.endpoint: found "127.0.0.1:4317", want an address like http://127.0.0.1:4317 (a secret belongs into headers)`,
		"telemetry: {otlp: {endpoint: http://otel}}":                      `w.yaml:1:30: telemetry.otlp.endpoint: found "http://otel", want an address with a port (gRPC receivers listen at 4317, those of HTTP at 4318)`,
		"telemetry: {otlp: {endpoint: http://otel:4317, protocol: htpp}}": `w.yaml:1:58: telemetry.otlp.protocol: found "htpp", want a protocol (did you mean "grpc"?)`,
		"telemetry: {otlp: {endpoint: http://otel:4317, ratio: 2}}":       `w.yaml:1:55: telemetry.otlp.ratio: found 2, want a number between 0 and 1`,
		"telemetry: {otlp: {endpoint: http://otel:4317, traces: false}}":  `w.yaml:1:19: telemetry.otlp: found no signal, want at least one of traces, logs and metrics`,
		"telemetry: {otlp: {endpoint: http://otel:4317, interval: 5s}}":   `w.yaml:1:58: telemetry.otlp.interval: found "5s", want metrics: true beside it`,
		"trail: {stream: {}}": `w.yaml:1:17: trail.stream: found a stream, want store.redis beside it (that is where the stream is; without Redis the trail is in weir.db alone)`,
		"webhooks: [{name: a, url: http://example.org, secret: {env: S}, events: [block]}]":   `w.yaml:1:27: webhooks[0].url: found an address that is not told anything, want https, or private: true for an address of your own network`,
		"webhooks: [{name: a, url: https://example.org, events: [block]}]":                    `w.yaml:1:12: webhooks[0].secret: found nothing, want env: NAME or file: PATH`,
		"webhooks: [{name: a, url: https://example.org, secret: {env: S}, events: [blocks]}]": `w.yaml:1:75: webhooks[0].events[0]: found "blocks", want an event (did you mean "block"?)`,
		"webhooks: [{name: a, url: https://example.org, secret: {env: S}, events: []}]":       `w.yaml:1:74: webhooks[0].events: found nothing, want at least one event (one of block, breaker, budget_hard, budget_soft, policy_reload, quarantine, suspension)`,
		"webhooks: [{name: a, secret: {env: S}, events: [block]}]":                            `w.yaml:1:12: webhooks[0].url: found url and url_from, or neither, want one of them`,
		"tenants: [{id: a, capture: {whole: true}}]":                                          `w.yaml:1:28: tenants[0].capture: found neither request nor answer, want request: true, answer: true, or both (nothing would be kept)`,
	} {
		_, err := config.Parse("w.yaml", []byte(text+"\n"), dialects)
		var e *config.Error
		if !errors.As(err, &e) || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}
