package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"weir/policy/store"
)

// file is the book of an embedded Weir: a SQLite file.
type file struct {
	store *store.Store
	stmt  statements
	clock func() time.Time
}

// OpenSQLite makes a ledger on a SQLite file and enters it as an owner of holds. It does not settle what dead owners
// left: Recover does, once at the start, and Run from then on.
func OpenSQLite(ctx context.Context, st *store.Store, options ...Option) (*Ledger, error) {
	f := &file{store: st}
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

func (f *file) work(ctx context.Context, tx *sql.Tx, owner string) work {
	return work{ctx: ctx, tx: tx, stmt: &f.stmt, owner: owner, now: max(f.clock().UnixMilli(), 1)}
}

func (f *file) hold(ctx context.Context, owner string, h *Hold) (g Grant, err error) {
	err = f.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		w := f.work(ctx, tx, owner)
		g, err = w.hold(h)
		return err
	})
	if err != nil {
		return Grant{}, err
	}
	return g, nil
}

func (f *file) end(ctx context.Context, owner string, e ending) (done Settled, err error) {
	err = f.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		w := f.work(ctx, tx, owner)
		done, err = w.end(e)
		return err
	})
	if err != nil {
		return Settled{}, err
	}
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
