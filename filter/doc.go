// Package filter is Envoy's side of Weir: the ext_proc server and the exchange it carries, phase by phase.
//
// A [Server] answers one gRPC stream for each HTTP request. The stream's messages drive an exchange through its
// phases: request headers (who is calling, for what), request body (what it holds, what may be spent, what Rego
// decides), response headers (held until a refusal is no longer possible to make as a real status), response body
// (JSON held whole; event streams followed by text channel), and the close, which settles and records exactly once
// whatever happened.
//
// The filter measures and obeys: it never decides about content (package policy does), never phrases an error
// (package filter/fault does), and never lets an exchange that is not over go on without it.
//
// Start reading at Server.Process, then follow exchange.handle downwards.
package filter
