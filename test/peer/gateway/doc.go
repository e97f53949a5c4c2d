// Package gateway holds the version of Envoy Gateway that its manifests are tried on; make gateway builds it.
//
// It is a module of its own, so that Envoy Gateway and what it needs is never part of Weir.
package gateway
