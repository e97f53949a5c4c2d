package tenant

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"weir/policy/store"
)

// terms is what of a key is kept as JSON.
type terms struct {
	Name    string   `json:"name,omitempty"`
	Scopes  []string `json:"scopes,omitempty"`
	Budgets []Budget `json:"budgets,omitempty"`
	Rates   []Rate   `json:"rates,omitempty"`
	Models  Permit   `json:"models"`
}

// readRevision is a number that rises with every change of keys.
func readRevision(ctx context.Context, s *store.Store) (revision int64, err error) {
	if err := s.Read().QueryRowContext(ctx, `SELECT revision FROM keys_revision`).Scan(&revision); err != nil {
		return 0, fmt.Errorf("asking for changed keys: %w", err)
	}
	return revision, nil
}

func insertKey(ctx context.Context, s *store.Store, k Key) error {
	b, err := json.Marshal(terms{Name: k.Name, Scopes: k.Scopes, Budgets: k.Budgets, Rates: k.Rates, Models: k.Models})
	if err != nil {
		return fmt.Errorf("encoding its terms: %w", err)
	}
	return s.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `INSERT INTO keys (id, tenant, hash, prefix, created_at, expires_at, revoked_at, terms)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			k.ID, k.Tenant, k.Hash[:], k.Prefix, millis(k.CreatedAt), millis(k.ExpiresAt), millis(k.RevokedAt), string(b))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return ErrExists // another process was faster
	})
}

func revokeKey(ctx context.Context, s *store.Store, id string, at time.Time) error {
	return s.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM keys WHERE id = ?`, id).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return ErrNoKey
		}
		_, err := tx.ExecContext(ctx, `UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at = 0`, max(millis(at), 1), id)
		return err
	})
}

// readKeys reads every key of the store.
func readKeys(ctx context.Context, s *store.Store) ([]Key, error) {
	rows, err := s.Read().QueryContext(ctx,
		`SELECT id, tenant, hash, prefix, created_at, expires_at, revoked_at, terms FROM keys ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	defer rows.Close()
	var out []Key
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	return out, nil
}

func scanKey(rows *sql.Rows) (k Key, err error) {
	var hash []byte
	var created, expires, revoked int64
	var text string
	if err := rows.Scan(&k.ID, &k.Tenant, &hash, &k.Prefix, &created, &expires, &revoked, &text); err != nil {
		return k, fmt.Errorf("reading keys: %w", err)
	}
	var t terms
	if err := json.Unmarshal([]byte(text), &t); err != nil || len(hash) != len(k.Hash) {
		return k, fmt.Errorf("reading the key %q: its row is damaged", k.ID)
	}
	k.Hash = [32]byte(hash)
	k.CreatedAt, k.ExpiresAt, k.RevokedAt = moment(created), moment(expires), moment(revoked)
	k.Name, k.Scopes, k.Budgets, k.Rates, k.Models = t.Name, t.Scopes, t.Budgets, t.Rates, t.Models
	return k, nil
}

// millis is a time as it is kept; 0 is none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
