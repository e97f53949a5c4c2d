package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/envoy"
	"weir/policy/audit"
	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/figures"
	"weir/test/redisd"
)

// rolled says how much is under way while both Weirs are restarted: WEIR_ROLLING=1 has the whole.
func rolled() (streams, perSecond int) {
	if os.Getenv("WEIR_ROLLING") != "" {
		return 500, 200
	}
	return 40, 40
}

// rollingTenant pays for everything.
const rollingTenant = "rolling"

// replica is one of several Weirs behind one Envoy.
type replica struct {
	config, admin, store string // admin is a socket
	*child
}

// start starts it and waits until its operator's side says that it is ready.
func (r *replica) start(t *testing.T, s *stage) {
	t.Helper()
	log := s.logs.from("weir")
	r.child = &child{cmd: exec.Command(binary(t), "serve", "--config", r.config), gone: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = log, log
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := r.child
	go func() {
		c.err = c.cmd.Wait()
		close(c.gone)
	}()
	s.later(func() { c.signal(syscall.SIGKILL) })
	eventually(t, "a replica is ready", func() bool { return r.ready() == http.StatusOK })
}

func (r *replica) ready() int {
	c := adminOf(r.admin)
	defer c.CloseIdleConnections()
	resp, err := c.Get("http://weir/readyz")
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// replicas raises an Envoy with two Weirs on one Redis, each with a trail of its own.
func replicas(t *testing.T) (*stage, [2]*replica) {
	t.Helper()
	server := redisd.Start(t, redisd.Volatile()...)
	c := &cast{keys: map[string]string{}}
	budget := config.Budget{Limit: "1000", Period: "total"}
	if err := c.add(config.Tenant{ID: rollingTenant, Dialect: "dvara", Settings: kinds()[plain].Settings, Budgets: []config.Budget{budget}}); err != nil {
		t.Fatal(err)
	}
	c.alter = func(f *config.File) {
		f.Store.Redis = &config.Redis{Addresses: []string{server.Addr}, Timeout: "10s"}
		f.Limits.DrainNotice = "3s" // Envoy asks every second, and takes up to two to see that the other is back
		f.Limits.Drain, f.Limits.Decision, f.Limits.Store, f.Limits.Close = "2s", "1m", "1m", "1m"
		f.Admin.Listen = "unix:" + filepath.Join(filepath.Dir(f.Store.Path), "first-admin.sock")
		f.Models = append(f.Models, config.Model{Name: flat, Provider: "demo", Price: config.Price{Input: "0", Output: "10.00"}})
	}
	s := &stage{logs: &captured{}, cast: c}
	s.tune = func(o *envoy.Options) { o.Replicas = []string{"unix:" + filepath.Join(s.dir, "second.sock")} }
	if err := s.raise(false); err != nil {
		s.close()
		onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
	}
	s.closes(t)
	second := filepath.Join(s.dir, "second.yaml")
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	var f config.File
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	f.Listen, f.Admin.Listen, f.Store.Path = "unix:"+filepath.Join(s.dir, "second.sock"), "unix:"+filepath.Join(s.dir, "second-admin.sock"), filepath.Join(s.dir, "second.db")
	if text, err = yaml.Marshal(f); err != nil {
		t.Fatal(err)
	}
	writeFile(t, second, string(text))
	out := [2]*replica{
		{config: s.config, admin: filepath.Join(s.dir, "first-admin.sock"), store: s.conf.StorePath},
		{config: second, admin: filepath.Join(s.dir, "second-admin.sock"), store: f.Store.Path},
	}
	for _, r := range out {
		r.start(t, s)
	}
	return s, out
}

// Both Weirs behind an Envoy are restarted, one after the other, under open streams and a steady flow of requests: no new
// request fails; a stream ends whole, or, where it outlasts the stop, with the dialect's own error event; and ledger and
// trail know every one of them.
func TestRollingRestart(t *testing.T) {
	s, both := replicas(t)
	timed(t)
	streams, rate := rolled()
	let := make(chan struct{})
	s.upstream.always(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if !strings.Contains(string(body), `"stream":true`) {
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			charging(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, firstEvent)
		_ = http.NewResponseController(w).Flush()
		if strings.Contains(string(body), "short") {
			select {
			case <-let:
			case <-r.Context().Done():
				return
			}
			_, _ = io.WriteString(w, lastEvents)
			return
		}
		<-r.Context().Done() // it would go on for ever
	})
	open := s.openStreams(t, streams)
	stop, failed, sent := make(chan struct{}), &atomic.Int64{}, &atomic.Int64{}
	var wg sync.WaitGroup
	began := time.Now()
	wg.Go(func() { s.steadily(t, rate, stop, failed, sent) })
	close(let) // half of the streams end by themselves, some of them while their Weir stops
	for _, r := range both {
		before := sent.Load()
		eventually(t, "requests go on", func() bool { return sent.Load() > before+int64(rate)/2 })
		if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		wait(t, "a replica has stopped", r.gone)
		if r.err != nil {
			t.Errorf("it stopped with %v", r.err)
		}
		r.start(t, s)
		eventually(t, "Envoy knows that it is back", func() bool { return s.healthy(t) == len(both) })
	}
	close(stop)
	wg.Wait()
	took := time.Since(began)
	whole, told := s.ends(t, open)
	if n := failed.Load(); n > 0 || sent.Load() == 0 {
		t.Errorf("%d of %d new requests failed", n, sent.Load())
	}
	if whole+told != streams || whole == 0 || told == 0 {
		t.Errorf("%d streams: %d ended whole, %d were told", streams, whole, told)
	}
	s.accounted(t, both, sent.Load()+int64(streams), sent.Load())
	t.Logf("%d streams (%d whole, %d ended by the stop), %d requests at %.0f/s of %d/s asked for, %d failed", streams, whole, told, sent.Load(), float64(sent.Load())/took.Seconds(), rate, failed.Load())
	note("rolling", figures.AtMost(fmt.Sprintf("new requests that failed while two Weirs were restarted under %d streams and %d requests a second", streams, rate), float64(failed.Load()), "requests", 0),
		figures.AtMost("streams that broke off without a word meanwhile", float64(streams-whole-told), "streams", 0))
}

// healthy is how many Weirs Envoy sends streams to.
func (s *stage) healthy(t *testing.T) int {
	t.Helper()
	n := 0
	for line := range strings.Lines(s.clusters(t)) {
		if strings.HasPrefix(line, envoy.ExtProcCluster+"::") && strings.HasSuffix(strings.TrimSpace(line), "::health_flags::healthy") {
			n++
		}
	}
	return n
}

// openStreams begins so many, every other of them short.
func (s *stage) openStreams(t *testing.T, n int) []*flow {
	t.Helper()
	out := make([]*flow, n)
	client := &http.Client{Timeout: 3 * time.Minute, Transport: &http.Transport{Protocols: priorKnowledge(), DisableCompression: true}}
	var wg sync.WaitGroup
	for i := range n {
		text := []string{"short", "long"}[i%2]
		wg.Go(func() {
			out[i] = s.begin(t, call{key: rollingTenant, body: ask(flat, text, streaming, `,"max_tokens":100`), client: client})
		})
	}
	wg.Wait()
	return out
}

// steadily sends so many requests a second until it is stopped, and waits for all of them.
func (s *stage) steadily(t *testing.T, rate int, stop <-chan struct{}, failed, sent *atomic.Int64) {
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	began := time.Now()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		// A busy machine swallows ticks; what is due by now is sent.
		for due := int64(time.Since(began).Seconds() * float64(rate)); sent.Load() < due; {
			sent.Add(1)
			wg.Go(func() {
				got := s.do(t, call{key: rollingTenant, client: crowded, body: ask(flat, "whole", fmt.Sprintf(`,"max_tokens":%d`, callTokens))})
				if got.status != http.StatusOK || got.err != nil {
					failed.Add(1)
					t.Errorf("%d %v %s", got.status, got.err, got.body)
				}
			})
		}
	}
}

// ends reads the streams to their ends: whole ones, and those that were told of theirs.
func (s *stage) ends(t *testing.T, open []*flow) (whole, told int) {
	for i, f := range open {
		f.rest()
		switch {
		case f.err == nil && f.read == firstEvent+lastEvents:
			whole++
		case f.err == nil && strings.Contains(f.read, `"error"`) && !strings.Contains(f.read, "[DONE]"):
			told++
		default:
			t.Errorf("stream %d broke: %v %s", i, f.err, f.read)
		}
	}
	return whole, told
}

// accounted holds ledger and trail to what was sent: so many exchanges, and at least so many of them charged.
func (s *stage) accounted(t *testing.T, both [2]*replica, exchanges, charged int64) {
	t.Helper()
	for _, r := range both {
		_ = r.cmd.Process.Signal(syscall.SIGTERM)
		wait(t, "a replica has stopped", r.gone)
	}
	var records, billed int64
	for _, r := range both {
		st, err := store.Open(context.Background(), r.store)
		if err != nil {
			t.Fatal(err)
		}
		master, err := process.MasterSecret(&config.Config{StorePath: r.store})
		if err != nil {
			t.Fatal(err)
		}
		keys, err := audit.NewKeys(master)
		if err != nil {
			t.Fatal(err)
		}
		trail, err := audit.Open(context.Background(), st, keys)
		if err != nil {
			t.Fatal(err)
		}
		used, err := trail.Use(context.Background(), audit.UsageQuery{Tenant: rollingTenant})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range used {
			records, billed = records+u.Exchanges, billed+u.Billed
		}
		_ = st.Close()
	}
	if records != exchanges {
		t.Errorf("the trails know %d exchanges of %d", records, exchanges)
	}
	redis, err := store.OpenRedis(store.RedisOptions{Addresses: s.conf.Redis.Addresses, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer redis.Close()
	l, err := ledger.OpenRedis(context.Background(), redis)
	if err != nil {
		t.Fatal(err)
	}
	b := ledger.Budget{ID: "tenant/" + rollingTenant + "/total", Period: ledger.Total}
	list, err := l.Accounts(context.Background(), rollingTenant, b, time.Now(), 1)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	if a := list[0]; a.Held != 0 || a.Settled+a.Overrun != billed || a.Settled < charged*callHold {
		t.Errorf("the ledger has %+v, the trails %d micro-USD for %d requests", a, billed, charged)
	}
}
