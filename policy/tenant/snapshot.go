package tenant

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"sort"
	"time"
)

// Snapshot is all tenants and keys at one moment. It is immutable and safe for concurrent use.
type Snapshot struct {
	tenants map[string]*Tenant
	keys    map[[32]byte]*Key
	list    []*Tenant // by id

	quarantines map[string]Quarantine       // by actorID
	credentials map[string]SealedCredential // by credentialID
	unread      bool                        // the store has not been read yet, so it may know keys that are not here
}

// NewSnapshot checks everything and returns either a snapshot of all of it, or one error that names every fault: an
// unknown tenant of a key, ids or hashes that are there twice, a bad status, a limit that cannot be meant, and so on.
// It keeps the slices and maps inside its arguments, which must not be changed afterwards.
func NewSnapshot(tenants []Tenant, keys []Key, quarantines ...Quarantine) (*Snapshot, error) {
	s := &Snapshot{
		tenants: make(map[string]*Tenant, len(tenants)),
		keys:    make(map[[32]byte]*Key, len(keys)),
	}
	s.quarantines = byActor(quarantines)
	var errs []error
	for i := range tenants {
		errs = append(errs, s.addTenant(tenants[i]))
	}
	ids := make(map[string]bool, len(keys))
	for i := range keys {
		errs = append(errs, s.addKey(keys[i], ids))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	sort.Slice(s.list, func(a, b int) bool { return s.list[a].ID < s.list[b].ID })
	return s, nil
}

func byActor(list []Quarantine) map[string]Quarantine {
	out := make(map[string]Quarantine, len(list))
	for _, q := range list {
		out[actorID(q.Tenant, q.Actor)] = q
	}
	return out
}

// with is the same snapshot with other quarantines.
func (s *Snapshot) with(list []Quarantine) *Snapshot {
	out := *s
	out.quarantines = byActor(list)
	return &out
}

func (s *Snapshot) addTenant(t Tenant) error {
	if err := t.validate(); err != nil {
		return fmt.Errorf("tenant %q: %w", t.ID, err)
	}
	if s.tenants[t.ID] != nil {
		return fmt.Errorf("tenant %q: the id is there twice", t.ID)
	}
	t.Settings = t.Settings.withDefaults()
	b, err := encodeSettings(t.Settings)
	if err != nil {
		return fmt.Errorf("tenant %q: %w", t.ID, err)
	}
	t.settingsJSON = b
	if t.scanner, err = t.compile(); err != nil {
		return fmt.Errorf("tenant %q: %w", t.ID, err)
	}
	s.tenants[t.ID] = &t
	s.list = append(s.list, &t)
	return nil
}

func (s *Snapshot) addKey(k Key, ids map[string]bool) error {
	if err := k.validate(); err != nil {
		return fmt.Errorf("key %q: %w", k.ID, err)
	}
	switch {
	case ids[k.ID]:
		return fmt.Errorf("key %q: the id is there twice", k.ID)
	case s.tenants[k.Tenant] == nil:
		return fmt.Errorf("key %q: there is no tenant %q", k.ID, k.Tenant)
	case s.keys[k.Hash] != nil:
		return fmt.Errorf("key %q: has the hash of key %q", k.ID, s.keys[k.Hash].ID)
	}
	if t := s.tenants[k.Tenant]; len(t.LimitedTags(k.Tags)) > MaxLimitedTags {
		return fmt.Errorf("key %q: tags: more than %d with limits", k.ID, MaxLimitedTags)
	}
	ids[k.ID] = true
	s.keys[k.Hash] = &k
	return nil
}

// Resolve finds whose key was presented. It returns ErrMalformed and ErrUnknown without a tenant; ErrRevoked and
// ErrExpired with tenant and key, since even a refusal is phrased and recorded as theirs. A revoked key stays revoked
// whatever the clock says; a key expires at the first moment of ExpiresAt.
//
// The look-up is by SHA-256, so its timing tells nothing about the keys that exist; the found hash is compared once
// more in constant time.
func (s *Snapshot) Resolve(presented string, at time.Time) (*Tenant, *Key, error) {
	if err := CheckForm(presented); err != nil {
		return nil, nil, err
	}
	hash := HashOf(presented)
	k := s.keys[hash]
	if k == nil && s.unread {
		return nil, nil, ErrUnsure
	}
	if k == nil || subtle.ConstantTimeCompare(k.Hash[:], hash[:]) != 1 {
		return nil, nil, ErrUnknown
	}
	t := s.tenants[k.Tenant]
	switch {
	case !k.RevokedAt.IsZero():
		return t, k, ErrRevoked
	case !k.ExpiresAt.IsZero() && !at.Before(k.ExpiresAt):
		return t, k, ErrExpired
	}
	return t, k, nil
}

// Tenant finds a tenant by its id.
func (s *Snapshot) Tenant(id string) (*Tenant, bool) {
	t, ok := s.tenants[id]
	return t, ok
}

// Tenants lists all tenants by id. The list must not be changed.
func (s *Snapshot) Tenants() []*Tenant { return s.list }

// Keys lists the keys of a tenant, or of all with "", by id.
func (s *Snapshot) Keys(tenant string) []*Key {
	var out []*Key
	for _, k := range s.keys {
		if tenant == "" || k.Tenant == tenant {
			out = append(out, k)
		}
	}
	sort.Slice(out, func(a, b int) bool { return out[a].ID < out[b].ID })
	return out
}

// Quarantined says whether an actor of a tenant is kept out, and why.
func (s *Snapshot) Quarantined(tenant, actor string) (Quarantine, bool) {
	if actor == "" || len(s.quarantines) == 0 {
		return Quarantine{}, false
	}
	q, ok := s.quarantines[actorID(tenant, actor)]
	return q, ok
}

// Quarantines lists who is kept out, of one tenant or of all with "", by tenant and actor.
func (s *Snapshot) Quarantines(tenant string) []Quarantine {
	var out []Quarantine
	for _, q := range s.quarantines {
		if tenant == "" || q.Tenant == tenant {
			out = append(out, q)
		}
	}
	sort.Slice(out, func(a, b int) bool {
		return out[a].Tenant < out[b].Tenant || out[a].Tenant == out[b].Tenant && out[a].Actor < out[b].Actor
	})
	return out
}
