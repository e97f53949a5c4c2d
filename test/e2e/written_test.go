package e2e_test

import (
	"fmt"
	"sync"
	"syscall"
	"testing"

	"weir/policy/audit"
	"weir/policy/store"
)

// onTrail opens the trail of a stage whose Weir is gone.
func (s *stage) onTrail(t *testing.T) *audit.Trail {
	t.Helper()
	st, err := store.Open(t.Context(), s.conf.StorePath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	trail, err := audit.Open(t.Context(), st, nil)
	if err != nil {
		t.Fatal(err)
	}
	return trail
}

// Of a Weir that is killed in the middle of a crowd no client knows of a refusal by a policy that the trail does not.
func TestNoRefusalIsLostByAKill(t *testing.T) {
	s := alone(t)
	w := s.launch(t)
	var mu sync.Mutex
	heard := map[string]int{}
	var all sync.WaitGroup
	enough := make(chan struct{})
	var once sync.Once
	for range 8 {
		all.Go(func() {
			for range 200 {
				got := s.do(t, call{key: of(blocking, "dvara"), body: ask("echo", letter)})
				if got.err != nil || got.header.Get("X-Weir-Trace") == "" && got.status != 400 && got.status != 403 && got.status != 422 {
					return // it is gone
				}
				mu.Lock()
				heard[got.trace] = got.status
				if len(heard) > 100 {
					once.Do(func() { close(enough) })
				}
				mu.Unlock()
			}
		})
	}
	wait(t, "refusals", enough)
	w.signal(syscall.SIGKILL)
	all.Wait()
	trail := s.onTrail(t)
	for trace, status := range heard {
		records, err := trail.Find(t.Context(), trace)
		if err != nil || len(records) != 1 || records[0].Status != status {
			t.Fatalf("%s: %d was heard, and the trail has %+v, %v", trace, status, records, err)
		}
	}
	t.Logf("%d refusals were heard before the kill", len(heard))
}

// A Weir that is asked to stop hands over what waits.
func TestAStopHandsOverWhatWaits(t *testing.T) {
	o, err := newObserver()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	cast.alter = o.join
	binary(t)
	s, err := raiseFor(cast, false)
	onEnvoy(t, err)
	t.Cleanup(s.close)
	timed(t)
	w := s.launch(t)
	const many = 20
	for i := range many {
		s.do(t, call{key: of(plain, "dvara"), body: ask("echo", fmt.Sprint("hello ", i))})
	}
	w.signal(syscall.SIGTERM)
	if w.err != nil {
		t.Fatal(w.err)
	}
	n, err := s.onTrail(t).Count(t.Context())
	if err != nil || n < many || int64(o.records()) != n {
		t.Errorf("%d rows, %d log records, %v", n, o.records(), err)
	}
}
