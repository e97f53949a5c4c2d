package ledger

import (
	"errors"
	"fmt"
	"time"
)

// What can be wrong with what the ledger is asked.
var (
	ErrNoExchange = errors.New("the exchange has no usable id")
	ErrNoTenant   = errors.New("the exchange has no usable tenant")
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
	MaxLines = 64
	// ceiling is where an account's columns stop. Four of them still fit the 53 bits in which Redis scripts count exactly.
	ceiling = int64(1) << 51
	maxID   = 512
	// NoteBytes bounds what is told of an exchange that died with its process.
	NoteBytes = 4096
	minWindow = time.Millisecond
	maxWindow = 367 * 24 * time.Hour
)

func checkID(exchange, tenant string) error {
	if exchange == "" || len(exchange) > maxID {
		return ErrNoExchange
	}
	if tenant == "" || len(tenant) > maxID {
		return ErrNoTenant
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
	err := errors.Join(checkID(h.Exchange, h.Tenant), checkTime(h.At), inRange(h.Amount, MaxAmount, ErrAmount),
		inRange(h.Least, MaxAmount, ErrAmount), inRange(h.Tokens, MaxUnits, ErrTokens))
	if err != nil {
		return err
	}
	if len(h.Note) > NoteBytes {
		return fmt.Errorf("%w: a note of %d bytes", ErrTooMany, len(h.Note))
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
	switch b.Kind {
	case Cap, Credits, Free, Quota, Concurrency, Call:
	default:
		return fmt.Errorf("%w: %s is of the kind %q", ErrBudget, b.ID, b.Kind)
	}
	if b.Partial && b.Kind != Cap && b.Kind != Credits {
		return fmt.Errorf("%w: %s cannot be held in part", ErrBudget, b.ID)
	}
	if y := b.Anchor.UTC().Year(); !b.Anchor.IsZero() && (y < 1971 || y > 9000) {
		return fmt.Errorf("%w: %s is anchored in the year %d", ErrBudget, b.ID, y)
	}
	if _, _, ok := b.period(h.At); !ok {
		return fmt.Errorf("%w: %s has the period %q", ErrBudget, b.ID, b.Period)
	}
	for _, other := range h.Budgets[:i] {
		if other.ID == b.ID && !other.sameAccount(b) {
			return fmt.Errorf("%w: %s is there with two kinds or periods", ErrBudget, b.ID)
		}
		if other.Kind == Free && b.Kind == Free {
			return fmt.Errorf("%w: %s is a second free credit", ErrBudget, b.ID)
		}
	}
	return nil
}

func (b *Budget) sameAccount(other Budget) bool {
	return b.Period == other.Period && b.Kind == other.Kind && b.Zone == other.Zone && b.Anchor.Equal(other.Anchor)
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
	if r.Unit != Requests && r.Unit != Tokens {
		return fmt.Errorf("%w: %s has the unit %q", ErrRate, r.ID, r.Unit)
	}
	if r.Tries && r.Unit != Requests {
		return fmt.Errorf("%w: %s counts tries of %s", ErrRate, r.ID, r.Unit)
	}
	for _, other := range h.Rates[:i] {
		if other.ID == r.ID && (other.Unit != r.Unit || other.Window != r.Window) {
			return fmt.Errorf("%w: %s is there with two units or windows", ErrRate, r.ID)
		}
	}
	return nil
}

func (u *Use) check() error {
	return errors.Join(checkID(u.Exchange, u.Tenant), checkTime(u.At),
		inRange(u.Cost, MaxAmount, ErrAmount), inRange(u.Billed, MaxAmount, ErrAmount),
		inRange(u.InputTokens, MaxUnits, ErrTokens), inRange(u.OutputTokens, MaxUnits, ErrTokens))
}
