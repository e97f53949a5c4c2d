package tenant

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"time"
)

// What the Directory refuses to do.
var (
	ErrDeclared = errors.New("declared in the configuration file, so it can only be changed there")
	ErrNoKey    = errors.New("no such key in the store")
	ErrNoTenant = errors.New("no such tenant")
	ErrExists   = errors.New("a key of this id or hash exists already")
	ErrEnded    = errors.New("the key is revoked or has expired")
	ErrNotHere  = errors.New("there is nothing to lift")
	ErrDocument = errors.New("what is asked for cannot be meant")
)

// attempts is how often a change is tried against others that are faster.
const attempts = 8

// apply makes a change that is computed from what is stored now, and puts it in force here.
func (d *Directory) apply(ctx context.Context, compute func() ([]Change, error)) error {
	for try := 1; ; try++ {
		d.change.Lock()
		changes, err := compute()
		for _, c := range changes {
			if err == nil && c.Was == "" && len(d.stored.at) >= MaxRows {
				err = ErrFull
			}
		}
		d.change.Unlock()
		if err != nil || len(changes) == 0 {
			return err
		}
		err = d.source.Apply(ctx, changes)
		unread, _ := d.look(ctx)
		if !errors.Is(err, ErrStale) || try == attempts {
			return errors.Join(err, unread)
		}
		if unread != nil {
			return unread
		}
	}
}

// was is the document of a row as this process knows it, "" for none.
func (d *Directory) was(kind, id string) string { return d.stored.at[place{kind, id}] }

// Create puts a new key into the store. It is in force here when Create returns. A key that could not stand beside the
// others is refused before it is written.
func (d *Directory) Create(ctx context.Context, k Key) error {
	err := d.apply(ctx, func() ([]Change, error) { return d.creation(k) })
	if err != nil {
		return fmt.Errorf("creating the key %q: %w", k.ID, err)
	}
	return nil
}

func (d *Directory) creation(k Key) ([]Change, error) {
	hash := hex.EncodeToString(k.Hash[:])
	if d.was(kindKey, k.ID) != "" || d.was(kindHash, hash) != "" {
		return nil, ErrExists
	}
	for i := range d.declared.Keys {
		if d.declared.Keys[i].ID == k.ID || d.declared.Keys[i].Hash == k.Hash {
			return nil, ErrExists
		}
	}
	if _, ok := d.Current().Tenant(k.Tenant); !ok {
		return nil, missing("tenant", k.Tenant, ErrNoTenant)
	}
	if err := k.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	doc, err := k.doc()
	if err != nil {
		return nil, err
	}
	return []Change{{Kind: kindKey, ID: k.ID, Now: doc}, {Kind: kindHash, ID: hash, Now: k.ID}}, nil
}

// Revoke ends a key of the store. at is when that was decided; the key is refused from now on whatever at says. A second
// revocation changes nothing. A key that is declared in the file is ErrDeclared, one that is nowhere ErrNoKey.
func (d *Directory) Revoke(ctx context.Context, id string, at time.Time) error {
	err := d.apply(ctx, func() ([]Change, error) {
		k, err := d.storedKey(id)
		if err != nil || !k.RevokedAt.IsZero() {
			return nil, err
		}
		if k.RevokedAt = at; at.UnixMilli() == 0 || at.IsZero() {
			k.RevokedAt = time.UnixMilli(1)
		}
		c, err := d.rewritten(k)
		return []Change{c}, err
	})
	if err != nil {
		return fmt.Errorf("revoking the key %q: %w", id, err)
	}
	return nil
}

// Rotate puts a key in another's place: with the same terms and the same account, whatever next says about them. The old
// one goes on until end, or until its own end where that is sooner. Both happen together or not at all.
func (d *Directory) Rotate(ctx context.Context, old string, end time.Time, next Key) (Key, error) {
	err := d.apply(ctx, func() ([]Change, error) {
		k, err := d.storedKey(old)
		if err != nil {
			return nil, err
		}
		if !k.RevokedAt.IsZero() || !k.ExpiresAt.IsZero() && !next.CreatedAt.Before(k.ExpiresAt) {
			return nil, ErrEnded
		}
		next = Successor(k, next)
		made, err := d.creation(next)
		if err != nil {
			return nil, err
		}
		if k.ExpiresAt.IsZero() || end.Before(k.ExpiresAt) {
			k.ExpiresAt = end
		}
		c, err := d.rewritten(k)
		return append(made, c), err
	})
	if err != nil {
		return Key{}, fmt.Errorf("rotating the key %q: %w", old, err)
	}
	return next, nil
}

// Successor is a key with the terms of another, not its end.
func Successor(old, next Key) Key {
	next.Tenant, next.Account, next.Scopes, next.Tags = old.Tenant, old.AccountID(), old.Scopes, old.Tags
	next.Budgets, next.Rates, next.Models = old.Budgets, old.Rates, old.Models
	next.Concurrency, next.PerCall = old.Concurrency, old.PerCall
	if next.Name == "" {
		next.Name = old.Name
	}
	return next
}

// storedKey finds a key that may be changed.
func (d *Directory) storedKey(id string) (Key, error) {
	for i := range d.declared.Keys {
		if d.declared.Keys[i].ID == id {
			return Key{}, ErrDeclared
		}
	}
	k, ok := d.stored.keys[id]
	if !ok {
		return Key{}, ErrNoKey
	}
	return k.Key, nil
}

func (d *Directory) rewritten(k Key) (Change, error) {
	doc, err := k.doc()
	return Change{Kind: kindKey, ID: k.ID, Was: d.was(kindKey, k.ID), Now: doc}, err
}

// List reads the store's keys: all of a tenant, or all with "", by id, those of tenants that nobody has included.
func (d *Directory) List(ctx context.Context, tenant string) ([]Key, error) {
	if unread, _ := d.look(ctx); unread != nil {
		return nil, unread
	}
	d.change.Lock()
	defer d.change.Unlock()
	var out []Key
	for _, k := range d.stored.keys {
		if tenant == "" || k.Tenant == tenant {
			out = append(out, k.Key)
		}
	}
	sort.Slice(out, func(a, b int) bool { return out[a].ID < out[b].ID })
	return out, nil
}
