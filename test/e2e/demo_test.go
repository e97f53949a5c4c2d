package e2e_test

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demo is a demo that runs as a process, with a directory for temporary files of its own.
type demo struct {
	cmd   *exec.Cmd
	dir   string
	lines chan string
	gone  chan struct{}
	err   error
}

// freePort is an address that nobody listens on just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startDemo runs the demo with its run directory below dir.
func startDemo(t *testing.T, dir string, args ...string) *demo {
	t.Helper()
	found, err := installed()
	onEnvoy(t, err)
	path, err := filepath.Abs(found.Path)
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{dir: dir, lines: make(chan string, 4096), gone: make(chan struct{})}
	d.cmd = exec.Command(binary(t), append([]string{"demo", "--envoy", path}, args...)...)
	d.cmd.Env = append(os.Environ(), "TMPDIR="+dir, "OPENAI_API_KEY=", "ANTHROPIC_API_KEY=")
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stderr = d.cmd.Stdout
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			d.lines <- s.Text()
		}
		close(d.lines)
		d.err = d.cmd.Wait()
		close(d.gone)
	}()
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	return d
}

// until reads what the demo prints up to a line that holds a text.
func (d *demo) until(t *testing.T, text string) {
	t.Helper()
	var seen []string
	bound := time.After(3 * patience)
	for {
		select {
		case line, more := <-d.lines:
			if !more {
				t.Fatalf("it ended before it said %q:\n%s", text, strings.Join(seen, "\n"))
			}
			if seen = append(seen, line); strings.Contains(line, text) {
				return
			}
		case <-bound:
			t.Fatalf("it did not say %q:\n%s", text, strings.Join(seen, "\n"))
		}
	}
}

// rest is what it still printed until it ended.
func (d *demo) rest(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	bound := time.After(3 * patience)
	for {
		select {
		case line, more := <-d.lines:
			if !more {
				wait(t, "it is gone", d.gone)
				return b.String()
			}
			b.WriteString(line + "\n")
		case <-bound:
			t.Fatalf("it did not end:\n%s", b.String())
		}
	}
}

// running are the processes that name a directory on their command line.
func running(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range list {
		b, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue
		}
		if pid := filepath.Base(filepath.Dir(p)); strings.Contains(string(b), dir) && pid != strconv.Itoa(os.Getpid()) {
			out = append(out, strings.ReplaceAll(string(b), "\x00", " "))
		}
	}
	return out
}

// Killed at any point, the demo leaves no process, and the next one starts, clears up and takes its tour.
func TestDemoKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux binds a child's life to its parent's")
	}
	binary(t)
	dir := shortDir(t)
	listen := freePort(t)
	for _, moment := range []string{"s  Envoy", "s  ready", " 5  ", "Ctrl-C stops everything"} {
		t.Run("at"+moment, func(t *testing.T) {
			timed(t)
			d := startDemo(t, dir, "--listen", listen)
			d.until(t, moment)
			if err := d.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			wait(t, "the demo is gone", d.gone)
			eventually(t, "nothing runs", func() bool { return len(running(t, dir)) == 0 })
		})
	}
	t.Run("and again", func(t *testing.T) {
		timed(t)
		d := startDemo(t, dir, "--listen", listen, "--tour-only")
		out := d.rest(t)
		if d.err != nil || !strings.Contains(out, "removed what an earlier demo left") || !strings.Contains(out, "tour finished") {
			t.Errorf("%v\n%s", d.err, out)
		}
		nothingLeft(t, dir)
	})
}

// Ctrl-C stops everything and leaves nothing.
func TestDemoStops(t *testing.T) {
	timed(t)
	dir := shortDir(t)
	d := startDemo(t, dir, "--listen", freePort(t))
	d.until(t, "Ctrl-C stops everything")
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if out := d.rest(t); d.err != nil {
		t.Errorf("%v\n%s", d.err, out)
	}
	nothingLeft(t, dir)
}

// A port that is taken is said before anything is started.
func TestDemoPortTaken(t *testing.T) {
	timed(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := shortDir(t)
	d := startDemo(t, dir, "--listen", l.Addr().String())
	out := d.rest(t)
	if d.err == nil || !strings.Contains(out, l.Addr().String()+" cannot be used") || !strings.Contains(out, "--listen") {
		t.Errorf("%v\n%s", d.err, out)
	}
	nothingLeft(t, dir)
}

func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	if runtime.GOOS == "linux" {
		eventually(t, "nothing runs", func() bool { return len(running(t, dir)) == 0 })
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// shortDir is a directory whose path leaves room for a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
