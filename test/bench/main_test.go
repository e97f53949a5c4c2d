package bench_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"weir/test/figures"
)

// kept are the figures of this run.
var kept struct {
	mu   sync.Mutex
	list []figures.Figure
}

// keep adds figures to build/figures/bench.json.
func keep(list ...figures.Figure) {
	kept.mu.Lock()
	defer kept.mu.Unlock()
	kept.list = append(kept.list, list...)
}

// subjectVariable makes this binary a server to be measured instead.
const subjectVariable = "WEIR_BENCH_SUBJECT"

func TestMain(m *testing.M) {
	if s := os.Getenv(subjectVariable); s != "" {
		if err := beSubject(context.Background(), s); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if len(kept.list) > 0 {
		if err := figures.Write("bench", kept.list); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		if err := figures.Print(os.Stdout, kept.list); err != nil {
			code = 1
		}
	}
	os.Exit(code)
}
