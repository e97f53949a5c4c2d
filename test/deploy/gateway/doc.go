// Package gateway runs a real Envoy Gateway, without Kubernetes, with the manifests that extproc envoy gateway writes, and a
// real Envoy under it: the tour passes through, and a provider that fails is stood in for.
//
// It never runs outside a network namespace of its own, since Envoy Gateway listens on every address of a machine; and never
// without WEIR_ENVOY_GATEWAY, the path of its binary, which make gateway builds.
package gateway
