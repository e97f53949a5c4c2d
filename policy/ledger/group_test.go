package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"weir/policy/ledger"
)

// Holds and settles that are made together with some that cannot be booked are as exact as alone, also where two
// processes take turns.
func TestWhatCannotBeBookedSpoilsNobodyElses(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		ledgers := []*ledger.Ledger{p.enter(t), p.enter(t)}
		b, full := budget("b", 1000, ledger.Total), soft("full")
		for i := range 2 { // two billion dollars are held: a third does not fit the account
			hold(t, ledgers[0], ledger.Hold{Exchange: fmt.Sprint("full", i), Amount: ledger.MaxAmount, Budgets: []ledger.Budget{full}})
		}
		asked.Store("b", askedFor{b, noon})
		var wg sync.WaitGroup
		for i := range 120 {
			wg.Go(func() {
				l, id := ledgers[i%2], fmt.Sprint(i)
				h := ledger.Hold{Exchange: id, Tenant: acme, At: noon, Amount: 5, Budgets: []ledger.Budget{b}}
				if i%4 == 3 {
					h.Amount, h.Budgets = ledger.MaxAmount, []ledger.Budget{full}
				}
				g, err := l.Hold(context.Background(), h)
				if i%4 == 3 {
					if !errors.Is(err, ledger.ErrOverflow) {
						t.Errorf("%+v, %v; want ErrOverflow", g, err)
					}
					return
				}
				if err != nil || !g.Granted {
					t.Errorf("%+v, %v", g, err)
					return
				}
				if i%4 == 0 {
					return
				}
				if s, err := l.Settle(context.Background(), ledger.Use{Exchange: id, Tenant: acme, At: noon, Billed: 2}); err != nil || !s.First {
					t.Errorf("%+v, %v", s, err)
				}
			})
		}
		wg.Wait()
		wantAccount(t, ledgers[0], "b", 60*2, 0, 30*5)
	})
}
