package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
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

// covers says whether a role may do what asks for another.
func (r Role) covers(needed Role) bool {
	for _, role := range Roles() {
		if role == needed {
			return true // it came first, or is the same
		}
		if role == r {
			return false
		}
	}
	return false
}

// Token is somebody who may use the API. Only the SHA-256 of what is presented is kept.
type Token struct {
	Name   string
	Hash   [32]byte
	Role   Role
	Tenant string // all that its bearer sees; empty: everybody's. Only a Viewer can have one
}

// bearer finds who presents a token. Every token is compared, so that time tells nothing.
func (s *Server) bearer(r *http.Request) (Token, bool) {
	scheme, presented, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(presented))
	var found *Token
	for i := range s.tokens {
		if subtle.ConstantTimeCompare(sum[:], s.tokens[i].Hash[:]) == 1 {
			found = &s.tokens[i]
		}
	}
	if found == nil || presented == "" || !strings.EqualFold(scheme, "Bearer") {
		return Token{}, false
	}
	return *found, true
}

type bearerKey struct{}

// scope is the tenant that the bearer of a request sees nothing beside; empty: none.
func scope(r *http.Request) string {
	t, _ := r.Context().Value(bearerKey{}).(Token)
	return t.Tenant
}

// admitted refuses who bears no token, or one whose role does not reach. What a token of one tenant may ask is marked in the
// operation, whose handler keeps to it.
func (s *Server) admitted(w http.ResponseWriter, r *http.Request, o *operation) (*http.Request, bool) {
	t, ok := s.bearer(r)
	switch {
	case !ok:
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem(w, http.StatusUnauthorized, "the token is missing or wrong")
		return nil, false
	case !t.Role.covers(o.role):
		problem(w, http.StatusForbidden, "this needs the role "+string(o.role)+", and the token has "+string(t.Role))
		return nil, false
	case t.Tenant != "" && !o.scoped:
		problem(w, http.StatusForbidden, "the token is for one tenant, and this is about all of them")
		return nil, false
	}
	return r.WithContext(context.WithValue(r.Context(), bearerKey{}, t)), true
}
