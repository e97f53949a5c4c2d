package filter

import (
	"weir/filter/fault"
	"weir/policy/provider"
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
	v, err := x.server.parts.Vault.Open(x.tenant.ID, name, sealed.Sealed)
	if err != nil {
		return unavailable(err)
	}
	return v, fault.Fault{}, false
}
