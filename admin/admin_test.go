package admin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"weir/admin"
	"weir/policy/audit"
)

type trail struct{ err error }

func (f trail) FindOf(_ context.Context, trace, tenant string) ([]audit.Record, error) {
	if trace == "t1" && tenant == "" {
		return []audit.Record{{Trace: "t1", Code: "<b>"}}, f.err
	}
	return nil, f.err
}

func (f trail) Search(_ context.Context, q audit.Query) (*audit.Page, error) {
	if q.Cursor == "bad" {
		return nil, audit.ErrCursor
	}
	return &audit.Page{Records: []audit.Record{{Trace: "t1", Tenant: q.Tenant, Code: q.Code}}, Next: "1.2"}, f.err
}

func (f trail) Use(_ context.Context, q audit.UsageQuery) ([]audit.Usage, error) {
	if len(q.By) > 0 && q.By[0] == "colour" {
		return nil, audit.ErrUsageColumn
	}
	return []audit.Usage{{Tenant: q.Tenant, Billed: 5}}, f.err
}

func (f trail) Head(context.Context) (int64, error) { return 1, f.err }

func (f trail) Follow(_ context.Context, n int64, tenant string) ([]audit.Numbered, error) {
	if n > 1 {
		return nil, f.err
	}
	return []audit.Numbered{
		{N: 2, Record: audit.Record{Trace: "t2", Tenant: tenant, Event: "EXCHANGE"}}, {N: 3, Record: audit.Record{Trace: "t3", Tenant: tenant, Event: "PII_BLOCKED", Code: "pii_detected"}},
	}, f.err
}

func serve(t *testing.T, p admin.Parts) *admin.Server {
	t.Helper()
	if p.Gatherer == nil {
		p.Gatherer = prometheus.NewRegistry()
	}
	if p.Rate == 0 {
		p.Rate = 1e6 // no case but one is about it
	}
	s, err := admin.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(s http.Handler, path, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestTrail(t *testing.T) {
	s := serve(t, admin.Parts{Trail: trail{}, Token: "secret"})
	for _, c := range []struct {
		path, token string
		status      int
	}{
		{"/v1/trail/t1", "secret", 200}, {"/v1/trail/t1", "", 401}, {"/v1/trail/t1", "wrong", 401},
		{"/v1/trail/t2", "secret", 404}, {"/v1/trail/" + strings.Repeat("x", 200), "secret", 400}, {"/nope", "", 404},
	} {
		w := get(s, c.path, c.token)
		if w.Code != c.status {
			t.Errorf("%s with %q: %d, want %d", c.path, c.token, w.Code, c.status)
		}
		if kind := w.Header().Get("Content-Type"); c.status != 200 && kind != "application/problem+json" {
			t.Errorf("%s: content type %s", c.path, kind)
		}
		if strings.Contains(w.Body.String(), "<b>") {
			t.Error("markup in an answer")
		}
	}
	if w := get(serve(t, admin.Parts{Trail: trail{}}), "/v1/trail/t1", ""); w.Code != 404 {
		t.Errorf("without a token the trail is served: %d", w.Code)
	}
	if w := get(serve(t, admin.Parts{Trail: trail{errors.New("gone")}, Token: "s"}), "/v1/trail/t1", "s"); w.Code != 503 {
		t.Errorf("broken trail: %d", w.Code)
	}
}

func TestReady(t *testing.T) {
	bad := admin.Check{Name: "store", Check: func(context.Context) error { return errors.New("disk full") }}
	fine := admin.Check{Name: "policies", Check: func(context.Context) error { return nil }}
	s := serve(t, admin.Parts{Trail: trail{}, Ready: []admin.Check{bad, fine}})
	if w := get(s, "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(), `"store":"disk full"`) || strings.Contains(w.Body.String(), "policies") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(s, "/livez", ""); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
	if w := get(serve(t, admin.Parts{Trail: trail{}, Ready: []admin.Check{fine}}), "/readyz", ""); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
	if w := get(s, "/metrics", ""); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}

func TestMethodsAndHeaders(t *testing.T) {
	s := serve(t, admin.Parts{Trail: trail{}, Token: "secret"})
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPost, "/livez", 405}, {http.MethodDelete, "/v1/trail/t1", 405}, {http.MethodPut, "/nope", 404}, {http.MethodHead, "/livez", 200},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader("{}")))
		if w.Code != c.status || c.status == 405 && w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: %d, Allow %q", c.method, c.path, w.Code, w.Header().Get("Allow"))
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s %s: %s is %q", c.method, c.path, name, got)
			}
		}
	}
	if w := get(s, "/v1/trail/t1", "secret "); w.Code != 401 {
		t.Errorf("a token with a blank: %d", w.Code)
	}
}

// A check that panics or waits for its deadline fails alone.
func TestChecksDoNotHinderEachOther(t *testing.T) {
	first := make(chan struct{})
	s := serve(t, admin.Parts{Trail: trail{}, Ready: []admin.Check{
		{Name: "waits", Check: func(context.Context) error { <-first; return nil }},
		{Name: "panics", Check: func(context.Context) error { panic("secret") }},
		{Name: "fine", Check: func(context.Context) error { close(first); return nil }},
	}})
	w := get(s, "/readyz", "")
	if w.Code != 503 || strings.TrimSpace(w.Body.String()) != `{"status":"not ready","why":{"panics":"the check panicked (string)"}}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestEveryBoundOfTheServerIsSet(t *testing.T) {
	s := admin.HTTPServer(http.NotFoundHandler())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("%+v", s)
	}
}
