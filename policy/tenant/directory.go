package tenant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"weir/policy/store"
)

// refreshEvery is how often the store is asked whether anything has changed. A change that another process makes is in
// force after at most this long and the time of one read.
const refreshEvery = 250 * time.Millisecond

// What the Directory refuses to do.
var (
	ErrDeclared = errors.New("declared in the configuration file, so it can only be changed there")
	ErrNoKey    = errors.New("no such key in the store")
	ErrExists   = errors.New("a key of this id or hash exists already")
)

// Directory is every tenant and key in force: those a file declares, and the keys the store adds to them. The same id
// in both is an error. It is safe for concurrent use.
type Directory struct {
	store   *store.Store
	current atomic.Pointer[Snapshot]

	change   sync.Mutex // one change of what follows at a time
	tenants  []Tenant
	declared []Key
	stored   []Key // all of them, those that clash included
	revision int64
	clash    error // why some of the stored keys are not in force
	unread   error // why the last refresh could not look
}

// NewDirectory reads the store's keys and puts them beside what a file declares.
func NewDirectory(ctx context.Context, s *store.Store, tenants []Tenant, keys []Key) (*Directory, error) {
	d := &Directory{store: s, tenants: tenants, declared: keys, revision: -1}
	if err := d.Refresh(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// Current is the snapshot in force. An exchange asks once and keeps what it got.
func (d *Directory) Current() *Snapshot { return d.current.Load() }

// Declare replaces what the file says. A bad one is refused whole, and the old one stays.
func (d *Directory) Declare(tenants []Tenant, keys []Key) error {
	d.change.Lock()
	defer d.change.Unlock()
	s, err := assemble(tenants, keys, d.stored)
	if err != nil {
		return err
	}
	d.tenants, d.declared, d.clash = tenants, keys, nil
	d.current.Store(s)
	return nil
}

// assemble leaves out stored keys whose tenant the file no longer declares: they are of no use until it does.
func assemble(tenants []Tenant, declared, stored []Key) (*Snapshot, error) {
	known := make(map[string]bool, len(tenants))
	for i := range tenants {
		known[tenants[i].ID] = true
	}
	all := append([]Key(nil), declared...)
	for _, k := range stored {
		if known[k.Tenant] {
			all = append(all, k)
		}
	}
	s, err := NewSnapshot(tenants, all)
	if err != nil {
		return nil, fmt.Errorf("putting tenants and keys together: %w", err)
	}
	return s, nil
}

// Refresh reads the store's keys again if they have changed. Once there is a snapshot, a stored key that cannot stand
// beside what is declared is left out and named by the error, and all others are in force: a revocation must not wait
// until somebody has mended another key.
func (d *Directory) Refresh(ctx context.Context) error {
	unread, clash := d.look(ctx)
	return errors.Join(unread, clash)
}

// look refreshes, and tells what could not be read from what cannot be in force.
func (d *Directory) look(ctx context.Context) (unread, clash error) {
	d.change.Lock()
	defer d.change.Unlock()
	d.unread = d.read(ctx)
	return d.unread, d.clash
}

func (d *Directory) read(ctx context.Context) error {
	revision, err := readRevision(ctx, d.store)
	if err != nil || revision == d.revision {
		return err
	}
	stored, err := readKeys(ctx, d.store)
	if err != nil {
		return err
	}
	s, clash := assemble(d.tenants, d.declared, stored)
	if clash != nil {
		if d.Current() == nil {
			return clash
		}
		if s, err = assemble(d.tenants, d.declared, compatible(d.declared, stored)); err != nil {
			return err
		}
	}
	d.stored, d.revision, d.clash = stored, revision, clash
	d.current.Store(s)
	return nil
}

// compatible are the stored keys that can stand beside the declared ones. Among themselves the store has seen to it.
func compatible(declared, stored []Key) (out []Key) {
	ids, hashes := make(map[string]bool, len(declared)), make(map[[32]byte]bool, len(declared))
	for i := range declared {
		ids[declared[i].ID], hashes[declared[i].Hash] = true, true
	}
	for _, k := range stored {
		if !ids[k.ID] && !hashes[k.Hash] && k.validate() == nil {
			out = append(out, k)
		}
	}
	return out
}

// Check says why the keys in force may not be what the store holds. It is for readiness.
func (d *Directory) Check(context.Context) error {
	d.change.Lock()
	defer d.change.Unlock()
	return errors.Join(d.unread, d.clash)
}

// Run refreshes until ctx ends. A store that cannot be read leaves the keys in force as they are; Check tells.
func (d *Directory) Run(ctx context.Context) error {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	return d.Follow(ctx, tick.C)
}

// Follow is Run with a clock of the caller's: at every tick it looks whether anybody has committed anything, and if so
// refreshes.
func (d *Directory) Follow(ctx context.Context, tick <-chan time.Time) error {
	seen := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		}
		v, err := d.store.DataVersion(ctx)
		if err == nil && v == seen {
			continue
		}
		// What cannot be read now is read at the next tick.
		if unread, _ := d.look(ctx); unread == nil && err == nil {
			seen = v
		}
	}
}

// Create puts a new key into the store. It is in force here when Create returns. A key that could not stand beside the
// others is refused before it is written.
func (d *Directory) Create(ctx context.Context, k Key) error {
	if err := d.acceptable(k); err != nil {
		return fmt.Errorf("creating the key %q: %w", k.ID, err)
	}
	if err := insertKey(ctx, d.store, k); err != nil {
		return fmt.Errorf("creating the key %q: %w", k.ID, err)
	}
	unread, _ := d.look(ctx)
	return unread
}

func (d *Directory) acceptable(k Key) error {
	d.change.Lock()
	defer d.change.Unlock()
	for _, list := range [...][]Key{d.declared, d.stored} {
		for i := range list {
			if list[i].ID == k.ID || list[i].Hash == k.Hash {
				return ErrExists
			}
		}
	}
	// Through NewSnapshot itself, which is the judge of what a key is and whether its tenant is known.
	_, err := NewSnapshot(d.tenants, []Key{k})
	return err
}

// Revoke ends a key of the store. at is when that was decided; the key is refused from now on whatever at says. A second
// revocation changes nothing. A key that is declared in the file is ErrDeclared, one that is nowhere ErrNoKey.
func (d *Directory) Revoke(ctx context.Context, id string, at time.Time) error {
	if d.isDeclared(id) {
		return fmt.Errorf("revoking the key %q: %w", id, ErrDeclared)
	}
	if err := revokeKey(ctx, d.store, id, at); err != nil {
		return fmt.Errorf("revoking the key %q: %w", id, err)
	}
	unread, _ := d.look(ctx)
	return unread
}

func (d *Directory) isDeclared(id string) bool {
	d.change.Lock()
	defer d.change.Unlock()
	for i := range d.declared {
		if d.declared[i].ID == id {
			return true
		}
	}
	return false
}

// List reads the store's keys: all of a tenant, or all with "", by id, those of tenants that the file does not declare
// included.
func (d *Directory) List(ctx context.Context, tenant string) ([]Key, error) {
	all, err := readKeys(ctx, d.store)
	if err != nil {
		return nil, err
	}
	var out []Key
	for _, k := range all {
		if tenant == "" || k.Tenant == tenant {
			out = append(out, k)
		}
	}
	return out, nil
}
