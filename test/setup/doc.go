// Package setup tests tools/setup, which puts an Envoy, a Redis server and the SDKs where the demo and the tests find them:
// what it takes, what it passes over, and what it says where it cannot help.
//
// It never downloads anything: a machine without Python, without pip, or of another kind is played by a PATH of stubs.
package setup
