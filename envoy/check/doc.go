// Package check reads what an Envoy was told, a bootstrap or the config dump of its admin page, and says line by line
// what of it would keep Weir from governing: body modes and limits, breakers, retries, time-outs, other filters, headers
// that arrive from outside, failure modes, fields that this Envoy does not know.
//
// It reads configuration; it never asks an Envoy anything, never changes what it reads, and never prints a value that
// may be a secret.
//
// Start reading at Config in check.go; processor.go is about Weir's own filter, chain.go about those around it, route.go
// about routes, edge.go about listeners, cluster.go about the way to Weir.
package check
