package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"weir/policy/audit"
)

// Changes is the log of what was changed over the API. What it does not take is not done.
type Changes interface {
	Begin(ctx context.Context, c audit.Change) (n int64, err error)
	End(ctx context.Context, n int64, status int, tenant string, after json.RawMessage) error
	Search(ctx context.Context, q audit.ChangeQuery) (list []audit.Change, more bool, err error)
}

// errPrecondition says that something is not what its changer thinks it is.
var errPrecondition = errors.New("it is not what If-Match or If-None-Match says any more: read it again")

// state is what a change is about, as who reads it sees it; no value: there is nothing. Of what was made just now the answer's
// headers say where it is.
type state func(r *http.Request, answer http.Header) (v any, tenant string, err error)

// ifMatch is the header that keeps a change from undoing somebody else's.
var ifMatch = param{"If-Match", "header", "the ETag of what is to be changed, as it was read: 412 where it is another one by now; * where it must be there", map[string]any{"type": "string"}}

// change makes one change at a time, so that what is compared is what is changed, and writes it down before and after.
func (s *Server) change(w http.ResponseWriter, r *http.Request, o *operation) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	before, tenant, err := stateOf(o, r, http.Header{})
	if err != nil {
		return err
	}
	if !meets(r, before) {
		return errPrecondition
	}
	who := bearerOf(r)
	n, err := s.parts.Changes.Begin(r.Context(), audit.Change{
		At: time.Now().UTC(), Who: who.Name, Role: string(who.Role), Client: addressOf(r), Operation: o.id, Path: r.URL.Path, Tenant: tenant, Before: before,
	})
	if err != nil {
		return err
	}
	answer := &answering{ResponseWriter: w, status: http.StatusOK}
	if err := o.serve(answer, r); err != nil {
		status := statusOf(err)
		problem(answer, status, detailOf(err, status))
	}
	// The caller may be gone; what came of the change is written down all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), checkBound)
	defer cancel()
	after, of, err := stateOf(o, r, w.Header())
	if err != nil {
		after = nil
	}
	if of != "" {
		tenant = of
	}
	if err := s.parts.Changes.End(ctx, n, answer.status, tenant, after); err != nil && s.parts.Log != nil {
		s.parts.Log.Error("writing down what came of a change", "operation", o.id, "n", n, "error", err)
	}
	return nil
}

// stateOf is what an operation's change is about, as JSON.
func stateOf(o *operation, r *http.Request, answer http.Header) (json.RawMessage, string, error) {
	if o.state == nil {
		return nil, "", nil
	}
	v, tenant, err := o.state(r, answer)
	if err != nil || v == nil {
		return nil, tenant, err
	}
	text, err := json.Marshal(v)
	return text, tenant, err
}

// meets says whether what there is now, nothing included, is what the request's conditions want (RFC 9110, section 13.1).
func meets(r *http.Request, now json.RawMessage) bool {
	there := len(now) > 0
	if want := r.Header.Get("If-Match"); want != "" && (!there || !tagged(want, tagOf(now), false)) {
		return false
	}
	want := r.Header.Get("If-None-Match")
	return want == "" || !there || !tagged(want, tagOf(now), true)
}

// tagged says whether a list of tags has one, or is *. weak takes tags that only say that two things are alike.
func tagged(list, tag string, weak bool) bool {
	for _, t := range strings.Split(list, ",") {
		t = strings.TrimSpace(t)
		if weak {
			t = strings.TrimPrefix(t, "W/")
		}
		if t == tag || t == "*" {
			return true
		}
	}
	return false
}

// answering notes the status of an answer.
type answering struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answering) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// changeList is a page of changes.
type changeList struct {
	Changes []audit.Change `json:"changes"`
	Next    string         `json:"next,omitempty"` // cursor of the next page
}

func changeParams() []param {
	return append(pageParams(), query("tenant", "id of a tenant"), query("who", "who changed it"), query("operation", "operationId of what was done"))
}

// changes answers with a page of what was changed, newest first.
func (s *Server) changes(w http.ResponseWriter, r *http.Request) error {
	v, err := values(r, changeParams())
	if err != nil {
		return err
	}
	q := audit.ChangeQuery{Who: v.Get("who"), Operation: v.Get("operation")}
	if q.Tenant, err = within(r, v.Get("tenant")); err != nil {
		return err
	}
	if q.Limit, err = limitOf(v); err != nil {
		return err
	}
	if c := v.Get("cursor"); c != "" {
		if q.Before, err = strconv.ParseInt(c, 10, 64); err != nil || q.Before < 1 {
			return errBadQuery("the cursor is none that a page ended with")
		}
	}
	list, more, err := s.parts.Changes.Search(r.Context(), q)
	if err != nil {
		return err
	}
	out := changeList{Changes: list}
	if more {
		out.Next = strconv.FormatInt(list[len(list)-1].N, 10)
	}
	write(w, http.StatusOK, out)
	return nil
}
