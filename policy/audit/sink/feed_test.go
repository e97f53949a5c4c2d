package sink_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"weir/policy/audit"
	"weir/policy/audit/sink"
	"weir/policy/store"
	"weir/test/redisd"
)

// written is a trail.
func written(t *testing.T) *audit.Trail {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	keys, err := audit.NewKeys([]byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	trail, err := audit.Open(t.Context(), s, keys)
	if err != nil {
		t.Fatal(err)
	}
	return trail
}

func add(t *testing.T, trail *audit.Trail, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		r := audit.Record{Trace: fmt.Sprint("t", i), Exchange: fmt.Sprint(i), Time: time.Date(2026, 7, 15, 0, 0, i, 0, time.UTC)}
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// kept is a target that keeps what it takes, and fails while told to.
type kept struct {
	mu   sync.Mutex
	got  []string
	fail error
}

func (k *kept) Send(_ context.Context, batch []audit.Stored) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return k.fail
	}
	for i := range batch {
		r, err := batch[i].Record()
		if err != nil {
			return err
		}
		k.got = append(k.got, r.Exchange)
	}
	return nil
}

func options(trail *audit.Trail, backlog int64) sink.Options {
	return sink.Options{Name: "one", Backlog: backlog, Log: slog.New(slog.DiscardHandler), Advance: func(ctx context.Context, name string, n int64) error {
		return trail.Advance(ctx, name, n, nil)
	}}
}

// A sink begins at what comes after it, misses nothing while it is away or while the process is, and takes nothing twice that it has taken.
func TestAFeedMissesNothing(t *testing.T) {
	trail, to := written(t), &kept{}
	add(t, trail, 0, 3)
	f := sink.New(trail, to, options(trail, 0))
	flush := func(f *sink.Feed) {
		t.Helper()
		if err := f.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	flush(f)
	add(t, trail, 3, 5)
	flush(f)
	to.fail = errors.New("away")
	add(t, trail, 5, 1205)
	if err := f.Flush(t.Context()); err == nil {
		t.Fatal("a sink that is away is no error")
	}
	to.fail = nil
	flush(sink.New(trail, to, options(trail, 0))) // as after another start
	if len(to.got) != 1202 || to.got[0] != "3" || to.got[1201] != "1204" {
		t.Fatalf("%d records, from %s to %s", len(to.got), to.got[0], to.got[len(to.got)-1])
	}
}

// A sink that fails says so and is asked again; one that falls behind its bound says how many it leaves out.
func TestAFeedSaysWhatItDoes(t *testing.T) {
	trail, to := written(t), &kept{fail: errors.New("away")}
	f := sink.New(trail, to, options(trail, 10))
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	add(t, trail, 0, 30)
	until(t, func() bool { s := f.Status(); return s.Failed > 0 && s.Behind == 10 && s.Skipped == 20 })
	s := f.Status()
	if s.Skipped != 20 || s.Over != 20 || f.Check(ctx) == nil || s.Sent != 0 {
		t.Errorf("%+v", s)
	}
	to.mu.Lock()
	to.fail = nil
	to.mu.Unlock()
	until(t, func() bool { return f.Status().Sent == 10 })
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := f.Status(); s.Behind != 0 || s.Err != nil || s.Skipped != 20 || f.Check(t.Context()) != nil { // it is up to date again
		t.Errorf("%+v, %v", s, f.Check(t.Context()))
	}
	if fmt.Sprint(to.got) != "[20 21 22 23 24 25 26 27 28 29]" {
		t.Errorf("%v", to.got)
	}
}

// until waits until something holds.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-tick.C {
		if holds() {
			return
		}
	}
	t.Fatal("waited in vain")
}

// A stream takes each record of each trail once, whatever is sent again, and says what went out at its end.
func TestAStreamTakesEachRecordOnce(t *testing.T) {
	server := redisd.Start(t, redisd.Volatile()...)
	r, err := store.OpenRedis(store.RedisOptions{Addresses: []string{server.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	trail := written(t)
	add(t, trail, 0, 250)
	batch, err := trail.After(t.Context(), 0, 1000, 1<<20)
	if err != nil || len(batch) != 250 {
		t.Fatalf("%d, %v", len(batch), err)
	}
	one, two := sink.NewStream(r, "one", 0), sink.NewStream(r, "two", 0)
	for _, send := range []struct {
		to        *sink.Stream
		from, to2 int
	}{{one, 0, 150}, {two, 0, 100}, {one, 0, 150}, {one, 100, 250}, {two, 90, 100}, {one, 0, 10}} {
		if err := send.to.Send(t.Context(), batch[send.from:send.to2]); err != nil {
			t.Fatal(err)
		}
	}
	length := func() (n int64) {
		if err := r.Do(t.Context(), func(ctx context.Context, c redis.UniversalClient) (err error) {
			n, err = c.XLen(ctx, sink.StreamKey(r)).Result()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := length(); n != 350 || one.Trimmed() != 0 {
		t.Errorf("%d entries, %d trimmed", n, one.Trimmed())
	}
	small := sink.NewStream(r, "three", 10)
	if err := small.Send(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if n := length(); n+small.Trimmed() != 600 || small.Trimmed() == 0 {
		t.Errorf("%d entries, %d trimmed", n, small.Trimmed())
	}
	server.Kill()
	if err := one.Send(t.Context(), batch); err == nil {
		t.Error("a server that is gone took records")
	}
}
