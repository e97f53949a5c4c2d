package policy_test

import (
	"context"
	"testing"
	"time"

	"weir/test/figures"
)

// BenchmarkReferenceDecision measures the reference decision over 1 and 5,000 tenants, as it is made in service and with nothing
// remembered of a tenant's settings, and reports the figures asked for. The least of many rounds is taken: other work on the
// machine only adds.
func BenchmarkReferenceDecision(b *testing.B) {
	p, ctx := shipped(b), context.Background()
	var list []figures.Figure
	for _, tenants := range []int{1, 5000} {
		all := decided(p, tenants)
		i := 0
		one := func() { p.Decide(ctx, all[i%tenants]); i++ }
		afresh := func() { p.DecideAfresh(ctx, all[i%tenants]); i++ }
		micros, again := leastOf(one), leastOf(afresh)
		name := map[int]string{1: "1 tenant", 5000: "5,000 tenants"}[tenants]
		b.ReportMetric(micros, map[int]string{1: "µs/1-tenant", 5000: "µs/5000-tenants"}[tenants])
		list = append(list,
			figures.AtMost("decision, "+name, micros, "µs", 75),
			figures.AtMost("decision, "+name, testing.AllocsPerRun(200, one), "allocations", ceiling),
			figures.Stated("the same with nothing remembered, "+name, again, "µs"),
			figures.Stated("the same with nothing remembered, "+name, testing.AllocsPerRun(200, afresh), "allocations"),
			figures.Stated("saved by what is remembered of settings, "+name, 100*(1-micros/again), "%"))
	}
	for b.Loop() {
		p.Decide(ctx, reference(1))
	}
	if err := figures.Write("policy", list); err != nil {
		b.Fatal(err)
	}
}

// leastOf is the least time of one call, in microseconds, over many rounds of twenty.
func leastOf(one func()) float64 {
	least := time.Hour
	for range 400 {
		began := time.Now()
		for range 20 {
			one()
		}
		least = min(least, time.Since(began)/20)
	}
	return float64(least.Nanoseconds()) / 1000
}
