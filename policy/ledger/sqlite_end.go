package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// entry is a hold as the file has it.
type entry struct {
	n, amount, tokens int64
	lines             lines
}

// end books an ending once.
func (w *work) end(e ending) (Settled, error) {
	o, closed, err := w.find(e.exchange)
	if err != nil || closed {
		return Settled{}, err
	}
	c := e.charge(o.amount, o.tokens, w.now)
	if err := w.book(o, c, e.outcome); err != nil {
		return Settled{}, err
	}
	return Settled{First: true, Overrun: c.overrun}, nil
}

func (w *work) find(exchange string) (o entry, closed bool, err error) {
	var text []byte
	var closedAt, overrun int64
	err = w.row(w.stmt.findHold, exchange).Scan(&o.n, &o.amount, &o.tokens, &text, &closedAt, &overrun)
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

func (w *work) book(o entry, c charge, how outcome) error {
	free := int64(0)
	for _, l := range o.lines.Accounts {
		if l.Kind == lineFree {
			free = l.Amount
		}
	}
	if err := w.bookAccounts(o.lines.Accounts, c, free); err != nil {
		return fmt.Errorf("booking: %w", err)
	}
	for _, r := range o.lines.Rates {
		if err := w.adjust(r, o.tokens, c); err != nil {
			return fmt.Errorf("settling a token rate: %w", err)
		}
	}
	estimated := 0
	if c.estimated {
		estimated = 1
	}
	if _, err := w.exec(w.stmt.close, w.now, string(how), c.within+c.overrun, c.cost, c.overrun, estimated, o.n); err != nil {
		return fmt.Errorf("closing the hold: %w", err)
	}
	return nil
}

// booking is what one statement books in several accounts.
type booking struct{ held, within, overrun, cost int64 }

func (w *work) bookAccounts(list []accountLine, c charge, free int64) error {
	alike := make(map[booking][]any, 1)
	for _, l := range list {
		b := booking{held: l.Amount}
		b.within, b.overrun, b.cost = c.of(l.Kind, l.Amount, free)
		alike[b] = append(alike[b], l.N)
	}
	for b, rows := range alike {
		for some := range slices.Chunk(rows, together) {
			if _, err := w.exec(w.stmt.settle[len(some)-1], append([]any{b.held, b.within, b.overrun, b.cost, ceiling}, some...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// adjust gives back what was reserved and not used, or counts what was used and not reserved. A rate that has been
// forgotten since has nothing that could still count.
func (w *work) adjust(r rateLine, reserved int64, c charge) error {
	if c.tokens == reserved {
		return nil
	}
	var stored []byte
	err := w.row(w.stmt.marksOf, r.N).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	m, err := decodeMarks(stored)
	if err != nil {
		return err
	}
	if c.tokens < reserved {
		m.giveBack(r.At, r.Window, reserved-c.tokens)
	} else {
		var now int64
		m, now = m.current(c.at, r.Window)
		m = m.add(now, r.Window, c.tokens-reserved)
	}
	if _, err := w.exec(w.stmt.setMarks, m.encode(), m.clear(c.at, r.Window), r.N); err != nil {
		return fmt.Errorf("writing it: %w", err)
	}
	return nil
}
