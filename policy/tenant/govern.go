package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The bounds of a quarantine.
const (
	maxReason = 256 // bytes
	// maxOwed is how many quarantines may wait for a store that does not answer.
	maxOwed = 10_000
)

// PutTenant keeps a tenant in the store, in the place of one of the same id that is kept there. document is what Parse
// reads. A tenant that the file declares is ErrDeclared.
func (d *Directory) PutTenant(ctx context.Context, id string, document []byte) error {
	err := d.apply(ctx, func() ([]Change, error) {
		if d.declares(id) {
			return nil, ErrDeclared
		}
		t, err := d.declared.parse(id, string(document))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDocument, err)
		}
		if _, err := NewSnapshot([]Tenant{t}, nil); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDocument, err)
		}
		was := d.was(kindTenant, id)
		if was == string(document) {
			return nil, nil
		}
		return []Change{{Kind: kindTenant, ID: id, Was: was, Now: string(document)}}, nil
	})
	return named("keeping the tenant", id, err)
}

// DeleteTenant takes a tenant out of the store. Its keys stay there and are of no use; its account stays.
func (d *Directory) DeleteTenant(ctx context.Context, id string) error {
	err := d.apply(ctx, func() ([]Change, error) {
		if d.declares(id) {
			return nil, ErrDeclared
		}
		was := d.was(kindTenant, id)
		if was == "" {
			return nil, ErrNoTenant
		}
		return []Change{{Kind: kindTenant, ID: id, Was: was}}, nil
	})
	return named("deleting the tenant", id, err)
}

// Document is a tenant's document as it is kept in the store; false for one that is not there.
func (d *Directory) Document(id string) ([]byte, bool) {
	d.change.Lock()
	defer d.change.Unlock()
	doc, ok := d.stored.tenants[id]
	return []byte(doc), ok
}

// Suspend stops a tenant's traffic, also one that the file declares: an operator must not have to wait for a file.
func (d *Directory) Suspend(ctx context.Context, s Suspension) error {
	err := d.apply(ctx, func() ([]Change, error) {
		if _, ok := d.Current().Tenant(s.Tenant); !ok {
			return nil, ErrNoTenant
		}
		if err := (&Tenant{Status: Suspended, SuspendedReason: s.Reason}).checkStatus(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDocument, err)
		}
		was := d.was(kindSuspension, s.Tenant)
		if old, ok := d.stored.suspensions[s.Tenant]; ok && old.Reason == s.Reason {
			return nil, nil
		}
		now, err := stopRow{Reason: s.Reason, At: millis(s.At)}.doc()
		return []Change{{Kind: kindSuspension, ID: s.Tenant, Was: was, Now: now}}, err
	})
	return named("suspending the tenant", s.Tenant, err)
}

// Resume lifts what Suspend did. A status that the file or the tenant's document gives stays. ErrNotHere says that
// there was nothing to lift.
func (d *Directory) Resume(ctx context.Context, tenant string) error {
	return named("resuming the tenant", tenant, d.lift(ctx, kindSuspension, tenant))
}

// Quarantine keeps an actor out, on this replica from now on, whatever the store says: where it cannot be written, it is
// in force here, the error says so, and it is written as soon as the store answers.
func (d *Directory) Quarantine(ctx context.Context, q Quarantine) error {
	if err := d.enforce(q); err != nil {
		return named("putting in quarantine the actor", q.Actor, err)
	}
	unread, _ := d.look(ctx)
	return named("putting in quarantine the actor", q.Actor, unread)
}

func (d *Directory) enforce(q Quarantine) error {
	d.change.Lock()
	defer d.change.Unlock()
	if _, ok := d.Current().Tenant(q.Tenant); !ok {
		return ErrNoTenant
	}
	q.By = q.By[:min(len(q.By), maxReason)]
	if !ValidActor(q.Actor) || len(q.Reason) > maxReason {
		return fmt.Errorf("%w: want an actor of at most %d visible characters and a reason of at most %d bytes", ErrDocument, maxActor, maxReason)
	}
	if _, already := d.Current().Quarantined(q.Tenant, q.Actor); already {
		return nil
	}
	if len(d.owed) >= maxOwed || len(d.stored.at) >= MaxRows {
		return ErrFull
	}
	d.owed = append(d.owed, q)
	d.current.Store(d.Current().with(d.quarantines()))
	return nil
}

// payOff writes the quarantines that are owed.
func (d *Directory) payOff(ctx context.Context) error {
	for len(d.owed) > 0 {
		q := d.owed[0]
		doc, err := stopRow{Reason: q.Reason, By: q.By, At: millis(q.At)}.doc()
		if err == nil {
			err = d.source.Apply(ctx, []Change{{Kind: kindQuarantine, ID: actorID(q.Tenant, q.Actor), Now: doc}})
		}
		if err != nil && !errors.Is(err, ErrStale) { // stale: another replica was faster, with the same
			return fmt.Errorf("writing a quarantine: %w", err)
		}
		d.stored.quarantines = append(d.stored.quarantines, q)
		d.owed = d.owed[1:]
	}
	return nil
}

// Release lets an actor in again.
func (d *Directory) Release(ctx context.Context, tenant, actor string) error {
	return named("releasing the actor", actor, d.lift(ctx, kindQuarantine, actorID(tenant, actor)))
}

// lift removes a row.
func (d *Directory) lift(ctx context.Context, kind, id string) error {
	if unread, _ := d.look(ctx); unread != nil {
		return unread
	}
	return d.apply(ctx, func() ([]Change, error) {
		was := d.was(kind, id)
		if was == "" {
			return nil, ErrNotHere
		}
		return []Change{{Kind: kind, ID: id, Was: was}}, nil
	})
}

// Suspensions says what operators have put over a tenant's own status, and since when.
func (d *Directory) Suspensions() map[string]time.Time {
	d.change.Lock()
	defer d.change.Unlock()
	out := make(map[string]time.Time, len(d.stored.suspensions))
	for id, s := range d.stored.suspensions {
		out[id] = s.At
	}
	return out
}

func (d *Directory) declares(id string) bool {
	for i := range d.declared.Tenants {
		if d.declared.Tenants[i].ID == id {
			return true
		}
	}
	return false
}

func named(what, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", what, id, err)
}
