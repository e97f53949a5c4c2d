package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"weir/policy/store"
)

// Change is something that an operator did, or tried to do. It holds no secret.
type Change struct {
	N         int64           `json:"n"` // rises with every change
	At        time.Time       `json:"at"`
	Who       string          `json:"who"`
	Role      string          `json:"role"`
	Client    string          `json:"client,omitempty"` // address
	Operation string          `json:"operation"`
	Path      string          `json:"path"`
	Tenant    string          `json:"tenant,omitempty"`
	Status    int             `json:"status"`           // of the answer; 0: what came of it is not known
	Before    json.RawMessage `json:"before,omitempty"` // what it is about, as it was; nothing where there was none
	After     json.RawMessage `json:"after,omitempty"`
}

// The bounds of the log of changes.
const (
	maxState   = 64 << 10 // bytes of what something was or became; a longer one is told by its size
	maxChanges = 200_000  // rows that are kept; the oldest go
	pruneEvery = 1_000    // changes
)

// Changes is the log of what operators changed, in the file of a store. It is safe for concurrent use.
type Changes struct{ store *store.Store }

// NewChanges returns the log of a store.
func NewChanges(s *store.Store) *Changes { return &Changes{s} }

// Begin writes down that a change is about to be made, and gives its number. What is not written down is not to be done.
func (c *Changes) Begin(ctx context.Context, x Change) (n int64, err error) {
	err = c.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO changes (at, who, role, client, operation, path, tenant, status, was, became) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, NULL)`,
			x.At.UnixMilli(), x.Who, x.Role, x.Client, x.Operation, x.Path, x.Tenant, stateOf(x.Before))
		if err != nil {
			return err
		}
		if n, err = done.LastInsertId(); err != nil || n%pruneEvery != 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM changes WHERE n <= ?`, n-maxChanges)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("writing down a change: %w", err)
	}
	return n, nil
}

// End completes a change: the status of its answer, whom it was about, and what it left.
func (c *Changes) End(ctx context.Context, n int64, status int, tenant string, after json.RawMessage) error {
	err := c.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE changes SET status = ?, tenant = ?, became = ? WHERE n = ?`, status, tenant, stateOf(after), n)
		return err
	})
	if err != nil {
		return fmt.Errorf("completing a change: %w", err)
	}
	return nil
}

// stateOf is a state as it is kept.
func stateOf(state json.RawMessage) any {
	switch {
	case len(state) == 0:
		return nil
	case len(state) > maxState:
		return fmt.Sprintf(`{"bytes":%d}`, len(state))
	}
	return string(state)
}

// ChangeQuery says which changes are wanted.
type ChangeQuery struct {
	Tenant, Who, Operation string
	Before                 int64 // only those with a lower number; 0: from the newest
	Limit                  int   // at least 1, at most MaxRecent; 0 is DefaultPage
}

// Search returns changes, newest first, and whether there are more.
func (c *Changes) Search(ctx context.Context, q ChangeQuery) (list []Change, more bool, err error) {
	if q.Limit == 0 {
		q.Limit = DefaultPage
	}
	q.Limit = min(max(q.Limit, 1), MaxRecent)
	where, args := []string{"1"}, []any{}
	for name, value := range map[string]string{"tenant": q.Tenant, "who": q.Who, "operation": q.Operation} {
		if value != "" {
			where, args = append(where, name+" = ?"), append(args, value)
		}
	}
	if q.Before > 0 {
		where, args = append(where, "n < ?"), append(args, q.Before)
	}
	rows, err := c.store.Read().QueryContext(ctx, `SELECT n, at, who, role, client, operation, path, tenant, status, was, became FROM changes WHERE `+
		strings.Join(where, " AND ")+` ORDER BY n DESC LIMIT ?`, append(args, q.Limit+1)...)
	if err != nil {
		return nil, false, fmt.Errorf("reading the changes: %w", err)
	}
	defer rows.Close()
	list = []Change{}
	for rows.Next() {
		if len(list) == q.Limit {
			return list, true, nil
		}
		var x Change
		var at int64
		var was, became sql.NullString
		if err := rows.Scan(&x.N, &at, &x.Who, &x.Role, &x.Client, &x.Operation, &x.Path, &x.Tenant, &x.Status, &was, &became); err != nil {
			return nil, false, fmt.Errorf("reading the changes: %w", err)
		}
		x.At = time.UnixMilli(at).UTC()
		if was.Valid {
			x.Before = json.RawMessage(was.String)
		}
		if became.Valid {
			x.After = json.RawMessage(became.String)
		}
		list = append(list, x)
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("reading the changes: %w", err)
	}
	return list, false, nil
}
