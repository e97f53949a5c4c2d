package tenant

import (
	"errors"
	"fmt"
	"time"
)

// How many budgets, and how many rates, one owner may have. Together with one limit of exchanges at once and one of a
// call's cost for each owner, an exchange touches no more than a ledger takes in one hold: 64.
const (
	ownLines     = 6 // of a tenant, of a key
	actorLines   = 4
	ceilingLines = 4
	addressLines = 4
	tagLines     = 3
	// MaxLimitedTags is how many tags with limits one exchange may carry.
	MaxLimitedTags = 12
)

// LimitedTags are those of the tenant's tags that an exchange carries.
func (t *Tenant) LimitedTags(carried []string) []*Tag {
	var out []*Tag
	for i := range t.Tags {
		for _, name := range carried {
			if t.Tags[i].Name == name {
				out = append(out, &t.Tags[i])
				break
			}
		}
	}
	return out
}

// checkTerms looks at what one owner may use.
func checkTerms(budgets []Budget, rates []Rate, concurrency, perCall int64, lines int) error {
	errs := []error{checkBudgets(budgets), checkRates(rates)}
	if len(budgets) > lines || len(rates) > lines {
		errs = append(errs, fmt.Errorf("budgets and rates: more than %d", lines))
	}
	if concurrency < 0 || concurrency > maxCount {
		errs = append(errs, fmt.Errorf("concurrency: %d is not between 0 and %d", concurrency, maxCount))
	}
	if perCall < 0 || perCall > maxMicroUSD {
		errs = append(errs, fmt.Errorf("per_call: %d is not between 0 and %d", perCall, maxMicroUSD))
	}
	return errors.Join(errs...)
}

// checkFree wants one free credit at most.
func checkFree(list []Budget) error {
	free := 0
	for _, b := range list {
		if b.Is(KindFree) {
			free++
		}
	}
	if free > 1 {
		return errors.New("budgets: more than one free credit")
	}
	return nil
}

// checkBudgets refuses two of one owner that would share an account.
func checkBudgets(list []Budget) error {
	type account struct {
		kind, period string
		soft         bool
	}
	seen := map[account]bool{}
	var errs []error
	for i, b := range list {
		if err := b.validate(); err != nil {
			errs = append(errs, fmt.Errorf("budgets[%d].%w", i, err))
		}
		a := account{b.Kind, b.Period, b.Soft}
		if b.Is(KindCap) {
			a.kind = KindCap
		}
		if seen[a] {
			errs = append(errs, fmt.Errorf("budgets[%d]: a second one for the period %q", i, b.Period))
		}
		seen[a] = true
	}
	return errors.Join(errs...)
}

func (b Budget) validate() error {
	most := maxMicroUSD
	if b.Is(KindQuota) {
		most = maxCount
	}
	switch b.Period {
	case "hour", "day", "week", "month", "total":
	default:
		return fmt.Errorf("period: %q is none of hour, day, week, month, total", b.Period)
	}
	switch b.Kind {
	case "", KindCap, KindCredits, KindFree, KindQuota:
	default:
		return fmt.Errorf("kind: %q is none of cap, credits, free, quota", b.Kind)
	}
	if b.Limit < 0 || b.Limit > most {
		return fmt.Errorf("limit_micro_usd: %d is not between 0 and %d", b.Limit, most)
	}
	if (b.Soft || b.Partial) && !b.Is(KindCap) && !(b.Partial && b.Is(KindCredits)) {
		return fmt.Errorf("kind: %s can be neither soft nor, but for credits, held in part", b.Kind)
	}
	if b.Soft && b.Partial {
		return errors.New("partial: a soft budget refuses nothing, so there is nothing to hold in part")
	}
	return checkAnchor(b.Anchor)
}

func checkAnchor(t time.Time) error {
	if y := t.UTC().Year(); !t.IsZero() && (y < 1971 || y > 9000) {
		return fmt.Errorf("anchor: the year %d is absurd", y)
	}
	return nil
}
