package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"weir/policy/store"
)

// The most records one question is answered with.
const (
	MaxFound  = 100
	MaxRecent = 1000
)

// Trail writes records to the store and reads them back. It is safe for concurrent use.
type Trail struct{ store *store.Store }

// Open returns the trail of a store.
func Open(_ context.Context, s *store.Store) (*Trail, error) {
	if s == nil {
		return nil, fmt.Errorf("audit: no store")
	}
	return &Trail{store: s}, nil
}

// Append writes one record. It is durable when Append returns.
func (t *Trail) Append(ctx context.Context, r Record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding a record: %w", err)
	}
	err = t.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO trail (exchange, trace, tenant, at, schema, record) VALUES (?, ?, ?, ?, ?, ?)`,
			r.Exchange, r.Trace, r.Tenant, r.Time.UnixMilli(), r.Schema, string(b))
		return err
	})
	if err != nil {
		return fmt.Errorf("writing a record: %w", err)
	}
	return nil
}

// Find returns the records of a trace id, oldest first, at most MaxFound. Callers may reuse a trace id, so there can be
// several. A record of a newer schema than this build's is returned as far as it can be read.
func (t *Trail) Find(ctx context.Context, trace string) ([]Record, error) {
	return t.read(ctx, `SELECT record FROM trail WHERE trace = ? ORDER BY n LIMIT ?`, trace, MaxFound)
}

// Recent returns a tenant's latest records, newest first. limit is at most MaxRecent.
func (t *Trail) Recent(ctx context.Context, tenant string, limit int) ([]Record, error) {
	return t.read(ctx, `SELECT record FROM trail WHERE tenant = ? ORDER BY at DESC, n DESC LIMIT ?`, tenant, min(max(limit, 1), MaxRecent))
}

// Count is how many records there are.
func (t *Trail) Count(ctx context.Context) (int64, error) {
	var n int64
	if err := t.store.Read().QueryRowContext(ctx, `SELECT count(*) FROM trail`).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting the trail: %w", err)
	}
	return n, nil
}

func (t *Trail) read(ctx context.Context, query string, args ...any) ([]Record, error) {
	rows, err := t.store.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the trail: %w", err)
	}
	defer rows.Close()
	var out []Record
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("reading the trail: %w", err)
		}
		var r Record
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, fmt.Errorf("decoding a record: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the trail: %w", err)
	}
	return out, nil
}
