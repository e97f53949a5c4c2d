package filter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/policy"
	"weir/policy/ledger"
	"weir/policy/tenant"
)

// monthly is a budget that admits a call with what is left of it.
var monthly = ledger.Budget{ID: "tenant/acme/month", Scope: "tenant", Limit: 1000, Period: ledger.Month, Partial: true}

// partly grants so much of any hold.
func partly(h *house, amount int64) {
	h.grant = func(in ledger.Hold) ledger.Grant {
		return ledger.Grant{Granted: true, Amount: amount, Partial: amount < in.Amount, Budgets: []ledger.BudgetState{{
			Budget: monthly, Held: 1000, ResetAt: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
		}}}
	}
}

// words is a stream of so many events of four tokens each.
func words(n int) string {
	return opening + strings.Repeat(event("sixteen letters."), n) + stop + usage + done
}

// Olava's page: the error is an event, the stream closes at once, and what was sent before is billed.
func TestAStreamIsCutWhenItsMoneyIsUsed(t *testing.T) {
	h := build(t, "olava", nil)
	partly(h, 100) // 2 tokens of input, and output at 2 micro-USD each: twelve events of four tokens, or fewer
	got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), words(40))...)
	body := string(got.body)
	sent := strings.Count(body, "sixteen letters.")
	if sent == 0 || sent > 12 || !got.ended || !got.status || strings.Contains(body, done) || strings.Contains(body, `"stop"`) {
		t.Fatalf("%d events sent: %s", sent, body)
	}
	record := body[strings.LastIndex(body, "event: error\n"):]
	if !strings.HasPrefix(record, "event: error\ndata: {\"code\":\"spend_cap_exceeded\",") || !strings.Contains(record, "docs.olava.dev/billing/spend_cap_exceeded") {
		t.Errorf("the last record is %q", record)
	}
	u := only(t, h)
	if !u.Estimated || u.Billed == 0 || u.Billed > 100 || u.Cost != u.Billed || h.trail[0].Code != "spend_cut" || h.trail[0].Ended != "cut" {
		t.Errorf("%+v, %+v", u, h.trail[0])
	}
}

// How a stream is cut into pieces decides nothing about where its money ends.
func TestTheSpendCutDoesNotDependOnPieces(t *testing.T) {
	want := ""
	for _, step := range []int{0, 1, 7, 100, 1000} {
		h := build(t, "dvara", nil)
		partly(h, 100)
		answer := words(40)
		var cuts []int
		for at := step; step > 0 && at < len(answer); at += step {
			cuts = append(cuts, at)
		}
		got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), answer, cuts...)...)
		if want == "" {
			want = string(got.body)
		}
		if string(got.body) != want || want == "" {
			t.Fatalf("in pieces of %d: %s\nwant %s", step, got.body, want)
		}
	}
}

// A whole hold is not cut by an estimate that is somewhat high: the provider was told its limit.
func TestAWholeHoldIsNotCutByAnEstimate(t *testing.T) {
	h := build(t, "dvara", nil)
	h.grant = func(in ledger.Hold) ledger.Grant {
		return ledger.Grant{Granted: true, Amount: in.Amount, Budgets: []ledger.BudgetState{{Budget: monthly}}}
	}
	request := strings.Replace(fmt.Sprintf(streamed, "hi"), `"stream"`, `"max_tokens":100,"stream"`, 1)
	if got := h.play(t, h.answerTo(request, words(30))...); !strings.HasSuffix(string(got.body), done) {
		t.Fatalf("cut: %s", got.body)
	}
	// One that runs on for ever is.
	if got := h.play(t, h.answerTo(request, words(400))...); strings.Contains(string(got.body), done) {
		t.Fatal("a provider that ignores its limit was let run on")
	}
}

// An answer that is not streamed cannot be cut, so its limit is what the hold can pay.
func TestAPartialHoldLimitsAnAnswerThatIsNotStreamed(t *testing.T) {
	h := build(t, "dvara", nil)
	partly(h, 200)
	got := h.play(t, h.ask(), requestBody(`{"model":"echo","max_tokens":100000,"messages":[{"role":"user","content":"hi"}]}`))
	bound := h.holds[slices.Collect(keys(h))[0]]
	if !strings.Contains(string(got.forwarded), `"max_tokens":`) || strings.Contains(string(got.forwarded), "100000") || bound.Least > 200 {
		t.Fatalf("forwarded %s with a least of %d", got.forwarded, bound.Least)
	}
}

// Olava: a call that ends in an internal error is not billed. What the provider takes for it is kept apart.
func TestWhatFailsIsNotBilledWhereThePageSaysSo(t *testing.T) {
	for dialect, billed := range map[string]bool{"olava": false, "dvara": true} {
		h := build(t, dialect, nil)
		partly(h, 10_000)
		broken := opening + event("Hello there, this goes on") // and then the provider is gone
		h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), broken)...)
		u := only(t, h)
		if (u.Billed > 0) != billed || u.Cost == 0 {
			t.Errorf("%s: %+v", dialect, u)
		}
	}
}

// What is held and charged has the markup; what the provider takes stands beside it.
func TestAMarkupIsHeldAndCharged(t *testing.T) {
	held := map[int64]int64{}
	for _, markup := range []int64{0, 1500} {
		h := build(t, "dvara", func(a *tenant.Tenant) { a.Settings.Billing.Markup = markup })
		got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("Hello")+stop+usage+done)...)
		u := only(t, h)
		if want := map[int64]int64{0: 20, 1500: 23}[markup]; u.Cost != 20 || u.Billed != want || h.trail[0].CostMicro != 20 || h.trail[0].BilledMicro != want {
			t.Errorf("a markup of %d: %+v, %s", markup, u, got.body)
		}
		for _, in := range h.holds {
			held[markup] = in.Amount
		}
	}
	if want := (held[0]*115 + 99) / 100; held[0] == 0 || held[1500] != want {
		t.Errorf("%d held with the markup, want %d", held[1500], want)
	}
	// A stream is cut by what it is charged with, not by what it costs.
	sent := map[int64]int{}
	for _, markup := range []int64{0, 100_000} {
		h := build(t, "dvara", func(a *tenant.Tenant) { a.Settings.Billing.Markup = markup })
		partly(h, 200)
		got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), words(40))...)
		if u := only(t, h); u.Billed == 0 || u.Billed > 200 || markup > 0 && u.Cost >= u.Billed {
			t.Errorf("a markup of %d: %+v", markup, u)
		}
		sent[markup] = strings.Count(string(got.body), "sixteen letters.")
	}
	if sent[100_000] >= sent[0] {
		t.Errorf("%d events with the markup, %d without", sent[100_000], sent[0])
	}
}

// S3: whom the body names is a label in the facts: it pays for nothing, and what a detector finds in it is not written down.
func TestTheBodysUserIsALabel(t *testing.T) {
	for name, c := range map[string]struct{ member, want string }{
		"a name": {`"user":"u-4711"`, "u-4711"}, "an address": {`"user":"ann@example.com"`, ""}, "nothing": {`"n":1`, ""},
		"too long": {`"user":"` + strings.Repeat("x", 129) + `"`, ""}, "another's": {`"user":"acme/admin"`, "acme/admin"},
	} {
		h := build(t, "dvara", nil)
		request := strings.Replace(fmt.Sprintf(streamed, "hi"), `"stream"`, c.member+`,"stream"`, 1)
		h.play(t, h.answerTo(request, opening+event("Hello")+stop+usage+done)...)
		var f policy.Facts
		if err := json.Unmarshal(h.trail[0].Facts, &f); err != nil {
			t.Fatal(err)
		}
		if f.Request.User != c.want || f.Identity.Actor != "" || f.Identity.Tenant != "acme" {
			t.Errorf("%s: user %q, identity %+v", name, f.Request.User, f.Identity)
		}
		for _, in := range h.holds {
			for _, b := range in.Budgets {
				if b.Scope == ledger.ScopeActor {
					t.Errorf("%s: the body's user pays: %+v", name, b)
				}
			}
		}
	}
}

func keys(h *house) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range h.holds {
			if !yield(k) {
				return
			}
		}
	}
}

// only is the one use that was settled.
func only(t *testing.T, h *house) ledger.Use {
	t.Helper()
	if len(h.uses) != 1 {
		t.Fatalf("%d settles", len(h.uses))
	}
	for _, u := range h.uses {
		return u
	}
	return ledger.Use{}
}
