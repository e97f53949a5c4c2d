package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
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
	// ErrReadOnly says that a trail was opened without keys: what is not chained is not written.
	ErrReadOnly = errors.New("the trail was opened without keys, for reading only")
)

// Trail writes records to the store and reads them back. It is safe for concurrent use.
type Trail struct {
	store *store.Store
	keys  *Keys // nil: reading only
	clock func() time.Time

	statements
}

// Open returns the trail of a store, for reading; with keys, for writing, too.
func Open(ctx context.Context, s *store.Store, keys *Keys) (*Trail, error) {
	if s == nil {
		return nil, errors.New("audit: no store")
	}
	t := &Trail{store: s, keys: keys, clock: time.Now}
	if err := t.prepare(ctx, s); err != nil {
		return nil, fmt.Errorf("opening the trail: %w", err)
	}
	return t, nil
}

// Append writes one record, chained to the one before it. It is durable when Append returns nil; after an error that is
// store.ErrUncertain it may be there all the same. A Schema of 0 becomes SchemaVersion. What is too long for the trail is cut,
// and the record says so in Failures: the trail:cut of a name, the trail:facts of facts or decision that were left out.
func (t *Trail) Append(ctx context.Context, r Record) error {
	if t.keys == nil {
		return ErrReadOnly
	}
	content, err := r.sealed()
	if err != nil {
		return fmt.Errorf("sealing content: %w", err)
	}
	text, err := r.encode()
	if err != nil {
		return fmt.Errorf("encoding a record: %w", err)
	}
	p := &pending{
		exchange: r.Exchange, trace: r.Trace, tenant: r.Tenant, at: r.Time.UnixMilli(), schema: r.Schema, text: text, digest: sha256.Sum256([]byte(text)),
		terms: r.terms(), day: dayOf(&r), use: useOf(&r),
	}
	err = t.store.Join(ctx, func(ctx context.Context, g *store.Group) error {
		c := t.chain(g)
		if err := c.load(ctx); err != nil {
			return err
		}
		c.append(p)
		if content != nil {
			if _, err := g.Tx.ExecContext(ctx, `INSERT OR REPLACE INTO trail_content (exchange, tenant, until, sealed) VALUES (?, ?, ?, ?)`,
				r.Exchange, r.Tenant, r.Content.until.UnixMilli(), content); err != nil {
				return err
			}
		}
		return nil
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
	if r.Known != nil {
		return r.spliced()
	}
	return r.plain()
}

func (r *Record) plain() (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// spliced puts in what is JSON already, and most of the record, as it is: an encoder would look at every byte of it again.
func (r *Record) spliced() (string, error) {
	short := *r
	parts := [...]struct {
		mark string
		to   *json.RawMessage
		raw  json.RawMessage
	}{{`"facts":0`, &short.Facts, r.Facts}, {`"decision":0`, &short.Decision, r.Decision}, {`"closing":0`, &short.Closing, r.Closing}, {`"candidate":0`, &short.Candidate, r.Candidate}}
	size := 0
	for _, p := range parts {
		if len(p.raw) > 0 {
			*p.to, size = json.RawMessage("0"), size+len(p.raw)
		}
	}
	text, err := short.plain()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.Grow(len(text) + size)
	for _, p := range parts { // in their order; within a text no quote stands without a backslash, so each mark is a member's own
		if len(p.raw) == 0 {
			continue
		}
		before, after, _ := strings.Cut(text, p.mark)
		out.WriteString(before)
		out.WriteString(p.mark[:len(p.mark)-1])
		out.Write(p.raw)
		text = after
	}
	out.WriteString(text)
	return out.String(), nil
}

// Find returns the records of a trace id, oldest first, at most MaxFound. Callers may reuse a trace id, so there can be
// several; none is no error.
func (t *Trail) Find(ctx context.Context, trace string) ([]Record, error) {
	trace, _ = shorten(trace)
	return t.read(ctx, `SELECT record FROM trail WHERE trace = ? AND expired IS NULL ORDER BY n LIMIT ?`, trace, MaxFound)
}

// FindOf is Find for the records of one tenant, or of everybody for "": nobody else's with the same trace id stand in front of them.
func (t *Trail) FindOf(ctx context.Context, trace, tenant string) ([]Record, error) {
	if tenant == "" {
		return t.Find(ctx, trace)
	}
	trace, _ = shorten(trace)
	return t.read(ctx, `SELECT record FROM trail WHERE trace = ? AND tenant = ? AND expired IS NULL ORDER BY n LIMIT ?`, trace, tenant, MaxFound)
}

// Has says whether the trail has a record of an exchange, by its trace id.
func (t *Trail) Has(ctx context.Context, trace, exchange string) (bool, error) {
	trace, _ = shorten(trace)
	var there int
	if err := t.store.Read().QueryRowContext(ctx, `SELECT count(*) FROM trail WHERE trace = ? AND exchange = ?`, trace, exchange).Scan(&there); err != nil {
		return false, fmt.Errorf("reading the trail: %w", err)
	}
	return there > 0, nil
}

// Recent returns the latest records of a tenant, or of everybody for "", newest first. limit is taken as at least 1 and
// at most MaxRecent.
func (t *Trail) Recent(ctx context.Context, tenant string, limit int) ([]Record, error) {
	limit = min(max(limit, 1), MaxRecent)
	if tenant == "" {
		return t.read(ctx, `SELECT record FROM trail WHERE expired IS NULL ORDER BY at DESC, n DESC LIMIT ?`, limit)
	}
	return t.read(ctx, `SELECT record FROM trail WHERE tenant = ? AND expired IS NULL ORDER BY at DESC, n DESC LIMIT ?`, tenant, limit)
}

// Newest is when the last record's exchange began; zero: there is none.
func (t *Trail) Newest(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	if err := t.store.Read().QueryRowContext(ctx, `SELECT at FROM trail ORDER BY n DESC LIMIT 1`).Scan(&at); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("reading the trail: %w", err)
	}
	if !at.Valid {
		return time.Time{}, nil
	}
	return time.UnixMilli(at.Int64).UTC(), nil
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
