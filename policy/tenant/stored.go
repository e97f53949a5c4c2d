package tenant

import (
	"errors"
	"fmt"
)

// stored is what the store adds, read once for each document.
type stored struct {
	docs        map[Row]bool // every row about a tenant but quarantines, as it is kept
	at          map[place]string
	keys        map[string]keyDoc
	tenants     map[string]string // documents by id
	suspensions map[string]Suspension
	quarantines []Quarantine
	credentials map[string]SealedCredential
	kept        []Row // about no tenant
}

// place is where a row stands.
type place struct{ kind, id string }

// keyDoc is a key and the document it was read from.
type keyDoc struct {
	Key
	doc string
}

func newStored() stored {
	return stored{
		docs: map[Row]bool{}, at: map[place]string{}, keys: map[string]keyDoc{}, tenants: map[string]string{},
		suspensions: map[string]Suspension{}, credentials: map[string]SealedCredential{},
	}
}

// read makes of rows what they say. terms says that something else than quarantines has changed. Documents that are the
// same as before are not read again: most changes touch one row of many.
func (s stored) read(rows []Row) (next stored, terms bool, err error) {
	next = newStored()
	next.kept = KeptOf(rows)
	for _, r := range rows {
		next.at[place{r.Kind, r.ID}] = r.Doc
		if r.Kind != kindQuarantine && !keptKind(r.Kind) {
			next.docs[r] = true
			terms = terms || !s.docs[r]
		}
		if err := next.take(r, s.keys[r.ID]); err != nil {
			return s, false, err
		}
	}
	return next, terms || len(next.docs) != len(s.docs), nil
}

func (s *stored) take(r Row, old keyDoc) error {
	switch r.Kind {
	case kindKey:
		if old.doc != r.Doc {
			k, err := keyOf(r.ID, r.Doc)
			if err != nil {
				return err
			}
			old = keyDoc{k, r.Doc}
		}
		s.keys[r.ID] = old
	case kindTenant:
		s.tenants[r.ID] = r.Doc
	case kindCredential:
		c, err := credentialOf(r.ID, r.Doc)
		if err != nil {
			return err
		}
		s.credentials[r.ID] = c
	case kindSuspension:
		stop, err := stopOf(r.Kind, r.ID, r.Doc)
		if err != nil {
			return err
		}
		s.suspensions[r.ID] = Suspension{Tenant: r.ID, Reason: stop.Reason, At: moment(stop.At)}
	case kindQuarantine:
		stop, err := stopOf(r.Kind, r.ID, r.Doc)
		if err != nil {
			return err
		}
		tenant, actor := actorOf(r.ID)
		s.quarantines = append(s.quarantines, Quarantine{
			Tenant: tenant, Actor: actor, Reason: stop.Reason, By: stop.By, At: moment(stop.At),
		})
	}
	return nil
}

// assemble makes a snapshot of what is declared and stored. Stored keys whose tenant nobody has are left out: they are
// of no use until somebody does. lenient leaves out whatever cannot stand beside what is declared.
func (s stored) assemble(declared Declared, lenient bool) (*Snapshot, error) {
	tenants, err := s.allTenants(declared, lenient)
	if err != nil {
		return nil, fmt.Errorf("putting tenants and keys together: %w", err)
	}
	known := make(map[string]bool, len(tenants))
	for i := range tenants {
		known[tenants[i].ID] = true
		s.suspend(&tenants[i])
	}
	snap, err := NewSnapshot(tenants, s.allKeys(declared, known, lenient))
	if err != nil {
		return nil, fmt.Errorf("putting tenants and keys together: %w", err)
	}
	snap.credentials = s.credentials
	return snap, nil
}

func (s stored) allTenants(declared Declared, lenient bool) ([]Tenant, error) {
	out := append([]Tenant(nil), declared.Tenants...)
	ids := make(map[string]bool, len(out))
	for i := range out {
		ids[out[i].ID] = true
	}
	var errs []error
	for id, doc := range s.tenants {
		if ids[id] {
			errs = append(errs, fmt.Errorf("tenant %q: is declared in the file and kept in the store", id))
			continue
		}
		t, err := declared.parse(id, doc)
		if err != nil {
			errs = append(errs, fmt.Errorf("tenant %q of the store: %w", id, err))
			continue
		}
		out = append(out, t)
	}
	if lenient {
		return out, nil
	}
	return out, errors.Join(errs...)
}

// parse reads a stored tenant and makes sure that it can stand.
func (d Declared) parse(id, doc string) (Tenant, error) {
	if d.Parse == nil {
		return Tenant{}, errors.New("this process keeps no tenants in the store")
	}
	t, err := d.Parse(id, []byte(doc))
	if err != nil {
		return Tenant{}, err
	}
	if t.ID != id {
		return Tenant{}, fmt.Errorf("its document is that of %q", t.ID)
	}
	return t, t.validate()
}

// suspend puts an operator's suspension over an active tenant's status. Any other status refuses already, in its own
// words.
func (s stored) suspend(t *Tenant) {
	if stop, ok := s.suspensions[t.ID]; ok && t.Status == Active {
		t.Status, t.SuspendedReason = Suspended, stop.Reason
	}
}

func (s stored) allKeys(declared Declared, known map[string]bool, lenient bool) []Key {
	out := append([]Key(nil), declared.Keys...)
	ids, hashes := make(map[string]bool, len(out)), make(map[[32]byte]bool, len(out))
	if lenient {
		for i := range out {
			ids[out[i].ID], hashes[out[i].Hash] = true, true
		}
	}
	for _, k := range s.keys {
		if !known[k.Tenant] || lenient && (ids[k.ID] || hashes[k.Hash] || k.validate() != nil) {
			continue
		}
		out = append(out, k.Key)
	}
	return out
}
