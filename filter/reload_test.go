package filter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/filter"
	"weir/policy"
	"weir/policy/audit"
	"weir/rego"
	"weir/test/figures"
)

// reloadEvery is how often the policies change under load.
const reloadEvery = 50 * time.Millisecond

// soaked is what a run of reloads under load came to.
type soaked struct {
	exchanges, reloads, refused, ungoverned, mixed int64
	outcomes                                       map[string]int64 // of decisions, as the metric counts them
	versions                                       map[string]int64
}

// soak changes the policies every 50 ms, bad ones among them, while exchanges run, and looks at every record: nothing may
// be refused, nothing may go undecided, and each decision must be wholly that of the version it names.
func soak(t testing.TB, reloads int) soaked {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "mine.rego")
	text := func(n int) string {
		if n%5 == 4 {
			return "package weir\n\nimport rego.v2\n\nflags contains nonsense\n"
		}
		word := string(rune('a' + n%2))
		return fmt.Sprintf("package weir\n\nimport rego.v2\n\nflags contains \"one_%s\"\n\nflags contains \"two_%s\" if input.request.model == \"echo\"\n", word, word)
	}
	write := func(n int) {
		if err := os.WriteFile(file+".new", []byte(text(n)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(0)
	engine, err := policy.NewEngine(context.Background(), rego.Shipped(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h := build(t, "dvara", nil)
	h.snap.Limits.Decision = 5 * time.Second // this is about reloads, and not about how busy the machine is
	s := soaked{versions: map[string]int64{}}
	flags := map[string][]string{engine.Current().Version(): {"one_a", "two_a"}}
	said := map[[2]string]int64{} // version and flags -> records
	var mu sync.Mutex
	trail := trailFunc(func(r audit.Record) {
		mu.Lock()
		defer mu.Unlock()
		s.exchanges++
		var d policy.Decision
		if err := json.Unmarshal(r.Decision, &d); err != nil || d.Outcome != policy.Decided {
			s.ungoverned++
			return
		}
		if r.Status != 200 || r.Ended != "complete" {
			s.refused++
		}
		s.versions[d.Version]++
		said[[2]string{d.Version, fmt.Sprint(d.Flags)}]++
	})
	var n atomic.Int64
	metrics := prometheus.NewRegistry()
	server, err := filter.New(filter.Parts{
		Snapshot: func() *filter.Snapshot {
			snap := *h.snap
			snap.Policy = engine.Current()
			return &snap
		},
		Ledger: h, Trail: trail, Log: slog.New(slog.DiscardHandler), Metrics: metrics, Clock: time.Now,
		NewID: func() string { return fmt.Sprintf("%032x", n.Add(1)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var load sync.WaitGroup
	over := make(chan struct{})
	for range 2 {
		load.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				e := &envoy{in: h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("hello")+stop+done), after: io.EOF}
				_ = server.Process(e)
			}
		})
	}
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for i := 1; i <= reloads; i++ {
		<-tick.C
		write(i)
		before := engine.Current().Version()
		bad := i%5 == 4
		err := engine.Reload(context.Background())
		if !bad {
			flags[engine.Current().Version()] = []string{"one_" + string(rune('a'+i%2)), "two_" + string(rune('a'+i%2))}
		}
		if bad != (err != nil) || bad && engine.Current().Version() != before {
			t.Fatalf("reload %d: %v", i, err)
		}
		s.reloads++
	}
	close(over)
	load.Wait()
	s.outcomes = outcomes(t, metrics)
	for what, records := range said {
		if want, known := flags[what[0]]; !known || fmt.Sprint(want) != what[1] {
			s.mixed += records
		}
	}
	return s
}

// outcomes are how the decisions on requests ended, as the metric tells.
func outcomes(t testing.TB, r prometheus.Gatherer) map[string]int64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if f.GetName() == "weir_decisions_total" && labels["phase"] == "request" {
				out[labels["outcome"]] += int64(m.GetCounter().GetValue())
			}
		}
	}
	return out
}

// trailFunc is a trail that only looks.
type trailFunc func(audit.Record)

func (f trailFunc) Append(_ context.Context, r audit.Record) error {
	f(r)
	return nil
}

func TestReloadsUnderLoadLoseNothing(t *testing.T) {
	s := soak(t, 20)
	if s.outcomes[policy.Decided] != s.exchanges || s.outcomes[policy.TimedOut] != 0 {
		t.Errorf("%d exchanges, outcomes %v", s.exchanges, s.outcomes)
	}
	if s.refused+s.ungoverned+s.mixed > 0 || len(s.versions) != 2 || s.exchanges < 20 {
		t.Errorf("%+v", s)
	}
}

// BenchmarkReloadUnderLoad is the same for thirty seconds, and reports the figures.
func BenchmarkReloadUnderLoad(b *testing.B) {
	for b.Loop() {
		s := soak(b, int(30*time.Second/reloadEvery))
		if err := figures.Write("policy-reload", []figures.Figure{
			figures.AtLeast("reloads, one every 50 ms", float64(s.reloads), "reloads", 600),
			figures.Stated("exchanges under them", float64(s.exchanges), "exchanges"),
			figures.AtMost("refused exchanges", float64(s.refused), "exchanges", 0),
			figures.AtMost("ungoverned exchanges", float64(s.ungoverned), "exchanges", 0),
			figures.AtMost("decisions that timed out, of a deadline of 5 s", float64(s.outcomes[policy.TimedOut]), "decisions", 0),
			figures.AtMost("decided by no one version", float64(s.mixed), "exchanges", 0),
		}); err != nil {
			b.Fatal(err)
		}
	}
}
