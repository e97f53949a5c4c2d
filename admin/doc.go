// Package admin is the operator's side of Weir over HTTP: whether it lives and is ready and why not, its metrics, the
// trail by trace id, and the tenants, keys and actors that the store adds to the configuration file.
//
// It never carries traffic that is governed, never shows a key but to whoever has it made, and never listens by itself:
// the caller binds an address, which should be a loopback one.
//
// Start reading at New; access.go has what can be changed.
package admin
