package e2e_test

import (
	"flag"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/test/figures"
)

// run is what a run is remembered by.
var run struct {
	mu      sync.Mutex
	began   map[string]bool
	cases   int
	total   time.Duration
	slowest time.Duration
	name    string
}

// timed takes the time of a case that has none of its own below it.
func timed(t *testing.T) {
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.began == nil {
		run.began = map[string]bool{}
	}
	if run.began[t.Name()] {
		return
	}
	run.began[t.Name()] = true
	began := time.Now()
	t.Cleanup(func() {
		run.mu.Lock()
		defer run.mu.Unlock()
		for other := range run.began {
			if strings.HasPrefix(other, t.Name()+"/") {
				return
			}
		}
		took := time.Since(began)
		run.cases++
		run.total += took
		if took > run.slowest {
			run.slowest, run.name = took, t.Name()
		}
	})
}

// noted are the figures of one theme, which any run of it writes.
var noted = map[string][]figures.Figure{}

// noteCatalogue keeps figures for build/figures/catalogue.json.
func noteCatalogue(list ...figures.Figure) { note("catalogue", list...) }

// note keeps figures for build/figures/NAME.json.
func note(name string, list ...figures.Figure) {
	run.mu.Lock()
	defer run.mu.Unlock()
	noted[name] = append(noted[name], list...)
}

// writeFigures writes what was noted, where all cases ran.
func writeFigures() error {
	run.mu.Lock()
	defer run.mu.Unlock()
	for name, list := range noted {
		if err := figures.Write(name, list); err != nil {
			return err
		}
	}
	if run.cases == 0 || flag.Lookup("test.run").Value.String() != "" {
		return nil
	}
	return figures.Write("e2e", []figures.Figure{
		figures.AtLeast("end-to-end cases", float64(run.cases), "cases", 100),
		figures.AtMost("mean time of a case", run.total.Seconds()/float64(run.cases), "s", 1),
		figures.Stated("slowest case: "+run.name, run.slowest.Seconds(), "s"),
		figures.AtMost("start of Envoy, Weir and provider", shared.took.Seconds(), "s", 10),
	})
}
