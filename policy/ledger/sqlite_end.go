package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// entry is a hold as the file has it.
type entry struct {
	n, amount, tokens int64
	lines             lines
}

// end books an ending once, of an exchange that this process does not remember.
func (w *work) end(e ending) (Settled, error) {
	o, closed, err := w.find(e.exchange)
	if err != nil || closed {
		return Settled{}, err
	}
	return w.book(o, e)
}

// find reads a hold.
func (w *work) find(exchange string) (o entry, closed bool, err error) {
	var text []byte
	var closedAt int64
	err = w.in(w.ctx, w.stmt.findHold).QueryRowContext(w.ctx, exchange).Scan(&o.n, &o.amount, &o.tokens, &text, &closedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return o, false, ErrNoHold
	}
	if err != nil {
		return o, false, fmt.Errorf("finding the hold: %w", err)
	}
	if err := json.Unmarshal(text, &o.lines); err != nil {
		return o, false, fmt.Errorf("reading the hold's lines: %w", err)
	}
	return o, closedAt != 0, nil
}

// book closes a hold and books what it comes to. One that was closed before stays as it is.
func (w *work) book(o entry, e ending) (Settled, error) {
	c := e.charge(o.amount, o.tokens, w.now)
	estimated := 0
	if c.estimated {
		estimated = 1
	}
	done, err := w.in(w.ctx, w.stmt.close).ExecContext(w.ctx, w.now, string(e.outcome), c.within+c.overrun, c.cost, c.overrun, estimated, flag(e.crashed), o.n, e.exchange)
	if err != nil {
		return Settled{}, fmt.Errorf("closing the hold: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return Settled{}, err
	}
	if err := w.bookAccounts(o.lines.Accounts, c); err != nil {
		return Settled{}, fmt.Errorf("booking: %w", err)
	}
	for _, r := range o.lines.Rates {
		if err := w.adjust(r, o.tokens, c); err != nil {
			return Settled{}, fmt.Errorf("settling a token rate: %w", err)
		}
	}
	return Settled{First: true, Overrun: c.overrun}, nil
}

func (w *work) bookAccounts(list []accountLine, c charge) error {
	if err := w.accountsOf(w.ctx, list); err != nil {
		return err
	}
	free := int64(0)
	for _, l := range list {
		if l.Kind == lineFree {
			free = l.Amount
		}
	}
	for _, l := range list {
		a := w.accountRows[l.N]
		if a == nil {
			continue // forgotten: nothing can count in it any more
		}
		within, overrun, cost := c.of(l.Kind, l.Amount, free)
		a.held -= l.Amount
		a.settled, a.overrun, a.cost = min(a.settled+within, ceiling), min(a.overrun+overrun, ceiling), min(a.cost+cost, ceiling)
		w.accountChanged(a)
	}
	return nil
}

// adjust gives back what was reserved and not used, or counts what was used and not reserved. A rate that has been
// forgotten since has nothing that could still count.
func (w *work) adjust(r rateLine, reserved int64, c charge) error {
	if c.tokens == reserved {
		return nil
	}
	u, err := w.rateAt(w.ctx, r.N)
	if err != nil || u == nil {
		return err
	}
	if c.tokens < reserved {
		u.marks.giveBack(r.At, max(c.at, u.marks.last()), r.Window, reserved-c.tokens)
	} else {
		var now int64
		u.marks, now = u.marks.current(c.at, r.Window)
		u.marks = u.marks.add(now, r.Window, c.tokens-reserved, r.Limit)
	}
	u.clear = u.marks.clear(c.at, r.Window)
	w.rateChanged(u)
	return nil
}
