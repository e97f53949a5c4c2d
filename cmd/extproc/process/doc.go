// Package process assembles a running Weir from a configuration: store, keys, policies, ledger, trail, the filter's gRPC
// server and the operator's HTTP server, and takes it down again without failing a request.
//
// It never reads the command line and never holds logic of its own: what can be tested without a process lives in the
// packages it puts together.
//
// Start reading at New and Process.Serve.
package process
