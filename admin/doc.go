// Package admin is the operator's side of Weir over HTTP: whether it lives and is ready and why not, its metrics, the trail, use
// and what operators changed; tenants, keys and actors that the store adds to the configuration file; and what runs: policies,
// providers, detectors, settings and budgets.
//
// It never carries traffic that is governed, never shows a key but to whoever has it made, nor a credential to anybody, makes no
// change that is not written down, and never listens by itself: the caller binds an address, which should be a loopback one.
//
// Start reading at New; operations.go is the table of what is served, roles.go says who may.
package admin
