package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	accounts, windows := h.accounts(), h.windows()
	if err := w.read(h, accounts, windows); err != nil {
		return Grant{}, err
	}
	p := h.plan(accounts)
	granted := p.granted
	for _, r := range h.Rates {
		v := windowOf(windows, r.ID)
		granted = granted && v.marks.sum()+v.units <= r.Limit
	}
	if granted {
		switch taken, err := w.take(h, p, windows); {
		case err != nil:
			return Grant{}, err
		case taken:
			return h.grant(p, accounts, rateStates(h, windows, true), true, true), nil
		}
	}
	repeated, amount, err := w.known(h.Exchange)
	switch {
	case err != nil:
		return Grant{}, err
	case repeated:
		p.amount = amount
		return h.grant(p, accounts, rateStates(h, windows, true), true, false), nil
	}
	if err := w.countTries(windows); err != nil {
		return Grant{}, err
	}
	return h.grant(p, accounts, rateStates(h, windows, false), false, false), nil
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
	for some := range slices.Chunk(accounts, together) {
		if err := w.readAccounts(some); err != nil {
			return fmt.Errorf("reading accounts: %w", err)
		}
	}
	for _, a := range accounts {
		if a.held > ceiling-h.Amount {
			return fmt.Errorf("%w: %s", ErrOverflow, a.id)
		}
	}
	for some := range slices.Chunk(windows, together) {
		if err := w.readWindows(some); err != nil {
			return fmt.Errorf("reading rates: %w", err)
		}
	}
	for _, v := range windows {
		v.marks, v.now = v.marks.current(h.At.UnixMilli(), v.millis())
	}
	return nil
}

func (w *work) readAccounts(list []*account) error {
	args := make([]any, 0, 2*together)
	for _, a := range list {
		args = append(args, a.id, a.start)
	}
	rows, err := w.tx.StmtContext(w.ctx, w.stmt.findAccounts[len(list)-1]).QueryContext(w.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n, settled, overrun, held int64
		if err := rows.Scan(&id, &n, &settled, &overrun, &held); err != nil {
			return err
		}
		a := accountOf(list, id)
		a.n, a.settled, a.overrun, a.held = n, settled, overrun, held
	}
	return rows.Err()
}

func (w *work) readWindows(list []*window) error {
	args := make([]any, 0, together)
	for _, v := range list {
		args = append(args, v.ID)
	}
	rows, err := w.tx.StmtContext(w.ctx, w.stmt.findRates[len(list)-1]).QueryContext(w.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int64
		var stored sql.RawBytes
		if err := rows.Scan(&id, &n, &stored); err != nil {
			return err
		}
		v := windowOf(list, id)
		v.n = n
		if v.marks, err = decodeMarks(stored); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return rows.Err()
}

// countTries counts a refused hold where a rate wants that.
func (w *work) countTries(windows []*window) error {
	for _, v := range windows {
		if v.Tries {
			if err := w.takeWindow(v, 1); err != nil {
				return fmt.Errorf("counting in the rate %s: %w", v.ID, err)
			}
		}
	}
	return nil
}

// take writes the hold. It takes nothing where the exchange has one already.
func (w *work) take(h *Hold, p plan, windows []*window) (bool, error) {
	var l lines
	for _, part := range p.lines {
		a := part.account
		if a.n == 0 {
			n, err := w.insert(w.stmt.newAccount, a.id, a.start, a.end)
			if err != nil {
				return false, fmt.Errorf("opening the account %s: %w", a.id, err)
			}
			a.n = n
		}
		l.Accounts = append(l.Accounts, accountLine{N: a.n, Kind: part.kind, Amount: part.amount})
	}
	for _, v := range windows {
		if v.Unit != Tokens {
			continue
		}
		if v.n == 0 {
			n, err := w.insert(w.stmt.newRate, v.ID, v.marks.encode(), v.now)
			if err != nil {
				return false, fmt.Errorf("opening the rate %s: %w", v.ID, err)
			}
			v.n = n
		}
		l.Rates = append(l.Rates, rateLine{N: v.n, Window: v.millis(), At: v.now})
	}
	text, err := json.Marshal(l)
	if err != nil {
		return false, fmt.Errorf("encoding the hold's lines: %w", err)
	}
	done, err := w.exec(w.stmt.newHold, h.Exchange, h.Tenant, w.owner, h.At.UnixMilli(), p.amount, h.Tokens, string(text))
	if err != nil {
		return false, fmt.Errorf("writing the hold: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	if err := w.takeAccounts(l.Accounts); err != nil {
		return false, fmt.Errorf("holding in accounts: %w", err)
	}
	for _, v := range windows {
		if err := w.takeWindow(v, v.units); err != nil {
			return false, fmt.Errorf("counting in the rate %s: %w", v.ID, err)
		}
	}
	return true, nil
}

// takeAccounts raises what is held, of all accounts that take the same amount in one statement.
func (w *work) takeAccounts(list []accountLine) error {
	for amount, rows := range byAmount(list) {
		for some := range slices.Chunk(rows, together) {
			if _, err := w.exec(w.stmt.holdMore[len(some)-1], append([]any{amount}, some...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// byAmount are the accounts that take an amount.
func byAmount(list []accountLine) map[int64][]any {
	out := make(map[int64][]any, 1)
	for _, l := range list {
		out[l.Amount] = append(out[l.Amount], l.N)
	}
	return out
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
