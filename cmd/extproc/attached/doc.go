// Package attached asks routes of an Envoy whether Weir governs them, and an admin page what its Envoy was told.
//
// What it sends is a canary of filter/canary, which only the holder of Weir's secret can make. It never sends a key or a
// prompt, and never takes an answer for Weir's that does not prove it.
package attached
