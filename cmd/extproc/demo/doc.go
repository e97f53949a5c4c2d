// Package demo shows the whole product on one machine: a Weir, a demo provider and a real Envoy on loopback addresses,
// and a tour of requests as a client would send them, each with what came back and why.
//
// It never touches anything outside its own run directory, never leaves a process behind, and never calls a real
// provider unless its key is in the environment and its model is asked for.
//
// Start reading at Run.
package demo
