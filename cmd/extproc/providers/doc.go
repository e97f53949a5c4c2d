// Package providers asks a provider for a real answer and explains what keeps it from giving one.
//
// It goes to the provider itself, not through Envoy, with the credential and the TLS settings that the configuration
// names. It never follows a redirect and never prints a credential.
//
// Start reading at Probe.
package providers
