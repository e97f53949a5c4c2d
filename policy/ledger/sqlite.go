package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"weir/policy/store"
)

// file is the book of an embedded Weir: a SQLite file.
type file struct {
	store *store.Store
	stmt  statements
	clock func() time.Time

	mu     sync.Mutex
	opened map[string]entry // open holds of this process, so that their end need not look for them
}

// openedLimit bounds what is remembered of open holds. The end of one beyond it looks for its hold in the file.
const openedLimit = 1 << 16

// work is one change under way.
type work struct {
	*image
	ctx   context.Context
	owner string
	now   int64 // unix milliseconds, by this process's clock
}

// imageKey is under what a group of changes keeps its image: one for all ledgers of a store.
type imageKey struct{}

// OpenSQLite makes a ledger on a SQLite file and enters it as an owner of holds. It does not settle what dead owners
// left: Recover does, once at the start, and Run from then on.
func OpenSQLite(ctx context.Context, st *store.Store, options ...Option) (*Ledger, error) {
	f := &file{store: st, opened: map[string]entry{}}
	l := &Ledger{book: f, clock: time.Now, log: slog.New(slog.DiscardHandler)}
	for _, o := range options {
		o(l)
	}
	f.clock = l.clock
	if err := f.stmt.prepare(ctx, st); err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	return open(ctx, l)
}

// join makes a change together with whatever else is waiting.
func (f *file) join(ctx context.Context, owner string, do func(w *work) error) error {
	return f.store.Join(ctx, func(ctx context.Context, g *store.Group) error {
		m := g.Keep(imageKey{}, func() store.Kept { return newImage(&f.stmt) })
		return do(&work{image: m.(*image), ctx: ctx, owner: owner, now: max(f.clock().UnixMilli(), 1)})
	})
}

func (f *file) hold(ctx context.Context, owner string, h *Hold) (Grant, error) {
	var g Grant
	var o entry
	err := f.join(ctx, owner, func(w *work) (err error) {
		g, o, err = w.hold(h)
		return err
	})
	if err != nil {
		return Grant{}, err
	}
	if o.n != 0 {
		f.remember(h.Exchange, o)
	}
	return g, nil
}

func (f *file) remember(exchange string, o entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.opened) < openedLimit {
		f.opened[exchange] = o
	}
}

func (f *file) end(ctx context.Context, owner string, e ending) (Settled, error) {
	f.mu.Lock()
	known, there := f.opened[e.exchange]
	f.mu.Unlock()
	var done Settled
	err := f.join(ctx, owner, func(w *work) (err error) {
		if there {
			done, err = w.book(known, e)
		} else {
			done, err = w.end(e)
		}
		return err
	})
	if err != nil {
		return Settled{}, err
	}
	f.mu.Lock()
	delete(f.opened, e.exchange)
	f.mu.Unlock()
	return done, nil
}

// beat never finds its owner given up: what an owner leaves is found by its holds, whether or not it beats again.
func (f *file) beat(ctx context.Context, owner string) (bool, error) {
	err := f.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO owners (id, beat) VALUES (?1, ?2)
			ON CONFLICT (id) DO UPDATE SET beat = ?2`, owner, f.clock().UnixMilli())
		return err
	})
	return true, err
}

func (f *file) leave(ctx context.Context, owner string) error {
	err := f.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM owners WHERE id = ?", owner)
		return err
	})
	if errors.Is(err, store.ErrClosed) {
		return fmt.Errorf("the ledger must be closed before its store: %w", err)
	}
	return err
}

func (f *file) account(ctx context.Context, _, budget string, start time.Time) (Account, error) {
	var a Account
	row := f.store.Read().QueryRowContext(ctx, `SELECT settled, overrun, held, cost FROM accounts
		WHERE budget = ? AND start = ?`, budget, milli(start))
	if err := row.Scan(&a.Settled, &a.Overrun, &a.Held, &a.Cost); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return a, err
	}
	return a, nil
}
