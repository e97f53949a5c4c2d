// Package issuers fetches credentials that others issue: access tokens of OAuth servers and of Google, and secrets that
// HashiCorp Vault keeps. It keeps each in a file, from which it is read as any other credential.
//
// It never logs a credential or what an issuer answered, and never follows a redirect with one.
//
// Start reading at Keeper.
package issuers
