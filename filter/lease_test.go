package filter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/filter"
	"weir/policy/ledger"
	"weir/policy/store"
	"weir/policy/tenant"
	"weir/test/redisd"
)

// The store is killed: what passes is what the lease admits, with its output bounded, then the dialect's 503. What was
// used is in the store when it is back. A tenant with a hard budget is refused at once.
func TestTheStoreIsDownAndTrafficMayPass(t *testing.T) {
	for name, soft := range map[string]bool{"soft": true, "hard": false} {
		t.Run(name, func(t *testing.T) {
			s := redisd.Start(t, redisd.Durable()...)
			r, err := store.OpenRedis(store.RedisOptions{Addresses: []string{s.Addr}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.Close() })
			l, err := ledger.OpenRedis(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			h := buildWith(t, "dvara", func(a *tenant.Tenant) {
				a.Settings.Failure["store"] = "allow"
				a.Settings.Lease = tenant.LeaseSettings{Amount: 1_000_000, Requests: 2}
				a.Budgets = []tenant.Budget{{Limit: 1_000_000_000, Period: "total", Soft: soft}}
			}, func(p *filter.Parts) { p.Ledger, p.Clock = l, time.Now })
			s.Kill()
			passed := 0
			for range 4 {
				got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), words(3))...)
				if got.immediate == nil {
					passed++
					if !strings.Contains(string(got.forwarded), `4096`) {
						t.Errorf("the output is not bounded: %s", got.forwarded)
					}
					continue
				}
				if got.immediate.GetStatus().GetCode() != 503 || !strings.Contains(string(got.body), `"store_unavailable"`) {
					t.Fatalf("%v: %s", got.immediate.GetStatus(), got.body)
				}
			}
			want := 0
			if soft {
				want = 2
			}
			if passed != want || l.Leased().Requests != int64(want) {
				t.Fatalf("%d passed, %+v in use; want %d", passed, l.Leased(), want)
			}
			s.Restart(t)
			for deadline := time.Now().Add(30 * time.Second); l.Tick(t.Context()) != nil; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the store does not come back")
				}
			}
			id := "tenant/acme/total"
			if soft {
				id += "/soft"
			}
			list, err := l.Accounts(t.Context(), "acme", ledger.Budget{ID: id, Period: ledger.Total}, time.Now(), 1)
			if err != nil {
				t.Fatal(err)
			}
			var billed int64
			for _, rec := range h.trail {
				billed += rec.BilledMicro
			}
			if soft && (len(list) != 1 || list[0].Settled != billed || billed == 0 || list[0].Held != 0) || !soft && len(list) != 0 {
				t.Fatalf("%+v, billed %d", list, billed)
			}
		})
	}
}
