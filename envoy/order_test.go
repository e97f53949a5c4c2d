package envoy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	"weir/envoy"
)

// mock is a provider that does what it is told and remembers what it was sent.
type mock struct {
	*httptest.Server
	mu    sync.Mutex
	does  string
	seen  []string // path, host, what of headers names a credential, body
	hangs chan struct{}
}

func newMock(t testing.TB) *mock {
	m := &mock{hangs: make(chan struct{})}
	m.Server = httptest.NewServer(m)
	t.Cleanup(func() {
		close(m.hangs)
		m.Server.Close()
	})
	return m
}

// ServeHTTP answers, fails, resets the connection, or stays silent.
func (m *mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var named []string
	for name := range r.Header {
		low := strings.ToLower(name)
		if low == "authorization" || strings.Contains(low, "key") || strings.HasPrefix(low, "x-weir") {
			named = append(named, name+"="+r.Header.Get(name))
		}
	}
	m.mu.Lock()
	m.seen = append(m.seen, fmt.Sprintf("%s %s %v %s", r.URL.Path, r.Host, named, body))
	does := m.does
	m.mu.Unlock()
	switch does {
	case "reset":
		panic(http.ErrAbortHandler)
	case "hang":
		select {
		case <-r.Context().Done():
		case <-m.hangs:
		}
	case "":
		_, _ = io.WriteString(w, "served")
	default:
		var status int
		_, _ = fmt.Sscan(does, &status)
		w.WriteHeader(status)
	}
}

// told sets what each mock does and forgets what they were sent.
func (s *stage) told(does ...string) {
	for i, m := range s.mocks {
		m.mu.Lock()
		m.seen, m.does = nil, ""
		if i < len(does) {
			m.does = does[i]
		}
		m.mu.Unlock()
	}
}

// left is what Weir leaves for the attempts of a request that x-test sends somewhere.
func left(do string, length int) *structpb.Struct {
	name, ok := strings.CutPrefix(strings.TrimPrefix(do, "bare "), "to ")
	if !ok || strings.HasPrefix(do, "bare nothing") {
		return nil
	}
	fields := map[string]*structpb.Value{}
	for i, provider := range strings.Split(name, "+") {
		e := map[string]any{"path": "/else/where", "header": "authorization", "scheme": "Bearer ", "length": float64(length)}
		switch provider {
		case "b", "two":
			e["header"], e["scheme"] = "x-api-key", ""
		}
		switch provider {
		case "two":
			e["path"], e["model"], e["off"], e["replaced"], e["length"] = "/of/two", "a-longer-name", 1.0, 2.0, float64(length+11)
		case "three":
			e["path"], e["credential"] = "/of/three", "sk-of-the-tenant"
		}
		v, _ := structpb.NewStruct(e)
		fields[fmt.Sprint(i)] = structpb.NewStructValue(v)
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{envoy.RouteNamespace: structpb.NewStructValue(&structpb.Struct{Fields: fields})}}
}

// fallback: a provider that fails is followed by the next, and each gets what is meant for it and nothing else.
func (s *stage) fallback(c *http.Client) {
	host := func(i int) string { return strings.TrimPrefix(s.mocks[i].URL, "http://") }
	body := "<m1>" + strings.Repeat("x", bodyBytes-100)
	want := [3]string{
		"/else/where " + host(0) + " [Authorization=Bearer sk-one] " + body,
		"/of/two " + host(1) + " [X-Api-Key=sk-two] <a-longer-name>" + body[4:],
		"/of/three " + host(2) + " [Authorization=Bearer sk-of-the-tenant] " + body,
	}
	for _, f := range []struct {
		does   []string
		status int
		tries  int    // how many providers are sent the request
		served string // the number of the attempt that answered
	}{
		{nil, 200, 1, "0"},
		{[]string{"503"}, 200, 2, "1"},
		{[]string{"429"}, 200, 2, "1"},
		{[]string{"reset"}, 200, 2, "1"},
		{[]string{"hang"}, 200, 2, "1"},
		{[]string{"", "500"}, 200, 1, "0"},
		{[]string{"500", "529"}, 200, 3, "2"},
		{[]string{"reset", "hang"}, 200, 3, "2"},
		{[]string{"400"}, 400, 1, "0"},
		{[]string{"401"}, 200, 2, "1"},
		{[]string{"403", "404"}, 200, 3, "2"},
		{[]string{"503", "500", "429"}, 429, 3, "2"},
	} {
		s.told(f.does...)
		a := s.post(c, body, "X-Test", "to one+two+three", "Authorization", "Bearer of-the-client", "Api-Key", "of-the-client")
		if a.status != f.status || a.header.Get("X-Weir-Attempt") != f.served {
			s.t.Errorf("%v: %d from attempt %q, want %d from %s", f.does, a.status, a.header.Get("X-Weir-Attempt"), f.status, f.served)
		}
		for i, m := range s.mocks {
			m.mu.Lock()
			if n := len(m.seen); n > 1 || (n == 1) != (i < f.tries) {
				s.t.Errorf("%v: provider %d was sent %d requests", f.does, i+1, n)
			} else if n == 1 && m.seen[0] != want[i] {
				s.t.Errorf("%v: provider %d was sent\n%.200s, want\n%.200s", f.does, i+1, m.seen[0], want[i])
			}
			m.mu.Unlock()
		}
		for i := range f.tries {
			became := "200"
			if i < len(f.does) && f.does[i] != "" {
				became = f.does[i]
			}
			if became == "reset" || became == "hang" {
				became = "sent"
			}
			s.weir.mu.Lock()
			if got := s.weir.tried.GetFields()[fmt.Sprint(i)].GetStringValue(); got != became {
				s.t.Errorf("%v: of attempt %d Weir learned %q, want %q", f.does, i, got, became)
			}
			s.weir.mu.Unlock()
		}
	}
	s.told()
	for _, order := range []string{"dead+two", "two+one", "by-name+two", "tls+two"} {
		s.told()
		if a := s.post(c, body, "X-Test", "to "+order); a.status != 200 {
			s.t.Errorf("%s: %d", order, a.status)
		}
		s.last()
	}
}

// undecided: an attempt that Weir left nothing for does not go out.
func (s *stage) undecided(c *http.Client) {
	s.told()
	for _, order := range []string{"one", "one+two+three"} {
		if a := s.post(c, "{}", "X-Test", "bare nothing to "+order); a.status != 503 {
			s.t.Errorf("%s: %d", order, a.status)
		}
	}
	if a := s.post(c, "", "X-Test", "to two"); a.status != 503 {
		s.t.Errorf("a model where there is none: %d", a.status)
	}
	for i, m := range s.mocks {
		m.mu.Lock()
		if len(m.seen) > 0 {
			s.t.Errorf("provider %d was sent %v", i+1, m.seen)
		}
		m.mu.Unlock()
	}
}
