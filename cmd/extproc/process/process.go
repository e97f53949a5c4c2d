package process

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"weir/admin"
	"weir/cmd/extproc/config"
	"weir/cmd/extproc/issuers"
	"weir/filter"
	"weir/filter/canary"
	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy"
	"weir/policy/audit"
	"weir/policy/detect"
	"weir/policy/detect/remote"
	"weir/policy/ledger"
	"weir/policy/provider"
	"weir/policy/store"
	"weir/policy/tenant"
)

// endBound is how long exchanges may take that are told to end.
const endBound = 5 * time.Second

// closeBound is how long the ledger may take to write what it owes.
const closeBound = 5 * time.Second

// Process is one Weir. New makes it, Serve runs it, Close gives its files back.
type Process struct {
	ballast []byte

	Store     *store.Store
	Redis     *store.Redis // nil where the file keeps everything
	Directory *tenant.Directory
	Ledger    *ledger.Ledger
	Trail     *audit.Trail
	changes   *audit.Changes // what operators changed: on the Redis where there is one
	Engine    *policy.Engine

	log       *slog.Logger
	applying  sync.Mutex   // one change of the configuration, or of what the store adds to it, at a time
	settling  sync.RWMutex // held while tenants and models are put in force, so that no exchange begins with half of a file
	config    atomic.Pointer[settled]
	reload    atomic.Pointer[error] // why the last file was refused; nil: it is in force
	registry  *prometheus.Registry
	filter    *filter.Server
	policies  policies
	expired   prometheus.Counter       // records of the trail
	died      prometheus.Counter       // exchanges that ended with their process
	asked     *prometheus.HistogramVec // questions to detectors in other processes
	admin     *admin.Server
	vault     *provider.Vault
	adopted   []tenant.Row          // what the store adds that is in force; applying guards it
	keptErr   atomic.Pointer[error] // why some of it is not
	breakers  *provider.Breakers
	envoys    *handover
	keeper    *issuers.Keeper
	ready     readied
	draining  atomic.Bool
	workload  *workloadapi.X509Source // certificates of SPIFFE; nil: none
	telemetry telemetry
	listener  net.Listener
	web       net.Listener
	master    []byte // the secret that others are derived from
}

// settled is what of a configuration the exchanges use.
type settled struct {
	*config.Config
	catalogue *provider.Catalogue
	services  *remote.Set
}

// New opens everything a configuration names. What fails is named, and nothing stays open.
func New(ctx context.Context, c *config.Config, log *slog.Logger) (*Process, error) {
	p := &Process{log: log, registry: prometheus.NewRegistry()}
	if err := p.open(ctx, c); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Process) open(ctx context.Context, c *config.Config) (err error) {
	// Addresses first: where another process has them, its store is better not touched.
	if p.listener, err = listen("listen", c.Listen); err != nil {
		return err
	}
	if err := permit(p.listener, c.Transport); err != nil {
		return err
	}
	if p.web, err = listen("admin.listen", c.AdminListen); err != nil {
		return err
	}
	if err := p.openPolicies(ctx, c); err != nil {
		return err
	}
	if err := p.openStore(ctx, c); err != nil {
		return err
	}
	if err := p.openHandover(c); err != nil {
		return err
	}
	return p.openServers(c)
}

// openStore opens the database and what lives in it.
func (p *Process) openStore(ctx context.Context, c *config.Config) (err error) {
	if p.master, err = MasterSecret(c); err != nil {
		return err
	}
	if p.Store, err = store.Open(ctx, c.StorePath); err != nil {
		return err
	}
	if err := p.openRedis(c); err != nil {
		return err
	}
	if err := c.Seal(p.master); err != nil {
		return err
	}
	p.ready.mark(c.Providers, time.Time{})
	catalogue, err := provider.NewCatalogue(c.Providers, c.Models, p.ready.set)
	if err != nil {
		return fmt.Errorf("providers: %w", err)
	}
	p.registerServices()
	services, err := p.servicesOf(c, nil)
	if err != nil {
		return err
	}
	p.config.Store(&settled{c, catalogue, services})
	if p.Directory, err = Directory(ctx, c, p.Store, p.Redis, tenant.Patient()); err != nil {
		return fmt.Errorf("tenants: %w", err)
	}
	if err := p.begin(c); err != nil {
		return err
	}
	keys, err := audit.NewKeys(p.master)
	if err != nil {
		return err
	}
	if p.Trail, err = audit.Open(ctx, p.Store, keys); err != nil {
		return err
	}
	if err := p.openLedger(ctx); err != nil { // which writes records of what died
		return err
	}
	p.changes = Changes(p.Store, p.Redis, keys)
	return p.openTelemetry(ctx, c)
}

func (p *Process) openServers(c *config.Config) (err error) {
	p.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	p.storeMetrics()
	p.openBreakers(c)
	if p.keeper, err = issuers.NewKeeper(p.log, p.registry); err != nil {
		return err
	}
	key, err := canary.NewKey(p.master)
	if err != nil {
		return err
	}
	p.filter, err = filter.New(filter.Parts{
		Snapshot: p.snapshot, Ledger: p.Ledger, Trail: &p.telemetry, Log: p.log, Metrics: p.registry,
		Breakers: p.breakers, Vault: p.vault, Clock: time.Now, NewID: newID, Canary: key, Health: p.storesAnswer, Quarantine: p.Directory.Quarantine,
	})
	if err != nil {
		return err
	}
	token, err := c.AdminToken.Secret()
	if err != nil {
		return fmt.Errorf("admin.token: %w", err)
	}
	var issuer *admin.OIDC
	if c.AdminOIDC != nil {
		issuer = admin.NewOIDC(*c.AdminOIDC)
	}
	p.admin, err = admin.New(admin.Parts{
		Gatherer: p.registry, Trail: p.Trail, Token: token, Tokens: c.AdminTokens, OIDC: issuer, Rate: c.AdminRate, Log: p.log,
		Engine: operator{p}, Changes: p.changes,
		Access: &admin.Access{Directory: p.Directory, Key: p.keyTerms, Random: p.random, Clock: time.Now, Seal: p.vault.Seal},
		Ready: []admin.Check{
			{Name: "stopping", Check: p.goesOn}, {Name: "store", Check: p.storesAnswer}, {Name: "tenants", Check: p.Directory.Check},
			{Name: "policies", Check: p.policiesInForce}, {Name: "ext_authz policies", Check: p.authzPoliciesInForce}, {Name: "configuration", Check: p.configInForce},
		},
		Degraded: p.degraded(), Content: p.contentOf,
	})
	return err
}

// Addr is where the ext_proc server listens.
func (p *Process) Addr() net.Addr { return p.listener.Addr() }

// AdminAddr is where health, metrics and the trail are served.
func (p *Process) AdminAddr() net.Addr { return p.web.Addr() }

// Live is how many exchanges are under way.
func (p *Process) Live() int64 { return p.filter.Live() }

// snapshot is what an exchange is governed by from its first message to its last.
func (p *Process) snapshot() *filter.Snapshot {
	p.settling.RLock()
	defer p.settling.RUnlock()
	c := p.config.Load()
	return &filter.Snapshot{
		Tenants: p.Directory.Current(), Catalogue: c.catalogue, Policy: p.Engine.Current(), Scanner: scanner,
		Surfaces: surfaces, Dialects: dialects, Dialect: c.Dialect, Hosts: c.Hosts, Identity: c.Identity, Limits: c.Limits,
		PolicyHeaders: c.PolicyHeaders, Authz: p.authzInForce(c.Authz.HeadersOnly), Candidate: p.candidateInForce(), Services: c.services, Mesh: c.Mesh,
	}
}

// What never changes while a process lives.
var (
	scanner  = detect.New()
	surfaces = surface.Default()
	dialects = fault.Default()
)

// Dialects are the names a configuration may choose from.
func Dialects() []string { return dialects.Names() }

// Serve runs until ctx ends, then drains: new exchanges are refused by health, open ones finish.
func (p *Process) Serve(ctx context.Context) error {
	p.collectLess()
	if _, err := p.envoys.tell(p.config.Load().Config); err != nil {
		return fmt.Errorf("handing providers to Envoy: %w", err)
	}
	g, run := errgroup.WithContext(ctx)
	// The ledger beats until the last exchange has settled, or its holds would count as a dead process's.
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	secure, err := p.secure(ctx, p.config.Load().Transport)
	if err != nil {
		stopBeating()
		return err
	}
	server := grpc.NewServer(append(filter.GRPCOptions(p.config.Load().Limits), secure...)...)
	p.filter.Register(server)
	filter.NewAuthorizer(p.filter).Register(server)
	if s := p.envoys.xds; s != nil {
		s.Register(run, server)
	}
	state := health.NewServer()
	healthv1.RegisterHealthServer(server, state)
	web := admin.HTTPServer(p.admin)
	g.Go(func() error { return ended(server.Serve(p.listener)) })
	g.Go(func() error { return webEnded(web.Serve(p.web)) })
	g.Go(func() error { return p.Directory.Run(run) })
	g.Go(func() error { return p.breakers.Run(run) })
	g.Go(func() error { return p.rotate(run) })
	g.Go(func() error { return p.followKept(run) })
	g.Go(func() error {
		return p.keeper.Run(run, func() []provider.Provider { return p.config.Load().Providers })
	})
	g.Go(func() error { return p.Ledger.Run(beating) })
	g.Go(func() error { return p.expireRecords(run) })
	g.Go(func() error { return p.runTelemetry(beating) })
	g.Go(func() error { return p.watchPolicies(run) })
	g.Go(func() error { return p.watchCandidate(run) })
	g.Go(func() error { return p.watchAuthz(run) })
	g.Go(func() error { return p.followBundles(run) })
	g.Go(func() error { return p.watch(run) })
	g.Go(func() error {
		<-run.Done()
		p.draining.Store(true)
		state.Shutdown()
		p.filter.EndLogs()
		p.drain(server)
		stopBeating()
		return web.Close()
	})
	return g.Wait()
}

// drain takes nothing new once those in front had time to notice, and lets open exchanges finish. Those that outlast their
// time are ended in words, and what cannot be told anything is cut.
func (p *Process) drain(server *grpc.Server) {
	c := p.config.Load()
	p.log.Info("stopping", "exchanges", p.filter.Live(), "notice", c.DrainNotice, "at_most", c.Drain)
	if c.DrainNotice > 0 {
		time.Sleep(c.DrainNotice)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.GracefulStop()
	}()
	select {
	case <-done:
		return
	case <-time.After(c.Drain):
	}
	p.log.Warn("ending exchanges that last longer than a stop may take", "exchanges", p.filter.Live())
	p.filter.EndStreams()
	select {
	case <-done:
	case <-time.After(endBound):
		server.Stop()
		<-done
	}
}

// goesOn is not so once a stop was asked for.
func (p *Process) goesOn(context.Context) error {
	if p.draining.Load() {
		return errors.New("a stop was asked for")
	}
	return nil
}

// ended and webEnded drop what only says that somebody asked for the end.
func ended(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

func webEnded(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close gives back what New opened.
func (p *Process) Close() {
	for _, l := range []net.Listener{p.listener, p.web} {
		if l != nil {
			_ = l.Close()
		}
	}
	if p.workload != nil {
		_ = p.workload.Close()
	}
	if p.Ledger != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeBound)
		defer cancel()
		if err := p.Ledger.Close(ctx); err != nil {
			p.log.Error("closing the ledger", "error", err)
		}
	}
	p.closeTelemetry()
	p.checkpoint()
	if p.Redis != nil {
		if err := p.Redis.Close(); err != nil {
			p.log.Error("closing Redis", "error", err)
		}
	}
	if p.Store != nil {
		if err := p.Store.Close(); err != nil {
			p.log.Error("closing the store", "error", err)
		}
	}
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	return hex.EncodeToString(b[:])
}

// unixScheme marks a socket's path in an address.
const unixScheme = "unix:"

// listen opens an address that a field of the configuration says.
func listen(field, address string) (net.Listener, error) {
	network := "tcp"
	if path, ok := strings.CutPrefix(address, unixScheme); ok {
		network, address = "unix", path
		if err := removeStale(path); err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
	}
	l, err := net.Listen(network, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: %s is taken by another process: stop it, or set %s in the configuration to another address", field, address, field)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return l, nil
}

// removeStale removes a socket that nobody listens on any more.
func removeStale(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil
	}
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close()
		return fmt.Errorf("%s is taken by another process that listens there", path)
	}
	return os.Remove(path)
}

// ballastBytes lie in the heap and are never touched, so they take no memory: the collector, which waits until the heap has
// doubled, so waits for this much more. What lives is some tens of megabytes of policies and models that last as long as
// the process, what an exchange makes is gone with it; without them the former would be gone through thousands of times for
// the latter. A heap that is large is collected as ever.
const ballastBytes = 64 << 20

// collectLess puts the ballast in, unless GOGC says otherwise.
func (p *Process) collectLess() {
	if os.Getenv("GOGC") == "" {
		p.ballast = make([]byte, ballastBytes)
	}
}
