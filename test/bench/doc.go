// Package bench measures what Weir costs beside what the way to it costs: the same exchanges, driven over gRPC as Envoy
// drives them, against Weir as the binary assembles it and against a server that decides nothing, in the same run.
//
// It never compares with a figure of another run or machine, and never measures its own driver: each server is a process of
// its own, and its processor time is what the kernel says of it.
//
// A benchmark here hands what it measured to keep; when all have run, build/figures/bench.json has it, and it is printed.
// Start reading at BenchmarkAgainstNoop in noop_test.go.
package bench
