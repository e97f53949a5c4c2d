package filter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/policy/ledger"
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
