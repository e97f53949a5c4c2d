package admin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Role says what a token's bearer may do. Each role may do what those before it may.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // read: the trail, use, tenants, keys
	Operator Role = "operator" // stop and let go: suspend tenants, quarantine actors, revoke keys
	Admin    Role = "admin"    // everything: make tenants and keys, and take them away
)

// Roles are the roles, from the one that may do least.
func Roles() []Role { return []Role{Viewer, Operator, Admin} }

// covers says whether a role may do what asks for another. No role covers nothing but none.
func (r Role) covers(needed Role) bool {
	return slices.Index(Roles(), r) >= slices.Index(Roles(), needed)
}

// Token is somebody who may use the API. Only the SHA-256 of what is presented is kept.
type Token struct {
	Name   string
	Hash   [32]byte
	Role   Role
	Tenant string // all that its bearer sees; empty: everybody's. Only a Viewer can have one
}

// bearer finds who presents a token: a local one, else one of the issuer's. Every local token is compared, so that time tells
// nothing. The error is an errToken, an errWait, or errIssuer where nobody can say.
func (s *Server) bearer(r *http.Request) (Token, error) {
	scheme, presented, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(presented))
	var found *Token
	for i := range s.tokens {
		if subtle.ConstantTimeCompare(sum[:], s.tokens[i].Hash[:]) == 1 {
			found = &s.tokens[i]
		}
	}
	switch {
	case presented == "" || !strings.EqualFold(scheme, "Bearer"):
		return Token{}, errToken("the token is missing or wrong")
	case found != nil:
		return *found, nil
	case s.parts.OIDC != nil && looksSigned(presented):
		// A key that is not known is looked for at the issuer's, so that nobody may have it asked for ever.
		if wait, ok := s.limit.take("issuer " + addressOf(r)); !ok {
			return Token{}, errWait(wait)
		}
		return s.parts.OIDC.verify(r.Context(), presented)
	}
	return Token{}, errToken("the token is missing or wrong")
}

type bearerKey struct{}

// bearerOf is who asks.
func bearerOf(r *http.Request) Token {
	t, _ := r.Context().Value(bearerKey{}).(Token)
	return t
}

// scope is the tenant that the bearer of a request sees nothing beside; empty: none.
func scope(r *http.Request) string { return bearerOf(r).Tenant }

// admitted refuses who bears no token, or one whose role does not reach, or who asks too often. What a token of one tenant may
// ask is marked in the operation, whose handler keeps to it.
func (s *Server) admitted(w http.ResponseWriter, r *http.Request, o *operation) (*http.Request, bool) {
	t, err := s.bearer(r)
	var wait errWait
	if errors.As(err, &wait) {
		limited(w, time.Duration(wait))
		return nil, false
	}
	if err != nil {
		if wait, ok := s.limit.take("address " + addressOf(r)); !ok {
			limited(w, wait)
			return nil, false
		}
		if errors.Is(err, errIssuer) {
			problem(w, http.StatusServiceUnavailable, errIssuer.Error())
			return nil, false
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem(w, http.StatusUnauthorized, err.Error())
		return nil, false
	}
	if wait, ok := s.limit.take("bearer " + t.Name); !ok {
		limited(w, wait)
		return nil, false
	}
	switch {
	case !t.Role.covers(o.role):
		problem(w, http.StatusForbidden, "this needs the role "+string(o.role)+", and the token has "+cmp.Or(string(t.Role), "none"))
		return nil, false
	case t.Tenant != "" && !o.scoped:
		problem(w, http.StatusForbidden, "the token is for one tenant, and this is about all of them")
		return nil, false
	}
	return r.WithContext(context.WithValue(r.Context(), bearerKey{}, t)), true
}
