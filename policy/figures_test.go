package policy_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// figure is one measured number beside the one that is asked for.
type figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"`
	Holds  bool    `json:"holds"`
}

// report writes build/figures/NAME.json.
func report(tb testing.TB, name string, figures []figure) {
	tb.Helper()
	dir := filepath.Join("..", "build", "figures")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), append(text, '\n'), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkReferenceDecision measures the reference decision over 1 and 5,000 tenants and reports the figures asked for.
// The least of many rounds is taken: other work on the machine only adds.
func BenchmarkReferenceDecision(b *testing.B) {
	p, ctx := shipped(b), context.Background()
	var figures []figure
	for _, tenants := range []int{1, 5000} {
		all := decided(p, tenants)
		i := 0
		one := func() { p.Decide(ctx, all[i%tenants]); i++ }
		allocs := testing.AllocsPerRun(200, one)
		least := time.Hour
		for range 60 {
			began := time.Now()
			for range 200 {
				one()
			}
			least = min(least, time.Since(began)/200)
		}
		micros := float64(least.Nanoseconds()) / 1000
		name := map[int]string{1: "decision, 1 tenant", 5000: "decision, 5,000 tenants"}[tenants]
		b.ReportMetric(micros, map[int]string{1: "µs/1-tenant", 5000: "µs/5000-tenants"}[tenants])
		figures = append(figures,
			figure{name, micros, "µs", "<= 75", micros <= 75},
			figure{name, allocs, "allocations", "<= 520", allocs <= 520})
	}
	for b.Loop() {
		p.Decide(ctx, reference(1))
	}
	report(b, "policy", figures)
}
