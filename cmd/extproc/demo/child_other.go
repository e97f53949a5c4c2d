//go:build !linux

package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// runChild runs a program until ctx ends. Only Linux can bind a child's life to ours; elsewhere a demo that is killed
// leaves its Envoy behind.
func runChild(ctx context.Context, logs io.Writer, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = logs, logs
	err := c.Run()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%s ended by itself: %w", name, err)
}

// started tells a process that lives from one that is gone.
func started(pid int) string {
	p, err := os.FindProcess(pid)
	if err != nil || p.Signal(syscall.Signal(0)) != nil {
		return "gone"
	}
	return "running"
}
