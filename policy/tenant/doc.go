// Package tenant knows who is calling and what they may use: tenants, their keys, actors and settings, as immutable
// snapshots.
//
// Start with Snapshot, which an exchange asks once; then Present, which finds the key in a request's headers; then
// Directory, which makes snapshots out of what the configuration declares and what a Source keeps, SQLite's file or
// Redis, and notices within a second what another process has changed there.
//
// Everything that is needed to tell a key is in memory. An unknown key costs one hash and one look into a map, and
// leaves nothing behind: there is no cache that a flood of invented keys could fill, and no store it could reach.
//
// The package never keeps a key's plaintext, never writes one into an error, and never takes what a request's body says
// about its sender for an identity.
package tenant
