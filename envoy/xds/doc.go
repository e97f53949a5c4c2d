// Package xds serves Envoys that have no control plane what package envoy says: listeners, routes, clusters and secrets over
// one aggregated stream (ADS), each in the form of the minor that asks.
//
// It hands over what it is given; it never decides what that is, and never logs a resource, since secrets are among them.
// Who may ask is a matter of the server it is registered with.
//
// Start reading at Server.
package xds
