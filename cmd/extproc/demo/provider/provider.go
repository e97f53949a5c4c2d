package provider

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// keptRequests bounds how many requests are remembered.
const keptRequests = 256

// maxBody bounds a request's body, bytes.
const maxBody = 64 << 20

// Seen is one request as it arrived.
type Seen struct {
	Path          string      `json:"path"`
	Host          string      `json:"host"`
	Header        http.Header `json:"header"`
	Body          string      `json:"body"`
	Authorization string      `json:"authorization"`
}

// Provider is the handler. Its zero value is not usable; New makes one.
type Provider struct {
	credential string
	pause      func(time.Duration, <-chan struct{})
	mu         sync.Mutex
	seen       []Seen
	gone       int // clients that left before their answer was over
}

// form is how an API writes what a model answers.
type form interface {
	// whole is the JSON answer.
	whole(req request, a act) any
	// events writes the events of a stream.
	events(s *streaming)
	// failure is the event of an error.
	failure() string
}

// forms are the APIs, by path.
var forms = map[string]form{
	"/v1/chat/completions":      chat{},
	"/v1/completions":           completions{},
	"/v1/messages":              messages{},
	"/v1/messages/count_tokens": countTokens{},
	"/v1/responses":             responses{},
	"/v1/embeddings":            embeddings{},
	"/v1/moderations":           moderations{},
}

// formOf is the form of a path; model is the one the path names, if it does.
func formOf(path string) (f form, model string, stream bool) {
	if rest, ok := strings.CutPrefix(path, "/openai/deployments/"); ok {
		model, path, _ = strings.Cut(rest, "/")
		return forms["/v1/"+path], model, false
	}
	if rest, ok := strings.CutPrefix(path, "/v1beta/models/"); ok {
		model, verb, _ := strings.Cut(rest, ":")
		return gemini{}, model, verb == "streamGenerateContent"
	}
	return forms[strings.TrimPrefix(path, "/openai")], "", false
}

// New returns a provider that wants the given bearer credential; empty takes any.
func New(credential string) *Provider {
	return &Provider{credential: credential, pause: pause}
}

// pause waits, or returns when done is closed.
func pause(d time.Duration, done <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-done:
	}
}

// Requests are the last requests, oldest first.
func (p *Provider) Requests() []Seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Seen(nil), p.seen...)
}

// Gone is how many clients left before their answer was over.
func (p *Provider) Gone() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

// ServeHTTP answers POST to the paths of forms, GET /v1/models, GET /healthz and GET /_demo/requests.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimPrefix(r.URL.Path, "/prefix"); {
	case path == "/healthz":
		_, _ = io.WriteString(w, "ok\n")
	case path == "/_demo/requests":
		writeJSON(w, http.StatusOK, p.Requests())
	case path == "/v1/models":
		writeJSON(w, http.StatusOK, modelList())
	case r.Method == http.MethodPost:
		f, model, stream := formOf(path)
		if f == nil {
			fail(w, http.StatusNotFound, "invalid_request_error", "unknown path")
			return
		}
		p.answer(w, r, f, request{Model: model, Stream: stream})
	default:
		fail(w, http.StatusNotFound, "invalid_request_error", "unknown path")
	}
}

func (p *Provider) answer(w http.ResponseWriter, r *http.Request, f form, req request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "invalid_request_error", "body too large")
		return
	}
	p.remember(r, body)
	if p.credential != "" && r.Header.Get("Authorization") != "Bearer "+p.credential && r.Header.Get("X-Api-Key") != p.credential && r.Header.Get("X-Goog-Api-Key") != p.credential {
		fail(w, http.StatusUnauthorized, "invalid_request_error", "Incorrect API key provided")
		return
	}
	named := req.Model
	if err := json.Unmarshal(body, &req); err != nil {
		fail(w, http.StatusBadRequest, "invalid_request_error", "body is not JSON")
		return
	}
	w.Header().Set("x-request-id", "demo-upstream-id")
	if named != "" {
		req.Model = named
	}
	req.take()
	a := script(req)
	if a.faulty(w, p, r) {
		return
	}
	if req.Stream {
		p.stream(w, r, req, a, f)
		return
	}
	p.whole(w, req, a, f)
}

func (p *Provider) remember(r *http.Request, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) == keptRequests {
		p.seen = p.seen[1:]
	}
	p.seen = append(p.seen, Seen{
		Path: r.URL.Path, Host: r.Host, Header: r.Header.Clone(), Body: string(body), Authorization: r.Header.Get("Authorization"),
	})
}

func (p *Provider) left() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone++
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

func fail(w http.ResponseWriter, status int, kind, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"message": message, "type": kind, "param": nil, "code": nil,
	}})
}
