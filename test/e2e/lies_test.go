package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/filter/fault"
)

// lie is an answer that no provider should give, and what becomes of it.
type lie struct {
	name   string
	does   http.HandlerFunc
	stream bool
	status int    // of the client's answer, in the dialect dvara
	has    string // in it
}

// Whatever a provider answers, the client gets an error that says whose it is, in the dialect's words, and nothing of
// the provider's inside.
func TestProvidersThatLie(t *testing.T) {
	s := open(t)
	var followed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	t.Cleanup(elsewhere.Close)
	echo := answers(401, `{"error": {"message": "Incorrect API key provided: `+providerKey+`.", "code": "invalid_api_key"}}`)
	over(t, func(t *testing.T, c *http.Client) {
		for _, l := range []lie{
			{"redirects", answers(301, "", "Location", elsewhere.URL+"/v1/chat/completions"), false, 502, "Provider API error 301"},
			{"redirects another way", answers(307, theirError, "Location", elsewhere.URL), true, 502, "Provider API error 307"},
			{"succeeds with an error", answers(200, theirError), false, 502, "provider_error"},
			{"succeeds with HTML", answers(200, "<html>busy</html>", "Content-Type", "text/html"), false, 502, "provider_error"},
			{"succeeds with nothing", answers(200, ""), false, 502, "provider_error"},
			{"answers JSON for a stream", answers(200, completionOf("hello", 3)), true, 502, "provider_error"},
			{"streams for JSON", streams(chunkOf("hello", "stop")), false, 502, "provider_error"},
			{"begins a stream with an error", streams("data: " + theirError + "\n\n"), true, 502, "provider_error"},
			{"streams nothing", streams(), true, 0, ""},
			{"compresses unasked", answers(200, gzipped(t, completionOf("hello", 3)), "Content-Encoding", "gzip"), false, 502, "provider_error"},
			{"fails in HTML", answers(500, "<html>stack trace</html>", "Content-Type", "text/html"), false, 502, "Provider API error 500"},
			{"tells our credential", echo, false, 502, "Provider API error 401"},
			{"breaks off", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Length", "1000")
				_, _ = w.Write([]byte(`{"id":`))
				panic(http.ErrAbortHandler)
			}, false, 0, ""},
		} {
			l.check(t, s, c)
		}
		soon := time.Now().Add(5 * time.Minute).UTC().Format(http.TimeFormat)
		for after, least := range map[string]int{"-1": 1, "soon": 1, "": 1, "99999999999": 3600, "9223372037": 3600, "0": 1, "30.5": 31, soon: 200} {
			trace := newTrace()
			s.upstream.script(t, trace, answers(429, theirError, "Retry-After", after))
			got := s.do(t, call{key: of(plain, "dvara"), body: ask("scripted", "x"), trace: trace, client: c})
			if n, err := strconv.Atoi(got.header.Get("Retry-After")); got.status != 429 || err != nil || n < least || n > 3600 {
				t.Errorf("Retry-After %q: %d, %q", after, got.status, got.header.Get("Retry-After"))
			}
		}
		trace := newTrace()
		s.upstream.script(t, trace, echo)
		got := s.do(t, call{key: of(plain, "rivaro"), body: ask("scripted", "x"), trace: trace, client: c})
		s.upstream.script(t, trace, answers(200, completionOf("hello", 3), "X-Echo-Authorization", "Bearer "+providerKey))
		if ok := s.do(t, call{key: of(plain, "openai"), body: ask("scripted", "x"), trace: trace, client: c}); ok.status != 200 || ok.header.Get("X-Echo-Authorization") != "" {
			t.Errorf("a header with our credential: %d %q", ok.status, ok.header.Get("X-Echo-Authorization"))
		}
		s.upstream.script(t, trace, streams(chunkOf("hello", ""), `data: {"error":{"message":"bad key `+providerKey+`"}}`+"\n\n"))
		if late := s.do(t, call{key: of(plain, "dvara"), body: ask("scripted", "x", streaming), trace: trace, client: c}); late.status != 200 ||
			!strings.Contains(late.body, "hello") || !strings.Contains(late.body, `"code":"provider_error"`) || strings.Contains(late.body, providerKey) {
			t.Errorf("an error in the middle of a stream: %d %s", late.status, late.body)
		}
		if want := `{"error": {"message": "Incorrect API key provided: ***.", "code": "invalid_api_key"}}`; got.status != 401 || got.body != want {
			t.Errorf("passed with our credential in it: %d %s", got.status, got.body)
		}
	})
	if n := followed.Load(); n > 0 {
		t.Errorf("%d redirects were followed", n)
	}
	if strings.Contains(s.logs.String(), providerKey) {
		t.Error("the credential stands in the logs")
	}
}

func (l lie) check(t *testing.T, s *stage, c *http.Client) {
	t.Helper()
	more := ""
	if l.stream {
		more = streaming
	}
	trace := newTrace()
	s.upstream.script(t, trace, l.does)
	got := s.do(t, call{key: of(measured, "dvara"), body: ask("scripted", "x", more), trace: trace, client: c})
	if strings.Contains(got.body, providerKey) {
		t.Errorf("a provider that %s: the client gets our credential", l.name)
	}
	if l.status != 0 && got.status != l.status || l.status == 0 && got.status < 500 || got.err != nil || !strings.Contains(got.body, l.has) {
		t.Errorf("a provider that %s: %d %v %s", l.name, got.status, got.err, got.body)
	}
	if strings.Contains(got.body, providerKey) || got.header.Get("Location") != "" || !strings.HasPrefix(got.body, `{"error":{`) {
		t.Errorf("a provider that %s: %v %s", l.name, got.header, got.body)
	}
}

// Every way in which Envoy itself fails to get an answer comes out in the tenant's dialect, as if Weir had phrased it.
func TestEnvoysOwnFailures(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	s, f := sail(t, func(c *config.File) {
		c.Providers = append(c.Providers,
			config.Provider{Name: "nowhere", Kind: "openai-compatible", BaseURL: "http://nowhere.invalid"},
			config.Provider{Name: "unsigned", Kind: "openai-compatible", BaseURL: secure.URL},
		)
	},
		config.Model{Name: "lost", Provider: "nowhere"}, config.Model{Name: "unsigned", Provider: "unsigned"},
		config.Model{Name: "slow-pair", Provider: "dead", Fallbacks: []string{"model-gamma"}},
	)
	for _, d := range []string{"dvara", "rivaro", "korad", "dosai", "olava", "openai", "anthropic"} {
		dialect, _ := fault.Default().ByName(d)
		for _, c := range []struct {
			cause, model, text string
			code               fault.Code
		}{
			{"the connection is refused", "dead/nobody", "", fault.ProviderUnreachable},
			{"the name leads nowhere", "nowhere/lost", "", fault.ProviderUnreachable},
			{"the certificate is of an unknown authority", "unsigned/unsigned", "", fault.ProviderUnreachable},
			{"the connection is reset", "gamma/model-gamma", "gamma=reset", fault.ProviderUnreachable},
			{"no headers come in time", "dead/slow-pair", "gamma=hang", fault.ProviderTimeout},
		} {
			got := s.do(t, call{key: of(plain, d), asIs: true, body: ask(c.model, "hello "+c.text)})
			want := dialect.Answer(fault.Fault{Code: c.code, Trace: got.trace, Model: c.model}, fault.Shape{Surface: "openai.chat"})
			if got.err != nil || got.status != want.Status || !sameJSON(got.body, string(want.Body)) || got.header.Get("X-Request-Id") != got.trace {
				t.Errorf("%s: %s: %d %s\nwant %d %s", d, c.cause, got.status, got.body, want.Status, want.Body)
			}
			t.Logf("%-9s | %-42s | %d | %s", d, c.cause, got.status, got.body)
		}
	}
	f.unharmed(t)
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}
