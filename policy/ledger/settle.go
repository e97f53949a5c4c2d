package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// outcome is how a hold ended.
type outcome string

const (
	settled   outcome = "settled"
	released  outcome = "released"
	recovered outcome = "recovered" // by rule: charged in full
)

// ending is the end of one exchange.
type ending struct {
	exchange string
	outcome  outcome
	use      Use // where the outcome is settled
}

// open is a hold that has not ended.
type open struct {
	n, amount, tokens int64
	lines             lines
}

// charge is what an ending books.
type charge struct {
	within, overrun, cost int64 // micro-USD
	tokens                int64 // really used
	at                    int64 // unix milliseconds: when tokens beyond the reservation count from
	estimated             bool
}

// end books an ending once.
func (w *work) end(e ending) (Settled, error) {
	o, closed, err := w.find(e.exchange)
	if err != nil || closed {
		return Settled{}, err
	}
	c := o.charge(e, w.now)
	if err := w.book(o, c, e.outcome); err != nil {
		return Settled{}, err
	}
	return Settled{First: true, Overrun: c.overrun}, nil
}

func (w *work) find(exchange string) (o open, closed bool, err error) {
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

func (o *open) charge(e ending, now int64) charge {
	switch e.outcome {
	case settled:
		within := min(e.use.Billed, o.amount)
		return charge{
			within: within, overrun: e.use.Billed - within, cost: e.use.Cost,
			tokens: e.use.InputTokens + e.use.OutputTokens, at: e.use.At.UnixMilli(), estimated: e.use.Estimated,
		}
	case recovered:
		return charge{within: o.amount, cost: o.amount, tokens: o.tokens, at: now, estimated: true}
	default:
		return charge{at: now}
	}
}

func (w *work) book(o open, c charge, how outcome) error {
	for _, n := range o.lines.Accounts {
		if _, err := w.exec(w.stmt.settle, o.amount, c.within, c.overrun, c.cost, ceiling, n); err != nil {
			return fmt.Errorf("booking: %w", err)
		}
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

// adjust gives back what was reserved and not used, or counts what was used and not reserved.
func (w *work) adjust(r rateLine, reserved int64, c charge) error {
	if c.tokens == reserved {
		return nil
	}
	var stored []byte
	if err := w.row(w.stmt.marksOf, r.N).Scan(&stored); err != nil {
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
	if _, err := w.exec(w.stmt.setMarks, m.encode(), r.N); err != nil {
		return fmt.Errorf("writing it: %w", err)
	}
	return nil
}
