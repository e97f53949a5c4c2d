package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"weir/policy/store"
)

// SQLite is the ledger of an embedded Weir. It is safe for concurrent use, also with that of another process on the
// same file. Open makes one.
type SQLite struct {
	store *store.Store
	stmt  statements
	owner string
	clock func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	owed []ending // ends that the store did not take yet
}

var _ Ledger = (*SQLite)(nil)

// Option changes how a ledger works.
type Option func(*SQLite)

// WithClock replaces the wall clock, which dates heartbeats and ends. Holds and uses bring their own time.
func WithClock(now func() time.Time) Option { return func(l *SQLite) { l.clock = now } }

// WithLog says where Run reports that it could not do its work. The default is nowhere.
func WithLog(log *slog.Logger) Option { return func(l *SQLite) { l.log = log } }

// Open makes a ledger on the store and enters it as an owner of holds. It does not settle what dead owners left:
// Recover does, once at the start, and Run from then on.
func Open(ctx context.Context, st *store.Store, options ...Option) (*SQLite, error) {
	l := &SQLite{store: st, clock: time.Now, log: slog.New(slog.DiscardHandler)}
	for _, o := range options {
		o(l)
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return nil, fmt.Errorf("opening the ledger: making an owner's id: %w", err)
	}
	l.owner = hex.EncodeToString(id)
	if err := l.stmt.prepare(ctx, st); err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	if err := l.beat(ctx); err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	return l, nil
}

// Owner is the id this process holds under.
func (l *SQLite) Owner() string { return l.owner }

// Hold implements Ledger. A repeated hold that was granted is granted again without holding more; one that was refused
// is tried anew; one whose exchange has ended is ErrEnded. An error means that nothing is held for long: where it is
// uncertain whether the hold was written, it is released at the next beat.
func (l *SQLite) Hold(ctx context.Context, h Hold) (Grant, error) {
	if err := h.check(); err != nil {
		return Grant{}, fmt.Errorf("holding: %w", err)
	}
	var g Grant
	err := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		w := l.work(ctx, tx)
		var err error
		g, err = w.hold(&h)
		return err
	})
	if err != nil {
		if errors.Is(err, store.ErrUncertain) {
			l.owe(ending{exchange: h.Exchange, outcome: released})
		}
		return Grant{}, fmt.Errorf("holding: %w", err)
	}
	return g, nil
}

// Settle implements Ledger. What was billed beyond the hold is booked as overrun. A use that is negative or absurd is an
// error, and the exchange is settled as one of a dead owner is: the whole hold, marked as estimated.
//
// Any other error but ErrNoHold means that the end is owed: it is tried again at each beat, so the caller need not.
func (l *SQLite) Settle(ctx context.Context, u Use) (Settled, error) {
	if err := checkID(u.Exchange); err != nil {
		return Settled{}, fmt.Errorf("settling: %w", err)
	}
	e := ending{exchange: u.Exchange, outcome: settled, use: u}
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

// Release implements Ledger. It returns nil where the exchange had ended before, or was never held.
func (l *SQLite) Release(ctx context.Context, exchange string) error {
	if err := checkID(exchange); err != nil {
		return fmt.Errorf("releasing: %w", err)
	}
	_, err := l.end(ctx, ending{exchange: exchange, outcome: released})
	if err != nil && !errors.Is(err, ErrNoHold) {
		return fmt.Errorf("releasing: %w", err)
	}
	return nil
}

// end writes one end, and remembers it where the store did not take it.
func (l *SQLite) end(ctx context.Context, e ending) (Settled, error) {
	done, err := l.write(ctx, e)
	if err != nil && !errors.Is(err, ErrNoHold) {
		l.owe(e)
	}
	return done, err
}

func (l *SQLite) write(ctx context.Context, e ending) (Settled, error) {
	var done Settled
	err := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		w := l.work(ctx, tx)
		var err error
		done, err = w.end(e)
		return err
	})
	if err != nil {
		return Settled{}, err
	}
	return done, nil
}

// OwedLimit bounds how many ends wait for a store that does not take them. Beyond it their holds stay until the process
// ends, and are then settled in full.
const OwedLimit = 10_000

func (l *SQLite) owe(e ending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.owed) < OwedLimit {
		l.owed = append(l.owed, e)
	}
}

// Owed is how many ends wait for the store.
func (l *SQLite) Owed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.owed)
}

func (l *SQLite) work(ctx context.Context, tx *sql.Tx) work {
	return work{ctx: ctx, tx: tx, stmt: &l.stmt, owner: l.owner, now: max(l.clock().UnixMilli(), 1)}
}

// Account is one budget in one period. Amounts are micro-USD.
type Account struct {
	Budget  string
	Start   time.Time // of the period, UTC; zero for total
	Settled int64     // billed within holds
	Overrun int64     // billed beyond holds
	Held    int64
	Cost    int64 // what providers charge for it
}

// accountsListed is how many periods Spent goes back.
const accountsListed = 400

// Spent reads a budget's accounts, the latest period first, at most 400 of them. A budget that was never used has none.
func (l *SQLite) Spent(ctx context.Context, budget string) (list []Account, err error) {
	rows, err := l.store.Read().QueryContext(ctx, `SELECT start, settled, overrun, held, cost FROM accounts
		WHERE budget = ? ORDER BY start DESC LIMIT ?`, budget, accountsListed)
	if err != nil {
		return nil, fmt.Errorf("reading the account %s: %w", budget, err)
	}
	defer rows.Close()
	for rows.Next() {
		a := Account{Budget: budget}
		var start int64
		if err := rows.Scan(&start, &a.Settled, &a.Overrun, &a.Held, &a.Cost); err != nil {
			return nil, fmt.Errorf("reading the account %s: %w", budget, err)
		}
		if start != 0 {
			a.Start = time.UnixMilli(start).UTC()
		}
		list = append(list, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the account %s: %w", budget, err)
	}
	return list, nil
}
