package ledger

import (
	"context"
	"database/sql"
	"strings"

	"weir/policy/store"
)

// statements are prepared once, since parsing SQL costs as much as running it.
type statements struct {
	findHold                     *sql.Stmt
	newHold, newAccount, newRate *sql.Stmt
	setMarks, close, marksOf     *sql.Stmt
	// These are for so many rows at once: [0] for one.
	findAccounts, findRates, holdMore, settle [together]*sql.Stmt
}

// together is how many rows one statement reads or writes; more are taken in turns.
const together = 8

func (s *statements) prepare(ctx context.Context, st *store.Store) error {
	for _, p := range [...]struct {
		into  **sql.Stmt
		query string
	}{
		{&s.findHold, `SELECT n, amount, tokens, lines, closed_at, overrun FROM holds WHERE exchange = ?`},
		{&s.newHold, `INSERT INTO holds (exchange, tenant, owner, at, amount, tokens, lines) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (exchange) DO NOTHING`},
		{&s.newAccount, `INSERT INTO accounts (budget, start, "end", held) VALUES (?, ?, ?, 0)`},
		{&s.newRate, `INSERT INTO rates (id, marks, clear_at) VALUES (?, ?, ?)`},
		{&s.setMarks, `UPDATE rates SET marks = ?, clear_at = ? WHERE n = ?`},
		{&s.close, `UPDATE holds SET closed_at = ?, outcome = ?, billed = ?, cost = ?, overrun = ?, estimated = ? WHERE n = ?`},
		{&s.marksOf, `SELECT marks FROM rates WHERE n = ?`},
	} {
		stmt, err := st.Prepare(ctx, p.query)
		if err != nil {
			return err
		}
		*p.into = stmt
	}
	return s.prepareMany(ctx, st)
}

func (s *statements) prepareMany(ctx context.Context, st *store.Store) error {
	for i := range together {
		for _, p := range [...]struct {
			into               **sql.Stmt
			query, each, joint string
		}{
			{&s.findAccounts[i], `SELECT budget, n, settled, overrun, held FROM accounts WHERE `, `budget = ? AND start = ?`, ` OR `},
			{&s.findRates[i], `SELECT id, n, marks FROM rates WHERE id IN (`, `?`, `, `},
			{&s.holdMore[i], `UPDATE accounts SET held = held + ? WHERE n IN (`, `?`, `, `},
			{&s.settle[i], `UPDATE accounts SET held = held - ?1, settled = min(settled + ?2, ?5),
				overrun = min(overrun + ?3, ?5), cost = min(cost + ?4, ?5) WHERE n IN (`, `?`, `, `},
		} {
			query := p.query + p.each + strings.Repeat(p.joint+p.each, i)
			if strings.HasSuffix(p.query, "(") {
				query += ")"
			}
			stmt, err := st.Prepare(ctx, query)
			if err != nil {
				return err
			}
			*p.into = stmt
		}
	}
	return nil
}

// work is one change under way.
type work struct {
	ctx   context.Context
	tx    *sql.Tx
	stmt  *statements
	owner string
	now   int64 // unix milliseconds, by this process's clock
}

func (w *work) row(s *sql.Stmt, args ...any) *sql.Row {
	return w.tx.StmtContext(w.ctx, s).QueryRowContext(w.ctx, args...)
}

func (w *work) exec(s *sql.Stmt, args ...any) (sql.Result, error) {
	return w.tx.StmtContext(w.ctx, s).ExecContext(w.ctx, args...)
}

// insert runs an INSERT and returns the new row's number.
func (w *work) insert(s *sql.Stmt, args ...any) (int64, error) {
	r, err := w.exec(s, args...)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}
