package tenant

import (
	"errors"
	"fmt"
	"time"
)

// The bounds of what a tenant or key may declare.
const (
	maxID       = 128
	maxName     = 256
	maxScopes   = 64
	secretBytes = 32
	// maxCount bounds every limit that counts things: requests, tokens, characters.
	maxCount = int64(1) << 40
	// maxMicroUSD bounds a budget: a billion dollars, so that sums stay far from what 64 bits hold.
	maxMicroUSD = int64(1_000_000_000_000_000)
	// The windows of a rate. A year and a day is longer than any calendar period.
	minWindow = time.Millisecond
	maxWindow = 367 * 24 * time.Hour
)

// validID permits what can stand in a path, a budget's id and a metric label without escaping.
func validID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for i := range len(s) {
		c := s[i]
		word := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !word && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// ValidTag says whether s can be a tag.
func ValidTag(s string) bool { return validID(s) }

func checkID(s string) error {
	if !validID(s) {
		return fmt.Errorf("id: want 1 to %d letters, digits, dots, dashes and underscores, a letter or digit first", maxID)
	}
	return nil
}

func checkName(s string) error {
	if len(s) > maxName {
		return fmt.Errorf("name: longer than %d bytes", maxName)
	}
	return nil
}

func (t *Tenant) validate() error {
	errs := []error{checkID(t.ID), checkName(t.Name), t.checkStatus(), t.Settings.validate(), t.Models.validate()}
	errs = append(errs, checkTerms(t.Budgets, t.Rates, t.Concurrency, t.PerCall, ownLines), checkFree(t.Budgets),
		under("address", checkTerms(nil, t.Address, 0, 0, addressLines)), t.Actors.validate(), checkTags(t.Tags),
		under("ceiling", checkTerms(t.Ceiling.Budgets, t.Ceiling.Rates, t.Ceiling.Concurrency, t.Ceiling.PerCall, ceilingLines)))
	if t.Dialect != "" && !validID(t.Dialect) {
		errs = append(errs, fmt.Errorf("dialect: %q is no name", t.Dialect))
	}
	if n := len(t.Secret); n != 0 && n != secretBytes {
		errs = append(errs, fmt.Errorf("secret: %d bytes long, want %d", n, secretBytes))
	}
	return errors.Join(errs...)
}

func (t *Tenant) checkStatus() error {
	switch t.Status {
	case Suspended:
		switch t.SuspendedReason {
		case "trial_ended", "abuse", "deletion_scheduled", "manual":
			return nil
		}
		return fmt.Errorf("suspended_reason: %q is none of trial_ended, abuse, deletion_scheduled, manual", t.SuspendedReason)
	case Active, Inactive, OnboardingIncomplete, PaymentFailed, SubscriptionCanceled:
		if t.SuspendedReason != "" {
			return fmt.Errorf("suspended_reason: is set, but the status is %q", t.Status)
		}
		return nil
	}
	return fmt.Errorf("status: %q is none that a tenant can have", t.Status)
}

func (k *Key) validate() error {
	errs := []error{
		checkID(k.ID), checkName(k.Name), k.Models.validate(), checkTerms(k.Budgets, k.Rates, k.Concurrency, k.PerCall, ownLines),
	}
	if k.Account != "" {
		errs = append(errs, under("account", checkID(k.Account)))
	}
	if k.Hash == ([32]byte{}) {
		errs = append(errs, errors.New("hash: is missing"))
	}
	if len(k.Prefix) > maxID {
		errs = append(errs, errors.New("prefix: too long to be the visible part only"))
	}
	if CheckForm(k.Prefix) == nil {
		errs = append(errs, errors.New("prefix: holds a whole key in plaintext"))
	}
	if len(k.Scopes) > maxScopes || len(k.Tags) > maxScopes {
		errs = append(errs, fmt.Errorf("scopes and tags: more than %d", maxScopes))
	}
	for i, b := range k.Budgets {
		if b.Is(KindFree) {
			errs = append(errs, fmt.Errorf("budgets[%d].kind: free credit is the tenant's", i))
		}
	}
	for i, t := range k.Tags {
		errs = append(errs, under(fmt.Sprintf("tags[%d]", i), checkID(t)))
	}
	return errors.Join(errs...)
}

func checkRates(list []Rate) error {
	type account struct {
		unit   string
		window time.Duration
	}
	seen := map[account]bool{}
	var errs []error
	for i, r := range list {
		if r.Unit != "requests" && r.Unit != "tokens" {
			errs = append(errs, fmt.Errorf("rates[%d].unit: %q is neither requests nor tokens", i, r.Unit))
		}
		if r.Limit < 0 || r.Limit > maxCount {
			errs = append(errs, fmt.Errorf("rates[%d].limit: %d is not between 0 and %d", i, r.Limit, maxCount))
		}
		if r.Window < minWindow || r.Window > maxWindow || r.Window%time.Millisecond != 0 {
			errs = append(errs, fmt.Errorf("rates[%d].window: %v is not between %v and %v in whole milliseconds", i, r.Window, minWindow, maxWindow))
		}
		a := account{r.Unit, r.Window}
		if seen[a] {
			errs = append(errs, fmt.Errorf("rates[%d]: a second one for %s in %v", i, r.Unit, r.Window))
		}
		seen[a] = true
	}
	return errors.Join(errs...)
}
