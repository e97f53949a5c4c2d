package demo

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The names of a run directory and of the file in it that says whose it is.
const (
	runPrefix = "weir-demo-"
	ownerFile = "owner"
)

// newRunDir makes a directory only this user can read, and removes those of demos that died without clearing up.
func newRunDir(parent string, out io.Writer) (string, error) {
	old, err := filepath.Glob(filepath.Join(parent, runPrefix+"*"))
	if err != nil {
		return "", fmt.Errorf("looking for old run directories: %w", err)
	}
	for _, dir := range old {
		if abandoned(dir) && os.RemoveAll(dir) == nil {
			fmt.Fprintln(out, "removed what an earlier demo left:", dir)
		}
	}
	dir, err := os.MkdirTemp(parent, runPrefix)
	if err != nil {
		return "", fmt.Errorf("making a run directory: %w", err)
	}
	owner := fmt.Sprintf("%d %s", os.Getpid(), started(os.Getpid()))
	if err := os.WriteFile(filepath.Join(dir, ownerFile), []byte(owner), 0o600); err != nil {
		_ = os.RemoveAll(dir)
		return "", fmt.Errorf("marking the run directory: %w", err)
	}
	return dir, nil
}

// abandoned says whether the process that made a directory is gone. A directory without an owner's file may be one
// that is being made just now, so it stays.
func abandoned(dir string) bool {
	b, err := os.ReadFile(filepath.Join(dir, ownerFile))
	if err != nil {
		return false
	}
	pid, start, _ := strings.Cut(string(b), " ")
	n, err := strconv.Atoi(pid)
	return err == nil && start != "" && started(n) != start
}
