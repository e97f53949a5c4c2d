// Command extproc is Weir: an ext_proc server that governs LLM traffic for an Envoy.
//
// It never keeps logic of its own: commands read flags and call the packages that do the work. Start reading at
// newRoot; the exit codes are 0 for success, 1 for a failure, 2 for wrong usage, a wrong configuration or a wrong policy, 3 for a replay
// over its threshold, 4 for a trail that is broken.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"weir/cmd/extproc/config"
	"weir/policy"
)

func main() { os.Exit(run()) }

// run is main with an exit code, so that a test can run it.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := newRoot().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "extproc: %v\n", err)
	var file *config.Error
	var policies *policy.LoadError
	var usage *usageError
	if errors.As(err, &file) || errors.As(err, &policies) || errors.As(err, &usage) {
		return 2
	}
	var over *thresholdError
	if errors.As(err, &over) {
		return 3
	}
	var broken *brokenError
	if errors.As(err, &broken) {
		return 4
	}
	return 1
}

// usageError says that a command was called wrongly.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() + "; see extproc --help" }
func (e *usageError) Unwrap() error { return e.err }
