package ledger

import (
	"errors"
	"fmt"
	"time"
)

// What can be wrong with what the ledger is asked.
var (
	ErrNoExchange = errors.New("the exchange has no usable id")
	ErrNoHold     = errors.New("there is no hold for the exchange")
	ErrEnded      = errors.New("the exchange was settled or released before")
	ErrAmount     = errors.New("the amount is negative or absurd")
	ErrTokens     = errors.New("the number of tokens is negative or absurd")
	ErrTime       = errors.New("the time is absurd")
	ErrBudget     = errors.New("the budget cannot be meant")
	ErrRate       = errors.New("the rate cannot be meant")
	ErrTooMany    = errors.New("too many budgets or rates in one hold")
	ErrOverflow   = errors.New("the account cannot hold more")
)

// The bounds of one question.
const (
	// MaxAmount bounds every amount and limit: a billion dollars in micro-USD.
	MaxAmount = int64(1_000_000_000_000_000)
	// MaxUnits bounds tokens and the limits of rates.
	MaxUnits = int64(1) << 40
	// MaxLines bounds the budgets and the rates of one hold.
	MaxLines = 32
	// ceiling is where an account's columns stop. Four of them still fit 64 bits.
	ceiling   = int64(1) << 60
	maxID     = 512
	minWindow = time.Millisecond
	maxWindow = 367 * 24 * time.Hour
)

// The units of a rate.
const (
	unitRequests = "requests"
	unitTokens   = "tokens"
)

func checkID(exchange string) error {
	if exchange == "" || len(exchange) > maxID {
		return ErrNoExchange
	}
	return nil
}

func checkTime(t time.Time) error {
	if y := t.UTC().Year(); y < 1971 || y > 9000 {
		return fmt.Errorf("%w: year %d", ErrTime, y)
	}
	return nil
}

func inRange(n, most int64, or error) error {
	if n < 0 || n > most {
		return fmt.Errorf("%w: %d is not between 0 and %d", or, n, most)
	}
	return nil
}

func (h *Hold) check() error {
	err := errors.Join(checkID(h.Exchange), checkTime(h.At), inRange(h.Amount, MaxAmount, ErrAmount), inRange(h.Tokens, MaxUnits, ErrTokens))
	if err != nil {
		return err
	}
	if len(h.Budgets) > MaxLines || len(h.Rates) > MaxLines {
		return fmt.Errorf("%w: more than %d", ErrTooMany, MaxLines)
	}
	for i := range h.Budgets {
		if err := h.checkBudget(i); err != nil {
			return err
		}
	}
	for i := range h.Rates {
		if err := h.checkRate(i); err != nil {
			return err
		}
	}
	return nil
}

// checkBudget also refuses an id that stands for two accounts in one hold.
func (h *Hold) checkBudget(i int) error {
	b := h.Budgets[i]
	if b.ID == "" || len(b.ID) > maxID {
		return fmt.Errorf("%w: budgets[%d] has no usable id", ErrBudget, i)
	}
	if b.Limit < 0 || b.Limit > MaxAmount {
		return fmt.Errorf("%w: %s has the limit %d", ErrBudget, b.ID, b.Limit)
	}
	if _, _, ok := period(b.Period, h.At); !ok {
		return fmt.Errorf("%w: %s has the period %q", ErrBudget, b.ID, b.Period)
	}
	for _, other := range h.Budgets[:i] {
		if other.ID == b.ID && other.Period != b.Period {
			return fmt.Errorf("%w: %s is there with two periods", ErrBudget, b.ID)
		}
	}
	return nil
}

func (h *Hold) checkRate(i int) error {
	r := h.Rates[i]
	if r.ID == "" || len(r.ID) > maxID {
		return fmt.Errorf("%w: rates[%d] has no usable id", ErrRate, i)
	}
	if r.Limit < 0 || r.Limit > MaxUnits {
		return fmt.Errorf("%w: %s has the limit %d", ErrRate, r.ID, r.Limit)
	}
	if r.Window < minWindow || r.Window > maxWindow {
		return fmt.Errorf("%w: %s has the window %v", ErrRate, r.ID, r.Window)
	}
	if r.Unit != unitRequests && r.Unit != unitTokens {
		return fmt.Errorf("%w: %s has the unit %q", ErrRate, r.ID, r.Unit)
	}
	for _, other := range h.Rates[:i] {
		if other.ID == r.ID && (other.Unit != r.Unit || other.Window != r.Window) {
			return fmt.Errorf("%w: %s is there with two units or windows", ErrRate, r.ID)
		}
	}
	return nil
}

func (u *Use) check() error {
	return errors.Join(checkID(u.Exchange), checkTime(u.At),
		inRange(u.Cost, MaxAmount, ErrAmount), inRange(u.Billed, MaxAmount, ErrAmount),
		inRange(u.InputTokens, MaxUnits, ErrTokens), inRange(u.OutputTokens, MaxUnits, ErrTokens))
}
