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
}

// credentialList is the answer to who asks for them.
type credentialList struct {
	Credentials []credentialView `json:"credentials"`
}

// credentialValue is the body that brings one.
type credentialValue struct {
	Value string `json:"value"`
}

func (a *Access) credentials(w http.ResponseWriter, r *http.Request) error {
	s := a.Directory.Current()
	if _, ok := s.Tenant(r.PathValue("id")); !ok {
		return tenant.ErrNoTenant
	}
	out := []credentialView{}
	for _, c := range s.Credentials(r.PathValue("id")) {
		out = append(out, credentialView{c.Provider, stamp(c.At)})
	}
	return answered(w, r, credentialList{out})
}

// credentialState is the credential that a change is about, without its value.
func (a *Access) credentialState(r *http.Request, _ http.Header) (any, string, error) {
	id := r.PathValue("id")
	for _, c := range a.Directory.Current().Credentials(id) {
		if c.Provider == r.PathValue("provider") {
			return credentialView{c.Provider, stamp(c.At)}, id, nil
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
		return errRequest("the body must be {\"value\": the credential} and nothing else") // what it is may not be told
	}
	id, name := r.PathValue("id"), r.PathValue("provider")
	sealed, err := a.Seal(id, name, in.Value)
	if err != nil {
		return fmt.Errorf("%w: %w", tenant.ErrDocument, err)
	}
	return done(w, a.Directory.PutCredential(r.Context(), tenant.SealedCredential{Tenant: id, Provider: name, Sealed: sealed, At: a.Clock().UTC()}))
}

func (a *Access) dropCredential(w http.ResponseWriter, r *http.Request) error {
	return done(w, a.Directory.DropCredential(r.Context(), r.PathValue("id"), r.PathValue("provider")))
}
