package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"weir/policy/audit"
)

// operation is one thing that the API does. The table of them makes both the handlers and the OpenAPI document.
type operation struct {
	pattern string // as http.ServeMux takes it
	id      string // operationId
	summary string
	role    Role
	scoped  bool // a token of one tenant may ask it, and is told of that tenant alone
	params  []param
	body    any // a value of the type that the request's body has; nil: none
	status  int // of success
	answer  any // a value of the type that the answer has; nil: no body
	also    []int
	serve   func(http.ResponseWriter, *http.Request) error
	// changes says that it is written down who asked it, with what it is about before and after; so is a look at kept text.
	changes bool
	state   state  // nil: it is about nothing that can be read
	form    string // of the answer; empty: application/json
}

// param is a parameter of the query or a header.
type param struct {
	name, in, about string
	schema          map[string]any
}

func query(name, about string) param {
	return param{name, "query", about, map[string]any{"type": "string"}}
}

// idempotency is the header that lets a POST be sent again.
var idempotency = param{"Idempotency-Key", "header", "a word of the caller's own: the same request with it is answered as the first was", map[string]any{"type": "string", "maxLength": maxIdempotency}}

// ifNoneMatch is the header that asks for what has changed.
var ifNoneMatch = param{"If-None-Match", "header", "the ETag of an earlier answer: 304 where it is still the same", map[string]any{"type": "string"}}

// reason is the body of what stops somebody.
type reason struct {
	Reason string `json:"reason,omitempty"`
}

// overlap is the body of a rotation.
type overlap struct {
	Overlap string `json:"overlap,omitempty"` // how long the old key goes on: 24h
}

// The answers that hold lists.
type (
	keyList struct {
		Keys []keyView `json:"keys"`
		Next string    `json:"next,omitempty"` // cursor of the next page
	}
	tenantList struct {
		Tenants []tenantView `json:"tenants"`
		Next    string       `json:"next,omitempty"`
	}
	quarantineList struct {
		Actors []quarantineView `json:"actors"`
		Next   string           `json:"next,omitempty"`
	}
	recordList struct {
		Records []audit.Record `json:"records"`
		More    bool           `json:"more,omitempty"` // there may be more than can be told here: GET /v1/trail?trace= has them in pages
	}
	recordPage struct {
		Records []audit.Record `json:"records"`
		Next    string         `json:"next,omitempty"` // cursor of the next page
	}
	usageList struct {
		Usage []audit.Usage `json:"usage"`
	}
)

// operations are all that is served behind a token.
func (s *Server) operations() []operation {
	list := []operation{
		{pattern: "GET /v1/health", id: "health", summary: "What must hold, whether it does, and why not", role: Viewer, serve: s.health, status: 200, answer: healthView{}},
		{pattern: "GET /v1/trail", id: "searchTrail", summary: "Find exchanges, newest first", role: Viewer, scoped: true, serve: s.search, params: searchParams(), status: 200, answer: recordPage{}, also: []int{400}},
		{pattern: "GET /v1/trail/tail", id: "tailTrail", summary: "Exchanges as they end, as server-sent events", role: Viewer, scoped: true, serve: s.tail, params: tailParams(), status: 200, form: "text/event-stream", answer: "", also: []int{400}},
		{pattern: "GET /v1/trail/{trace}", id: "findTrace", summary: "The records of a trace id", role: Viewer, scoped: true, serve: s.trail, params: traceParams(), status: 200, answer: recordList{}, also: []int{400, 404}},
		{pattern: "GET /v1/usage", id: "usage", summary: "What was used and spent", role: Viewer, scoped: true, serve: s.usage, params: usageParams(), status: 200, answer: usageList{}, also: []int{400}},
	}
	if s.parts.Changes != nil {
		list = append(list, operation{pattern: "GET /v1/changes", id: "listChanges", summary: "What operators changed, newest first, with who and before and after", role: Viewer, scoped: true, serve: s.changes, params: changeParams(), status: 200, answer: changeList{}, also: []int{400}})
	}
	if s.parts.Content != nil {
		list = append(list, operation{pattern: "GET /v1/trail/{trace}/content", id: "traceContent", summary: "What is kept of the text of a trace id, of tenants that have it captured", role: Admin, changes: true, serve: s.content, params: traceParams(), status: 200, answer: contentList{}, also: []int{400, 404, 409}})
	}
	if a := s.parts.Access; a != nil {
		list = append(list, a.operations()...)
	}
	if e := s.parts.Engine; e != nil {
		list = append(list, s.engineOperations()...)
	}
	return list
}

// operations are what can be read and changed of tenants, keys and actors. Every write can be sent again: those with PUT and
// DELETE by their nature, those with POST where they bring an Idempotency-Key.
func (a *Access) operations() []operation {
	return append(a.keyOperations(), a.tenantOperations()...)
}

func (a *Access) keyOperations() []operation {
	return []operation{
		{pattern: "GET /v1/keys", id: "listKeys", summary: "Keys of the file and of the store", role: Viewer, scoped: true, serve: a.keys, params: keyParams(), status: 200, answer: keyList{}, also: []int{400}},
		{pattern: "POST /v1/keys", id: "createKey", summary: "Make a key; its plaintext is in this answer alone", role: Admin, changes: true, state: a.keyState, serve: a.create, params: []param{idempotency}, body: json.RawMessage{}, status: 201, answer: keyView{}, also: []int{404, 409, 413, 422}},
		{pattern: "GET /v1/keys/{id}", id: "getKey", summary: "One key", role: Viewer, scoped: true, serve: a.key, params: []param{ifNoneMatch}, status: 200, answer: keyView{}, also: []int{404}},
		{pattern: "DELETE /v1/keys/{id}", id: "revokeKey", summary: "Revoke a key", role: Operator, changes: true, state: a.keyState, serve: a.revoke, params: []param{ifMatch}, status: 204, also: []int{404, 409, 412}},
		{pattern: "POST /v1/keys/{id}/rotate", id: "rotateKey", summary: "Make a key in the place of another", role: Admin, changes: true, state: a.keyState, serve: a.rotate, params: []param{idempotency, ifMatch}, body: overlap{}, status: 201, answer: keyView{}, also: []int{404, 409, 412, 413, 422}},
	}
}

func (a *Access) tenantOperations() []operation {
	return []operation{
		{pattern: "GET /v1/tenants", id: "listTenants", summary: "Tenants of the file and of the store", role: Viewer, scoped: true, serve: a.tenants, params: listParams(), status: 200, answer: tenantList{}, also: []int{400}},
		{pattern: "GET /v1/tenants/{id}", id: "getTenant", summary: "One tenant", role: Viewer, scoped: true, serve: a.tenant, params: []param{ifNoneMatch}, status: 200, answer: tenantView{}, also: []int{404}},
		{pattern: "PUT /v1/tenants/{id}", id: "putTenant", summary: "Make or replace a tenant of the store", role: Admin, changes: true, state: a.tenantState, serve: a.putTenant, params: []param{ifMatch, ifNew}, body: json.RawMessage{}, status: 200, answer: tenantView{}, also: []int{409, 412, 413, 422}},
		{pattern: "DELETE /v1/tenants/{id}", id: "deleteTenant", summary: "Remove a tenant of the store", role: Admin, changes: true, state: a.tenantState, serve: a.deleteTenant, params: []param{ifMatch}, status: 204, also: []int{404, 409, 412}},
		{pattern: "PUT /v1/tenants/{id}/suspension", id: "suspendTenant", summary: "Suspend a tenant", role: Operator, changes: true, state: a.tenantState, serve: a.suspend, params: []param{ifMatch}, body: reason{}, status: 204, also: []int{404, 409, 412, 413, 422}},
		{pattern: "DELETE /v1/tenants/{id}/suspension", id: "resumeTenant", summary: "End a suspension", role: Operator, changes: true, state: a.tenantState, serve: a.resume, params: []param{ifMatch}, status: 204, also: []int{404, 409, 412}},
		{pattern: "GET /v1/tenants/{id}/quarantine", id: "listQuarantine", summary: "Actors that are kept out", role: Viewer, scoped: true, serve: a.quarantines, params: listParams(), status: 200, answer: quarantineList{}, also: []int{400, 404}},
		{pattern: "PUT /v1/tenants/{id}/quarantine/{actor}", id: "quarantineActor", summary: "Keep an actor out", role: Operator, changes: true, state: a.quarantineState, serve: a.quarantine, body: reason{}, status: 204, also: []int{404, 409, 412, 413, 422}},
		{pattern: "DELETE /v1/tenants/{id}/quarantine/{actor}", id: "releaseActor", summary: "Let an actor in again", role: Operator, changes: true, state: a.quarantineState, serve: a.release, status: 204, also: []int{404, 409, 412}},
		{pattern: "GET /v1/tenants/{id}/credentials", id: "listCredentials", summary: "A tenant's own credentials for providers, without their values", role: Viewer, serve: a.credentials, params: []param{ifNoneMatch}, status: 200, answer: credentialList{}, also: []int{404}},
		{pattern: "PUT /v1/tenants/{id}/credentials/{provider}", id: "putCredential", summary: "Give a tenant a credential of its own", role: Admin, changes: true, state: a.credentialState, serve: a.putCredential, body: credentialValue{}, status: 204, also: []int{404, 409, 412, 413, 422}},
		{pattern: "DELETE /v1/tenants/{id}/credentials/{provider}", id: "dropCredential", summary: "Take a tenant's own credential away", role: Admin, changes: true, state: a.credentialState, serve: a.dropCredential, status: 204, also: []int{404, 409, 412}},
	}
}

// ifNew is the header that keeps a PUT from replacing what is there.
var ifNew = param{"If-None-Match", "header", "*: 412 where there is one already", map[string]any{"type": "string"}}

// handle serves an operation to those who may ask it.
func (s *Server) handle(o operation) {
	s.mux.HandleFunc(o.pattern, func(w http.ResponseWriter, r *http.Request) {
		r, ok := s.admitted(w, r, &o)
		if !ok {
			return
		}
		do := o.serve
		if o.changes {
			do = func(w http.ResponseWriter, r *http.Request) error { return s.change(w, r, &o) }
		}
		if err := do(w, r); err != nil {
			status := statusOf(err)
			problem(w, status, detailOf(err, status))
		}
	})
}

// answered writes what was asked for, with an ETag over it, or 304 where the caller has it.
func answered(w http.ResponseWriter, r *http.Request, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tag := tagOf(text)
	w.Header().Set("ETag", tag)
	if reads := r.Method == http.MethodGet || r.Method == http.MethodHead; reads && tagged(r.Header.Get("If-None-Match"), tag, true) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n')) // a client that is gone is all that can fail here
	return nil
}

// tagOf is the ETag of what is answered.
func tagOf(text []byte) string {
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
