package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// What DVARA's other documents add to its page, as far as there is a cause.
func TestCatalogueDVARA(t *testing.T) {
	s := open(t)
	const d = "dvara"
	typed := with(plain, d, ask("echo", "x"))
	typed.header = []string{"Content-Type", "text/plain"}
	for _, c := range []struct {
		cause        string
		call         call
		status       int
		code, kind   string
		header, says string
		script       http.HandlerFunc
	}{
		{"no messages", with(plain, d, `{"model":"echo"}`), 400, "validation_error", "invalid_request_error", "", "", nil},
		{"half a body", with(plain, d, `{`), 400, "invalid_json", "invalid_request_error", "", "", nil},
		{"an array", with(plain, d, `[]`), 400, "invalid_request", "invalid_request_error", "", "", nil},
		{"an escape in the path", call{path: "/v1/chat/%63ompletions", key: of(plain, d), body: "{}"}, 400, "invalid_path", "invalid_request_error", "", "", nil},
		{"two slashes", call{path: "/v1//chat", key: of(plain, d), body: "{}"}, 400, "invalid_path", "invalid_request_error", "", "", nil},
		{"a wrong method", call{method: http.MethodDelete, key: of(plain, d)}, 405, "method_not_allowed", "invalid_request_error", "Allow", "POST", nil},
		{"no JSON", typed, 415, "unsupported_media_type", "invalid_request_error", "", "", nil},
		{"more than the context window", with(plain, d, ask("windowed", strings.Repeat("word ", 20_000))), 400, "context_window_exceeded", "context_window_error", "", "", nil},
		{"the provider answers 422", with(plain, d, ask("scripted", "x")), 400, "provider_rejected_request", "invalid_request_error", "", "", answers(422, theirError)},
		{"the provider answers 429", with(plain, d, ask("scripted", "x")), 429, "provider_rate_limited", "provider_rate_limited", "Retry-After", "7", answers(429, theirError, "Retry-After", "7")},
		{"a policy that fails", with(failing, d, ask("echo", "x")), 500, "policy_error", "gateway_error", "", "", nil},
		{"a path outside", call{path: "/elsewhere", key: of(plain, d), body: "{}"}, 404, "not_found", "not_found_error", "", "", nil},
		{"an API that is not governed", call{path: "/v1/audio/speech", key: of(plain, d), body: "{}"}, 404, "resource_not_found", "not_found_error", "", "", nil},
	} {
		t.Run(c.cause, func(t *testing.T) {
			over(t, func(t *testing.T, client *http.Client) {
				got := s.bring(t, pageCase{call: c.call, script: c.script}, client)
				want := fmt.Sprintf(`{"error":{"code":%q,"type":%q,"message":"...","trace_id":"..."}}`, c.code, c.kind)
				if d := differs([]byte(want), []byte(got.body), got.trace, []string{"param"}); d != "" || got.status != c.status {
					t.Errorf("%d %s: %s", got.status, d, got.body)
				}
				if c.header != "" && got.header.Get(c.header) != c.says {
					t.Errorf("%s: %q", c.header, got.header.Get(c.header))
				}
			})
		})
	}
}

// Before there is a tenant, the host, the path or the form of what was presented says whose client asks.
func TestDialectBeforeATenant(t *testing.T) {
	s := open(t)
	for _, c := range []struct{ cause, host, path, key, want string }{
		{"nothing", "", "/v1/chat/completions", "", `{"error":{"message":"You didn't provide an API key."`},
		{"the host", "olava.test", "/v1/chat/completions", "", `{"detail":"missing_bearer_token"}`},
		{"the path", "prefix.test", "/v1/messages", "", `{"type":"error","error":{"type":"authentication_error","message":"x-api-key header is required"}`},
		{"another path", "prefix.test", "/v1/chat/completions", "", `{"detail":"missing_bearer_token"}`},
		{"the form of the key", "", "/v1/chat/completions", nobody("detect_live_"), `{"error":"Invalid detection key"}`},
		{"the host before the form", "dosai.test", "/v1/chat/completions", nobody("gw_"), `{"error":{"message":"Invalid API key.","type":"authentication_error","code":401}}`},
	} {
		t.Run(c.cause, func(t *testing.T) {
			timed(t)
			ask := call{path: c.path, body: ask("echo", "x")}
			if c.host != "" {
				ask.header = append(ask.header, "Host", c.host)
			}
			if c.key != "" {
				ask.header = append(ask.header, bearerOf(c.key)...)
			}
			if got := s.do(t, ask); got.status != 401 || !strings.HasPrefix(got.body, c.want) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// Where the store is gone, the probe says so, and what would need it is refused in the tenant's words.
func TestCatalogueStoreGone(t *testing.T) {
	s := ownWeir(t)
	if err := s.weir.Store.Close(); err != nil {
		t.Fatal(err)
	}
	over(t, func(t *testing.T, client *http.Client) {
		got := s.do(t, call{method: http.MethodGet, path: "/actuator/health", client: client})
		if got.status != 503 || got.body != `{"status":"DOWN","reason":"store unavailable"}` {
			t.Errorf("the probe: %d %s", got.status, got.body)
		}
		for dialect, line := range map[string]string{"korad": "L115", "olava": "L54"} {
			c := pageCase{line: line, status: 503, adds: []string{"reason"}, call: with(measured, dialect, ask("echo", "x"))}
			c.compare(t, s.bring(t, c, client), goldens(t, dialect)[line])
		}
	})
}

// Where Weir dies in the middle of an exchange, Envoy answers with what Weir had left it: in the tenant's words.
func TestCatalogueWeirGone(t *testing.T) {
	s := alone(t)
	c := s.launch(t)
	lines := map[string]string{"korad": "L101", "dosai": "L131"}
	answered := map[string]chan reply{}
	for dialect := range lines {
		trace, arrivedAt := newTrace(), make(chan struct{})
		s.upstream.script(t, trace, func(_ http.ResponseWriter, r *http.Request) {
			close(arrivedAt)
			<-r.Context().Done()
		})
		answered[dialect] = make(chan reply, 1)
		go func() {
			answered[dialect] <- s.do(t, call{key: of(plain, dialect), body: ask("scripted", "x"), trace: trace})
		}()
		<-arrivedAt
	}
	c.signal(syscall.SIGKILL)
	for dialect, line := range lines {
		page := pageCase{line: line, status: 500}
		page.compare(t, <-answered[dialect], goldens(t, dialect)[line])
	}
}
