package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var errReply = errors.New("the script's answer cannot be read")

// clockTries is how often a hold is asked again because the server's clock is in another period than ours.
const clockTries = 3

func (r *remote) hold(ctx context.Context, owner string, h *Hold) (Grant, error) {
	if err := r.enter(ctx, owner, h.Tenant); err != nil {
		return Grant{}, err
	}
	asked := *h
	for range clockTries {
		q := r.question(owner, &asked)
		out, err := r.run(ctx, r.scripts.hold, q.keys, q.args)
		if err != nil {
			return Grant{}, err
		}
		a, err := q.read(out)
		if err != nil {
			return Grant{}, err
		}
		// From here on all moments are the server's, but of what has happened.
		if !h.late {
			asked.At = time.UnixMilli(a.now).In(asked.At.Location())
		}
		switch a.verdict {
		case "period":
			continue
		case "ended":
			return Grant{}, ErrEnded
		case "overflow":
			return Grant{}, ErrOverflow
		}
		if a.verdict == "granted" {
			r.remember(h.Exchange, q.keys)
		}
		return q.grant(a)
	}
	return Grant{}, fmt.Errorf("the server's clock is beside every period of the hold, last at %v", asked.At)
}

func (r *remote) remember(exchange string, keys []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened[exchange] = keys
}

// question is a hold on its way to the script.
type question struct {
	h        *Hold
	accounts []*account
	windows  []*window
	keys     []string
	args     []any
}

func (r *remote) question(owner string, h *Hold) *question {
	q := &question{h: h, accounts: h.accounts(), windows: h.windows()}
	q.keys = append(q.keys, r.holdKey(h.Tenant, h.Exchange), r.openKey(h.Tenant, owner))
	now, late := r.now(h.At), int64(0)
	if h.late {
		now, late = r.present(), h.At.UnixMilli()
	}
	q.args = append(q.args, now, late, h.Exchange, owner, h.Note, h.Amount, h.Least, h.Tokens, ceiling,
		KeepRates.Milliseconds(), KeepAccounts.Milliseconds(), len(q.accounts), len(h.Budgets), len(q.windows), len(h.Rates))
	for _, a := range q.accounts {
		q.keys = append(q.keys, r.accountKey(h.Tenant, a))
		q.args = append(q.args, a.start, a.end)
	}
	free := h.sparing()
	for i := range h.Budgets {
		b := &h.Budgets[i]
		q.args = append(q.args, q.index(b.ID), b.letter(), b.Limit, flag(b.Soft), flag(b.Partial), flag(free.spares(b)))
	}
	for _, w := range q.windows {
		q.keys = append(q.keys, r.store.Key(h.Tenant, "r", w.ID))
		q.args = append(q.args, w.millis(), w.units, flag(w.Tries), flag(w.Unit == Tokens))
	}
	for _, l := range h.Rates {
		for i, w := range q.windows {
			if w.ID == l.ID {
				q.args = append(q.args, i+1, l.Limit)
			}
		}
	}
	return q
}

// index is the number of a budget's account, from 1; 0 for a budget without one.
func (q *question) index(id string) int {
	for i, a := range q.accounts {
		if a.id == id {
			return i + 1
		}
	}
	return 0
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// letter is the kind as scripts know it.
func (b *Budget) letter() string {
	if b.Kind == Call {
		return "c"
	}
	return b.line(credit{})
}

// reply is what the hold script answers.
type reply struct {
	verdict     string
	amount, now int64
	standings   []standing // by limit of a rate
}

// read takes the answer apart; where accounts stand goes into them.
func (q *question) read(out []any) (reply, error) {
	var a reply
	var ok bool
	if len(out) < 3 {
		return a, errReply
	}
	if a.verdict, ok = out[0].(string); !ok {
		return a, errReply
	}
	numbers := make([]int64, len(out)-1)
	for i, v := range out[1:] {
		if numbers[i], ok = v.(int64); !ok {
			return a, errReply
		}
	}
	a.amount, a.now = numbers[0], numbers[1]
	rest := numbers[2:]
	if len(rest) == 0 {
		return a, nil
	}
	if len(rest) != 3*len(q.accounts)+3*len(q.h.Rates) {
		return a, errReply
	}
	for _, acc := range q.accounts {
		acc.settled, acc.overrun, acc.held = rest[0], rest[1], rest[2]
		rest = rest[3:]
	}
	for len(rest) > 0 {
		s := standing{used: rest[0], clear: rest[1]}
		if rest[2] >= 0 {
			s.refused, s.wait = true, time.Duration(rest[2])*time.Millisecond
		}
		a.standings = append(a.standings, s)
		rest = rest[3:]
	}
	return a, nil
}

// grant tells where everything stands. What the script decided is decided; plan says why.
func (q *question) grant(a reply) (Grant, error) {
	p := q.h.plan(q.accounts)
	granted := a.verdict != "refused"
	if a.verdict == "granted" && (!p.granted || p.amount != a.amount) {
		return Grant{}, fmt.Errorf("%w: it took %d where %d was right", errReply, a.amount, p.amount)
	}
	if granted {
		p.amount = a.amount
	}
	var rates []RateState
	for i, l := range q.h.Rates {
		if len(a.standings) <= i {
			return Grant{}, errReply
		}
		rates = append(rates, l.state(a.standings[i], granted))
	}
	return q.h.grant(p, q.accounts, rates, granted, a.verdict == "granted"), nil
}
