package e2e_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// job is one request that an SDK is to make.
type job struct {
	ID      int               `json:"id"`
	SDK     string            `json:"sdk"`
	Base    string            `json:"base"`
	Key     string            `json:"key"`
	NoKey   bool              `json:"nokey"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Stream  bool              `json:"stream"`
}

// outcome is what came of a job: what was raised, or how the answer finished.
type outcome struct {
	ID      int    `json:"id"`
	Raised  string `json:"raised"` // class
	Status  int    `json:"status"` // 0: the SDK gives none
	Code    string `json:"code"`
	Type    string `json:"type"`
	Request string `json:"request"`
	Message string `json:"message"`
	Finish  string `json:"finish"`
	Tries   int    `json:"tries"`
	Made    string `json:"made"` // what a helper made of a stream
}

// driver is a process that makes jobs with the SDKs of one language, many at a time.
type driver struct {
	mu    sync.Mutex
	next  int
	in    io.Writer
	waits map[int]chan outcome
	gone  chan struct{}
}

// drive starts a driver. It ends with the test.
func drive(t *testing.T, command string, arguments ...string) *driver {
	t.Helper()
	cmd := exec.Command(command, arguments...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &driver{in: in, waits: map[int]chan outcome{}, gone: make(chan struct{})}
	go func() {
		defer close(d.gone)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var o outcome
			if json.Unmarshal(lines.Bytes(), &o) != nil {
				continue // an SDK's own words
			}
			d.mu.Lock()
			if w := d.waits[o.ID]; w != nil {
				w <- o
			}
			d.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-d.gone
	})
	return d
}

// longest bounds how long an SDK may go on trying.
const longest = 60 * time.Second

// do makes a job and waits for what comes of it.
func (d *driver) do(t *testing.T, j job) outcome {
	t.Helper()
	done := make(chan outcome, 1)
	d.mu.Lock()
	d.next++
	j.ID = d.next
	d.waits[j.ID] = done
	b, err := json.Marshal(j)
	if err == nil {
		_, err = d.in.Write(append(b, '\n'))
	}
	d.mu.Unlock()
	if err != nil {
		t.Error(err)
		return outcome{}
	}
	select {
	case o := <-done:
		return o
	case <-d.gone:
		t.Error("the driver stopped")
	case <-time.After(longest):
		t.Errorf("%s made nothing of a job in %s: %s", j.SDK, longest, j.Body)
	}
	return outcome{}
}

// drivers starts one for each language, by the name that a column of the table starts with.
func drivers(t *testing.T) map[string]*driver {
	t.Helper()
	python, node, packages := interpreters(t)
	return map[string]*driver{
		"python": drive(t, python, filepath.Join("testdata", "sdk_child.py")),
		"node":   drive(t, node, filepath.Join("testdata", "sdk_child.mjs"), packages),
	}
}

// interpreters are a Python and a Node, and where Node's packages are. Without them, and where they are not demanded, the
// case is skipped.
func interpreters(t *testing.T) (python, node, packages string) {
	t.Helper()
	tools := filepath.Join("..", "..", ".tools")
	python = or(os.Getenv("WEIR_PYTHON"), filepath.Join(tools, "python", "bin", "python3"))
	node = os.Getenv("WEIR_NODE")
	if node == "" {
		node = filepath.Join(tools, "nodejs", "bin", "node")
	}
	if _, err := os.Stat(node); err != nil {
		node, _ = exec.LookPath("node")
	}
	packages, err := filepath.Abs(filepath.Join(tools, "node"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{python, node, filepath.Join(packages, "node_modules")} {
		if _, err := os.Stat(path); err != nil {
			if os.Getenv("WEIR_REQUIRE_SDKS") != "" {
				t.Fatalf("%v: run tools/setup python and tools/setup node", err)
			}
			t.Skipf("%v: run tools/setup python and tools/setup node", err)
		}
	}
	return python, node, packages
}
