package redisd

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startup bounds how long a server may take until it answers.
const startup = 20 * time.Second

// Server is one process of redis-server.
type Server struct {
	Addr string // 127.0.0.1:port
	dir  string
	args []string
	conf string // its file of settings, where it has one
	cmd  *exec.Cmd
}

// Durable are the arguments of a server that has put a change on the disk when it answers.
func Durable() []string {
	return []string{"--appendonly", "yes", "--appendfsync", "always", "--save", ""}
}

// Volatile are those of a server that keeps nothing.
func Volatile() []string { return []string{"--appendonly", "no", "--save", ""} }

// Binary finds redis-server where tools/setup puts it: REDIS_SERVER, PATH, or .tools of the repository.
func Binary() (string, error) {
	if path := os.Getenv("REDIS_SERVER"); path != "" {
		return path, nil
	}
	if path, err := exec.LookPath("redis-server"); err == nil {
		return path, nil
	}
	for dir, _ := os.Getwd(); ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, ".tools", "bin", "redis-server")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("there is no redis-server: run tools/setup redis")
		}
	}
}

// Start starts a server on a port that is free, and stops it when the test is over. Where there is no binary the test is
// skipped.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := Binary(); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "redisd")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Launch(dir, args...)
	if err != nil {
		_ = os.RemoveAll(dir)
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir)
	})
	return s
}

// Launch starts a server whose files are in dir, without a test around it.
func Launch(dir string, args ...string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: dir, args: args}
	return s, s.launch()
}

// freePort is one whose bus port, ten thousand higher, is free too.
func freePort() (int, error) {
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if port > 55_000 {
			continue
		}
		bus, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+10_000)))
		if err == nil {
			_ = bus.Close()
			return port, nil
		}
	}
	return 0, errors.New("no port is free")
}

func (s *Server) launch() error {
	path, err := Binary()
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(s.Addr)
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", s.dir}, s.args...)
	if s.conf != "" {
		args = append([]string{s.conf}, args...)
	}
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = withParent()
	out := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	for deadline := time.Now().Add(startup); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if s.answers() {
			return nil
		}
	}
	s.Kill()
	return fmt.Errorf("redis-server did not answer: %s", out)
}

// answers says whether the server takes commands, which it does not while it reads its files.
func (s *Server) answers() bool {
	c, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "+PONG")
}

// Kill ends the process at once, as a machine that dies.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Restart starts a server that was killed, on its port and its files.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.launch(); err != nil {
		t.Fatal(err)
	}
}

// Pause stops the process: it takes connections, and never answers.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// Resume lets it go on.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}
