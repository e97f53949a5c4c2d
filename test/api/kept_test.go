package api

import (
	"strings"
	"testing"
	"time"

	"weir/test/redisd"
)

// Providers and models that were added are there after a restart, and on another replica of the same Redis, with a credential that
// nobody is told.
func TestWhatIsAddedStays(t *testing.T) {
	for name, redis := range map[string]bool{"file": false, "redis": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := ""
			if redis {
				addr = redisd.Start(t, redisd.Volatile()...).Addr
			}
			w := serveOn(t, addr)
			w.expect(t, "PUT", "/v1/providers/more", `{"kind":"openai","base_url":"http://127.0.0.1:9/more","credential":{"value":"sk-more"}}`, 200, `"credential":"set","credential_from":"store"`)
			w.expect(t, "PUT", "/v1/models/extra", `{"provider":"more","aliases":["x"],"price":{"input":1,"output":2}}`, 200, `"price":{"input":1000000,"output":2000000}`)
			w.expect(t, "PUT", "/v1/models/echo2", `{"provider":"demo","price":{"input":1,"output":"1e9"}}`, 422, "price.output")
			w.expect(t, "PUT", "/v1/models/echo", `{"provider":"demo"}`, 409, "declared in the configuration file")
			w.expect(t, "PUT", "/v1/providers/third", `{"kind":"openai","credential":{"env":"HOME"}}`, 422, "admin.secrets")
			w.expect(t, "DELETE", "/v1/providers/more", "", 409, "extra")
			w.expect(t, "DELETE", "/v1/providers/demo", "", 409, "declared")

			w.stop(t)
			w.start(t)
			w.expect(t, "GET", "/v1/providers/more", "", 200, `"models":["extra"]`)
			w.expect(t, "GET", "/v1/providers/more", "", 200, `"credential":"set"`)
			w.expect(t, "GET", "/v1/models/extra", "", 200, `"origin":"store","document":{"provider":"more"`)
			if redis {
				twin := serveOn(t, addr)
				twin.sees(t, "/v1/models/extra", 200, `"origin":"store"`)
				twin.expect(t, "GET", "/v1/providers/more", "", 200, `"credential"`)
				w.expect(t, "DELETE", "/v1/models/extra", "", 204, "")
				twin.sees(t, "/v1/models/extra", 404, "no such model")
			} else {
				w.expect(t, "DELETE", "/v1/models/extra", "", 204, "")
			}
			// Who is elsewhere needs the credential anew: what was written for one place goes to no other.
			w.expect(t, "PUT", "/v1/providers/more", `{"kind":"openai","base_url":"http://127.0.0.1:9/other"}`, 200, `"credential":"set"`)
			w.expect(t, "PUT", "/v1/providers/more", `{"kind":"openai","base_url":"http://127.0.0.2:9/other"}`, 200, `"credential":"not set"`)
			w.expect(t, "PUT", "/v1/providers/more/credential", `{"value":"sk-more-again"}`, 204, "")
			w.expect(t, "GET", "/v1/providers/more", "", 200, `"credential":"set"`)
			w.expect(t, "DELETE", "/v1/providers/more/credential", "", 204, "")
			w.expect(t, "GET", "/v1/providers/more", "", 200, `"credential":"not set"`)
			w.expect(t, "DELETE", "/v1/providers/more", "", 204, "")
			w.expect(t, "GET", "/v1/changes", "", 200, `"operation":"deleteProvider"`)
			w.expect(t, "GET", "/v1/health", "", 200, `"status":"ready"`)
		})
	}
}

// sees asks until what comes back is so: another replica has it a moment later.
func (w *weir) sees(t *testing.T, path string, status int, says string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; <-tick.C {
		got, text := w.ask(t, "GET", path, "")
		if got == status && strings.Contains(text, says) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d %s, want %d %s", path, got, text, status, says)
		}
	}
}

// expect asks, and compares what comes back. No credential is ever told.
func (w *weir) expect(t *testing.T, method, path, body string, status int, says string) {
	t.Helper()
	if got, text := w.ask(t, method, path, body); got != status || !strings.Contains(text, says) || strings.Contains(text, "sk-") {
		t.Errorf("%s %s: %d %s, want %d %s", method, path, got, text, status, says)
	}
}
