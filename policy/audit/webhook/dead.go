package webhook

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"weir/policy/store"
)

// Dead is a message that was given up.
type Dead struct {
	ID    string    `json:"id"`
	Hook  string    `json:"hook"`
	Type  string    `json:"type"`
	At    time.Time `json:"at"`   // when it was put in
	Dead  time.Time `json:"dead"` // when it was given up
	Tries int       `json:"tries"`
	Why   string    `json:"why"` // what came of the last try
	Body  string    `json:"body"`
}

// ListDead are messages that were given up, the latest first, of one hook or of all for "".
func ListDead(ctx context.Context, s *store.Store, hook string, limit int) ([]Dead, error) {
	rows, err := s.Read().QueryContext(ctx, `SELECT id, hook, type, at, dead, tries, why, body FROM webhook_messages WHERE dead != 0 AND (? = '' OR hook = ?) ORDER BY dead DESC LIMIT ?`, hook, hook, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the dead messages: %w", err)
	}
	defer rows.Close()
	out := []Dead{}
	for rows.Next() {
		var d Dead
		var at, dead int64
		if err := rows.Scan(&d.ID, &d.Hook, &d.Type, &at, &dead, &d.Tries, &d.Why, &d.Body); err != nil {
			return nil, fmt.Errorf("reading the dead messages: %w", err)
		}
		d.At, d.Dead = time.UnixMilli(at).UTC(), time.UnixMilli(dead).UTC()
		out = append(out, d)
	}
	return out, rows.Err()
}

// Retry sends messages that were given up again, from the first pause on: one, or all of a hook, or all for neither. It says how
// many.
func Retry(ctx context.Context, s *store.Store, id, hook string, now time.Time) (n int64, err error) {
	err = s.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE webhook_messages SET dead = 0, tries = 0, at = ?, due = ? WHERE dead != 0 AND (? = '' OR id = ?) AND (? = '' OR hook = ?)`,
			now.UnixMilli(), now.UnixMilli(), id, id, hook, hook)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sending dead messages again: %w", err)
	}
	return n, nil
}
