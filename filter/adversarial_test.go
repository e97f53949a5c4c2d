package filter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"weir/filter"
	"weir/policy/ledger"
)

// B8: a client that closes right after it has read the end marker is charged once, by the provider's word.
func TestAClientThatLeavesAfterTheEndMarker(t *testing.T) {
	h := build(t, "dvara", nil)
	all := h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("Hello")+stop+usage+done)
	h.play(t, all[:len(all)-1]...) // the end of the body never comes
	if u := only(t, h); u.Estimated || u.OutputTokens != 5 || h.closed[u.Exchange] != 1 || h.trail[0].Ended != "complete" {
		t.Fatalf("%+v, %+v", u, h.trail[0])
	}
}

// B9: a client that leaves in the middle, or before the first byte, is charged what was used until then, as an estimate,
// and there is a record.
func TestAClientThatLeavesEarly(t *testing.T) {
	h := build(t, "dvara", nil)
	all := h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("Hello there, how are you?"))
	h.play(t, all[:len(all)-1]...)
	if u := only(t, h); !u.Estimated || u.Billed == 0 || u.OutputTokens == 0 || h.trail[0].Ended != "client_gone" {
		t.Fatalf("in the middle: %+v, %+v", u, h.trail[0])
	}
	h = build(t, "dvara", nil)
	h.play(t, all[:2]...)
	if u := only(t, h); !u.Estimated || u.OutputTokens != 0 || u.InputTokens == 0 || len(h.trail) != 1 {
		t.Fatalf("before the first byte: %+v", u)
	}
}

// B15: who is refused hears that it is exceeded, not what others have spent.
func TestARefusalDoesNotTellWhatOthersSpent(t *testing.T) {
	for _, dialect := range []string{"openai", "dvara", "rivaro", "dosai", "olava"} {
		h := build(t, dialect, nil)
		h.grant = func(ledger.Hold) ledger.Grant {
			return ledger.Grant{Budgets: []ledger.BudgetState{{
				Budget: ledger.Budget{ID: "tenant/acme/month", Scope: "tenant", Limit: 50_000_000, Period: ledger.Month},
				Spent:  48_765_432, Held: 1_222_111, Refused: true,
			}}}
		}
		got := h.play(t, h.ask(), requestBody(fmt.Sprintf(streamed, "hi")))
		if got.immediate == nil || got.immediate.GetStatus().GetCode() < 400 {
			t.Fatalf("%s: not refused", dialect)
		}
		for _, secret := range []string{"48765432", "48.76", "1222111", "1.22", "tenant/acme"} {
			if strings.Contains(string(got.body), secret) {
				t.Errorf("%s tells %s: %s", dialect, secret, got.body)
			}
		}
	}
}

// failing is a ledger whose store is down.
type failing struct{ filter.Ledger }

var errDown = errors.New("the store is down")

func (failing) Hold(context.Context, ledger.Hold) (ledger.Grant, error) {
	return ledger.Grant{}, errDown
}

// K6: a store that is down is a 503 for each request, and not a line of the log for each.
func TestAStoreThatIsDownFillsNoLog(t *testing.T) {
	var log bytes.Buffer
	h := buildWith(t, "dvara", nil, func(p *filter.Parts) {
		p.Ledger, p.Log = failing{p.Ledger}, slog.New(slog.NewTextHandler(&log, nil))
	})
	for range 200 {
		got := h.play(t, h.ask(), requestBody(fmt.Sprintf(streamed, "hi")))
		if got.immediate == nil || got.immediate.GetStatus().GetCode() != 503 {
			t.Fatalf("%+v", got)
		}
	}
	if n := strings.Count(log.String(), "taking a hold"); n < 1 || n > 10 {
		t.Fatalf("%d lines for 200 requests", n)
	}
}
