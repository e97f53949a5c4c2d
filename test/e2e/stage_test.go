package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/envoy"
)

// stage is a running Envoy with Weir beside it and a provider behind it.
type stage struct {
	dir      string
	config   string // path of Weir's configuration
	conf     *config.Config
	cast     *cast
	provider string // address of the upstream
	upstream *upstream
	envoy    envoy.Binary
	addr     string // where clients connect
	envoyPID int
	patient  time.Duration    // how long Envoy waits for an answer of Weir's; 0: as it does by default
	weir     *process.Process // nil where Weir runs as a binary
	logs     *captured
	served   bool                 // Envoy is served by Weir over xDS, and not from files
	reword   func([]byte) []byte  // another text of Envoy's bootstrap; nil is the product's
	tune     func(*envoy.Options) // other options for it; nil: the product's
	as       *syscall.Credential  // who Envoy runs as; nil: who runs the tests
	observer *observer            // who is told everything; nil: nobody
	undo     []func()
}

// The one stage that independent cases share: each brings a tenant or a trace id of its own.
var shared struct {
	once  sync.Once
	stage *stage
	err   error
	took  time.Duration
}

// errNoEnvoy says that there is nothing to test with.
var errNoEnvoy = errors.New("no Envoy")

// onEnvoy lets a case go on where err is nil. Without an Envoy, and where none is demanded, the case is skipped; any other
// error fails it.
func onEnvoy(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, errNoEnvoy) && os.Getenv("WEIR_REQUIRE_ENVOY") == "" && os.Getenv("ENVOY") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// open returns the shared stage, and starts it for the first case that asks.
func open(t *testing.T) *stage {
	t.Helper()
	shared.once.Do(func() {
		began := time.Now()
		shared.stage, shared.err = raiseShared()
		shared.took = time.Since(began)
	})
	onEnvoy(t, shared.err)
	timed(t)
	return shared.stage
}

// alone returns a stage of the case's own, with Weir as a binary that the case starts and kills.
func alone(t *testing.T) *stage {
	t.Helper()
	binary(t) // not in the case's time
	return own(t, false)
}

// ownWeir returns a stage of the case's own with Weir in this process, for a case that changes its files.
func ownWeir(t *testing.T) *stage {
	t.Helper()
	return own(t, true)
}

func own(t *testing.T, inside bool) *stage {
	t.Helper()
	s, err := raise(inside)
	onEnvoy(t, err)
	s.closes(t)
	timed(t)
	return s
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
	if p := interpreter.python; p != nil {
		p.stop()
	}
	if s := shared.stage; s != nil {
		for _, p := range witness.hold(s) {
			fmt.Fprintln(os.Stderr, "the trail:", p)
			code = 1
		}
		s.close()
		if code != 0 {
			fmt.Fprintln(os.Stderr, s.logs)
		}
	}
	if code == 0 {
		if err := writeFigures(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// bodyBytes is the largest request body on these stages: more than the 2 MB that cases send, and little enough that the
// kernel takes what is over it from a client that Envoy has answered already and reads no further.
const bodyBytes = 5 << 19

// raise starts everything on addresses the kernel chooses or that nobody else knows, and waits until Envoy is ready.
// inside says that Weir runs in this process.
func raise(inside bool) (*stage, error) {
	return raiseFor(nil, inside)
}

// raiseShared is raise for the stage that cases share: all that it tells goes to an observer, where what clients said is looked for.
func raiseShared() (*stage, error) {
	o, err := newObserver()
	if err != nil {
		return nil, err
	}
	c, err := newCast()
	if err != nil {
		return nil, err
	}
	c.alter = o.join
	s := &stage{logs: &captured{}, cast: c, observer: o, reword: hurried(200)}
	s.later(o.close)
	if err := s.raise(true); err != nil {
		s.close()
		return nil, fmt.Errorf("%w\n%s", err, s.logs)
	}
	return s, nil
}

// raiseFor is raise for a cast of the case's own.
func raiseFor(c *cast, inside bool) (*stage, error) {
	s := &stage{logs: &captured{}, cast: c}
	if err := s.raise(inside); err != nil {
		s.close()
		return nil, fmt.Errorf("%w\n%s", err, s.logs)
	}
	return s, nil
}

func (s *stage) raise(inside bool) (err error) {
	if s.envoy, err = installed(); err != nil {
		return err
	}
	// A socket's path must be short, so a directory of the test's own will not do.
	if s.dir, err = os.MkdirTemp("", "weir"); err != nil {
		return err
	}
	s.later(func() { _ = os.RemoveAll(s.dir) })
	s.upstream = newUpstream()
	provider := httptest.NewServer(s.upstream)
	s.later(provider.Close)
	if s.cast == nil {
		if s.cast, err = newCast(); err != nil {
			return err
		}
	}
	s.provider = provider.URL
	if err := s.configure(provider.URL); err != nil {
		return err
	}
	if inside {
		if err := s.serve(); err != nil {
			return err
		}
	}
	return s.runEnvoy()
}

func (s *stage) later(f func()) { s.undo = append(s.undo, f) }

func (s *stage) close() {
	for i := len(s.undo) - 1; i >= 0; i-- {
		s.undo[i]()
	}
	s.undo = nil
}

// closes closes the stage when a test ends, which shows its logs where it failed.
func (s *stage) closes(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		s.close()
		if t.Failed() {
			t.Log(s.logs.String())
		}
	})
}

// installed finds an Envoy as the product does.
func installed() (envoy.Binary, error) {
	look := func(name string) (string, error) {
		if name == envoy.ToolsPath {
			name = filepath.Join("..", "..", name)
		}
		return exec.LookPath(name)
	}
	found, err := envoy.Find(context.Background(), os.Getenv, look)
	if err != nil {
		return found, fmt.Errorf("%w: %w", errNoEnvoy, err)
	}
	return found, nil
}

// configure writes Weir's configuration and reads it as Weir does.
func (s *stage) configure(provider string) error {
	credential := filepath.Join(s.dir, "credential")
	if err := os.WriteFile(credential, []byte(providerKey), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(s.dir, policiesDir), 0o700); err != nil {
		return err
	}
	text, err := s.cast.yaml(s.dir, provider, credential)
	if err != nil {
		return err
	}
	s.config = filepath.Join(s.dir, "weir.yaml")
	if err := os.WriteFile(s.config, text, 0o600); err != nil {
		return err
	}
	s.conf, err = config.Load(s.config, process.Dialects())
	return err
}

// serve runs Weir in this process, as the binary assembles it.
func (s *stage) serve() error {
	ctx, stop := context.WithCancel(context.Background())
	s.conf.XDS = s.served
	p, err := process.New(ctx, s.conf, slog.New(slog.NewTextHandler(s.logs.from("weir"), nil)))
	if err != nil {
		stop()
		return err
	}
	s.weir = p
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	s.later(func() {
		stop()
		if err := <-done; err != nil {
			fmt.Fprintln(s.logs.from("weir"), "stopped:", err)
		}
		p.Close()
	})
	return nil
}

// runEnvoy starts Envoy with the bootstrap the product makes.
func (s *stage) runEnvoy() error {
	o := process.BootstrapOptions(s.conf, s.envoy.Minor)
	o.Concurrency = 1
	if s.patient > 0 {
		o.Timeouts.Message = s.patient
	}
	if o.XDS = s.served; !s.served {
		o.Discovery = envoy.DiscoveryDir(s.conf.Envoy.Secrets)
	}
	if s.tune != nil {
		s.tune(&o)
	}
	if !s.served {
		if err := process.Prepare(s.conf, o); err != nil {
			return err
		}
	}
	b, err := envoy.Bootstrap(o)
	if err != nil {
		return err
	}
	text, err := envoy.JSON(b)
	if err != nil {
		return err
	}
	if s.reword != nil {
		text = s.reword(text)
	}
	path := filepath.Join(s.dir, "envoy.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	log := s.logs.from("envoy")
	cmd := exec.Command(s.envoy.Path, append(envoy.Args(path, o), "-l", "warning", "--file-flush-interval-msec", "50")...)
	cmd.Stdout, cmd.Stderr = log, log
	if s.as != nil {
		if err := s.give(); err != nil {
			return err
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.envoyPID = cmd.Process.Pid
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(gone)
	}()
	s.later(func() {
		_ = cmd.Process.Kill()
		<-gone
	})
	s.addr, err = ready(filepath.Join(s.dir, adminSocket), gone)
	return err
}

// startup bounds how long Envoy may take to listen.
const startup = 30 * time.Second

// admin asks Envoy's admin page.
func (s *stage) admin() *http.Client { return adminOf(filepath.Join(s.dir, adminSocket)) }

func adminOf(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
}

// ready asks Envoy's admin page until it listens, and returns where.
func ready(admin string, gone <-chan struct{}) (string, error) {
	c := adminOf(admin)
	defer c.CloseIdleConnections()
	for deadline := time.Now().Add(startup); time.Now().Before(deadline); {
		select {
		case <-gone:
			return "", errors.New("Envoy stopped at its start")
		case <-time.After(5 * time.Millisecond):
		}
		if port, ok := listening(c); ok {
			return fmt.Sprintf("127.0.0.1:%d", port), nil
		}
	}
	return "", fmt.Errorf("Envoy was not ready within %s", startup)
}

func listening(c *http.Client) (int, bool) {
	r, err := c.Get("http://envoy/ready")
	if err != nil {
		return 0, false
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return 0, false
	}
	if r, err = c.Get("http://envoy/listeners?format=json"); err != nil {
		return 0, false
	}
	defer r.Body.Close()
	var list struct {
		Statuses []struct {
			Address struct {
				Socket struct {
					Port int `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.NewDecoder(r.Body).Decode(&list); err != nil || len(list.Statuses) != 1 {
		return 0, false
	}
	return list.Statuses[0].Address.Socket.Port, true
}

// captured holds what processes write, for when a case fails.
type captured struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

// from is a writer whose text is told apart by a name.
func (c *captured) from(name string) io.Writer { return &named{c, name} }

// String is all that was written, by whom.
func (c *captured) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines.String()
}

type named struct {
	to   *captured
	name string
}

func (n *named) Write(b []byte) (int, error) {
	n.to.mu.Lock()
	defer n.to.mu.Unlock()
	for line := range bytes.Lines(b) {
		fmt.Fprintf(&n.to.lines, "%s| %s\n", n.name, bytes.TrimRight(line, "\n"))
	}
	return len(b), nil
}
