package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

// Catalogue is what operators see and change of providers and models. What is put is in force when the method returns, and
// kept in the store; what the configuration file declares is tenant.ErrDeclared, and a document that cannot be meant
// tenant.ErrDocument with every field that is wrong. Its methods are safe for concurrent use.
type Catalogue interface {
	// Models are all models, by name.
	Models() []Model
	// PutProvider makes or replaces a provider of the store; document has the form of the file.
	PutProvider(ctx context.Context, name string, document []byte) error
	// DeleteProvider takes one away; ErrInUse where models are of it.
	DeleteProvider(ctx context.Context, name string) error
	// PutModel makes or replaces a model of the store; document has the form of the file.
	PutModel(ctx context.Context, name string, document []byte) error
	// DeleteModel takes one away; ErrInUse where others lead to it.
	DeleteModel(ctx context.Context, name string) error
}

// What a Catalogue refuses to do.
var (
	// ErrNotFollowed says that no Envoy would hear of the change.
	ErrNotFollowed = errors.New("no Envoy follows what Weir says of providers: start Envoy with what extproc envoy bootstrap writes, without --static, or serve it with extproc serve --xds")
	// ErrInUse says that others need what is to be taken away.
	ErrInUse = errors.New("others need it")
	// ErrNoProvider and ErrNoModel say that nobody has the name.
	ErrNoProvider error = errNotFound("there is no such provider")
	ErrNoModel    error = errNotFound("there is no such model")
)

// Model is a name that clients may ask for.
type Model struct {
	Name          string      `json:"name"`
	Aliases       []string    `json:"aliases,omitempty"`
	Provider      string      `json:"provider"`
	Upstream      string      `json:"upstream,omitempty"` // the provider's name for it, where that is another
	Fallbacks     []string    `json:"fallbacks,omitempty"`
	Modalities    []string    `json:"modalities,omitempty"`
	ContextTokens int64       `json:"context_tokens,omitempty"`
	OutputTokens  int64       `json:"output_tokens,omitempty"`
	RetiresAt     string      `json:"retires_at,omitempty"`
	Price         *ModelPrice `json:"price,omitempty"` // nothing: nobody said what it costs
	Origin        string      `json:"origin"`          // file, store
	// Document is what the store keeps, in the form of the file.
	Document json.RawMessage `json:"document,omitempty"`
}

// ModelPrice is in micro-USD per million tokens; what is not said of input and output costs as much as they do.
type ModelPrice struct {
	Input      int64 `json:"input"`
	Cached     int64 `json:"cached,omitempty"`
	CacheWrite int64 `json:"cache_write,omitempty"`
	Output     int64 `json:"output"`
	Reasoning  int64 `json:"reasoning,omitempty"`
}

// DocumentOf is what the store keeps, as it is shown: nothing where it is no JSON.
func DocumentOf(text string) json.RawMessage {
	if !json.Valid([]byte(text)) {
		return nil
	}
	return json.RawMessage(text)
}

// modelList is the answer to who asks for all models.
type modelList struct {
	Models []Model `json:"models"`
	Next   string  `json:"next,omitempty"` // cursor of the next page
}

// catalogueOperations are what can be seen and changed of providers and models.
func (s *Server) catalogueOperations() []operation {
	return []operation{
		{pattern: "PUT /v1/providers/{name}", id: "putProvider", summary: "Make or replace a provider of the store", role: Admin, changes: true, state: s.providerState, serve: s.putProvider, params: []param{ifMatch, ifNew}, body: json.RawMessage{}, status: 200, answer: Provider{}, also: []int{409, 412, 413, 422}},
		{pattern: "DELETE /v1/providers/{name}", id: "deleteProvider", summary: "Remove a provider of the store", role: Admin, changes: true, state: s.providerState, serve: s.deleteProvider, params: []param{ifMatch}, status: 204, also: []int{404, 409, 412}},
		{pattern: "GET /v1/models", id: "listModels", summary: "Models of the file and of the store, with their prices", role: Viewer, serve: s.models, params: listParams(), status: 200, answer: modelList{}, also: []int{400}},
		{pattern: "GET /v1/models/{name}", id: "getModel", summary: "One model", role: Viewer, serve: s.model, params: []param{ifNoneMatch}, status: 200, answer: Model{}, also: []int{404}},
		{pattern: "PUT /v1/models/{name}", id: "putModel", summary: "Make or replace a model of the store", role: Admin, changes: true, state: s.modelState, serve: s.putModel, params: []param{ifMatch, ifNew}, body: json.RawMessage{}, status: 200, answer: Model{}, also: []int{409, 412, 413, 422}},
		{pattern: "DELETE /v1/models/{name}", id: "deleteModel", summary: "Remove a model of the store", role: Admin, changes: true, state: s.modelState, serve: s.deleteModel, params: []param{ifMatch}, status: 204, also: []int{404, 409, 412}},
	}
}

// object reads a body that must be a JSON object, without the blanks in it.
func object(r *http.Request) ([]byte, error) {
	b, err := document(r)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if json.Compact(&text, b) != nil || text.Bytes()[0] != '{' {
		return nil, errRequest("the body must be a JSON object")
	}
	return text.Bytes(), nil
}

func (s *Server) putProvider(w http.ResponseWriter, r *http.Request) error {
	text, err := object(r)
	if err != nil {
		return err
	}
	if err := s.parts.Engine.PutProvider(r.Context(), r.PathValue("name"), text); err != nil {
		return err
	}
	return s.provider(w, r)
}

func (s *Server) deleteProvider(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.parts.Engine.DeleteProvider(r.Context(), r.PathValue("name")))
}

func (s *Server) models(w http.ResponseWriter, r *http.Request) error {
	v, err := values(r, listParams())
	if err != nil {
		return err
	}
	list := s.parts.Engine.Models()
	for i := range list {
		list[i].Document = nil
	}
	page, next, err := paged(list, v, func(m Model) string { return m.Name })
	if err != nil {
		return err
	}
	return answered(w, r, modelList{page, next})
}

// namedModel is the model that a path names.
func (s *Server) namedModel(r *http.Request) (Model, bool) {
	list := s.parts.Engine.Models()
	i := slices.IndexFunc(list, func(m Model) bool { return m.Name == r.PathValue("name") })
	if i < 0 {
		return Model{}, false
	}
	return list[i], true
}

func (s *Server) model(w http.ResponseWriter, r *http.Request) error {
	m, ok := s.namedModel(r)
	if !ok {
		return ErrNoModel
	}
	return answered(w, r, m)
}

func (s *Server) modelState(r *http.Request, _ http.Header) (any, string, error) {
	if m, ok := s.namedModel(r); ok {
		return m, "", nil
	}
	return nil, "", nil
}

func (s *Server) putModel(w http.ResponseWriter, r *http.Request) error {
	text, err := object(r)
	if err != nil {
		return err
	}
	if err := s.parts.Engine.PutModel(r.Context(), r.PathValue("name"), text); err != nil {
		return err
	}
	return s.model(w, r)
}

func (s *Server) deleteModel(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.parts.Engine.DeleteModel(r.Context(), r.PathValue("name")))
}
