package envoy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ToolsPath is where this repository's Makefile puts an Envoy, relative to the repository.
const ToolsPath = ".tools/bin/envoy"

// Binary is an Envoy that runs on this machine.
type Binary struct {
	Path  string
	Minor int    // of Envoy 1
	Full  string // for example 1.40.0
}

// otherWays tells how to give Weir an Envoy.
const otherWays = `there are three other ways to give it an Envoy (1.36 or newer):
  - set ENVOY to the path of a binary
  - install one, so that "envoy" is on PATH: https://www.envoyproxy.io/docs/envoy/latest/start/install
  - use the official image: docker compose up`

// versionTime bounds a binary that does not answer.
const versionTime = 10 * time.Second

// versionLine is what envoy --version prints: a revision, the version, the state of the tree, kind of build, TLS library.
var versionLine = regexp.MustCompile(`version: [0-9a-f]+/(1\.(\d+)\.\d+[^/\s]*)/`)

// Version runs binary --version. The errors say what keeps it from running, and what to do instead.
func Version(ctx context.Context, binary string) (Binary, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "--version").CombinedOutput()
	if err != nil {
		return Binary{}, fmt.Errorf("%s --version: %w", binary, explained(err, string(out)))
	}
	m := versionLine.FindStringSubmatch(string(out))
	if m == nil {
		return Binary{}, fmt.Errorf("%s --version: this does not look like Envoy", binary)
	}
	minor, err := strconv.Atoi(m[2])
	if err != nil {
		return Binary{}, fmt.Errorf("%s --version: %w", binary, err)
	}
	return Binary{Path: binary, Minor: minor, Full: m[1]}, nil
}

// explained says in words why a binary does not start.
func explained(err error, out string) error {
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Errorf("it is built for another processor or system (%w); %s", err, otherWays)
	case strings.Contains(out, "GLIBC_"):
		return fmt.Errorf("it needs a newer C library than this system has; %s", otherWays)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the file, or the loader of the C library it was built for, is missing (%w); %s", err, otherWays)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("it may not be executed (%w)", err)
	default:
		return err
	}
}

// Find looks for an Envoy: the variable ENVOY, then envoy on PATH if it is new enough, then ToolsPath. What ENVOY names
// is never passed over in silence: where it does not run or is too old, that is the error. env reads a variable, as
// os.Getenv does; lookPath finds an executable, as exec.LookPath does.
func Find(ctx context.Context, env func(string) string, lookPath func(string) (string, error)) (Binary, error) {
	if named := env("ENVOY"); named != "" {
		b, err := usable(ctx, named)
		if err != nil {
			return Binary{}, fmt.Errorf("ENVOY: %w", err)
		}
		return b, nil
	}
	var tried []string
	for _, name := range [...]string{"envoy", ToolsPath} {
		path, err := lookPath(name)
		if err != nil {
			tried = append(tried, fmt.Sprintf("%s: not found", name))
			continue
		}
		b, err := usable(ctx, path)
		if err == nil {
			return b, nil
		}
		tried = append(tried, err.Error())
	}
	return Binary{}, fmt.Errorf("no Envoy found (%s); %s", strings.Join(tried, "; "), otherWays)
}

// usable is a binary that runs and is new enough.
func usable(ctx context.Context, path string) (Binary, error) {
	b, err := Version(ctx, path)
	if err != nil {
		return Binary{}, err
	}
	if b.Minor < MinMinor {
		return Binary{}, fmt.Errorf("%s is Envoy %s, and 1.%d or newer is needed", path, b.Full, MinMinor)
	}
	return b, nil
}

// Args are the command line of an Envoy that runs beside others: no shared memory, and workers as asked for.
func Args(configFile string, o Options) []string {
	args := []string{"-c", configFile, "--disable-hot-restart", "--drain-time-s", "30"}
	if o.Concurrency > 0 {
		args = append(args, "--concurrency", strconv.Itoa(o.Concurrency))
	}
	return args
}
