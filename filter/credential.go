package filter

import (
	"net/http"
	"sync"

	"weir/filter/fault"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// owns says whether the tenant has a credential of its own for a provider: declared, or kept by the store.
func (x *exchange) owns(name string) bool {
	if ref, ok := x.tenant.Own.References[name]; ok {
		_, err := provider.Secret(provider.Credential(ref))
		return err == nil
	}
	_, ok := x.snap.Tenants.Credential(x.tenant.ID, name)
	return ok
}

// ownSecret is the tenant's own credential for a provider; "" where it has none. It is read for the one request and kept
// nowhere.
func (x *exchange) ownSecret(name string) (string, fault.Fault, bool) {
	unavailable := func(err error) (string, fault.Fault, bool) {
		x.server.parts.Log.Error("reading a tenant's own credential", "trace", x.trace, "tenant", x.tenant.ID, "provider", name, "error", err)
		return "", fault.Fault{Code: fault.CredentialUnavailable}, true
	}
	if ref, ok := x.tenant.Own.References[name]; ok {
		v, err := provider.Secret(provider.Credential(ref))
		if err == nil {
			err = provider.CheckSecret(v)
		}
		if err != nil {
			return unavailable(err)
		}
		return v, fault.Fault{}, false
	}
	sealed, ok := x.snap.Tenants.Credential(x.tenant.ID, name)
	if !ok {
		return "", fault.Fault{}, false
	}
	if x.server.parts.Vault == nil {
		return unavailable(provider.ErrSealed)
	}
	inGrace := sealed.Before != "" && x.began.Before(sealed.Until)
	text := sealed.Sealed
	if inGrace && x.server.refusals.has(sealed) {
		text = sealed.Before
	}
	v, err := x.server.parts.Vault.Open(x.tenant.ID, name, text)
	if err != nil && inGrace {
		v, err = x.server.parts.Vault.Open(x.tenant.ID, name, sealed.Before)
	}
	if err != nil {
		return unavailable(err)
	}
	return v, fault.Fault{}, false
}

// doubt keeps in mind that a provider refused the tenant's own credential, so that the one before serves while it may.
func (x *exchange) doubt(name string, status int) {
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return
	}
	c, ok := x.snap.Tenants.Credential(x.tenant.ID, name)
	if ok && c.Before != "" && x.began.Before(c.Until) && x.server.refusals.add(c) {
		x.server.parts.Log.Warn("a provider refuses a tenant's new credential; the one before is used until its grace is over",
			"trace", x.trace, "tenant", c.Tenant, "provider", c.Provider, "until", c.Until)
	}
}

// refusals are the tenants' credentials that providers refused while others stood in for them. Each replica learns for itself.
type refusals struct {
	mu   sync.Mutex
	seen map[string]bool
}

// maxRefusals bounds them; there is at most one for each credential that was replaced of late.
const maxRefusals = 10_000

func refusalOf(c tenant.SealedCredential) string {
	return c.Tenant + "\n" + c.Provider + "\n" + c.At.String()
}

// add says whether it is news.
func (r *refusals) add(c tenant.SealedCredential) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[refusalOf(c)] {
		return false
	}
	if r.seen == nil || len(r.seen) >= maxRefusals {
		r.seen = map[string]bool{}
	}
	r.seen[refusalOf(c)] = true
	return true
}

func (r *refusals) has(c tenant.SealedCredential) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[refusalOf(c)]
}
