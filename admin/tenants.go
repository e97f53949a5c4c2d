package admin

import (
	"encoding/json"
	"net/http"

	"weir/policy/tenant"
)

// tenantView is a tenant as operators see it.
type tenantView struct {
	ID              string `json:"id"`
	Name            string `json:"name,omitempty"`
	Dialect         string `json:"dialect"`
	Status          string `json:"status"` // as it is in force
	SuspendedReason string `json:"suspended_reason,omitempty"`
	Origin          string `json:"origin"` // file, store
	Keys            int    `json:"keys"`
	Quarantined     int    `json:"quarantined"`
	// Document is what the store keeps, in the form of the file.
	Document json.RawMessage `json:"document,omitempty"`
}

func (a *Access) tenantView(s *tenant.Snapshot, t *tenant.Tenant) tenantView {
	v := tenantView{
		ID: t.ID, Name: t.Name, Dialect: t.Dialect, Status: string(t.Status), SuspendedReason: t.SuspendedReason, Origin: "file",
		Keys: len(s.Keys(t.ID)), Quarantined: len(s.Quarantines(t.ID)),
	}
	if doc, ok := a.Directory.Document(t.ID); ok {
		v.Origin = "store"
		if json.Valid(doc) {
			v.Document = doc
		}
	}
	return v
}

func (a *Access) tenants(w http.ResponseWriter, r *http.Request) error {
	s := a.Directory.Current()
	out := []tenantView{}
	for _, t := range s.Tenants() {
		if own := scope(r); own != "" && t.ID != own {
			continue
		}
		v := a.tenantView(s, t)
		v.Document = nil
		out = append(out, v)
	}
	return answered(w, r, tenantList{out})
}

func (a *Access) tenant(w http.ResponseWriter, r *http.Request) error {
	s := a.Directory.Current()
	t, ok := s.Tenant(r.PathValue("id"))
	if own := scope(r); !ok || own != "" && t.ID != own {
		return tenant.ErrNoTenant
	}
	return answered(w, r, a.tenantView(s, t))
}

func (a *Access) putTenant(w http.ResponseWriter, r *http.Request) error {
	doc, err := document(r)
	if err != nil {
		return err
	}
	if !json.Valid(doc) {
		return errRequest("the body is no JSON document")
	}
	if err := a.Directory.PutTenant(r.Context(), r.PathValue("id"), doc); err != nil {
		return err
	}
	return a.tenant(w, r)
}

func (a *Access) deleteTenant(w http.ResponseWriter, r *http.Request) error {
	return done(w, a.Directory.DeleteTenant(r.Context(), r.PathValue("id")))
}

// done answers a change that has nothing to show.
func done(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// because reads why something is to be done.
func because(r *http.Request) (string, error) {
	b, err := document(r)
	if err != nil || len(b) == 0 {
		return "", err
	}
	var in struct {
		Reason string `json:"reason"`
	}
	err = strict(b, &in)
	return in.Reason, err
}

func (a *Access) suspend(w http.ResponseWriter, r *http.Request) error {
	reason, err := because(r)
	if err != nil {
		return err
	}
	if reason == "" {
		reason = "manual"
	}
	return done(w, a.Directory.Suspend(r.Context(), tenant.Suspension{Tenant: r.PathValue("id"), Reason: reason, At: a.Clock().UTC()}))
}

func (a *Access) resume(w http.ResponseWriter, r *http.Request) error {
	return done(w, a.Directory.Resume(r.Context(), r.PathValue("id")))
}

// quarantineView is an actor that is kept out.
type quarantineView struct {
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"`
	By     string `json:"by"`
	At     string `json:"at"`
}

func (a *Access) quarantines(w http.ResponseWriter, r *http.Request) error {
	s := a.Directory.Current()
	id := r.PathValue("id")
	if _, ok := s.Tenant(id); !ok || scope(r) != "" && scope(r) != id {
		return tenant.ErrNoTenant
	}
	out := []quarantineView{}
	for _, q := range s.Quarantines(r.PathValue("id")) {
		out = append(out, quarantineView{q.Actor, q.Reason, q.By, stamp(q.At)})
	}
	return answered(w, r, quarantineList{out})
}

func (a *Access) quarantine(w http.ResponseWriter, r *http.Request) error {
	reason, err := because(r)
	if err != nil {
		return err
	}
	return done(w, a.Directory.Quarantine(r.Context(), tenant.Quarantine{
		Tenant: r.PathValue("id"), Actor: r.PathValue("actor"), Reason: reason, By: "operator", At: a.Clock().UTC(),
	}))
}

func (a *Access) release(w http.ResponseWriter, r *http.Request) error {
	return done(w, a.Directory.Release(r.Context(), r.PathValue("id"), r.PathValue("actor")))
}
