package audit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"weir/policy/store"
)

// expireBatch is how many records one change empties: it bounds how long the exchanges' records wait meanwhile.
const expireBatch = 100

// Expire removes captured content whose time is over, and empties the records that are older than their tenant's retention, which keep answers for: 0 keeps them for ever. What
// stays of one is its place in the chain, its exchange, trace, tenant and time, and the digest of its text, so that Verify still
// proves that nothing was taken out; records that are older than the chain are removed. It says how many it emptied.
func (t *Trail) Expire(ctx context.Context, now time.Time, keep func(tenant string) time.Duration) (int, error) {
	if t.keys == nil {
		return 0, ErrReadOnly
	}
	if err := t.forget(ctx, now); err != nil {
		return 0, err
	}
	total := 0
	for tenant, first := "", true; ; first = false {
		comparison := ">"
		if first {
			comparison = ">="
		}
		err := t.store.Read().QueryRowContext(ctx, `SELECT tenant FROM trail WHERE expired IS NULL AND tenant `+comparison+` ? ORDER BY tenant LIMIT 1`, tenant).Scan(&tenant)
		if errors.Is(err, sql.ErrNoRows) {
			return total, nil
		}
		if err != nil {
			return total, fmt.Errorf("expiring records: %w", err)
		}
		lasts := keep(tenant)
		for n := expireBatch; lasts > 0 && n == expireBatch; total += n {
			if n, err = t.expire(ctx, tenant, now.Add(-lasts)); err != nil {
				return total, fmt.Errorf("expiring records: %w", err)
			}
		}
	}
}

// expire empties a batch of a tenant's records from before a time.
func (t *Trail) expire(ctx context.Context, tenant string, before time.Time) (int, error) {
	var n int // not looked at after an error: the change may still be running
	err := t.store.Join(ctx, func(ctx context.Context, g *store.Group) error {
		n = 0 // a change may be made twice
		c := t.chain(g)
		if err := c.load(ctx); err != nil {
			return err
		}
		list, err := old(ctx, g.Tx, tenant, before)
		if err != nil {
			return err
		}
		for _, l := range list {
			if err := t.empty(ctx, g.Tx, c.writer, l); err != nil {
				return err
			}
		}
		n = len(list)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// old are a tenant's records from before a time, at most a batch.
func old(ctx context.Context, tx *sql.Tx, tenant string, before time.Time) ([]link, error) {
	rows, err := tx.QueryContext(ctx, `SELECT n, seq, at, record FROM trail WHERE expired IS NULL AND tenant = ? AND at < ? ORDER BY at LIMIT ?`,
		tenant, before.UnixMilli(), expireBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []link
	for rows.Next() {
		var l link
		if err := rows.Scan(&l.n, &l.seq, &l.at, &l.record); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// empty leaves of a record what the chain needs.
func (t *Trail) empty(ctx context.Context, tx *sql.Tx, writer string, l link) error {
	var r Record
	if err := json.Unmarshal(l.record, &r); err == nil { // what is none has no terms, either
		for _, term := range r.terms() {
			if _, err := tx.ExecContext(ctx, `DELETE FROM trail_terms WHERE term = ? AND at = ? AND n = ?`, term, l.at, l.n); err != nil {
				return err
			}
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM trail_content WHERE exchange = ?`, r.Exchange); err != nil {
		return err
	}
	if !l.seq.Valid {
		_, err := tx.ExecContext(ctx, `DELETE FROM trail WHERE n = ?`, l.n)
		return err
	}
	digest := sha256.Sum256(l.record)
	_, err := tx.ExecContext(ctx, `UPDATE trail SET record = '', digest = ?, expired = ? WHERE n = ?`, digest[:], t.keys.expiry(writer, l.seq.Int64, digest[:]), l.n)
	return err
}
