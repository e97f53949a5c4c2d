// Package provider lists who could serve a request: providers, the models they serve, and what they cost.
//
// A [Catalogue] is an immutable snapshot made from configuration. It never sends a request, never chooses among the
// candidates (policy strikes, Envoy executes), and never keeps the value of a credential.
//
// Start reading at Catalogue.Candidates.
package provider
