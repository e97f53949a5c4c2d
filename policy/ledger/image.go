package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// image is what changes know of the file. A row is read when the first of them asks for it, and written once in each
// group of them. The store drops an image as soon as somebody else has written.
type image struct {
	tx       *sql.Tx
	stmt     *statements
	bound    map[*sql.Stmt]*sql.Stmt // of stmt, to tx
	accounts map[accountID]*account
	rates    map[string]*usage
	// The same by their rows; nil where there is no such row.
	accountRows map[int64]*account
	rateRows    map[int64]*usage
	// What is to be written, in the order in which it was changed first.
	changedAccounts []*account
	changedRates    []*usage
}

type accountID struct {
	budget string
	start  int64
}

// usage is a rate as the file has it.
type usage struct {
	n       int64 // its row; 0: there is none yet
	id      string
	marks   marks
	clear   int64 // unix milliseconds
	changed bool
}

// imageLimit bounds the rows that an image knows from one group of changes to the next.
const imageLimit = 4096

func newImage(s *statements) *image {
	return &image{
		stmt: s, accounts: map[accountID]*account{}, rates: map[string]*usage{},
		accountRows: map[int64]*account{}, rateRows: map[int64]*usage{},
	}
}

// Begin lets the image work in a transaction.
func (m *image) Begin(tx *sql.Tx) { m.tx, m.bound = tx, map[*sql.Stmt]*sql.Stmt{} }

// in is a statement within the transaction, bound to it once.
func (m *image) in(ctx context.Context, s *sql.Stmt) *sql.Stmt {
	b := m.bound[s]
	if b == nil {
		b = m.tx.StmtContext(ctx, s)
		m.bound[s] = b
	}
	return b
}

// insert runs an INSERT and returns the new row's number.
func (m *image) insert(ctx context.Context, s *sql.Stmt, args ...any) (int64, error) {
	r, err := m.in(ctx, s).ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// readAccounts returns the accounts of a hold as they stand; those that have no row yet are empty.
func (m *image) readAccounts(ctx context.Context, list []*account) error {
	var missing []any
	for _, a := range list {
		key := accountID{a.id, a.start}
		if m.accounts[key] == nil {
			m.accounts[key] = &account{id: a.id, start: a.start, end: a.end}
			missing = append(missing, a.id, a.start)
		}
	}
	for some := range slices.Chunk(missing, 2*together) {
		err := m.query(ctx, m.stmt.findAccounts[len(some)/2-1], some, func(rows *sql.Rows) error {
			var budget string
			var start int64
			var r account
			if err := rows.Scan(&budget, &start, &r.n, &r.settled, &r.overrun, &r.held, &r.cost); err != nil {
				return err
			}
			a := m.accounts[accountID{budget, start}]
			a.n, a.settled, a.overrun, a.held, a.cost = r.n, r.settled, r.overrun, r.held, r.cost
			m.accountRows[a.n] = a
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading accounts: %w", err)
		}
	}
	return nil
}

// accountsOf finds accounts by their rows.
func (m *image) accountsOf(ctx context.Context, lines []accountLine) error {
	var missing []any
	for _, l := range lines {
		if _, known := m.accountRows[l.N]; !known {
			m.accountRows[l.N] = nil
			missing = append(missing, l.N)
		}
	}
	for some := range slices.Chunk(missing, together) {
		err := m.query(ctx, m.stmt.accountsAt[len(some)-1], some, func(rows *sql.Rows) error {
			a := &account{}
			if err := rows.Scan(&a.id, &a.start, &a.n, &a.settled, &a.overrun, &a.held, &a.cost); err != nil {
				return err
			}
			m.accounts[accountID{a.id, a.start}], m.accountRows[a.n] = a, a
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading accounts: %w", err)
		}
	}
	return nil
}

// readRates reads the rates of a hold; those that have no row yet are empty.
func (m *image) readRates(ctx context.Context, list []*window) error {
	var missing []any
	for _, v := range list {
		if m.rates[v.ID] == nil {
			m.rates[v.ID] = &usage{id: v.ID}
			missing = append(missing, v.ID)
		}
		v.usage = m.rates[v.ID]
	}
	for some := range slices.Chunk(missing, together) {
		err := m.query(ctx, m.stmt.findRates[len(some)-1], some, func(rows *sql.Rows) (err error) {
			var id string
			var n, clear int64
			var stored sql.RawBytes
			if err := rows.Scan(&id, &n, &stored, &clear); err != nil {
				return err
			}
			u := m.rates[id]
			u.n, u.clear = n, clear
			m.rateRows[n] = u
			if u.marks, err = decodeMarks(stored); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading rates: %w", err)
		}
	}
	return nil
}

// rateAt finds a rate by its row. It answers nil where it has been forgotten since.
func (m *image) rateAt(ctx context.Context, n int64) (*usage, error) {
	u, known := m.rateRows[n]
	if known {
		return u, nil
	}
	u = &usage{n: n}
	var stored []byte
	err := m.in(ctx, m.stmt.rateAt).QueryRowContext(ctx, n).Scan(&u.id, &stored, &u.clear)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		u = nil
	case err != nil:
		return nil, fmt.Errorf("reading it: %w", err)
	default:
		if u.marks, err = decodeMarks(stored); err != nil {
			return nil, err
		}
		m.rates[u.id] = u
	}
	m.rateRows[n] = u
	return u, nil
}

func (m *image) query(ctx context.Context, s *sql.Stmt, args []any, each func(*sql.Rows) error) error {
	rows, err := m.in(ctx, s).QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// openAccount gives an account its row, so that a hold can name it.
func (m *image) openAccount(ctx context.Context, a *account) (err error) {
	if a.n != 0 {
		return nil
	}
	if a.n, err = m.insert(ctx, m.stmt.newAccount, a.id, a.start, a.end); err != nil {
		return fmt.Errorf("opening the account %s: %w", a.id, err)
	}
	m.accountRows[a.n] = a
	return nil
}

// openRate gives a rate its row.
func (m *image) openRate(ctx context.Context, u *usage) (err error) {
	if u.n != 0 {
		return nil
	}
	if u.n, err = m.insert(ctx, m.stmt.newRate, u.id, u.marks.encode(), u.clear); err != nil {
		return fmt.Errorf("opening the rate %s: %w", u.id, err)
	}
	m.rateRows[u.n] = u
	return nil
}

func (m *image) accountChanged(a *account) {
	if !a.changed {
		a.changed = true
		m.changedAccounts = append(m.changedAccounts, a)
	}
}

func (m *image) rateChanged(u *usage) {
	if !u.changed {
		u.changed = true
		m.changedRates = append(m.changedRates, u)
	}
}

// Flush writes what has changed.
func (m *image) Flush(ctx context.Context) (keep bool, err error) {
	for some := range slices.Chunk(m.changedAccounts, together) {
		args := make([]any, 0, 5*together)
		for _, a := range some {
			args = append(args, a.n, a.settled, a.overrun, a.held, a.cost)
			a.changed = false
		}
		if _, err := m.in(ctx, m.stmt.setAccounts[len(some)-1]).ExecContext(ctx, args...); err != nil {
			return false, fmt.Errorf("writing accounts: %w", err)
		}
	}
	for _, u := range m.changedRates {
		u.changed = false
		if _, err := m.in(ctx, m.stmt.setMarks).ExecContext(ctx, u.marks.encode(), u.clear, u.n); err != nil {
			return false, fmt.Errorf("writing the rate %s: %w", u.id, err)
		}
	}
	m.changedAccounts, m.changedRates = nil, nil
	return len(m.accounts)+len(m.accountRows)+len(m.rates)+len(m.rateRows) <= 2*imageLimit, nil
}
