// Package envoy is what Envoy must be told so that Weir governs its traffic: the names both sides agree on, a complete
// bootstrap with secure defaults for each supported minor, the files its secrets are read from, and where an Envoy is
// to be found on this machine.
//
// It builds configuration; it never sits in the path of a request, never decides about one, and never writes a secret
// into a bootstrap.
//
// Start reading at Options and Bootstrap in bootstrap.go; listener.go says what happens to a request before Weir sees
// it, cluster.go what happens to it on the way to a provider, replies.go who speaks when Weir cannot.
package envoy
