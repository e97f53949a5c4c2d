package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/redis/go-redis/v9"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"weir/cmd/extproc/config"
	"weir/policy/audit"
	"weir/policy/audit/sink"
	"weir/policy/store"
	"weir/test/figures"
	"weir/test/redisd"
)

// paced is a load: so many exchanges a second for so long, with a sink that takes nothing for a while in the middle.
type paced struct {
	rate     int
	lasts    time.Duration
	stopped  time.Duration
	whole    bool // as asked; its figures are kept
	baseline time.Duration
}

// pacedLoad is a short one, and with WEIR_TRAIL_LOAD=1 the one that is asked for.
func pacedLoad() paced {
	if os.Getenv("WEIR_TRAIL_LOAD") != "" {
		return paced{rate: 2000, lasts: time.Minute, stopped: 20 * time.Second, baseline: 10 * time.Second, whole: true}
	}
	return paced{rate: 100, lasts: 2 * time.Second, stopped: time.Second, baseline: time.Second}
}

// outcome is what became of a load.
type outcome struct {
	mu      sync.Mutex
	took    []float64 // ms, of exchanges that were answered
	closed  int64     // exchanges whose record is on the trail, as the server said by ending their stream
	broken  int64     // those that the server did not end
	late    int64     // those that were begun later than they should have been by more than a second
	lasting time.Duration
}

// script is what a driver sends in an exchange, made once: who plays Envoy shall take little of the processors that both share.
type script struct {
	*driver
	request, answer []*extprocv3.ProcessingRequest
}

func (d *driver) script(x exchange) *script {
	s := &script{d, []*extprocv3.ProcessingRequest{d.headers(), body(x.request)}, []*extprocv3.ProcessingRequest{answerHeaders(x.contentType)}}
	for i, piece := range x.answer {
		s.answer = append(s.answer, answerBody(piece, i == len(x.answer)-1))
	}
	return s
}

// driversGC lets the driver's own heap, of which hardly anything lives, be collected less often.
const driversGC = 800

// drive begins exchanges at a pace, whatever becomes of those before.
func drive(load paced, lasts time.Duration, drivers ...*driver) *outcome {
	defer debug.SetGCPercent(debug.SetGCPercent(driversGC))
	o := &outcome{}
	var all sync.WaitGroup
	var scripts []*script
	for _, d := range drivers {
		scripts = append(scripts, d.script(whole()))
	}
	began := time.Now()
	n := int(lasts.Seconds() * float64(load.rate))
	gate := make(chan struct{}, 2000) // more under way help nobody
	for i := range n {
		at := began.Add(time.Duration(i) * time.Second / time.Duration(load.rate))
		if wait := time.Until(at); wait > 0 {
			time.Sleep(wait)
		} else if wait < -time.Second {
			o.late++
		}
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			took, err := scripts[i%len(scripts)].closing(context.Background())
			o.mu.Lock()
			defer o.mu.Unlock()
			if err != nil {
				o.broken++
				return
			}
			o.closed++
			o.took = append(o.took, float64(took.Microseconds())/1000)
		})
	}
	all.Wait()
	o.lasting = time.Since(began)
	return o
}

// closing drives one exchange to the end of its gRPC stream, which the server ends when the record is written. It says how long
// the client waited for the whole answer.
func (s *script) closing(ctx context.Context) (took time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	stream, err := s.client.Process(ctx)
	if err != nil {
		return 0, err
	}
	for _, m := range s.request {
		if err := stream.Send(m); err != nil {
			return 0, err
		}
		if r, err := stream.Recv(); err != nil || r.GetImmediateResponse() != nil {
			return 0, fmt.Errorf("request: %w %s", err, r.GetImmediateResponse().GetBody())
		}
	}
	for _, m := range s.answer {
		if err := stream.Send(m); err != nil {
			return 0, err
		}
	}
	for {
		r, err := stream.Recv()
		if err != nil {
			return 0, err
		}
		if s := r.GetResponseBody().GetResponse().GetBodyMutation().GetStreamedResponse(); s.GetEndOfStream() {
			break
		}
	}
	took = time.Since(began)
	if err := stream.CloseSend(); err != nil {
		return took, err
	}
	if _, err := stream.Recv(); status.Code(err) == codes.Unavailable || err == nil {
		return took, errors.New("the server is gone")
	}
	return took, nil
}

// logsTo is a receiver of OpenTelemetry's logs that can be told to take none.
type logsTo struct {
	collogs.UnimplementedLogsServiceServer
	stopped atomic.Bool
	mu      sync.Mutex
	seen    map[string]int // by exchange
	more    chan struct{}  // closed when more were seen
}

// until waits until so many exchanges were seen, or for as long as it may take.
func (l *logsTo) until(n int64, bound time.Duration) {
	for late := time.After(bound); ; {
		l.mu.Lock()
		enough, more := int64(len(l.seen)) >= n, l.more
		l.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-more:
		case <-late:
			return
		}
	}
}

func (l *logsTo) Export(_ context.Context, in *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	if l.stopped.Load() {
		return nil, status.Error(codes.Unavailable, "stopped")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	for _, r := range in.GetResourceLogs() {
		for _, s := range r.GetScopeLogs() {
			for _, rec := range s.GetLogRecords() {
				for _, a := range rec.GetAttributes() {
					if a.GetKey() == "weir.exchange" {
						l.seen[a.GetValue().GetStringValue()]++
					}
				}
			}
		}
	}
	return &collogs.ExportLogsServiceResponse{}, nil
}

func newLogs(t *testing.T) (*logsTo, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := &logsTo{seen: map[string]int{}, more: make(chan struct{})}
	server := grpc.NewServer()
	collogs.RegisterLogsServiceServer(server, to)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return to, l.Addr().String()
}

// rows are the exchanges on the trail of a directory.
func rows(t *testing.T, dir string) map[string]bool {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(dir, "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	trail, err := audit.Open(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	n := 0
	if err := trail.Each(t.Context(), time.Time{}, func(text []byte) error {
		var r struct{ Exchange string }
		n++
		if err := json.Unmarshal(text, &r); err != nil {
			return err
		}
		out[r.Exchange] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n != len(out) {
		t.Errorf("%d rows of %d exchanges", n, len(out))
	}
	return out
}

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "weir") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// load is what the machine did beside, as it says itself.
func loadOfMachine() float64 {
	var one float64
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	_, _ = fmt.Sscan(string(text), &one)
	return one
}

// A sink that takes nothing for a third of the time costs no record: every exchange is on the trail, and in the sink, once.
func TestAFullTrailWithAStoppedSink(t *testing.T) {
	load := pacedLoad()
	to, address := newLogs(t)
	dir := shortDir(t)
	traces := false
	key := configure(t, dir, "", func(f *config.File) {
		f.Telemetry.OTLP = &config.OTLP{Endpoint: "http://" + address, Logs: true, Traces: &traces}
	})
	noop := connect(t, start(t, "noop", dir), key)
	before := loadOfMachine()
	floor := drive(load, load.baseline, noop)
	weir := start(t, "weir", dir)
	d := connect(t, weir, key)
	pause := time.AfterFunc((load.lasts-load.stopped)/2, func() {
		to.stopped.Store(true)
		time.AfterFunc(load.stopped, func() { to.stopped.Store(false) })
	})
	defer pause.Stop()
	got := drive(load, load.lasts, d)
	to.until(got.closed, 2*time.Minute)
	weir.stop()
	on := rows(t, dir)
	to.mu.Lock()
	defer to.mu.Unlock()
	if got.broken > 0 || int64(len(on)) != got.closed || len(to.seen) != len(on) {
		t.Errorf("%d exchanges, %d broken, %d rows, %d in the sink", got.closed, got.broken, len(on), len(to.seen))
	}
	for exchange, n := range to.seen {
		if n != 1 || !on[exchange] {
			t.Fatalf("the sink has %s %d times, the trail %t", exchange, n, on[exchange])
		}
	}
	keepTrail(t, load, "trail-load", []figures.Figure{
		figures.AtLeast("exchanges a second, full trail, OTLP sink stopped for a third of the time", float64(got.closed)/got.lasting.Seconds(), "1/s", 0.98*float64(load.rate)),
		figures.AtMost("exchanges without a row, or with more than one", float64(got.closed)-float64(len(on)), "exchanges", 0),
		figures.AtMost("rows that the sink does not have once", float64(len(on)-len(to.seen)), "rows", 0),
		figures.Stated("p50 above the no-op server's", at(got.took, 0.5)-at(floor.took, 0.5), "ms"),
		figures.Stated("p99 above the no-op server's", at(got.took, 0.99)-at(floor.took, 0.99), "ms"),
		figures.Stated("exchanges begun more than a second late", float64(got.late), "exchanges"),
		figures.Stated("load of the machine before", before, "processes"),
	})
}

// Two Weirs write their trails into one Redis Stream, and one is killed and comes back: what was answered and ended is in a trail, and
// the stream has every row of both once.
func TestAFullTrailOfTwoWithOneKilled(t *testing.T) {
	load := pacedLoad()
	server := redisd.Start(t, redisd.Volatile()...)
	t.Setenv("WEIR_TEST_SECRET", "of all replicas")
	alter := func(f *config.File) {
		f.Store.Redis = &config.Redis{Addresses: []string{server.Addr}, Timeout: "10s"}
		f.Store.Secret = config.Reference{Env: "WEIR_TEST_SECRET"}
		f.Trail.Stream = &config.Stream{}
	}
	var dirs [2]string
	var weirs [2]*subject
	var drivers [2]*driver
	before := loadOfMachine()
	for i := range dirs {
		dirs[i] = shortDir(t)
		key := configure(t, dirs[i], "", func(f *config.File) {
			alter(f)
			f.Tenants[0].ID = fmt.Sprint("acme", i)
			f.Tenants[0].Keys[0].ID = fmt.Sprint("k", i)
		})
		weirs[i] = start(t, "weir", dirs[i])
		drivers[i] = connect(t, weirs[i], key)
	}
	again := make(chan struct{})
	time.AfterFunc(load.lasts/2, func() {
		defer close(again)
		weirs[1].kill()
		weirs[1] = start(t, "weir", dirs[1])
	})
	got := drive(load, load.lasts, drivers[:]...)
	<-again
	for _, w := range weirs {
		w.stop() // which hands over what waits
	}
	all := map[string]bool{}
	for _, dir := range dirs {
		for exchange := range rows(t, dir) {
			all[exchange] = true
		}
	}
	seen := streamOf(t, server.Addr)
	if int64(len(all)) < got.closed || int64(len(all)) > got.closed+got.broken {
		t.Errorf("%d rows of %d exchanges that ended, %d broken", len(all), got.closed, got.broken)
	}
	if len(seen) != len(all) {
		t.Errorf("%d rows, %d in the stream", len(all), len(seen))
	}
	for exchange, n := range seen {
		if n != 1 || !all[exchange] {
			t.Fatalf("the stream has %s %d times, the trails %t", exchange, n, all[exchange])
		}
	}
	keepTrail(t, load, "trail-two", []figures.Figure{
		figures.Stated("exchanges a second over two replicas, one killed and back", float64(got.closed)/got.lasting.Seconds(), "1/s"),
		figures.AtMost("exchanges that ended and have no row", float64(max(got.closed-int64(len(all)), 0)), "exchanges", 0),
		figures.AtMost("rows that the stream does not have once", float64(len(all)-len(seen)), "rows", 0),
		figures.Stated("exchanges that the kill broke", float64(got.broken), "exchanges"),
		figures.Stated("p99 of an exchange", at(got.took, 0.99), "ms"),
		figures.Stated("load of the machine before", before, "processes"),
	})
}

// streamOf are the exchanges in the stream, and how often.
func streamOf(t *testing.T, addr string) map[string]int {
	t.Helper()
	r, err := store.OpenRedis(store.RedisOptions{Addresses: []string{addr}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := map[string]int{}
	for from := "-"; ; {
		var page []redis.XMessage
		if err := r.Do(t.Context(), func(ctx context.Context, c redis.UniversalClient) (err error) {
			page, err = c.XRangeN(ctx, sink.StreamKey(r), from, "+", 1000).Result()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			var rec struct{ Exchange string }
			if err := json.Unmarshal([]byte(m.Values["record"].(string)), &rec); err != nil {
				t.Fatal(err)
			}
			out[rec.Exchange]++
			from = "(" + m.ID
		}
		if len(page) == 0 {
			return out
		}
	}
}

// keepTrail writes the figures of the load that is asked for.
func keepTrail(t *testing.T, load paced, name string, list []figures.Figure) {
	t.Helper()
	if load.whole {
		if err := figures.Print(t.Output(), list); err != nil {
			t.Fatal(err)
		}
		if err := figures.Write(name, list); err != nil {
			t.Fatal(err)
		}
	}
}
