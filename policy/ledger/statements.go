package ledger

import (
	"context"
	"database/sql"

	"weir/policy/store"
)

// statements are prepared once, since parsing SQL costs as much as running it.
type statements struct {
	findHold, findAccount, findRate   *sql.Stmt
	newHold, newAccount, newRate      *sql.Stmt
	holdMore, setMarks, settle, close *sql.Stmt
	marksOf                           *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, st *store.Store) error {
	for _, p := range [...]struct {
		into  **sql.Stmt
		query string
	}{
		{&s.findHold, `SELECT n, amount, tokens, lines, closed_at, overrun FROM holds WHERE exchange = ?`},
		{&s.findAccount, `SELECT n, settled, overrun, held FROM accounts WHERE budget = ? AND start = ?`},
		{&s.findRate, `SELECT n, marks FROM rates WHERE id = ?`},
		{&s.newHold, `INSERT INTO holds (exchange, tenant, owner, at, amount, tokens, lines) VALUES (?, ?, ?, ?, ?, ?, ?)`},
		{&s.newAccount, `INSERT INTO accounts (budget, start, "end", held) VALUES (?, ?, ?, ?)`},
		{&s.newRate, `INSERT INTO rates (id, marks, clear_at) VALUES (?, ?, ?)`},
		{&s.holdMore, `UPDATE accounts SET held = held + ? WHERE n = ?`},
		{&s.setMarks, `UPDATE rates SET marks = ?, clear_at = ? WHERE n = ?`},
		{&s.settle, `UPDATE accounts SET held = held - ?1, settled = min(settled + ?2, ?5),
			overrun = min(overrun + ?3, ?5), cost = min(cost + ?4, ?5) WHERE n = ?6`},
		{&s.close, `UPDATE holds SET closed_at = ?, outcome = ?, billed = ?, cost = ?, overrun = ?, estimated = ? WHERE n = ?`},
		{&s.marksOf, `SELECT marks FROM rates WHERE n = ?`},
	} {
		stmt, err := st.Prepare(ctx, p.query)
		if err != nil {
			return err
		}
		*p.into = stmt
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
