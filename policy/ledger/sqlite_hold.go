package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// lines are what a hold stands in, so that its end finds everything without being told again.
type lines struct {
	Accounts []accountLine `json:"a,omitempty"`
	Rates    []rateLine    `json:"r,omitempty"` // of tokens only
}

type accountLine struct {
	N      int64  `json:"n"`
	Kind   string `json:"k"`
	Amount int64  `json:"m"`
}

// rateLine is where a token rate keeps a reservation.
type rateLine struct {
	N      int64 `json:"n"`
	Window int64 `json:"w"` // milliseconds
	At     int64 `json:"t"` // unix milliseconds, the moment the reservation counts from
}

// hold looks at everything, decides, and writes only if all agree.
func (w *work) hold(h *Hold) (Grant, error) {
	repeated, amount, err := w.known(h.Exchange)
	if err != nil {
		return Grant{}, err
	}
	accounts, windows := h.accounts(), h.windows()
	if err := w.read(h, accounts, windows); err != nil {
		return Grant{}, err
	}
	p := h.plan(accounts)
	if repeated {
		p.amount = amount
		return h.grant(p, accounts, rateStates(h, windows, true), true, false), nil
	}
	granted := p.granted
	for _, r := range h.Rates {
		v := windowOf(windows, r.ID)
		granted = granted && v.marks.sum()+v.units <= r.Limit
	}
	if !granted {
		if err := w.countTries(h, windows); err != nil {
			return Grant{}, err
		}
		return h.grant(p, accounts, rateStates(h, windows, false), false, false), nil
	}
	if err := w.take(h, p, windows); err != nil {
		return Grant{}, err
	}
	return h.grant(p, accounts, rateStates(h, windows, true), true, true), nil
}

// known says whether the exchange holds already, and how much.
func (w *work) known(exchange string) (repeated bool, amount int64, err error) {
	var n, tokens, closed, overrun int64
	var text string
	err = w.row(w.stmt.findHold, exchange).Scan(&n, &amount, &tokens, &text, &closed, &overrun)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, 0, nil
	case err != nil:
		return false, 0, fmt.Errorf("finding the hold: %w", err)
	case closed != 0:
		return false, 0, ErrEnded
	}
	return true, amount, nil
}

func (w *work) read(h *Hold, accounts []*account, windows []*window) error {
	for _, a := range accounts {
		err := w.row(w.stmt.findAccount, a.id, a.start).Scan(&a.n, &a.settled, &a.overrun, &a.held)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("reading the account %s: %w", a.id, err)
		}
		if a.held > ceiling-h.Amount {
			return fmt.Errorf("%w: %s", ErrOverflow, a.id)
		}
	}
	for _, v := range windows {
		var stored []byte
		err := w.row(w.stmt.findRate, v.ID).Scan(&v.n, &stored)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("reading the rate %s: %w", v.ID, err)
		}
		m, err := decodeMarks(stored)
		if err != nil {
			return fmt.Errorf("reading the rate %s: %w", v.ID, err)
		}
		v.marks, v.now = m.current(h.At.UnixMilli(), v.millis())
	}
	return nil
}

// countTries counts a refused hold where a rate wants that.
func (w *work) countTries(h *Hold, windows []*window) error {
	for _, v := range windows {
		if v.Tries {
			if err := w.takeWindow(v, 1); err != nil {
				return fmt.Errorf("counting in the rate %s: %w", v.ID, err)
			}
		}
	}
	return nil
}

// take writes the hold.
func (w *work) take(h *Hold, p plan, windows []*window) error {
	var l lines
	for _, part := range p.lines {
		if err := w.takeAccount(part); err != nil {
			return fmt.Errorf("holding in the account %s: %w", part.account.id, err)
		}
		l.Accounts = append(l.Accounts, accountLine{N: part.account.n, Kind: part.kind, Amount: part.amount})
	}
	for _, v := range windows {
		if err := w.takeWindow(v, v.units); err != nil {
			return fmt.Errorf("counting in the rate %s: %w", v.ID, err)
		}
		if v.Unit == Tokens {
			l.Rates = append(l.Rates, rateLine{N: v.n, Window: v.millis(), At: v.now})
		}
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encoding the hold's lines: %w", err)
	}
	if _, err := w.exec(w.stmt.newHold, h.Exchange, h.Tenant, w.owner, h.At.UnixMilli(), p.amount, h.Tokens, string(text)); err != nil {
		return fmt.Errorf("writing the hold: %w", err)
	}
	return nil
}

func (w *work) takeAccount(l line) (err error) {
	a := l.account
	if a.n == 0 {
		a.n, err = w.insert(w.stmt.newAccount, a.id, a.start, a.end, l.amount)
	} else {
		_, err = w.exec(w.stmt.holdMore, l.amount, a.n)
	}
	return err
}

func (w *work) takeWindow(v *window, units int64) (err error) {
	v.marks = v.marks.add(v.now, v.millis(), units)
	clear := v.marks.clear(v.now, v.millis())
	if v.n == 0 {
		v.n, err = w.insert(w.stmt.newRate, v.ID, v.marks.encode(), clear)
	} else {
		_, err = w.exec(w.stmt.setMarks, v.marks.encode(), clear, v.n)
	}
	return err
}

// rateStates tells where every rate stands after a hold was taken or refused.
func rateStates(h *Hold, windows []*window, granted bool) []RateState {
	at := h.At.UnixMilli()
	var out []RateState
	for _, r := range h.Rates {
		v := windowOf(windows, r.ID)
		w := standing{used: v.marks.sum(), clear: v.marks.clear(at, v.millis())}
		if before := w.used - v.tried(granted); !granted && before+v.units > r.Limit {
			w.refused, w.wait = true, v.marks.wait(at, v.millis(), v.units, r.Limit)
		}
		out = append(out, r.state(w, granted))
	}
	return out
}

// tried is what a refusal itself has added to a window.
func (w *window) tried(granted bool) int64 {
	if w.Tries && !granted {
		return 1
	}
	return 0
}
