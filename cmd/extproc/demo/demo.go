package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/demo/provider"
	"weir/cmd/extproc/process"
	"weir/envoy"
)

// Options are what the command line says.
type Options struct {
	Envoy    string // path of a binary; empty: look for one
	Listen   string // host:port for clients
	TourOnly bool   // end after the tour
	Out      io.Writer
}

// startBound is how long everything may take until it answers.
const startBound = 30 * time.Second

// errDiffers says that an answer of the tour was not what it must be.
var errDiffers = errors.New("the tour found answers that differ")

// Run starts everything, runs the tour, and stays up until ctx ends or, with TourOnly, comes back at once.
func Run(ctx context.Context, o Options) error {
	s := &stage{out: o.Out, began: time.Now()}
	if err := s.prepare(ctx, o); err != nil {
		return err
	}
	defer s.clear()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, run := errgroup.WithContext(ctx)
	if err := s.start(run, g); err != nil {
		cancel()
		return errors.Join(err, g.Wait())
	}
	err := s.show(run, o)
	cancel()
	if waited := g.Wait(); err == nil && !errors.Is(waited, context.Canceled) {
		err = waited
	}
	return err
}

// show runs the tour and then waits for the end.
func (s *stage) show(ctx context.Context, o Options) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.step("ready")
	t := tour{out: s.out, client: &http.Client{Timeout: startBound}, envoy: s.listen, admins: []string{s.weir.AdminAddr().String()}, cast: s.cast}
	differ := t.run(ctx)
	s.step("tour finished")
	if differ > 0 {
		return fmt.Errorf("%w: %d", errDiffers, differ)
	}
	if o.TourOnly || ctx.Err() != nil {
		return nil
	}
	fmt.Fprintf(s.out, "\nWeir is up. Envoy listens on http://%s; logs, configuration and database are in %s.\n", s.listen, s.dir)
	s.cast.invite(s.out, s.listen, s.weir.AdminAddr().String())
	fmt.Fprintln(s.out, "\nCtrl-C stops everything and leaves nothing.")
	<-ctx.Done()
	fmt.Fprintln(s.out, "\nstopping")
	return nil
}

// stage is everything a demo runs.
type stage struct {
	out      io.Writer
	began    time.Time
	dir      string
	envoy    envoy.Binary
	listen   string
	cast     *cast
	conf     *config.Config
	weir     *process.Process
	provider net.Listener
	log      *os.File
	last     time.Time
}

// step prints what is done and how long it took.
func (s *stage) step(what string) {
	now := time.Now()
	if s.last.IsZero() {
		s.last = s.began
	}
	fmt.Fprintf(s.out, "%6.2fs  %s\n", now.Sub(s.last).Seconds(), what)
	s.last = now
}

// prepare finds an Envoy, checks the port, and writes a configuration into a directory of its own.
func (s *stage) prepare(ctx context.Context, o Options) (err error) {
	s.listen = o.Listen
	if err := portFree(o.Listen); err != nil {
		return err
	}
	if o.Envoy != "" {
		s.envoy, err = envoy.Version(ctx, o.Envoy)
	} else {
		s.envoy, err = envoy.Find(ctx, os.Getenv, exec.LookPath)
	}
	if err != nil {
		return err
	}
	s.step("Envoy " + s.envoy.Full)
	if s.dir, err = newRunDir(os.TempDir(), s.out); err != nil {
		return err
	}
	if err := s.write(ctx); err != nil {
		s.clear()
		return err
	}
	return nil
}

func portFree(listen string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("%s cannot be used (%w): stop what listens there, or choose another with --listen", listen, err)
	}
	return l.Close()
}

// write makes the cast and the configuration, and opens what Weir needs.
func (s *stage) write(ctx context.Context) (err error) {
	if s.provider, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("starting the demo provider: %w", err)
	}
	const anyPort = "127.0.0.1:0"
	at := places{weir: anyPort, admin: anyPort, envoy: s.listen, provider: s.provider.Addr().String()}
	if s.cast, err = newCast(s.dir, at); err != nil {
		return err
	}
	if err := s.cast.writeSecrets(); err != nil {
		return err
	}
	path := filepath.Join(s.dir, configFile)
	if err := os.WriteFile(path, s.cast.yaml(), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	if s.conf, err = config.Load(path, process.Dialects()); err != nil {
		return err
	}
	if s.log, err = os.Create(filepath.Join(s.dir, "weir.log")); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	if s.weir, err = process.New(ctx, s.conf, log); err != nil {
		return err
	}
	s.conf.Listen = s.weir.Addr().String()
	return s.bootstrap()
}

// bootstrap writes what Envoy is told.
func (s *stage) bootstrap() error {
	o := process.BootstrapOptions(s.conf, s.envoy.Minor)
	o.Discovery = envoy.DiscoveryDir(s.conf.Envoy.Secrets)
	return writeBootstrap(s.bootstrapPath(), s.conf, o)
}

// writeBootstrap writes Envoy's file, and what that file says is elsewhere.
func writeBootstrap(path string, conf *config.Config, o envoy.Options) error {
	if err := process.Prepare(conf, o); err != nil {
		return err
	}
	b, err := envoy.Bootstrap(o)
	if err != nil {
		return err
	}
	text, err := envoy.JSON(b)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("writing the bootstrap: %w", err)
	}
	return nil
}

func (s *stage) bootstrapPath() string { return filepath.Join(s.dir, bootstrapFile) }

// start runs Weir, the provider and Envoy until ctx ends.
func (s *stage) start(ctx context.Context, g *errgroup.Group) error {
	g.Go(func() error { return s.weir.Serve(ctx) })
	web := &http.Server{Handler: provider.New(s.cast.credential), ReadHeaderTimeout: startBound}
	g.Go(func() error {
		if err := web.Serve(s.provider); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("demo provider: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return web.Close()
	})
	logs, err := os.Create(filepath.Join(s.dir, "envoy.log"))
	if err != nil {
		return fmt.Errorf("writing Envoy's log: %w", err)
	}
	g.Go(func() error {
		defer logs.Close()
		return runChild(ctx, logs, s.envoy.Path, envoy.Args(s.bootstrapPath(), envoy.Options{Concurrency: 1})...)
	})
	return nil
}

// ready waits until a request passes through all three.
func (s *stage) ready(ctx context.Context) error {
	if err := answers(ctx, s.listen); err != nil {
		return fmt.Errorf("%w; its log ends with:\n%s", err, tail(filepath.Join(s.dir, "envoy.log")))
	}
	return nil
}

// answers waits until Weir answers through the Envoy at an address.
func answers(ctx context.Context, listen string) error {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listen+"/actuator/health", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer from Envoy on %s within %s", listen, startBound)
		case <-tick.C:
		}
	}
}

// tail is the end of a log.
func tail(path string) string {
	const most = 2000
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}

// clear takes everything down that prepare made.
func (s *stage) clear() {
	if s.weir != nil {
		s.weir.Close()
	}
	if s.provider != nil {
		_ = s.provider.Close()
	}
	if s.log != nil {
		_ = s.log.Close()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
