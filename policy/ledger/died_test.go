package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/policy/ledger"
)

// Of each exchange that dies with its process somebody is told once, with the note of its hold; what is not taken is told again.
// Those that ended by themselves are not told of.
func TestWhoDiedIsTold(t *testing.T) {
	over(t, func(t *testing.T, p *place) {
		dead := p.enter(t)
		b := []ledger.Budget{budget("b", 1000, ledger.Day)}
		for _, id := range []string{"lost", "over", "given", "silent"} {
			h := ledger.Hold{Exchange: id, Amount: 300, Budgets: b, Note: "of " + id}
			if id == "silent" {
				h.Note = ""
			}
			hold(t, dead, h)
		}
		settle(t, dead, "over", 100)
		release(t, dead, "given")
		var told []string
		fail := errors.New("the trail is full")
		next := p.enter(t, ledger.WithDied(func(_ context.Context, list []ledger.Died) error {
			for _, d := range list {
				if fail == nil {
					told = append(told, fmt.Sprint(d.ID(), " ", d.Tenant, " ", d.Amount, " ", d.Note, " ", d.At.IsZero()))
				}
			}
			return fail
		}))
		p.advance(ledger.Lease + time.Millisecond)
		if n, err := next.Recover(t.Context()); err == nil {
			t.Fatalf("%d recovered, and nobody said that it was not taken", n)
		}
		p.advance(2 * time.Minute)
		fail = nil
		for range 3 {
			if _, err := next.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.advance(2 * time.Minute)
			if err := next.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if want := "lost acme 300 of lost false"; strings.Join(told, ",") != want {
			t.Errorf("%q, want %q", told, want)
		}
		if _, err := next.Hold(t.Context(), ledger.Hold{Exchange: "long", Tenant: acme, At: noon, Note: strings.Repeat("x", ledger.NoteBytes+1)}); !errors.Is(err, ledger.ErrTooMany) {
			t.Errorf("a note without end: %v", err)
		}
	})
}

// One that was on a local lease when its process died is told of by its own id, once the shared store has it.
func TestWhoDiedOnALeaseIsTold(t *testing.T) {
	path, server := t.TempDir()+"/weir.db", onRedis(t)
	var told []string
	tell := ledger.WithDied(func(_ context.Context, list []ledger.Died) error {
		for _, d := range list {
			told = append(told, d.ID()+" "+d.Note)
		}
		return nil
	})
	dead := server.enter(t, ledger.WithJournal(openStore(t, path)))
	g, err := dead.HoldLocally(t.Context(), ledger.Hold{Exchange: "x", Tenant: acme, At: noon, Amount: 5, Note: "of x"}, ledger.LocalLease{Amount: 100, Requests: 10})
	if err != nil || !g.Granted {
		t.Fatalf("%+v, %v", g, err)
	}
	server.advance(ledger.Lease + time.Second)
	next := server.enter(t, ledger.WithJournal(openStore(t, path)), tell)
	for range 2 {
		if err := next.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(told, []string{"x of x"}) {
		t.Errorf("%q", told)
	}
}
