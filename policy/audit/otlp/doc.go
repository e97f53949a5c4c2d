// Package otlp hands the trail to OpenTelemetry: a span and a log record for each exchange, and the metrics.
//
// Start reading at Options, which say where to, then Tracer, LogSink and Metrics. Everything is made from a record of the trail,
// which holds nothing that a client sent as content, so nothing here can; the exporters are those of the official SDK.
//
// The package never reads anything of an exchange but its record, never waits for a receiver while an exchange does, and never
// touches OpenTelemetry's globals.
package otlp
