package tenant

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"weir/policy/store"
)

// SQLite keeps the directory's rows in the embedded store.
type SQLite struct{ store *store.Store }

var _ Source = (*SQLite)(nil)

// NewSQLite is a source on an open store.
func NewSQLite(s *store.Store) *SQLite { return &SQLite{store: s} }

const askRevision = `SELECT revision FROM directory_revision`

// Revision implements Source.
func (s *SQLite) Revision(ctx context.Context) (string, error) {
	var n int64
	if err := s.store.Read().QueryRowContext(ctx, askRevision).Scan(&n); err != nil {
		return "", fmt.Errorf("asking for changes of tenants and keys: %w", err)
	}
	return strconv.FormatInt(n, 10), nil
}

// Rows implements Source. It reads in one transaction, so that rows and revision belong together.
func (s *SQLite) Rows(ctx context.Context) ([]Row, string, error) {
	tx, err := s.store.Read().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, "", fmt.Errorf("reading tenants and keys: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing is written
	var n int64
	if err := tx.QueryRowContext(ctx, askRevision).Scan(&n); err != nil {
		return nil, "", fmt.Errorf("reading tenants and keys: %w", err)
	}
	rows, err := tx.QueryContext(ctx, `SELECT kind, id, doc FROM directory`)
	if err != nil {
		return nil, "", fmt.Errorf("reading tenants and keys: %w", err)
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.Kind, &r.ID, &r.Doc); err != nil {
			return nil, "", fmt.Errorf("reading tenants and keys: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("reading tenants and keys: %w", err)
	}
	return out, strconv.FormatInt(n, 10), nil
}

// Apply implements Source.
func (s *SQLite) Apply(ctx context.Context, changes []Change) error {
	return s.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, c := range changes {
			if err := change(ctx, tx, c); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE directory_revision SET revision = revision + 1`)
		return err
	})
}

func change(ctx context.Context, tx *sql.Tx, c Change) error {
	var was string
	err := tx.QueryRowContext(ctx, `SELECT doc FROM directory WHERE kind = ? AND id = ?`, c.Kind, c.ID).Scan(&was)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if was != c.Was {
		return ErrStale
	}
	if c.Now == "" {
		_, err = tx.ExecContext(ctx, `DELETE FROM directory WHERE kind = ? AND id = ?`, c.Kind, c.ID)
	} else {
		_, err = tx.ExecContext(ctx, `INSERT INTO directory (kind, id, doc) VALUES (?, ?, ?)
			ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc`, c.Kind, c.ID, c.Now)
	}
	return err
}
