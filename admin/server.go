package admin

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check is one thing that must hold for Weir to be ready.
type Check struct {
	Name  string
	Check func(context.Context) error
}

// Parts are what a Server is made of.
type Parts struct {
	Gatherer prometheus.Gatherer
	Trail    Trail
	Token    string  // of an Admin; only its SHA-256 is kept
	Tokens   []Token // of others. Without any token only health and metrics are served
	Ready    []Check
	Access   *Access      // tenants, keys and actors; nil: they are not served
	Engine   Engine       // policies, providers, detectors, settings and budgets; nil: they are not served
	Changes  Changes      // what is changed is written down there; required where anything can be changed
	OIDC     *OIDC        // whose tokens are taken, too; nil: nobody's
	Rate     float64      // requests a second for each bearer; 0: DefaultRate
	Log      *slog.Logger // optional
	Degraded []Check      // what is told of beside: it keeps no request from being served
	Content  Content      // what is kept of exchanges' text; nil: it is not served
}

// Server is the handler of every path.
type Server struct {
	mux    *http.ServeMux
	parts  Parts
	tokens []Token
	limit  *limiter

	changing sync.Mutex // one change at a time
	tails    atomic.Int64
}

// The bounds of a request to the operator's side.
const (
	maxHeader   = 16 << 10
	readBound   = 10 * time.Second
	writeBound  = 30 * time.Second
	checkBound  = 2 * time.Second
	maxTraceLen = 128
	maxDocument = 256 << 10
)

// New returns a handler.
func New(p Parts) (*Server, error) {
	if p.Gatherer == nil || p.Trail == nil {
		return nil, errors.New("admin: Parts.Gatherer and Parts.Trail must be given")
	}
	s := &Server{mux: http.NewServeMux(), parts: p, tokens: p.Tokens, limit: newLimiter(p.Rate)}
	if p.Token != "" {
		s.tokens = append(s.tokens[:len(s.tokens):len(s.tokens)], Token{Name: "admin", Hash: sha256.Sum256([]byte(p.Token)), Role: Admin})
	}
	s.parts.Token = ""
	s.mux.HandleFunc("GET /livez", s.live)
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(p.Gatherer, promhttp.HandlerOpts{}))
	if len(s.tokens) > 0 || p.OIDC != nil {
		if p.Changes == nil && (p.Access != nil || p.Engine != nil || p.Content != nil) {
			return nil, errors.New("admin: Parts.Changes must be given where something can be changed, or kept text be looked at")
		}
		list := s.operations()
		for _, o := range list {
			s.handle(o)
		}
		document, err := openAPI(list)
		if err != nil {
			return nil, err
		}
		s.mux.HandleFunc("GET /v1/openapi.json", func(w http.ResponseWriter, r *http.Request) { _ = answered(w, r, json.RawMessage(document)) })
	}
	s.mux.HandleFunc("/", s.unknown)
	return s, nil
}

// unknown answers paths that are not there, and methods that a path does not take.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, method := range [...]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		asked := r.Clone(r.Context())
		asked.Method = method
		if _, pattern := s.mux.Handler(asked); pattern != "/" {
			allow = append(allow, method)
		}
	}
	if len(allow) > 0 {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		problem(w, http.StatusMethodNotAllowed, "this page takes "+strings.Join(allow, ", "))
		return
	}
	problem(w, http.StatusNotFound, "no such page")
}

// HTTPServer is a server for the handler with every bound set.
func HTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: readBound, ReadTimeout: readBound, WriteTimeout: writeBound, IdleTimeout: writeBound,
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	r.Body = http.MaxBytesReader(w, r.Body, maxDocument)
	s.mux.ServeHTTP(w, r)
}

func (s *Server) live(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]string{"status": "live"})
}

// ready says whether every check holds, and which do not and why.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkBound)
	defer cancel()
	status, out := http.StatusOK, struct {
		Status string            `json:"status"`
		Why    map[string]string `json:"why,omitempty"`
		// Degraded are what does not work while requests are served all the same.
		Degraded map[string]string `json:"degraded,omitempty"`
	}{Status: "ready"}
	for i, err := range ask(ctx, s.parts.Degraded) {
		if err != nil {
			if out.Degraded == nil {
				out.Degraded = map[string]string{}
			}
			out.Degraded[s.parts.Degraded[i].Name] = err.Error()
		}
	}
	for i, err := range ask(ctx, s.parts.Ready) {
		if err != nil {
			if out.Why == nil {
				status, out.Status, out.Why = http.StatusServiceUnavailable, "not ready", map[string]string{}
			}
			out.Why[s.parts.Ready[i].Name] = err.Error()
		}
	}
	write(w, status, out)
}

// ask makes all checks at once, so that a slow one does not use up the time of the others. A check that panics fails.
func ask(ctx context.Context, checks []Check) []error {
	out := make([]error, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					out[i] = fmt.Errorf("the check panicked (%T)", p)
				}
			}()
			out[i] = c.Check(ctx)
		})
	}
	all.Wait()
	return out
}

// problem answers with Problem Details (RFC 9457).
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	encode(w, struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, detail})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encode(w, v)
}

func encode(w http.ResponseWriter, v any) {
	// The status has left: a client that is gone is all that can fail here.
	_ = json.NewEncoder(w).Encode(v)
}
