package admin

import (
	"context"
	"net/http"
)

// Shown tells what is there as who reads it over the API sees it, for whoever changes it in another way and writes that down. It
// is nil where there is nothing.
type Shown struct{ access *Access }

// ShownOf is of a directory; every other part of it may be missing but the clock.
func ShownOf(a *Access) Shown { return Shown{a} }

// Tenant is one tenant.
func (s Shown) Tenant(id string) any {
	now := s.access.Directory.Current()
	t, ok := now.Tenant(id)
	if !ok {
		return nil
	}
	return s.access.tenantView(now, t)
}

// Key is one key, without its plaintext.
func (s Shown) Key(ctx context.Context, id string) (any, error) {
	k, err := s.access.oneKey((&http.Request{}).WithContext(ctx), id)
	if k == nil || err != nil {
		return nil, err
	}
	return k, nil
}

// Actor is an actor that is kept out.
func (s Shown) Actor(of, actor string) any {
	for _, q := range s.access.Directory.Current().Quarantines(of) {
		if q.Actor == actor {
			return viewOf(q)
		}
	}
	return nil
}

// Credential is a tenant's own, without its value.
func (s Shown) Credential(of, provider string) any {
	for _, c := range s.access.Directory.Current().Credentials(of) {
		if c.Provider == provider {
			return sealedView(c)
		}
	}
	return nil
}
