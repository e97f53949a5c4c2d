package ledger_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"weir/policy/ledger"
)

// BenchmarkExchange is one hold and one settle, both durable. lines=6 has four budgets and two rates.
func BenchmarkExchange(b *testing.B) {
	wide := ledger.MaxAmount
	few := ledger.Hold{Tenant: "acme", Amount: 5, Tokens: 3, Budgets: []ledger.Budget{budget("m", wide, ledger.Month)}, Rates: []ledger.Rate{rate("r", ledger.MaxUnits, time.Minute, "requests")}}
	many := few
	many.Budgets = append(many.Budgets, budget("d", wide, ledger.Day), budget("k", wide, ledger.Hour), budget("t", wide, ledger.Total))
	many.Rates = append(many.Rates, rate("t", ledger.MaxUnits, time.Minute, "tokens"))
	for name, h := range map[string]ledger.Hold{"lines=2": few, "lines=6": many} {
		for _, clients := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/clients=%d", name, clients), func(b *testing.B) {
				l := onSQLite(b).enter(b)
				var n atomic.Int64
				one := func() {
					mine := h
					mine.Exchange, mine.At = fmt.Sprintf("%032x", n.Add(1)), time.Now()
					if g, err := l.Hold(context.Background(), mine); err != nil || !g.Granted {
						b.Errorf("%+v, %v", g, err)
					}
					if _, err := l.Settle(context.Background(), ledger.Use{Tenant: acme, Exchange: mine.Exchange, At: mine.At, Billed: 3, Cost: 3, InputTokens: 2}); err != nil {
						b.Error(err)
					}
				}
				if clients == 1 {
					for b.Loop() {
						one()
					}
				} else {
					b.SetParallelism(clients / 2)
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							one()
						}
					})
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "exchanges/s")
			})
		}
	}
}
