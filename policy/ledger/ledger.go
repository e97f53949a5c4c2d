package ledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"weir/policy/store"
)

// Ledger is the account of use, on a SQLite file or a Redis. It is safe for concurrent use, also with that of other
// processes on the same store. Every exchange that got a grant ends in exactly one Settle or Release.
type Ledger struct {
	book  book
	clock func() time.Time
	log   *slog.Logger

	died teller // nil: nobody is told

	leases  leases
	journal *journal // nil: what is on leases dies with the process

	mu     sync.Mutex
	owner  string    // the id this process holds under
	owed   []ending  // ends that the store did not take yet
	beatAt time.Time // the last heartbeat that the store took
	steady time.Time // the first heartbeat of an unbroken row
}

// book is where a ledger is written. What it is given has been checked.
type book interface {
	// hold is one atomic change: all or nothing.
	hold(ctx context.Context, owner string, h *Hold) (Grant, error)
	// end books an ending once. Later ones change nothing.
	end(ctx context.Context, owner string, e ending) (Settled, error)
	// beat says that an owner lives. It answers false where the owner had been given up for dead.
	beat(ctx context.Context, owner string) (bool, error)
	// recover settles some of the holds of dead owners, and returns how many: sweepLimit where there may be more. tell is told of
	// those that have a note; what it does not take is told again.
	recover(ctx context.Context, owner string, tell teller) (int, error)
	// told drops the notes of exchanges that somebody was told of.
	told(ctx context.Context, list []Died) error
	// forget drops what is no longer needed.
	forget(ctx context.Context) error
	// leave gives up the ownership.
	leave(ctx context.Context, owner string) error
	// account reads one account; one that was never used is empty.
	account(ctx context.Context, tenant, budget string, start time.Time) (Account, error)
}

// Option changes how a ledger works.
type Option func(*Ledger)

// WithClock replaces the wall clock, which dates heartbeats and ends on SQLite. Holds and uses bring their own time; on
// Redis the server's is used.
func WithClock(now func() time.Time) Option { return func(l *Ledger) { l.clock = now } }

// WithLog says where Run reports that it could not do its work. The default is nowhere.
func WithLog(log *slog.Logger) Option { return func(l *Ledger) { l.log = log } }

// WithDied says who is told of exchanges that died with their process, once they are settled. An error has them told again; so may
// a crash.
func WithDied(tell func(ctx context.Context, list []Died) error) Option {
	return func(l *Ledger) { l.died = tell }
}

// open enters the process as an owner of holds.
func open(ctx context.Context, l *Ledger) (*Ledger, error) {
	l.owner = newOwner()
	if err := l.beat(ctx); err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	return l, nil
}

func newOwner() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails: crypto/rand
	return hex.EncodeToString(id)
}

// Owner is the id this process holds under.
func (l *Ledger) Owner() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owner
}

// Hold takes the most an exchange can use. A repeated hold that was granted is granted again without holding more; one
// that was refused is tried anew; one whose exchange has ended is ErrEnded. An error means that nothing is held for
// long: where it is uncertain whether the hold was written, it is released at the next beat.
func (l *Ledger) Hold(ctx context.Context, h Hold) (Grant, error) {
	if err := h.check(); err != nil {
		return Grant{}, fmt.Errorf("holding: %w", err)
	}
	if err := l.alive(ctx); err != nil {
		return Grant{}, fmt.Errorf("holding: %w", err)
	}
	g, err := l.book.hold(ctx, l.Owner(), &h)
	if err != nil {
		if errors.Is(err, store.ErrUncertain) {
			l.owe(ending{exchange: h.Exchange, tenant: h.Tenant, outcome: released, mark: newOwner(), early: true})
		}
		return Grant{}, fmt.Errorf("holding: %w", err)
	}
	return g, nil
}

// alive beats where the last beat is so long ago that this process may have been given up for dead, as one that was
// stopped for a while: under its old id nobody would look after what it holds.
func (l *Ledger) alive(ctx context.Context) error {
	l.mu.Lock()
	old := l.clock().Sub(l.beatAt).Abs() > Lease
	l.mu.Unlock()
	if !old {
		return nil
	}
	return l.beat(ctx)
}

// Settle ends an exchange with what was used. What was billed beyond the hold is booked as overrun. A use that is
// negative or absurd is an error, and the exchange is settled as one of a dead owner is: the whole hold, marked as
// estimated.
//
// Any other error but ErrNoHold means that the end is owed: it is tried again at each beat, so the caller need not.
func (l *Ledger) Settle(ctx context.Context, u Use) (Settled, error) {
	if err := checkID(u.Exchange, u.Tenant); err != nil {
		return Settled{}, fmt.Errorf("settling: %w", err)
	}
	e := ending{exchange: u.Exchange, tenant: u.Tenant, outcome: settled, use: u}
	wrong := u.check()
	if wrong != nil {
		e.outcome = recovered
	}
	done, err := l.end(ctx, e)
	if err = errors.Join(wrong, err); err != nil {
		return done, fmt.Errorf("settling: %w", err)
	}
	return done, nil
}

// Release ends an exchange for which nothing was delivered. It returns nil where the exchange had ended before, or was
// never held.
func (l *Ledger) Release(ctx context.Context, tenant, exchange string) error {
	if err := checkID(exchange, tenant); err != nil {
		return fmt.Errorf("releasing: %w", err)
	}
	_, err := l.end(ctx, ending{exchange: exchange, tenant: tenant, outcome: released})
	if err != nil && !errors.Is(err, ErrNoHold) {
		return fmt.Errorf("releasing: %w", err)
	}
	return nil
}

// end writes one end, and remembers it where the store did not take it. That of an exchange on a local lease waits.
func (l *Ledger) end(ctx context.Context, e ending) (Settled, error) {
	e.mark = newOwner()
	id := e.exchange
	if done, amount, local := l.leases.endLocally(&e, l.clock().UnixMilli()); local {
		if done.First {
			l.keepEnd(ctx, id, &e, amount)
		}
		return done, nil
	}
	done, err := l.book.end(ctx, l.Owner(), e)
	if err != nil && !errors.Is(err, ErrNoHold) {
		l.owe(e)
	}
	return done, err
}

// Account is one budget in one period. Amounts are micro-USD, or exchanges for Quota and Concurrency.
type Account struct {
	Budget  string
	Start   time.Time // of the period, UTC; zero for total
	Settled int64     // billed within holds
	Overrun int64     // billed beyond holds
	Held    int64
	Cost    int64 // what providers charge for it
}

// MaxPeriods bounds how many periods Accounts goes back.
const MaxPeriods = 400

// Accounts reads a tenant's budget in the period that holds at and up to n-1 before it, the latest first. Accounts that
// were never used are left out.
func (l *Ledger) Accounts(ctx context.Context, tenant string, b Budget, at time.Time, n int) ([]Account, error) {
	var out []Account
	for range min(n, MaxPeriods) {
		start, _, ok := b.period(at)
		if !ok {
			return nil, fmt.Errorf("reading an account: %w: %s has the period %q", ErrBudget, b.ID, b.Period)
		}
		a, err := l.book.account(ctx, tenant, b.ID, start)
		if err != nil {
			return nil, fmt.Errorf("reading the account %s: %w", b.ID, err)
		}
		if a != (Account{}) {
			a.Budget, a.Start = b.ID, start
			out = append(out, a)
		}
		if start.IsZero() {
			break
		}
		at = start.Add(-time.Millisecond)
	}
	return out, nil
}
