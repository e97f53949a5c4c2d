package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"weir/policy/store"
)

// recover settles holds of owners that have not beaten for a Lease, or whose beat is more than a Lease ahead, which only
// a clock that was wrong can have written. The owner's own are never touched.
func (f *file) recover(ctx context.Context, owner string, tell teller) (int, error) {
	var n int // not looked at after an error: the change may still be running
	err := f.join(ctx, owner, func(w *work) error {
		orphans, err := w.orphans()
		if err != nil {
			return err
		}
		for _, exchange := range orphans {
			if _, err := w.end(ending{exchange: exchange, outcome: recovered, crashed: tell != nil}); err != nil {
				return err
			}
		}
		n = len(orphans)
		_, err = w.tx.ExecContext(ctx, `DELETE FROM owners WHERE id <> ? AND abs(beat - ?) > ?
			AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.owner = owners.id AND closed_at = 0)`,
			w.owner, w.now, Lease.Milliseconds())
		return err
	})
	if err != nil {
		return 0, err
	}
	if tell == nil {
		return n, nil
	}
	return n, f.tell(ctx, tell)
}

// tell tells of those that have not been told yet.
func (f *file) tell(ctx context.Context, tell teller) error {
	for {
		list, err := f.untold(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := tell(ctx, list); err != nil {
			return err
		}
		if err := f.told(ctx, list); err != nil {
			return err
		}
	}
}

func (f *file) untold(ctx context.Context) (out []Died, err error) {
	rows, err := f.store.Read().QueryContext(ctx, `SELECT exchange, tenant, at, amount, note FROM holds WHERE outcome = 'recovered' AND note <> '' ORDER BY n LIMIT ?`, sweepLimit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x Died
		var at int64
		if err := rows.Scan(&x.Exchange, &x.Tenant, &at, &x.Amount, &x.Note); err != nil {
			return nil, err
		}
		x.At = time.UnixMilli(at).UTC()
		out = append(out, x)
	}
	return out, rows.Err()
}

func (f *file) told(ctx context.Context, list []Died) error {
	return f.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, x := range list {
			if _, err := tx.ExecContext(ctx, `UPDATE holds SET note = '' WHERE exchange = ?`, x.Exchange); err != nil {
				return err
			}
		}
		return nil
	})
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

// forget deletes holds that ended long ago, oldest first, then rates and accounts that nothing can count in any more. A
// bounded number goes at a time, so that others need not wait for long.
func (f *file) forget(ctx context.Context) error {
	now := f.clock()
	holds := now.Add(-KeepEnded).UnixMilli()
	rates := now.Add(-KeepRates).UnixMilli()
	accounts := now.Add(-KeepAccounts).UnixMilli()
	for _, q := range [...]struct {
		find, drop string
		before     int64
	}{
		{`SELECT n FROM holds WHERE closed_at > 0 AND closed_at < ? ORDER BY closed_at LIMIT ?`, `DELETE FROM holds WHERE n = ? AND closed_at < ?`, holds},
		{`SELECT n FROM rates WHERE clear_at < ? LIMIT ?`, `DELETE FROM rates WHERE n = ? AND clear_at < ?`, rates},
		{`SELECT n FROM accounts WHERE "end" > 0 AND "end" < ? AND held = 0 LIMIT ?`, `DELETE FROM accounts WHERE n = ? AND held = 0 AND "end" < ?`, accounts},
	} {
		for {
			n, err := f.drop(ctx, q.find, q.drop, q.before)
			if err != nil {
				return fmt.Errorf("forgetting what is over: %w", err)
			}
			if n < sweepLimit {
				break
			}
		}
	}
	return nil
}

// drop looks for rows beside the writer, and deletes them there if they are still as they were found.
func (f *file) drop(ctx context.Context, find, drop string, before int64) (int, error) {
	old, err := f.numbers(ctx, find, before)
	if err != nil || len(old) == 0 {
		return 0, err
	}
	err = f.store.Join(ctx, func(ctx context.Context, g *store.Group) error {
		if err := g.Forget(ctx, imageKey{}); err != nil { // an image may know a row that goes now
			return err
		}
		for _, n := range old {
			if _, err := g.Tx.ExecContext(ctx, drop, n, before); err != nil {
				return err
			}
		}
		return nil
	})
	return len(old), err
}

func (f *file) numbers(ctx context.Context, query string, before int64) (out []int64, err error) {
	rows, err := f.store.Read().QueryContext(ctx, query, before, sweepLimit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}
