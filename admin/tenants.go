package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

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
	v, err := values(r, listParams())
	if err != nil {
		return err
	}
	s := a.Directory.Current()
	list := []tenantView{}
	for _, t := range s.Tenants() {
		if own := scope(r); own != "" && t.ID != own {
			continue
		}
		v := a.tenantView(s, t)
		v.Document = nil
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b tenantView) int { return strings.Compare(a.ID, b.ID) })
	page, next, err := paged(list, v, func(t tenantView) string { return t.ID })
	if err != nil {
		return err
	}
	return answered(w, r, tenantList{page, next})
}

// listParams are the parameters of a list that is not narrowed.
func listParams() []param { return append(pageParams(), ifNoneMatch) }

func (a *Access) tenant(w http.ResponseWriter, r *http.Request) error {
	t, err := a.seen(r)
	if err != nil {
		return err
	}
	return answered(w, r, a.tenantView(a.Directory.Current(), t))
}

// seen is the tenant that a path names, if the bearer may see it.
func (a *Access) seen(r *http.Request) (*tenant.Tenant, error) {
	t, ok := a.Directory.Current().Tenant(r.PathValue("id"))
	if own := scope(r); !ok || own != "" && t.ID != own {
		return nil, tenant.ErrNoTenant
	}
	return t, nil
}

// tenantState is the tenant that a change is about.
func (a *Access) tenantState(r *http.Request, _ http.Header) (any, string, error) {
	s, id := a.Directory.Current(), r.PathValue("id")
	t, ok := s.Tenant(id)
	if !ok {
		return nil, id, nil
	}
	return a.tenantView(s, t), id, nil
}

func (a *Access) putTenant(w http.ResponseWriter, r *http.Request) error {
	doc, err := document(r)
	if err != nil {
		return err
	}
	if !json.Valid(doc) || bytes.TrimLeft(doc, " \t\r\n")[0] != '{' {
		return errRequest("the body must be a JSON object")
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
	v, err := values(r, listParams())
	if err != nil {
		return err
	}
	t, err := a.seen(r)
	if err != nil {
		return err
	}
	list := []quarantineView{}
	for _, q := range a.Directory.Current().Quarantines(t.ID) {
		list = append(list, viewOf(q))
	}
	slices.SortFunc(list, func(a, b quarantineView) int { return strings.Compare(a.Actor, b.Actor) })
	page, next, err := paged(list, v, func(q quarantineView) string { return q.Actor })
	if err != nil {
		return err
	}
	return answered(w, r, quarantineList{page, next})
}

func viewOf(q tenant.Quarantine) quarantineView {
	return quarantineView{q.Actor, q.Reason, q.By, stamp(q.At)}
}

// quarantineState is the actor that a change is about.
func (a *Access) quarantineState(r *http.Request, _ http.Header) (any, string, error) {
	id, actor := r.PathValue("id"), r.PathValue("actor")
	for _, q := range a.Directory.Current().Quarantines(id) {
		if q.Actor == actor {
			return viewOf(q), id, nil
		}
	}
	return nil, id, nil
}

func (a *Access) quarantine(w http.ResponseWriter, r *http.Request) error {
	reason, err := because(r)
	if err != nil {
		return err
	}
	return done(w, a.Directory.Quarantine(r.Context(), tenant.Quarantine{
		Tenant: r.PathValue("id"), Actor: r.PathValue("actor"), Reason: reason, By: bearerOf(r).Name, At: a.Clock().UTC(),
	}))
}

func (a *Access) release(w http.ResponseWriter, r *http.Request) error {
	return done(w, a.Directory.Release(r.Context(), r.PathValue("id"), r.PathValue("actor")))
}
