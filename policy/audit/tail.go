package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Numbered is a record with its number in the order in which records were written.
type Numbered struct {
	N      int64
	Record Record
}

// Follow returns records in the order in which they were written, those behind a number, at most MaxRecent. tenant is whose;
// empty: everybody's.
func (t *Trail) Follow(ctx context.Context, n int64, tenant string) ([]Numbered, error) {
	rows, err := t.store.Read().QueryContext(ctx, `SELECT n, record FROM trail WHERE n > ? AND (? = '' OR tenant = ?) AND expired IS NULL ORDER BY n LIMIT ?`, n, tenant, tenant, MaxRecent)
	if err != nil {
		return nil, fmt.Errorf("following the trail: %w", err)
	}
	defer rows.Close()
	var out []Numbered
	for rows.Next() {
		var text []byte
		var one Numbered
		if err := rows.Scan(&one.N, &text); err != nil {
			return nil, fmt.Errorf("following the trail: %w", err)
		}
		if err := json.Unmarshal(text, &one.Record); err != nil {
			return nil, fmt.Errorf("decoding a record: %w", err)
		}
		one.Record.Time = one.Record.Time.In(time.UTC)
		out = append(out, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("following the trail: %w", err)
	}
	return out, nil
}
