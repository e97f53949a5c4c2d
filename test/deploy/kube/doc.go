// Package kube tests what is shipped for Kubernetes: the Helm chart, rendered by Helm's own library, and the manifests for Istio
// and Envoy Gateway, each held strictly to the types or the schemas of those who read them.
//
// It never talks to a cluster. What only an API server checks, the rules in CEL of a CustomResourceDefinition, is not checked
// here; Envoy Gateway's own are when it runs (package gateway beside this one).
package kube
