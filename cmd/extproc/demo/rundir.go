package demo

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// runPrefix starts the name of a run directory. The name says whose it is, so that there is no moment without an owner:
// weir-demo-PID-START-RANDOM.
const runPrefix = "weir-demo-"

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
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s%d-%s-*", runPrefix, os.Getpid(), started(os.Getpid())))
	if err != nil {
		return "", fmt.Errorf("making a run directory: %w", err)
	}
	return dir, nil
}

// abandoned says whether the process that made a directory is gone.
func abandoned(dir string) bool {
	parts := strings.Split(strings.TrimPrefix(filepath.Base(dir), runPrefix), "-")
	if len(parts) != 3 {
		return false
	}
	n, err := strconv.Atoi(parts[0])
	return err == nil && started(n) != parts[1]
}
