package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"
)

// Own are a tenant's own credentials for providers, by the providers' names, that its operator declared.
type Own struct {
	Required   bool // no other credential may be used for its requests
	References map[string]Reference
}

// Reference names a secret without holding it: exactly one field is set.
type Reference struct {
	Env  string // environment variable
	File string // path
}

// kindCredential is a tenant's own credential for a provider, sealed.
const kindCredential = "credential"

// SealedCredential is a tenant's own credential as the store keeps it. Only who has the vault's key can open it.
type SealedCredential struct {
	Tenant, Provider string
	Sealed           string
	At               time.Time // when it was put there
	// Before is the one whose place it took, which may be used until a time where the new one is refused; empty: none.
	Before string
	Until  time.Time
}

// credentialRow is one as it is kept.
type credentialRow struct {
	Sealed string `json:"sealed"`
	At     int64  `json:"at"`
	Before string `json:"before,omitempty"`
	Until  int64  `json:"until,omitempty"`
}

// credentialID is where a credential stands. A tenant's id has no slash, nor has a provider's.
func credentialID(tenant, provider string) string { return tenant + "/" + provider }

func credentialOf(id, doc string) (SealedCredential, error) {
	var r credentialRow
	if err := json.Unmarshal([]byte(doc), &r); err != nil || r.Sealed == "" {
		return SealedCredential{}, fmt.Errorf("reading the credential %q: its row is damaged", id)
	}
	tenant, provider, _ := strings.Cut(id, "/")
	return SealedCredential{Tenant: tenant, Provider: provider, Sealed: r.Sealed, At: moment(r.At), Before: r.Before, Until: moment(r.Until)}, nil
}

// Credential is a tenant's own credential for a provider as the store keeps it.
func (s *Snapshot) Credential(tenant, provider string) (SealedCredential, bool) {
	c, ok := s.credentials[credentialID(tenant, provider)]
	return c, ok
}

// Credentials are those of a tenant, by provider.
func (s *Snapshot) Credentials(tenant string) []SealedCredential {
	var out []SealedCredential
	for _, c := range s.credentials {
		if c.Tenant == tenant {
			out = append(out, c)
		}
	}
	sort.Slice(out, func(a, b int) bool { return out[a].Provider < out[b].Provider })
	return out
}

// PutCredential puts a tenant's own credential into the store, in the place of one that is there, which stays for a grace
// where Until says so. It is in force here when PutCredential returns, and in other processes a second later.
func (d *Directory) PutCredential(ctx context.Context, c SealedCredential) error {
	err := d.apply(ctx, func() ([]Change, error) {
		t, ok := d.Current().Tenant(c.Tenant)
		switch {
		case !ok:
			return nil, missing("tenant", c.Tenant, ErrNoTenant)
		case c.Provider == "" || strings.ContainsAny(c.Provider, "/ \t\r\n"):
			return nil, fmt.Errorf("%w: %q is no provider's name", ErrDocument, c.Provider)
		case t.Own.References[c.Provider] != (Reference{}):
			return nil, ErrDeclared
		}
		row := credentialRow{Sealed: c.Sealed, At: millis(c.At)}
		if old, ok := d.Current().Credential(c.Tenant, c.Provider); ok && c.Until.After(c.At) {
			row.Before, row.Until = old.Sealed, millis(c.Until)
		}
		b, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("encoding the credential: %w", err)
		}
		id := credentialID(c.Tenant, c.Provider)
		return []Change{{Kind: kindCredential, ID: id, Was: d.was(kindCredential, id), Now: string(b)}}, nil
	})
	if err != nil {
		return fmt.Errorf("putting the credential of %q for %q: %w", c.Tenant, c.Provider, err)
	}
	return nil
}

// maxGrace bounds a grace: a quarter of a year.
const maxGrace = 90 * 24 * time.Hour

// ParseGrace reads how long a credential may stand in for the one that took its place; nothing is none.
func ParseGrace(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxGrace {
		return 0, fmt.Errorf("grace: found %q, want a duration like 24h, at most %s", s, maxGrace)
	}
	return d, nil
}

// DropCredential takes a tenant's own credential out of the store.
func (d *Directory) DropCredential(ctx context.Context, tenant, provider string) error {
	err := d.apply(ctx, func() ([]Change, error) {
		id := credentialID(tenant, provider)
		was := d.was(kindCredential, id)
		if was == "" {
			return nil, ErrNotHere
		}
		return []Change{{Kind: kindCredential, ID: id, Was: was}}, nil
	})
	if err != nil {
		return fmt.Errorf("dropping the credential of %q for %q: %w", tenant, provider, err)
	}
	return nil
}
