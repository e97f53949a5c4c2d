package bench_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/goccy/go-yaml"
	"google.golang.org/grpc"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/filter"
	"weir/policy/tenant"
)

// subject is a server in a process of its own.
type subject struct {
	name   string
	socket string
	in     io.WriteCloser
	out    *bufio.Reader
	cmd    *exec.Cmd
	ended  sync.Once
}

// stop ends the server in peace: it ends with its input.
func (s *subject) stop() {
	s.ended.Do(func() {
		_ = s.in.Close()
		_ = s.cmd.Wait()
	})
}

// kill ends the server as a machine that dies.
func (s *subject) kill() {
	s.ended.Do(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	})
}

// start runs this binary as the named server: "noop", or "weir" with the configuration in dir.
func start(b testing.TB, name, dir string) *subject {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	s := &subject{name: name, socket: filepath.Join(dir, name+".sock")}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), subjectVariable+"="+name, "WEIR_BENCH_DIR="+dir)
	cmd.Stderr = os.Stderr
	if s.in, err = cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	s.cmd = cmd
	b.Cleanup(s.stop)
	s.cpu(b) // it serves
	return s
}

// cpu is the processor time the server has used, user and system.
func (s *subject) cpu(b testing.TB) time.Duration {
	b.Helper()
	if _, err := io.WriteString(s.in, "cpu\n"); err != nil {
		b.Fatal(err)
	}
	line, err := s.out.ReadString('\n')
	if err != nil {
		b.Fatalf("%s: %v", s.name, err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(n)
}

// beSubject serves until its input ends, and answers each line of it with the processor time used so far, nanoseconds.
func beSubject(ctx context.Context, name string) error {
	dir := os.Getenv("WEIR_BENCH_DIR")
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	switch name {
	case "noop":
		l, err := net.Listen("unix", filepath.Join(dir, "noop.sock"))
		if err != nil {
			return err
		}
		server := grpc.NewServer(filter.GRPCOptions(filter.Limits{})...)
		extprocv3.RegisterExternalProcessorServer(server, noop{})
		go func() { done <- server.Serve(l) }()
		context.AfterFunc(ctx, server.Stop)
	default:
		conf, err := config.Load(filepath.Join(dir, "weir.yaml"), process.Dialects())
		if err != nil {
			return err
		}
		p, err := process.New(ctx, conf, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer p.Close()
		go func() { done <- p.Serve(ctx) }()
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return err
		}
		fmt.Println(u.Utime.Nano() + u.Stime.Nano())
	}
	stop()
	return <-done
}

// configure writes a configuration with one tenant, a budget and a rate, and returns its key. response is what becomes of
// personal data in answers; empty: the default.
func configure(b testing.TB, dir, response string, alter ...func(*config.File)) string {
	b.Helper()
	key, err := tenant.Mint("gw_", rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	h := tenant.HashOf(key)
	f := config.File{
		Listen:    "unix:" + filepath.Join(dir, "weir.sock"),
		Admin:     config.Admin{Listen: "127.0.0.1:0"},
		Store:     config.Store{Path: filepath.Join(dir, "weir.db")},
		Limits:    config.Limits{Decision: "5s", Store: "10s"}, // time is what is measured here, so nobody is cut off
		Providers: []config.Provider{{Name: "demo", Kind: "openai-compatible", BaseURL: "http://127.0.0.1:1"}},
		Models:    []config.Model{{Name: "echo", Provider: "demo", Price: config.Price{Input: "1.00", Output: "2.00"}}},
		Tenants: []config.Tenant{{
			ID: "acme", Dialect: "dvara", Settings: config.Settings{PII: config.PII{Response: response}},
			Budgets: []config.Budget{{Limit: "1000000", Period: "total"}}, Rates: []config.Rate{{Limit: "1000000000/h"}},
			Keys: []config.Key{{ID: "k1", Prefix: tenant.VisiblePrefix(key), SHA256: hex.EncodeToString(h[:])}},
		}},
	}
	for _, change := range alter {
		change(&f)
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "weir.yaml"), text, 0o600); err != nil {
		b.Fatal(err)
	}
	return key
}

// noop answers every message by letting it pass.
type noop struct {
	extprocv3.UnimplementedExternalProcessorServer
}

func (noop) Process(stream extprocv3.ExternalProcessor_ProcessServer) error {
	for {
		in, err := stream.Recv()
		if err != nil {
			return err
		}
		var out extprocv3.ProcessingResponse
		switch m := in.GetRequest().(type) {
		case *extprocv3.ProcessingRequest_RequestHeaders:
			out.Response = &extprocv3.ProcessingResponse_RequestHeaders{RequestHeaders: &extprocv3.HeadersResponse{}}
		case *extprocv3.ProcessingRequest_RequestBody:
			out.Response = &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{}}
		case *extprocv3.ProcessingRequest_ResponseHeaders:
			out.Response = &extprocv3.ProcessingResponse_ResponseHeaders{ResponseHeaders: &extprocv3.HeadersResponse{}}
		case *extprocv3.ProcessingRequest_ResponseBody:
			out.Response = &extprocv3.ProcessingResponse_ResponseBody{ResponseBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
				BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{StreamedResponse: &extprocv3.StreamedBodyResponse{
					Body: m.ResponseBody.GetBody(), EndOfStream: m.ResponseBody.GetEndOfStream(),
				}}},
			}}}
		}
		if err := stream.Send(&out); err != nil {
			return err
		}
	}
}
