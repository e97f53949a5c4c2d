package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// python is a Python that lives as long as the tests and speaks through openai-python.
type python struct {
	mu      sync.Mutex
	in      io.WriteCloser
	next    int
	waiting map[int]chan spoken
	gone    chan struct{}
	version string
}

// command is what the child is told; testdata/openai_client.py says what it means.
type command struct {
	ID      int            `json:"id"`
	BaseURL string         `json:"base_url"`
	Key     string         `json:"key"`
	HTTP2   bool           `json:"http2"`
	Retries int            `json:"retries"`
	Trace   string         `json:"trace"`
	Path    string         `json:"path,omitempty"`
	Live    bool           `json:"live,omitempty"`
	Params  map[string]any `json:"params,omitempty"`
}

// spoken is what the child says.
type spoken struct {
	ID       int
	Version  string
	Chunk    *string // text so far
	End      bool
	Text     string
	Tool     string
	Finishes []string
	Chunks   int
	Usage    bool
	Left     bool
	Error    *raised
}

// raised is the exception a program gets.
type raised struct {
	Classes   []string // its class and all above it
	Message   string
	Status    int
	Code      string
	Type      string
	RequestID string `json:"request_id"`
}

// is says whether an exception is of a class.
func (r *raised) is(class string) bool { return r != nil && slices.Contains(r.Classes, class) }

var interpreter struct {
	once   sync.Once
	python *python
	err    error
}

// openaiPython returns the child, and starts it for the first case that asks.
func openaiPython(t *testing.T) *python {
	t.Helper()
	path := os.Getenv("WEIR_PYTHON")
	if path == "" {
		path = filepath.Join("..", "..", ".tools", "python", "bin", "python3")
		if _, err := os.Stat(path); err != nil {
			t.Skip("no Python with the SDKs: WEIR_PYTHON is not set and `tools/setup python` was not run")
		}
	}
	interpreter.once.Do(func() { interpreter.python, interpreter.err = startPython(path) })
	if interpreter.err != nil {
		t.Fatal(interpreter.err)
	}
	return interpreter.python
}

func startPython(path string) (*python, error) {
	cmd := exec.Command(path, "-u", filepath.Join("testdata", "openai_client.py"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &python{in: in, next: 1, waiting: map[int]chan spoken{0: make(chan spoken, 1)}, gone: make(chan struct{})}
	hello := p.waiting[0]
	go func() {
		p.listen(out)
		_ = cmd.Wait()
		close(p.gone)
	}()
	select {
	case s := <-hello:
		p.version = s.Version
	case <-p.gone:
		return nil, fmt.Errorf("%s: the SDK did not start", path)
	}
	return p, nil
}

// listen hands what the child says to whom it is for.
func (p *python) listen(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var s spoken
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			fmt.Fprintln(os.Stderr, "python:", lines.Text())
			continue
		}
		p.mu.Lock()
		to := p.waiting[s.ID]
		if s.End {
			delete(p.waiting, s.ID)
		}
		p.mu.Unlock()
		if to != nil {
			to <- s
		}
	}
}

// stop ends the child.
func (p *python) stop() {
	_ = p.in.Close()
	<-p.gone
}

// spokenBound is how many chunks a case may leave unread.
const spokenBound = 4096

// say tells the child something and returns where its answers come.
func (p *python) say(t *testing.T, c command) (int, chan spoken) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	c.ID = p.next
	p.next++
	to := make(chan spoken, spokenBound)
	p.waiting[c.ID] = to
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		t.Fatal(err)
	}
	return c.ID, to
}

// leave makes the program behind a call go away.
func (p *python) leave(t *testing.T, id int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintf(p.in, "{\"cancel\":%d}\n", id); err != nil {
		t.Fatal(err)
	}
}

// hear waits for the next thing the child says.
func (p *python) hear(t *testing.T, from chan spoken) spoken {
	t.Helper()
	select {
	case s := <-from:
		return s
	case <-p.gone:
		t.Fatal("the Python ended by itself")
	case <-time.After(patience):
		t.Fatalf("the Python said nothing within %s", patience)
	}
	return spoken{}
}

// end waits until a call is over.
func (p *python) end(t *testing.T, from chan spoken) spoken {
	t.Helper()
	for {
		if s := p.hear(t, from); s.End {
			return s
		}
	}
}

// program is someone who uses the SDK against a stage over one protocol.
type program struct {
	python *python
	stage  *stage
	http2  bool
}

// chat is a chat completion with one user message.
func (p program) chat(t *testing.T, key, model, text string, stream bool) (string, command) {
	t.Helper()
	trace := newTrace()
	return trace, command{
		BaseURL: "http://" + p.stage.addr + "/v1", Key: p.stage.key(t, key), HTTP2: p.http2, Trace: trace,
		Params: map[string]any{"model": model, "stream": stream, "messages": []any{map[string]string{"role": "user", "content": text}}},
	}
}

// ask makes a chat completion and returns all that the program sees of it.
func (p program) ask(t *testing.T, key, model, text string, stream bool) (string, spoken) {
	t.Helper()
	trace, c := p.chat(t, key, model, text, stream)
	return trace, p.do(t, c)
}

func (p program) do(t *testing.T, c command) spoken {
	t.Helper()
	_, from := p.python.say(t, c)
	return p.python.end(t, from)
}

// programs runs a case over each protocol.
func programs(t *testing.T, s *stage, each func(t *testing.T, p program)) {
	t.Helper()
	py := openaiPython(t)
	for name, http2 := range map[string]bool{"h1": false, "h2": true} {
		t.Run(name, func(t *testing.T) {
			timed(t)
			each(t, program{py, s, http2})
		})
	}
}
