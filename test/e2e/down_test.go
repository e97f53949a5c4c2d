package e2e_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// built is the binary, made once for all cases that kill it.
var built struct {
	once sync.Once
	path string
	err  error
}

// binary builds the command.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "weir-bin")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "extproc")
		if out, err := exec.Command("go", "build", "-o", built.path, "weir/cmd/extproc").CombinedOutput(); err != nil {
			built.err = errors.Join(err, errors.New(string(out)))
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// child is a Weir that runs as a process.
type child struct {
	cmd  *exec.Cmd
	gone chan struct{}
	err  error
}

// launch starts the binary on the stage's configuration and waits until it answers through Envoy.
func (s *stage) launch(t *testing.T) *child {
	t.Helper()
	log := s.logs.from("weir")
	c := &child{cmd: exec.Command(binary(t), "serve", "--config", s.config), gone: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.gone)
	}()
	s.later(func() { c.signal(syscall.SIGKILL) })
	eventually(t, "Weir answers", func() bool {
		return s.do(t, call{method: http.MethodGet, path: "/actuator/health"}).status == http.StatusOK
	})
	return c
}

// signal sends a signal and waits for the end.
func (c *child) signal(sig syscall.Signal) {
	_ = c.cmd.Process.Signal(sig)
	<-c.gone
}

// unreachable is what Envoy says where Weir was never asked; it sorts the members and ends with a newline.
const unreachable = `{"error":{"code":"service_unavailable","message":"Service temporarily unavailable","param":null,"type":"api_error"},"type":"error"}` + "\n"

// slowly scripts an answer that begins, and goes on when it is let.
func (s *stage) slowly(t *testing.T, trace, contentType, first, rest string) (begun, let chan struct{}) {
	t.Helper()
	begun, let = make(chan struct{}), make(chan struct{})
	s.upstream.script(t, trace, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, first)
		_ = http.NewResponseController(w).Flush()
		close(begun)
		select {
		case <-let:
			_, _ = io.WriteString(w, rest)
		case <-r.Context().Done():
		}
	})
	return begun, let
}

const (
	firstEvent = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"hello there "},"finish_reason":null}]}` + "\n\n"
	lastEvents = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"again"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
)

// flow is an exchange under way: its answer's first bytes have come.
type flow struct {
	resp *http.Response
	read string
	err  error
}

// begin sends a call and returns when the first event has come.
func (s *stage) begin(t *testing.T, c call) *flow {
	t.Helper()
	r := s.request(context.WithoutCancel(t.Context()), t, &c)
	resp, err := c.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	b := make([]byte, len(firstEvent))
	n, err := io.ReadFull(resp.Body, b)
	return &flow{resp, string(b[:n]), err}
}

// rest reads to the end.
func (f *flow) rest() {
	b, err := io.ReadAll(f.resp.Body)
	f.read += string(b)
	f.err = errors.Join(f.err, err)
}

// While Weir is down nothing passes, and the client gets 503 with JSON. When it is killed, streams break and do not look
// whole, answers that were held become the tenant's own 500; and the next start works and loses no money.
func TestWeirDies(t *testing.T) {
	s := alone(t)
	for name, c := range clients {
		got := s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "x"), client: c})
		if got.status != 503 || got.body != unreachable || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s, not started: %d %v %s", name, got.status, got.err, got.body)
		}
		s.upstream.none(t, got.trace)
	}
	w := s.launch(t)
	var flows []*flow
	for _, c := range clients {
		trace := newTrace()
		s.slowly(t, trace, "text/event-stream", firstEvent, lastEvents)
		flows = append(flows, s.begin(t, call{key: of(measured, "dvara"), body: ask("scripted", "x", streaming), trace: trace, client: c}))
	}
	trace := newTrace()
	begun, _ := s.slowly(t, trace, "application/json", `{"id":"c",`, "")
	held := make(chan reply)
	go func() { held <- s.do(t, call{key: of(plain, "dvara"), body: ask("scripted", "x"), trace: trace}) }()
	wait(t, "the provider began", begun)
	w.signal(syscall.SIGKILL)
	for _, f := range flows {
		if f.rest(); f.err == nil || strings.Contains(f.read, "[DONE]") || strings.Contains(f.read, "again") {
			t.Errorf("killed in mid-stream: %v %s", f.err, f.read)
		}
	}
	hasError(t, <-held, 500, `{"error":{"code":"internal_error","type":"gateway_error","message":"Internal error","trace_id":"{trace}"}}`)
	if got := s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "x")}); got.status != 503 || got.body != unreachable {
		t.Errorf("after it was killed: %d %s", got.status, got.body)
	}
	s.launch(t)
	if got := s.do(t, call{key: of(measured, "dvara"), body: ask("echo", "x")}); got.status != 200 {
		t.Errorf("after the next start: %d %s", got.status, got.body)
	}
}

// A stop that is asked for lets what is under way finish.
func TestWeirStops(t *testing.T) {
	s := alone(t)
	w := s.launch(t)
	trace := newTrace()
	_, let := s.slowly(t, trace, "text/event-stream", firstEvent, lastEvents)
	f := s.begin(t, call{key: of(plain, "dvara"), body: ask("scripted", "x", streaming), trace: trace})
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing new is taken", func() bool {
		return s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "x")}).status == 503
	})
	close(let)
	if f.rest(); f.err != nil || f.read != firstEvent+lastEvents {
		t.Errorf("%v %s", f.err, f.read)
	}
	wait(t, "Weir is gone", w.gone)
	if w.err != nil {
		t.Errorf("stopped with %v", w.err)
	}
}

// Two Weirs do not share an address, a wrong file does not start, and each says why, with its place.
func TestDoesNotStart(t *testing.T) {
	s := open(t)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		file, code string
		says       []string
	}{
		"a wrong field": {"listen: 127.0.0.1:0\ntenants:\n  - id: acme\n    dialekt: dvara\n", "exit status 2",
			[]string{"weir.yaml:4:5: tenants[0].dialekt", `did you mean "dialect"?`}},
		"a policy that does not compile": {"listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\npolicies: {dir: rules}\n", "exit status 2", []string{"mine.rego:4"}},
		"an address that is taken":       {"listen: unix:" + filepath.Join(s.dir, weirSocket) + "\n", "exit status 1", []string{"listen", "is taken by another process"}},
	} {
		t.Run(name, func(t *testing.T) {
			timed(t)
			if err := os.MkdirAll(filepath.Join(dir, "rules"), 0o700); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, "weir.yaml"), c.file)
			writeFile(t, filepath.Join(dir, "rules", "mine.rego"), "package weir\n\nimport rego.v2\nreasons contains \"policy_denied\" if nonsense\n")
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, binary(t), "serve", "--config", "weir.yaml")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err == nil || err.Error() != c.code {
				t.Errorf("%v\n%s", err, out)
			}
			for _, want := range c.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
		})
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	// Written aside and renamed, so that nobody reads half of it.
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
