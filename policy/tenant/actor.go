package tenant

import (
	"errors"
	"fmt"
	"time"
)

// Actors say what stands behind a tenant's keys: the users and agents that a verified claim, the peer's certificate or a
// trusted header names.
type Actors struct {
	Required    bool // an exchange without an actor is refused
	Budgets     []Budget
	Rates       []Rate
	Concurrency int64   // exchanges at once of each actor; 0: no limit
	PerCall     int64   // micro-USD that one exchange may cost; 0: no limit
	Named       []Actor // who has terms of its own
}

// Actor is one user or agent with terms of its own, which stand in for those that every actor of the tenant has.
type Actor struct {
	ID          string
	Budgets     []Budget
	Rates       []Rate
	Concurrency int64
	PerCall     int64
}

// Of are the terms of one actor, known by name or not. So a new id is never free of them.
func (a *Actors) Of(id string) Actor {
	for i := range a.Named {
		if a.Named[i].ID == id {
			return a.Named[i]
		}
	}
	return Actor{ID: id, Budgets: a.Budgets, Rates: a.Rates, Concurrency: a.Concurrency, PerCall: a.PerCall}
}

// Tag has budgets and rates that every exchange of a key with that tag is charged to.
type Tag struct {
	Name    string
	Budgets []Budget
	Rates   []Rate
}

// Quarantine keeps an actor of a tenant out until somebody releases it.
type Quarantine struct {
	Tenant string
	Actor  string
	Reason string // an operator's or a policy's own words, at most 256 bytes
	By     string // "operator", or the name of the policy's rule
	At     time.Time
}

// Suspension is what an operator put over a tenant's own status.
type Suspension struct {
	Tenant string
	Reason string // trial_ended, abuse, deletion_scheduled, manual
	At     time.Time
}

// maxActor bounds the id of an actor, bytes.
const maxActor = 256

// ValidActor says whether s can name an actor: 1 to 256 bytes of visible ASCII. Ids come from claims, certificates and
// headers, and go into records and the names of accounts.
func ValidActor(s string) bool { return s != "" && len(s) <= maxActor && visible(s) }

func (a *Actors) validate() error {
	errs := []error{under("actors", checkTerms(a.Budgets, a.Rates, a.Concurrency, a.PerCall, actorLines))}
	seen := map[string]bool{}
	for i, n := range a.Named {
		at := fmt.Sprintf("actors.named[%d]", i)
		if !ValidActor(n.ID) {
			errs = append(errs, fmt.Errorf("%s.id: want 1 to %d visible ASCII characters", at, maxActor))
		}
		if seen[n.ID] {
			errs = append(errs, fmt.Errorf("%s.id: %q is there twice", at, n.ID))
		}
		seen[n.ID] = true
		errs = append(errs, under(at, checkTerms(n.Budgets, n.Rates, n.Concurrency, n.PerCall, actorLines)))
	}
	return errors.Join(errs...)
}

func checkTags(list []Tag) error {
	var errs []error
	seen := map[string]bool{}
	for i, t := range list {
		at := fmt.Sprintf("tags[%d]", i)
		if !validID(t.Name) || seen[t.Name] {
			errs = append(errs, fmt.Errorf("%s.name: want a name of its own of letters, digits, dots, dashes and underscores", at))
		}
		seen[t.Name] = true
		errs = append(errs, under(at, checkTerms(t.Budgets, t.Rates, 0, 0, tagLines)))
	}
	return errors.Join(errs...)
}

// under says where what is wrong stands.
func under(field string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", field, err)
}
