// Package tenant knows who is calling and what they may use: tenants, their keys and settings, as immutable snapshots.
//
// Start with Snapshot, which an exchange asks once; then Present, which finds the key in a request's headers; then
// Directory, which makes snapshots out of what the configuration declares and what the store keeps, and notices within
// a second what another process has changed there.
//
// The package never keeps a key's plaintext, never writes one into an error, and never takes what a request's body says
// about its sender for an identity.
package tenant
