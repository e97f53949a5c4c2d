package audit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"slices"
	"strings"
	"time"

	"weir/policy/store"
)

// pending is a record that its group writes together with others.
type pending struct {
	exchange, trace, tenant, text string
	at                            int64 // unix milliseconds
	schema                        int
	digest                        [sha256.Size]byte
	terms                         []string
	day                           dayKey
	use                           Usage

	n, seq int64
	mac    []byte
}

// dayKey is a row of use.
type dayKey struct{ day, tenant, key, model string }

func dayOf(r *Record) dayKey {
	return dayKey{r.Time.UTC().Format(time.DateOnly), r.Tenant, r.KeyID, r.ModelServed}
}

func useOf(r *Record) Usage {
	u := Usage{
		Exchanges: max(r.Count, 1), InputTokens: r.InputTokens, OutputTokens: r.OutputTokens, Cost: r.CostMicro, Billed: r.BilledMicro, Overrun: r.OverrunMicro,
	}
	if r.Code != "" {
		u.Refused = u.Exchanges
	}
	return u
}

// add sums what was used.
func (u *Usage) add(o *Usage) {
	u.Exchanges, u.Refused = u.Exchanges+o.Exchanges, u.Refused+o.Refused
	u.InputTokens, u.OutputTokens = u.InputTokens+o.InputTokens, u.OutputTokens+o.OutputTokens
	u.Cost, u.Billed, u.Overrun = u.Cost+o.Cost, u.Billed+o.Billed, u.Overrun+o.Overrun
}

// together are how many rows one statement writes: most of what an insert costs is the statement.
var together = [...]int{32, 8, 1}

// statements write a group's records. They are prepared once, since parsing SQL costs as much as running it.
type statements struct {
	rows, terms [len(together)]*sql.Stmt // for so many rows at once
	count       *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, st *store.Store) (err error) {
	for i, n := range together {
		for _, p := range [...]struct {
			into        **sql.Stmt
			query, each string
		}{
			{&s.rows[i], `INSERT INTO trail (n, exchange, trace, tenant, at, schema, record, seq, mac, key) VALUES `, `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
			{&s.terms[i], `INSERT OR IGNORE INTO trail_terms (term, at, n) VALUES `, `(?, ?, ?)`},
		} {
			if *p.into, err = st.Prepare(ctx, p.query+p.each+strings.Repeat(", "+p.each, n-1)); err != nil {
				return err
			}
		}
	}
	s.count, err = st.Prepare(ctx, `INSERT INTO usage (day, tenant, key, model, exchanges, refused, input_tokens, output_tokens, cost, billed, overrun)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET exchanges = exchanges + excluded.exchanges, refused = refused + excluded.refused,
		input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens,
		cost = cost + excluded.cost, billed = billed + excluded.billed, overrun = overrun + excluded.overrun`)
	return err
}

// append gives a record its place in the chain. It is written when the group is.
func (c *chained) append(p *pending) {
	q := *p // a change may be made twice
	q.seq, q.mac = c.next(p.digest)
	c.lastRow++
	q.n = c.lastRow
	c.waiting = append(c.waiting, &q)
}

// write writes the group's records, what they are found by, and the use they add to.
func (c *chained) write(ctx context.Context) error {
	if len(c.waiting) == 0 {
		return nil
	}
	rows, terms, use := make([]any, 0, len(c.waiting)*rowColumns), []term{}, map[dayKey]*Usage{}
	for _, p := range c.waiting {
		rows = append(rows, p.n, p.exchange, p.trace, p.tenant, p.at, p.schema, p.text, p.seq, p.mac, c.trail.keys.id)
		for _, t := range p.terms {
			terms = append(terms, term{t, p.at, p.n})
		}
		if use[p.day] == nil {
			use[p.day] = &Usage{}
		}
		use[p.day].add(&p.use)
	}
	clear(c.waiting)
	c.waiting = c.waiting[:0]
	if err := c.insert(ctx, &c.trail.rows, rows, rowColumns); err != nil {
		return err
	}
	// In the order of the index, so that rows beside each other are written one after the other.
	slices.SortFunc(terms, func(a, b term) int {
		return cmp.Or(strings.Compare(a.term, b.term), cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n))
	})
	found := make([]any, 0, len(terms)*termColumns)
	for _, t := range terms {
		found = append(found, t.term, t.at, t.n)
	}
	if err := c.insert(ctx, &c.trail.terms, found, termColumns); err != nil {
		return err
	}
	count := c.tx.StmtContext(ctx, c.trail.count)
	for k, u := range use {
		if _, err := count.ExecContext(ctx, k.day, k.tenant, k.key, k.model, u.Exchanges, u.Refused, u.InputTokens, u.OutputTokens, u.Cost, u.Billed, u.Overrun); err != nil {
			return err
		}
	}
	return nil
}

// term is one row of the index of terms.
type term struct {
	term  string
	at, n int64
}

// The columns of what is written.
const (
	rowColumns  = 10
	termColumns = 3
)

// insert writes rows of so many columns, as many with each statement as it takes.
func (c *chained) insert(ctx context.Context, by *[len(together)]*sql.Stmt, values []any, columns int) error {
	for i, n := range together {
		for size := n * columns; len(values) >= size; values = values[size:] {
			if _, err := c.tx.StmtContext(ctx, by[i]).ExecContext(ctx, values[:size]...); err != nil {
				return err
			}
		}
	}
	return nil
}
