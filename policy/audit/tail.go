package audit

import (
	"context"
	"fmt"
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
		var s Stored
		if err := rows.Scan(&s.N, &s.Text); err != nil {
			return nil, fmt.Errorf("following the trail: %w", err)
		}
		r, err := s.Record()
		if err != nil {
			return nil, err
		}
		out = append(out, Numbered{s.N, *r})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("following the trail: %w", err)
	}
	return out, nil
}
