package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// runChild runs a program until ctx ends. The kernel kills it when this process dies, however it dies. That bond is to
// the thread that started the child, so the thread stays here until the child is gone.
func runChild(ctx context.Context, logs io.Writer, name string, args ...string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = logs, logs
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	err := c.Run()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%s ended by itself: %w", name, err)
}

// started says when a process began, in the kernel's clock ticks, so that a number used again is told apart. It is
// empty for a process that is gone.
func started(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "gone"
	}
	// The second field is the program's name in parentheses and may hold blanks; the start is the 20th after it.
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return "unknown"
	}
	return fields[19]
}
