package audit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Each calls f with the bytes of every record from since on, oldest first, as they are stored: one JSON object of the
// form of Record. The bytes are f's to keep. It stops at f's first error and returns it.
func (t *Trail) Each(ctx context.Context, since time.Time, f func(record []byte) error) error {
	from := int64(0)
	if !since.IsZero() {
		from = since.UnixMilli()
	}
	rows, err := t.store.Read().QueryContext(ctx, `SELECT record FROM trail WHERE at >= ? AND expired IS NULL ORDER BY n`, from)
	if err != nil {
		return fmt.Errorf("reading the trail: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return fmt.Errorf("reading the trail: %w", err)
		}
		if err := f(text); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("reading the trail: %w", err)
	}
	return ctx.Err()
}
