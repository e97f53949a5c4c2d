package tenant

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"weir/policy/store"
)

// refreshEvery is how often the store is asked whether keys have changed. A change that another process makes is in
// force after at most this long and the time of one read.
const refreshEvery = 250 * time.Millisecond

// ErrDeclared says that something is declared in a file, so it can only be changed there.
var ErrDeclared = errors.New("declared in the configuration file, so it can only be changed there")

// ErrNoKey says that the store holds no key of that id.
var ErrNoKey = errors.New("no such key in the store")

// Directory is every tenant and key in force: those a file declares, and the keys the store adds to them. The same id
// in both is an error. It is safe for concurrent use.
type Directory struct {
	store    *store.Store
	current  atomic.Pointer[Snapshot]
	change   sync.Mutex // one change of what follows at a time
	tenants  []Tenant
	declared []Key
	stored   []Key
	revision int64
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
	d.tenants, d.declared = tenants, keys
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

// Refresh reads the store's keys again if they have changed.
func (d *Directory) Refresh(ctx context.Context) error {
	d.change.Lock()
	defer d.change.Unlock()
	var revision int64
	if err := d.store.Read().QueryRowContext(ctx, `SELECT revision FROM keys_revision`).Scan(&revision); err != nil {
		return fmt.Errorf("asking for changed keys: %w", err)
	}
	if revision == d.revision {
		return nil
	}
	stored, err := readKeys(ctx, d.store.Read())
	if err != nil {
		return err
	}
	s, err := assemble(d.tenants, d.declared, stored)
	if err != nil {
		return err
	}
	d.stored, d.revision = stored, revision
	d.current.Store(s)
	return nil
}

// Run refreshes until ctx ends. A store that cannot be read leaves the keys in force as they are.
func (d *Directory) Run(ctx context.Context) error {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	return d.Follow(ctx, tick.C)
}

// Follow is Run with a clock of the caller's: it refreshes at every tick.
func (d *Directory) Follow(ctx context.Context, tick <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
			// What cannot be read now is read at the next tick; the store's own health is told elsewhere.
			_ = d.Refresh(ctx)
		}
	}
}

// terms is what of a key is kept as JSON.
type terms struct {
	Name    string   `json:"name,omitempty"`
	Scopes  []string `json:"scopes,omitempty"`
	Budgets []Budget `json:"budgets,omitempty"`
	Rates   []Rate   `json:"rates,omitempty"`
	Models  Permit   `json:"models"`
}

// Create puts a new key into the store. It is in force here when Create returns.
func (d *Directory) Create(ctx context.Context, k Key) error {
	for _, declared := range d.Current().Keys(k.Tenant) {
		if declared.ID == k.ID {
			return fmt.Errorf("key %q exists already", k.ID)
		}
	}
	if _, ok := d.Current().Tenant(k.Tenant); !ok {
		return fmt.Errorf("tenant %q is not known", k.Tenant)
	}
	b, err := json.Marshal(terms{Name: k.Name, Scopes: k.Scopes, Budgets: k.Budgets, Rates: k.Rates, Models: k.Models})
	if err != nil {
		return fmt.Errorf("encoding a key: %w", err)
	}
	err = d.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			`INSERT INTO keys (id, tenant, hash, prefix, created_at, expires_at, revoked_at, terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			k.ID, k.Tenant, k.Hash[:], k.Prefix, millis(k.CreatedAt), millis(k.ExpiresAt), millis(k.RevokedAt), string(b))
		return err
	})
	if err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	return d.Refresh(ctx)
}

// Revoke ends a key of the store from at on. A key that is declared in the file is ErrDeclared.
func (d *Directory) Revoke(ctx context.Context, id string, at time.Time) error {
	d.change.Lock()
	for i := range d.declared {
		if d.declared[i].ID == id {
			d.change.Unlock()
			return fmt.Errorf("key %q: %w", id, ErrDeclared)
		}
	}
	d.change.Unlock()
	var changed int64
	err := d.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at = 0`, millis(at), id)
		if err != nil {
			return err
		}
		if changed, err = r.RowsAffected(); err != nil || changed > 0 {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM keys WHERE id = ?`, id).Scan(&changed)
	})
	if err != nil {
		return fmt.Errorf("revoking a key: %w", err)
	}
	if changed == 0 {
		return fmt.Errorf("key %q: %w", id, ErrNoKey)
	}
	return d.Refresh(ctx)
}

// readKeys reads every key of the store.
func readKeys(ctx context.Context, db *sql.DB) ([]Key, error) {
	rows, err := db.QueryContext(ctx, `SELECT id, tenant, hash, prefix, created_at, expires_at, revoked_at, terms FROM keys ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	defer rows.Close()
	var out []Key
	for rows.Next() {
		var k Key
		var hash []byte
		var created, expires, revoked int64
		var text string
		if err := rows.Scan(&k.ID, &k.Tenant, &hash, &k.Prefix, &created, &expires, &revoked, &text); err != nil {
			return nil, fmt.Errorf("reading keys: %w", err)
		}
		var t terms
		if err := json.Unmarshal([]byte(text), &t); err != nil || len(hash) != len(k.Hash) {
			return nil, fmt.Errorf("reading key %q: its row is damaged", k.ID)
		}
		k.Hash = [32]byte(hash)
		k.CreatedAt, k.ExpiresAt, k.RevokedAt = moment(created), moment(expires), moment(revoked)
		k.Name, k.Scopes, k.Budgets, k.Rates, k.Models = t.Name, t.Scopes, t.Budgets, t.Rates, t.Models
		out = append(out, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	return out, nil
}

// millis is a time as it is kept; 0 is none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
