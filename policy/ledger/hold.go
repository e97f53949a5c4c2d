package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// lines are what a hold stands in, so that its end finds everything without being told again.
type lines struct {
	Accounts []int64    `json:"a,omitempty"`
	Rates    []rateLine `json:"r,omitempty"` // of tokens only
}

// rateLine is where a token rate keeps a reservation.
type rateLine struct {
	N      int64 `json:"n"`
	Window int64 `json:"w"` // milliseconds
	At     int64 `json:"t"` // unix milliseconds, the moment the reservation counts from
}

// account is a row of accounts, or one to be made (n is 0).
type account struct {
	n                      int64
	id                     string
	start                  int64
	settled, overrun, held int64
}

// used is what counts against a limit. The columns' ceiling keeps the sum within 64 bits.
func (a *account) used() int64 { return a.settled + a.overrun }

// window is a row of rates, or one to be made (n is 0).
type window struct {
	Rate
	n     int64
	now   int64
	units int64
	marks marks
}

func (w *window) millis() int64 { return w.Window.Milliseconds() }

// hold looks at everything, decides, and writes only if all agree.
func (w *work) hold(h *Hold) (Grant, error) {
	repeated, err := w.known(h.Exchange)
	if err != nil {
		return Grant{}, err
	}
	accounts, err := w.accounts(h)
	if err != nil {
		return Grant{}, err
	}
	windows, err := w.windows(h)
	if err != nil {
		return Grant{}, err
	}
	if repeated {
		return grant(h, accounts, windows, repeat), nil
	}
	if refused(h, accounts, windows) {
		return grant(h, accounts, windows, refuse), nil
	}
	if err := w.take(h, accounts, windows); err != nil {
		return Grant{}, err
	}
	return grant(h, accounts, windows, take), nil
}

// known says whether the exchange holds already.
func (w *work) known(exchange string) (bool, error) {
	var n, amount, tokens, closed, overrun int64
	var text string
	err := w.row(w.stmt.findHold, exchange).Scan(&n, &amount, &tokens, &text, &closed, &overrun)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("finding the hold: %w", err)
	case closed != 0:
		return false, ErrEnded
	}
	return true, nil
}

// accounts reads each account once, however often its budget is named.
func (w *work) accounts(h *Hold) ([]*account, error) {
	out := make([]*account, 0, len(h.Budgets))
	for _, b := range h.Budgets {
		if accountOf(out, b.ID) != nil {
			continue
		}
		start, _, _ := period(b.Period, h.At)
		a := &account{id: b.ID, start: milli(start)}
		err := w.row(w.stmt.findAccount, a.id, a.start).Scan(&a.n, &a.settled, &a.overrun, &a.held)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("reading the account %s: %w", b.ID, err)
		}
		if a.held > ceiling-h.Amount {
			return nil, fmt.Errorf("%w: %s", ErrOverflow, b.ID)
		}
		out = append(out, a)
	}
	return out, nil
}

func accountOf(list []*account, id string) *account {
	for _, a := range list {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (w *work) windows(h *Hold) ([]*window, error) {
	out := make([]*window, 0, len(h.Rates))
	for _, r := range h.Rates {
		if windowOf(out, r.ID) != nil {
			continue
		}
		v := &window{Rate: r, units: h.Tokens}
		if r.Unit == unitRequests {
			v.units = 1
		}
		var stored []byte
		err := w.row(w.stmt.findRate, r.ID).Scan(&v.n, &stored)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("reading the rate %s: %w", r.ID, err)
		}
		m, err := decodeMarks(stored)
		if err != nil {
			return nil, fmt.Errorf("reading the rate %s: %w", r.ID, err)
		}
		v.marks, v.now = m.current(h.At.UnixMilli(), v.millis())
		out = append(out, v)
	}
	return out, nil
}

func windowOf(list []*window, id string) *window {
	for _, v := range list {
		if v.ID == id {
			return v
		}
	}
	return nil
}

func refused(h *Hold, accounts []*account, windows []*window) bool {
	for _, b := range h.Budgets {
		if over(b, accountOf(accounts, b.ID), h.Amount) && !b.Soft {
			return true
		}
	}
	for _, r := range h.Rates {
		if v := windowOf(windows, r.ID); v.marks.sum()+v.units > r.Limit {
			return true
		}
	}
	return false
}

func over(b Budget, a *account, amount int64) bool { return a.used()+a.held+amount > b.Limit }

// take writes the hold.
func (w *work) take(h *Hold, accounts []*account, windows []*window) error {
	var l lines
	for _, a := range accounts {
		if err := w.takeAccount(a, h.Amount); err != nil {
			return fmt.Errorf("holding in the account %s: %w", a.id, err)
		}
		l.Accounts = append(l.Accounts, a.n)
	}
	for _, v := range windows {
		if err := w.takeWindow(v); err != nil {
			return fmt.Errorf("counting in the rate %s: %w", v.ID, err)
		}
		if v.Unit == unitTokens {
			l.Rates = append(l.Rates, rateLine{N: v.n, Window: v.millis(), At: v.now})
		}
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encoding the hold's lines: %w", err)
	}
	if _, err := w.exec(w.stmt.newHold, h.Exchange, h.Tenant, w.owner, h.At.UnixMilli(), h.Amount, h.Tokens, string(text)); err != nil {
		return fmt.Errorf("writing the hold: %w", err)
	}
	return nil
}

func (w *work) takeAccount(a *account, amount int64) (err error) {
	if a.n == 0 {
		a.n, err = w.insert(w.stmt.newAccount, a.id, a.start, amount)
	} else {
		_, err = w.exec(w.stmt.holdMore, amount, a.n)
	}
	a.held += amount
	return err
}

func (w *work) takeWindow(v *window) (err error) {
	v.marks = v.marks.add(v.now, v.millis(), v.units)
	if v.n == 0 {
		v.n, err = w.insert(w.stmt.newRate, v.ID, v.marks.encode())
	} else {
		_, err = w.exec(w.stmt.setMarks, v.marks.encode(), v.n)
	}
	return err
}

// verdict is what became of a hold, for telling where everything stands.
type verdict int

const (
	take   verdict = iota // written; the state includes it
	repeat                // written before; the state includes it
	refuse                // not written; the state does not include it
)

func grant(h *Hold, accounts []*account, windows []*window, v verdict) Grant {
	g := Grant{Granted: v != refuse}
	for _, b := range h.Budgets {
		g.Budgets = append(g.Budgets, budgetState(h, b, accountOf(accounts, b.ID), v))
	}
	for _, r := range h.Rates {
		g.Rates = append(g.Rates, rateState(h, r, windowOf(windows, r.ID), v))
	}
	return g
}

// budgetState tells Spent with overrun, since that is what counts against the limit.
func budgetState(h *Hold, b Budget, a *account, v verdict) BudgetState {
	s := BudgetState{Budget: b, Spent: a.used(), Held: a.held}
	_, s.ResetAt, _ = period(b.Period, h.At)
	amount := int64(0)
	if v == refuse {
		amount = h.Amount
	}
	passed := over(b, a, amount)
	s.Over = passed && b.Soft
	s.Refused = passed && !b.Soft && v == refuse
	return s
}

func rateState(h *Hold, r Rate, v *window, what verdict) RateState {
	s := RateState{Rate: r, Used: v.marks.sum()}
	s.Remaining = max(r.Limit-s.Used, 0)
	at := h.At.UnixMilli()
	s.ResetAt = time.UnixMilli(v.marks.clear(at, v.millis())).UTC()
	if what == refuse && s.Used+v.units > r.Limit {
		s.Refused = true
		s.RetryAfter = v.marks.wait(at, v.millis(), v.units, r.Limit)
	}
	return s
}
