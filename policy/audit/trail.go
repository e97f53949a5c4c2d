package audit

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"weir/policy/store"
)

// The most records one question is answered with.
const (
	MaxFound  = 100
	MaxRecent = 1000
)

// What keeps a record from being one.
var (
	ErrNoTrace = errors.New("the record has no trace id")
	ErrNoTime  = errors.New("the record has no usable time")
)

// Trail writes records to the store and reads them back. It is safe for concurrent use.
type Trail struct {
	store  *store.Store
	insert *sql.Stmt
}

// Open returns the trail of a store.
func Open(ctx context.Context, s *store.Store) (*Trail, error) {
	if s == nil {
		return nil, errors.New("audit: no store")
	}
	insert, err := s.Prepare(ctx, `INSERT INTO trail (exchange, trace, tenant, at, schema, record) VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return nil, fmt.Errorf("opening the trail: %w", err)
	}
	return &Trail{store: s, insert: insert}, nil
}

// Append writes one record. It is durable when Append returns nil; after an error that is store.ErrUncertain it may be
// there all the same. A Schema of 0 becomes SchemaVersion. What is too long for the trail is cut, and the record says
// so in Failures: the trail:cut of a name, the trail:facts of facts or decision that were left out.
func (t *Trail) Append(ctx context.Context, r Record) error {
	text, err := r.encode()
	if err != nil {
		return fmt.Errorf("encoding a record: %w", err)
	}
	err = t.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.StmtContext(ctx, t.insert).ExecContext(ctx, r.Exchange, r.Trace, r.Tenant, r.Time.UnixMilli(), r.Schema, text)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing a record: %w", err)
	}
	return nil
}

// encode makes the record fit and writes it as JSON. Raw members keep their bytes but for blanks between tokens.
func (r *Record) encode() (string, error) {
	if r.Trace == "" {
		return "", ErrNoTrace
	}
	if y := r.Time.Year(); y < 1971 || y > 9000 {
		return "", fmt.Errorf("%w: year %d", ErrNoTime, y)
	}
	if r.Schema == 0 {
		r.Schema = SchemaVersion
	}
	r.fit()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// Find returns the records of a trace id, oldest first, at most MaxFound. Callers may reuse a trace id, so there can be
// several; none is no error.
func (t *Trail) Find(ctx context.Context, trace string) ([]Record, error) {
	trace, _ = shorten(trace)
	return t.read(ctx, `SELECT record FROM trail WHERE trace = ? ORDER BY n LIMIT ?`, trace, MaxFound)
}

// Recent returns the latest records of a tenant, or of everybody for "", newest first. limit is taken as at least 1 and
// at most MaxRecent.
func (t *Trail) Recent(ctx context.Context, tenant string, limit int) ([]Record, error) {
	limit = min(max(limit, 1), MaxRecent)
	if tenant == "" {
		return t.read(ctx, `SELECT record FROM trail ORDER BY at DESC, n DESC LIMIT ?`, limit)
	}
	return t.read(ctx, `SELECT record FROM trail WHERE tenant = ? ORDER BY at DESC, n DESC LIMIT ?`, tenant, limit)
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
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("reading the trail: %w", err)
		}
		var r Record
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("decoding a record: %w", err)
		}
		r.Time = r.Time.In(time.UTC)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the trail: %w", err)
	}
	return out, nil
}
