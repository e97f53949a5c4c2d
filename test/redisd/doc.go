// Package redisd starts real Redis servers on the loopback for tests, alone, watched by a Sentinel or as a cluster, and does to them what
// happens to servers: they are killed, stopped, and started again.
//
// It never mocks anything, and is never part of the product.
//
// Start reading at Start.
package redisd
