package ledger

import (
	"context"
	"database/sql"
	"strings"

	"weir/policy/store"
)

// statements are prepared once, since parsing SQL costs as much as running it.
type statements struct {
	findHold, newHold, close *sql.Stmt
	newAccount, newRate      *sql.Stmt
	setMarks, rateAt         *sql.Stmt
	findAccounts, accountsAt [together]*sql.Stmt // for so many rows at once: [0] for one
	findRates, setAccounts   [together]*sql.Stmt
}

// together is how many rows one statement reads or writes; more are taken in turns.
const together = 8

func (s *statements) prepare(ctx context.Context, st *store.Store) error {
	for _, p := range [...]struct {
		into  **sql.Stmt
		query string
	}{
		{&s.findHold, `SELECT n, amount, tokens, lines, closed_at FROM holds WHERE exchange = ?`},
		{&s.newHold, `INSERT INTO holds (exchange, tenant, owner, at, amount, tokens, lines, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (exchange) DO NOTHING`},
		{&s.close, `UPDATE holds SET closed_at = ?, outcome = ?, billed = ?, cost = ?, overrun = ?, estimated = ?, note = iif(?, note, '')
			WHERE n = ? AND exchange = ? AND closed_at = 0`},
		{&s.newAccount, `INSERT INTO accounts (budget, start, "end", held) VALUES (?, ?, ?, 0)`},
		{&s.newRate, `INSERT INTO rates (id, marks, clear_at) VALUES (?, ?, ?)`},
		{&s.setMarks, `UPDATE rates SET marks = ?, clear_at = ? WHERE n = ?`},
		{&s.rateAt, `SELECT id, marks, clear_at FROM rates WHERE n = ?`},
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
	const account = `SELECT budget, start, n, settled, overrun, held, cost FROM accounts WHERE `
	for i := range together {
		for _, p := range [...]struct {
			into                      **sql.Stmt
			query, each, joint, after string
		}{
			{&s.findAccounts[i], account, `budget = ? AND start = ?`, ` OR `, ``},
			{&s.accountsAt[i], account + `n IN (`, `?`, `, `, `)`},
			{&s.findRates[i], `SELECT id, n, marks, clear_at FROM rates WHERE id IN (`, `?`, `, `, `)`},
			{&s.setAccounts[i], `WITH v (n, s, o, h, c) AS (VALUES `, `(?, ?, ?, ?, ?)`, `, `, `)
				UPDATE accounts SET settled = v.s, overrun = v.o, held = v.h, cost = v.c FROM v WHERE accounts.n = v.n`},
		} {
			stmt, err := st.Prepare(ctx, p.query+p.each+strings.Repeat(p.joint+p.each, i)+p.after)
			if err != nil {
				return err
			}
			*p.into = stmt
		}
	}
	return nil
}
