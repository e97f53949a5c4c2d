package audit

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"weir/policy/store"
)

// fileBook keeps the log of changes in the file of a store.
type fileBook struct{ store *store.Store }

const logHeadQuery = `SELECT writer, first_n, n, seq, mac, from_n, from_seq, from_mac, from_seal, told FROM changes_chain`

func (f *fileBook) head(ctx context.Context) (h logHead, err error) {
	var told sql.NullInt64
	err = f.store.Read().QueryRowContext(ctx, logHeadQuery).Scan(&h.writer, &h.firstN, &h.n, &h.seq, &h.mac, &h.from.n, &h.from.seq, &h.from.mac, &h.from.seal, &told)
	h.told, h.telling = told.Int64, told.Valid
	if errors.Is(err, sql.ErrNoRows) {
		err = f.store.Read().QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM changes`).Scan(&h.n)
		h.firstN = h.n + 1
	}
	return h, err
}

// still says whether the chain stands where a head says, and begins it where it has not begun.
func still(ctx context.Context, tx *sql.Tx, h *logHead) (bool, error) {
	if h.seq == 0 && h.from.n == 0 {
		done, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO changes_chain (one, writer, first_n, n, seq, mac, from_n, from_seq, from_mac, from_seal) VALUES (1, ?, ?, ?, 0, ?, 0, 0, ?, x'')`,
			h.writer, h.firstN, h.n, h.mac, h.mac)
		if err != nil {
			return false, err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err == nil, err
		}
	}
	var there int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM changes_chain WHERE writer = ? AND seq = ? AND mac = ? AND n = ?`, h.writer, h.seq, h.mac, h.n).Scan(&there)
	return there == 1, err
}

func (f *fileBook) add(ctx context.Context, h logHead, a addition) (added bool, err error) {
	var there bool // not looked at after an error: the change may still be running
	err = f.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if there, err = still(ctx, tx, &h); err != nil || !there {
			return err
		}
		if !a.ends {
			x := a.change
			_, err = tx.ExecContext(ctx, `INSERT INTO changes (n, tenant, who, operation, begun, begun_seq, begun_mac, begun_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				a.n, x.Tenant, x.Who, x.Operation, a.text, a.seq, a.mac, a.key)
		} else {
			err = one(tx.ExecContext(ctx, `UPDATE changes SET tenant = ?, ended = ?, ended_seq = ?, ended_mac = ?, ended_key = ? WHERE n = ? AND ended IS NULL`,
				a.change.Tenant, a.text, a.seq, a.mac, a.key, a.n))
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE changes_chain SET n = max(n, ?), seq = ?, mac = ?`, a.n, a.seq, a.mac)
		return err
	})
	return err == nil && there, err
}

// one is ErrNoChange unless one row was changed.
func one(done sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrNoChange
}

func (f *fileBook) prune(ctx context.Context, h logHead, from logStart) (bool, error) {
	var there bool // not looked at after an error: the change may still be running
	err := f.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if there, err = still(ctx, tx, &h); err != nil || !there {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM changes WHERE n <= ?`, from.n); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE changes_chain SET from_n = ?, from_seq = ?, from_mac = ?, from_seal = ?`, from.n, from.seq, from.mac, from.seal)
		return err
	})
	return err == nil && there, err
}

const changeColumns = `SELECT n, tenant, who, operation, begun, begun_seq, begun_mac, coalesce(begun_key, ''), coalesce(ended, ''), coalesce(ended_seq, 0), ended_mac, coalesce(ended_key, '') FROM changes WHERE `

func (f *fileBook) query(ctx context.Context, where string, args ...any) (out []changeRow, err error) {
	rows, err := f.store.Read().QueryContext(ctx, changeColumns+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := changeRow{found: &[3]string{}}
		if err := rows.Scan(&r.n, &r.found[0], &r.found[1], &r.found[2], &r.begun.text, &r.begun.seq, &r.begun.mac, &r.begun.key,
			&r.ended.text, &r.ended.seq, &r.ended.mac, &r.ended.key); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func (f *fileBook) search(ctx context.Context, q ChangeQuery) ([]changeRow, bool, error) {
	where, args := []string{"1"}, []any{}
	for name, value := range map[string]string{"tenant": q.Tenant, "who": q.Who, "operation": q.Operation} {
		if value != "" {
			where, args = append(where, name+" = ?"), append(args, value)
		}
	}
	if q.Before > 0 {
		where, args = append(where, "n < ?"), append(args, q.Before)
	}
	list, err := f.query(ctx, strings.Join(where, " AND ")+` ORDER BY n DESC LIMIT ?`, append(args, q.Limit+1)...)
	if err != nil || len(list) <= q.Limit {
		return list, false, err
	}
	return list[:q.Limit], true, nil
}

func (f *fileBook) rows(ctx context.Context, from int64, limit int) ([]changeRow, error) {
	return f.query(ctx, `n >= ? ORDER BY n LIMIT ?`, from, limit)
}

func (f *fileBook) ended(ctx context.Context, behind int64, limit int) ([]changeRow, error) {
	return f.query(ctx, `ended_seq > ? ORDER BY ended_seq LIMIT ?`, behind, limit)
}

func (f *fileBook) told(ctx context.Context, seq int64) error {
	return f.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE changes_chain SET told = ?`, seq)
		return err
	})
}

// lead is always so: the file is one process's.
func (f *fileBook) lead(context.Context, string, time.Duration) (bool, error) { return true, nil }
