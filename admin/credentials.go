package admin

import (
	"fmt"
	"net/http"

	"weir/policy/tenant"
)

// credentialView is a tenant's own credential for a provider; its value is never shown.
type credentialView struct {
	Provider string `json:"provider"`
	SetAt    string `json:"set_at"`
	// GraceUntil is how long the one before may stand in for it.
	GraceUntil string `json:"grace_until,omitempty"`
}

func sealedView(c tenant.SealedCredential) credentialView {
	v := credentialView{Provider: c.Provider, SetAt: stamp(c.At)}
	if c.Before != "" {
		v.GraceUntil = stamp(c.Until)
	}
	return v
}

// credentialList is the answer to who asks for them.
type credentialList struct {
	Credentials []credentialView `json:"credentials"`
}

// credentialValue is the body that brings one.
type credentialValue struct {
	Value string `json:"value"`
	Grace string `json:"grace,omitempty"` // how long the one before may stand in for it: 24h
}

func (a *Access) credentials(w http.ResponseWriter, r *http.Request) error {
	s := a.Directory.Current()
	if _, ok := s.Tenant(r.PathValue("id")); !ok {
		return tenant.ErrNoTenant
	}
	out := []credentialView{}
	for _, c := range s.Credentials(r.PathValue("id")) {
		out = append(out, sealedView(c))
	}
	return answered(w, r, credentialList{out})
}

// credentialState is the credential that a change is about, without its value.
func (a *Access) credentialState(r *http.Request, _ http.Header) (any, string, error) {
	id := r.PathValue("id")
	for _, c := range a.Directory.Current().Credentials(id) {
		if c.Provider == r.PathValue("provider") {
			return sealedView(c), id, nil
		}
	}
	return nil, id, nil
}

func (a *Access) putCredential(w http.ResponseWriter, r *http.Request) error {
	b, err := document(r)
	if err != nil {
		return err
	}
	var in credentialValue
	if err := strict(b, &in); err != nil {
		return errRequest("the body must be {\"value\": the credential, \"grace\": 24h} and nothing else") // what it is may not be told
	}
	grace, err := tenant.ParseGrace(in.Grace)
	if err != nil {
		return errRequest(err.Error())
	}
	id, name := r.PathValue("id"), r.PathValue("provider")
	sealed, err := a.Seal(id, name, in.Value)
	if err != nil {
		return fmt.Errorf("%w: %w", tenant.ErrDocument, err)
	}
	at := a.Clock().UTC()
	return done(w, a.Directory.PutCredential(r.Context(), tenant.SealedCredential{Tenant: id, Provider: name, Sealed: sealed, At: at, Until: at.Add(grace)}))
}

func (a *Access) dropCredential(w http.ResponseWriter, r *http.Request) error {
	return done(w, a.Directory.DropCredential(r.Context(), r.PathValue("id"), r.PathValue("provider")))
}
