package e2e_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// figure is one line of build/figures/e2e.json.
type figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"`
	Holds  bool    `json:"holds"`
}

// figures are what a run is remembered by.
var figures struct {
	mu      sync.Mutex
	list    []figure
	began   map[string]bool
	cases   int
	total   time.Duration
	slowest time.Duration
	name    string
}

// note keeps a figure.
func note(f figure) {
	figures.mu.Lock()
	defer figures.mu.Unlock()
	figures.list = append(figures.list, f)
}

// perCase bounds what a case may take on average.
const perCase = time.Second

// timed takes the time of a case that has none of its own below it.
func timed(t *testing.T) {
	figures.mu.Lock()
	defer figures.mu.Unlock()
	if figures.began == nil {
		figures.began = map[string]bool{}
	}
	if figures.began[t.Name()] {
		return
	}
	figures.began[t.Name()] = true
	began := time.Now()
	t.Cleanup(func() {
		figures.mu.Lock()
		defer figures.mu.Unlock()
		for other := range figures.began {
			if strings.HasPrefix(other, t.Name()+"/") {
				return
			}
		}
		took := time.Since(began)
		figures.cases++
		figures.total += took
		if took > figures.slowest {
			figures.slowest, figures.name = took, t.Name()
		}
	})
}

// writeFigures writes what was noted into the build directory, where all cases ran.
func writeFigures() error {
	figures.mu.Lock()
	defer figures.mu.Unlock()
	if figures.cases == 0 || flag.Lookup("test.run").Value.String() != "" {
		return nil
	}
	mean := figures.total / time.Duration(figures.cases)
	list := append(figures.list,
		figure{"end-to-end cases", float64(figures.cases), "cases", "more than 100", figures.cases > 100},
		figure{"mean time of a case", mean.Seconds(), "s", "less than 1", mean < perCase},
		figure{"slowest case: " + figures.name, figures.slowest.Seconds(), "s", "", true},
		figure{"start of Envoy, Weir and provider", shared.took.Seconds(), "s", "less than 10", shared.took < 10*time.Second},
	)
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Join("..", "..", "build", "figures")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "e2e.json"), append(b, '\n'), 0o644)
}
