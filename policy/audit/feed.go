package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"weir/policy/store"
)

// Stored is a record as a sink is given it.
type Stored struct {
	N    int64  // its row: larger than that of every record before it, and of this trail alone
	Text []byte // as it is stored: JSON; empty: it has expired
}

// Record reads the text.
func (s *Stored) Record() (*Record, error) {
	var r Record
	if err := json.Unmarshal(s.Text, &r); err != nil {
		return nil, fmt.Errorf("decoding a record: %w", err)
	}
	r.Time = r.Time.In(time.UTC)
	return &r, nil
}

// After returns the records behind a row, oldest first: at most limit, and, but for the first, at most so many bytes of text.
func (t *Trail) After(ctx context.Context, n int64, limit, bytes int) ([]Stored, error) {
	rows, err := t.store.Read().QueryContext(ctx, `SELECT n, record FROM trail WHERE n > ? ORDER BY n LIMIT ?`, n, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the trail: %w", err)
	}
	defer rows.Close()
	var out []Stored
	for rows.Next() {
		var s Stored
		if err := rows.Scan(&s.N, &s.Text); err != nil {
			return nil, fmt.Errorf("reading the trail: %w", err)
		}
		if bytes -= len(s.Text); bytes < 0 && len(out) > 0 {
			return out, nil
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the trail: %w", err)
	}
	return out, nil
}

// Head is the row of the last record; 0: there is none.
func (t *Trail) Head(ctx context.Context) (n int64, err error) {
	if err := t.store.Read().QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM trail`).Scan(&n); err != nil {
		return 0, fmt.Errorf("reading the trail: %w", err)
	}
	return n, nil
}

// Writer is the name of the trail: the same for the life of its file, and no other's.
func (t *Trail) Writer(ctx context.Context) (writer string, err error) {
	if t.keys == nil {
		return "", ErrReadOnly
	}
	err = t.store.Join(ctx, func(ctx context.Context, g *store.Group) error {
		c := t.chain(g)
		if err := c.load(ctx); err != nil {
			return err
		}
		writer = c.writer
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the name of the trail: %w", err)
	}
	return writer, nil
}

// Position is the row of the last record that a sink has taken. A sink that is new begins behind what is there now.
func (t *Trail) Position(ctx context.Context, sink string) (n int64, err error) {
	err = t.store.Read().QueryRowContext(ctx, `SELECT n FROM trail_sinks WHERE name = ?`, sink).Scan(&n)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("reading where a sink is: %w", err)
	}
	if n, err = t.Head(ctx); err != nil {
		return 0, err
	}
	return n, t.Advance(ctx, sink, n, nil)
}

// Leave forgets where a sink is: when it comes back it begins anew.
func (t *Trail) Leave(ctx context.Context, sink string) error {
	err := t.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM trail_sinks WHERE name = ?`, sink)
		return err
	})
	if err != nil {
		return fmt.Errorf("forgetting where a sink is: %w", err)
	}
	return nil
}

// Advance writes down how far a sink has taken the trail, together with what more does in the same transaction.
func (t *Trail) Advance(ctx context.Context, sink string, n int64, more func(ctx context.Context, tx *sql.Tx) error) error {
	err := t.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if more != nil {
			if err := more(ctx, tx); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO trail_sinks (name, n) VALUES (?, ?) ON CONFLICT DO UPDATE SET n = excluded.n`, sink, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing where a sink is: %w", err)
	}
	return nil
}
