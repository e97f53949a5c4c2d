package policy_test

import (
	"context"
	"testing"
	"time"

	"weir/test/figures"
)

// BenchmarkReferenceDecision measures the reference decision over 1 and 5,000 tenants and reports the figures asked for.
// The least of many rounds is taken: other work on the machine only adds.
func BenchmarkReferenceDecision(b *testing.B) {
	p, ctx := shipped(b), context.Background()
	var list []figures.Figure
	for _, tenants := range []int{1, 5000} {
		all := decided(p, tenants)
		i := 0
		one := func() { p.Decide(ctx, all[i%tenants]); i++ }
		allocs := testing.AllocsPerRun(200, one)
		least := time.Hour
		for range 400 {
			began := time.Now()
			for range 20 {
				one()
			}
			least = min(least, time.Since(began)/20)
		}
		micros := float64(least.Nanoseconds()) / 1000
		name := map[int]string{1: "decision, 1 tenant", 5000: "decision, 5,000 tenants"}[tenants]
		b.ReportMetric(micros, map[int]string{1: "µs/1-tenant", 5000: "µs/5000-tenants"}[tenants])
		list = append(list, figures.AtMost(name, micros, "µs", 75), figures.AtMost(name, allocs, "allocations", ceiling))
	}
	for b.Loop() {
		p.Decide(ctx, reference(1))
	}
	if err := figures.Write("policy", list); err != nil {
		b.Fatal(err)
	}
}
