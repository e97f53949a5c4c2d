package ledger

import (
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
	Limit  int64 `json:"l"`
}

// hold looks at everything, decides, and writes only if all agree. It returns the entry it made, whose row is 0 where it
// made none.
func (w *work) hold(h *Hold) (Grant, entry, error) {
	accounts, windows := h.accounts(), h.windows()
	if err := w.read(h, accounts, windows); err != nil {
		return Grant{}, entry{}, err
	}
	p := h.plan(accounts)
	granted := p.granted
	for _, r := range h.Rates {
		v := windowOf(windows, r.ID)
		granted = granted && v.marks.sum()+v.units <= r.Limit
	}
	if granted {
		switch o, err := w.take(h, p, windows); {
		case err != nil:
			return Grant{}, entry{}, err
		case o.n != 0:
			return h.grant(p, accounts, rateStates(h, windows, true), true, true), o, nil
		}
	}
	known, closed, err := w.find(h.Exchange)
	switch {
	case errors.Is(err, ErrNoHold):
	case err != nil:
		return Grant{}, entry{}, err
	case closed:
		return Grant{}, entry{}, ErrEnded
	default:
		p.amount = known.amount
		return h.grant(p, accounts, rateStates(h, windows, true), true, false), known, nil
	}
	if err := w.countTries(windows); err != nil {
		return Grant{}, entry{}, err
	}
	return h.grant(p, accounts, rateStates(h, windows, false), false, false), entry{}, nil
}

// read tells the accounts and windows of a hold where they stand.
func (w *work) read(h *Hold, accounts []*account, windows []*window) error {
	if err := w.readAccounts(w.ctx, accounts); err != nil {
		return err
	}
	for _, a := range accounts {
		row := w.accounts[accountID{a.id, a.start}]
		a.settled, a.overrun, a.held = row.settled, row.overrun, row.held
		if a.held > ceiling-h.Amount {
			return fmt.Errorf("%w: %s", ErrOverflow, a.id)
		}
	}
	if err := w.readRates(w.ctx, windows); err != nil {
		return err
	}
	at := h.At.UnixMilli()
	if h.late {
		at = w.now
	}
	for _, v := range windows {
		v.marks, v.now = v.marks.current(at, v.millis())
	}
	return nil
}

// countTries counts a refused hold where a rate wants that.
func (w *work) countTries(windows []*window) error {
	for _, v := range windows {
		if !v.Tries {
			continue
		}
		if err := w.openRate(w.ctx, v.usage); err != nil {
			return err
		}
		w.count(v, 1)
	}
	return nil
}

// take writes the hold. It takes nothing where the exchange has one already: the row of what it returns is 0 then.
func (w *work) take(h *Hold, p plan, windows []*window) (entry, error) {
	o := entry{amount: p.amount, tokens: h.Tokens}
	for _, part := range p.lines {
		a := w.accounts[accountID{part.account.id, part.account.start}]
		if err := w.openAccount(w.ctx, a); err != nil {
			return entry{}, err
		}
		o.lines.Accounts = append(o.lines.Accounts, accountLine{N: a.n, Kind: part.kind, Amount: part.amount})
	}
	for _, v := range windows {
		if err := w.openRate(w.ctx, v.usage); err != nil {
			return entry{}, err
		}
		if v.Unit == Tokens {
			o.lines.Rates = append(o.lines.Rates, rateLine{N: v.usage.n, Window: v.millis(), At: v.from(h), Limit: v.Limit})
		}
	}
	text, err := json.Marshal(o.lines)
	if err != nil {
		return entry{}, fmt.Errorf("encoding the hold's lines: %w", err)
	}
	done, err := w.in(w.ctx, w.stmt.newHold).ExecContext(w.ctx, h.Exchange, h.Tenant, w.owner, h.At.UnixMilli(), o.amount, o.tokens, string(text), h.Note)
	if err != nil {
		return entry{}, fmt.Errorf("writing the hold: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return entry{}, err
	}
	if o.n, err = done.LastInsertId(); err != nil {
		return entry{}, fmt.Errorf("writing the hold: %w", err)
	}
	for _, l := range o.lines.Accounts {
		a := w.accountRows[l.N]
		a.held += l.Amount
		w.accountChanged(a)
	}
	for _, v := range windows {
		if h.late {
			v.marks = v.marks.insert(v.from(h), v.now, v.millis(), v.units)
			v.clear = v.marks.clear(v.now, v.millis())
			w.rateChanged(v.usage)
		} else {
			w.count(v, v.units)
		}
	}
	return o, nil
}

// from is the moment that a hold counts from in a window.
func (v *window) from(h *Hold) int64 {
	if h.late {
		return min(h.At.UnixMilli(), v.now)
	}
	return v.now
}

// count counts units in a window.
func (w *work) count(v *window, units int64) {
	v.marks = v.marks.add(v.now, v.millis(), units, v.Limit)
	v.clear = v.marks.clear(v.now, v.millis())
	w.rateChanged(v.usage)
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
