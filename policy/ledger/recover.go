package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"weir/policy/store"
)

// The times of owners and of what is kept.
const (
	// BeatInterval is how often an owner says that it is alive, and looks for those that are not.
	BeatInterval = 3 * time.Second
	// Lease is how long after its last beat an owner counts as dead: five beats missed.
	Lease = 15 * time.Second
	// KeepEnded is how long an ended hold is remembered, so that a second end is known as one.
	KeepEnded = time.Hour
	// sweepLimit is how many holds one change recovers or forgets, so that others need not wait for long.
	sweepLimit = 500
)

// Run beats, recovers, writes owed ends and forgets old ones at every interval, until ctx ends. It returns nil then.
// A failure is logged when it begins and when it is over, not at every beat.
func (l *SQLite) Run(ctx context.Context) error {
	t := time.NewTicker(BeatInterval)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := l.Tick(ctx)
		if err != nil && !failing {
			l.log.Error("the ledger's housekeeping fails", "error", err)
		}
		if err == nil && failing {
			l.log.Info("the ledger's housekeeping works again", "owed", l.Owed())
		}
		failing = err != nil
	}
}

// Tick is one round of Run.
func (l *SQLite) Tick(ctx context.Context) error {
	if err := l.beat(ctx); err != nil {
		return err
	}
	if err := l.pay(ctx); err != nil {
		return err
	}
	if _, err := l.Recover(ctx); err != nil {
		return err
	}
	return l.forget(ctx)
}

func (l *SQLite) beat(ctx context.Context) error {
	err := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO owners (id, beat) VALUES (?1, ?2)
			ON CONFLICT (id) DO UPDATE SET beat = ?2`, l.owner, l.clock().UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the heartbeat: %w", err)
	}
	return nil
}

// pay writes what is owed. What the store does not take stays owed.
func (l *SQLite) pay(ctx context.Context) error {
	l.mu.Lock()
	owed := l.owed
	l.owed = nil
	l.mu.Unlock()
	for i, e := range owed {
		if _, err := l.write(ctx, e); err != nil && !errors.Is(err, ErrNoHold) {
			l.mu.Lock()
			l.owed = append(owed[i:len(owed):len(owed)], l.owed...)
			l.mu.Unlock()
			return fmt.Errorf("writing owed ends: %w", err)
		}
	}
	return nil
}

// Recover settles the open holds of dead owners: in full, marked as estimated. It returns how many. An owner is dead
// when it has not beaten for a Lease, or when its beat is more than a Lease ahead, which only a clock that was wrong
// can have written. The caller's own holds are never touched.
func (l *SQLite) Recover(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := l.recoverSome(ctx)
		total += n
		if err != nil {
			return total, fmt.Errorf("settling the holds of dead owners: %w", err)
		}
		if n < sweepLimit {
			return total, nil
		}
	}
}

func (l *SQLite) recoverSome(ctx context.Context) (int, error) {
	n := 0
	err := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		w := l.work(ctx, tx)
		orphans, err := w.orphans()
		if err != nil {
			return err
		}
		for _, exchange := range orphans {
			if _, err := w.end(ending{exchange: exchange, outcome: recovered}); err != nil {
				return err
			}
		}
		n = len(orphans)
		_, err = tx.ExecContext(ctx, `DELETE FROM owners WHERE id <> ? AND abs(beat - ?) > ?
			AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.owner = owners.id AND closed_at = 0)`,
			w.owner, w.now, Lease.Milliseconds())
		return err
	})
	return n, err
}

func (w *work) orphans() ([]string, error) {
	rows, err := w.tx.QueryContext(w.ctx, `SELECT exchange FROM holds WHERE closed_at = 0 AND owner <> ?
		AND owner NOT IN (SELECT id FROM owners WHERE abs(beat - ?) <= ?) LIMIT ?`,
		w.owner, w.now, Lease.Milliseconds(), sweepLimit)
	if err != nil {
		return nil, fmt.Errorf("finding them: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, fmt.Errorf("finding them: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// forget deletes holds that ended long ago, oldest first, a bounded number at a time.
func (l *SQLite) forget(ctx context.Context) error {
	for {
		var n int64
		err := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			r, err := tx.ExecContext(ctx, `DELETE FROM holds WHERE n IN (SELECT n FROM holds WHERE closed_at > 0 AND closed_at < ?
				ORDER BY closed_at LIMIT ?)`, l.clock().Add(-KeepEnded).UnixMilli(), sweepLimit)
			if err != nil {
				return err
			}
			n, err = r.RowsAffected()
			return err
		})
		if err != nil {
			return fmt.Errorf("forgetting ended holds: %w", err)
		}
		if n < sweepLimit {
			return nil
		}
	}
}

// Close writes what is owed and gives up the ownership, so that what is still held is recovered by the next owner at
// once. It does not close the store.
func (l *SQLite) Close(ctx context.Context) error {
	err := l.pay(ctx)
	gone := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM owners WHERE id = ?", l.owner)
		return err
	})
	if errors.Is(gone, store.ErrClosed) {
		gone = fmt.Errorf("the ledger must be closed before its store: %w", gone)
	}
	if err := errors.Join(err, gone); err != nil {
		return fmt.Errorf("closing the ledger: %w", err)
	}
	return nil
}
