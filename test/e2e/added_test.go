package e2e_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
)

// operate asks the stage's admin API as an admin whose token is a word.
func (s *stage) operate(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.weir.AdminAddr().String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer operating")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// operated lets an admin in.
func operated(f *config.File) {
	sum := sha256.Sum256([]byte("operating"))
	f.Admin.Tokens = append(f.Admin.Tokens, config.AdminToken{Name: "operator", SHA256: hex.EncodeToString(sum[:]), Role: "admin"})
}

// A provider and a model that are added over the admin API serve as soon as that has answered, move and go, while a stream
// goes on; no credential is told, none gets to another place, and nothing of them is left.
func TestProvidersAddedOverTheAPI(t *testing.T) {
	for name, served := range map[string]bool{"files": false, "xDS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comeAndGo(t, served)
		})
	}
}

func comeAndGo(t *testing.T, served bool) {
	pause := &paused{make(chan struct{})}
	slow := httptest.NewServer(pause)
	t.Cleanup(slow.Close)
	s, f := sailOn(t, &stage{logs: &captured{}, served: served}, func(c *config.File) {
		operated(c)
		c.Limits.Attempt = "700ms"
		c.Providers = append(c.Providers, config.Provider{Name: "slow", Kind: "openai-compatible", BaseURL: slow.URL})
		c.Models = append(c.Models, config.Model{Name: "model-slow", Provider: "slow", Price: config.Price{Input: "0", Output: "0"}})
	})
	send := func(model string) reply {
		return s.do(t, call{key: of(measured, "dvara"), body: ask(model, "hello")})
	}
	stream := s.begin(t, call{key: of(plain, "dvara"), body: ask("model-slow", "x", streaming)})
	does := func(method, path, body string, status int, says string) {
		t.Helper()
		if got, text := s.operate(t, method, path, body); got != status || !strings.Contains(text, says) || strings.Contains(text, "sk-") {
			t.Errorf("%s %s: %d %s, want %d %s", method, path, got, text, status, says)
		}
	}
	delta := newShip(t, "delta", "sk-delta-0123456789")
	at := func(s *ship) string {
		return fmt.Sprintf(`{"kind":"openai-compatible","base_url":"%s/of-%s","credential":{"value":"%s"}}`, s.URL, s.name, s.credential)
	}
	const model = `{"provider":"delta","upstream":"delta-model","aliases":["fourth"],"price":{"input":"0","output":"1.00"}}`
	does("PUT", "/v1/models/model-delta", model, 422, `provider: found \"delta\"`)
	does("PUT", "/v1/providers/alpha", at(delta), 409, "declared in the configuration file")
	does("PUT", "/v1/providers/delta", `{"kind":"vllm","base_url":"http://169.254.169.254/v1"}`, 422, "link-local")
	does("PUT", "/v1/providers/delta", at(delta), 200, `"credential":"set","credential_from":"store","origin":"store"`)
	does("PUT", "/v1/models/model-delta", model, 200, `"origin":"store"`)
	for _, name := range []string{"model-delta", "fourth", "delta/fourth"} {
		if got := send(name); got.status != 200 || got.header.Get("X-Weir-Provider") != "delta" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := s.do(t, call{key: of(plain, "openai"), method: "GET", path: "/v1/models"}); !strings.Contains(got.body, `"fourth"`) {
		t.Errorf("the list of models: %d %s", got.status, got.body)
	}

	moved := newShip(t, "delta", "sk-delta-of-the-new-place")
	does("PUT", "/v1/providers/delta", at(moved), 200, `"credential":"set"`)
	if got := send("fourth"); got.status != 200 || len(moved.did(got.trace)) != 1 {
		t.Errorf("moved: %d %s", got.status, got.body)
	}
	does("PUT", "/v1/models/model-delta", strings.Replace(model, "fourth", "fifth", 1), 200, "fifth")
	if got := send("fourth"); got.status != 400 {
		t.Errorf("an alias that is gone: %d %s", got.status, got.body)
	}
	if got := send("fifth"); got.status != 200 {
		t.Errorf("an alias that is new: %d %s", got.status, got.body)
	}
	does("DELETE", "/v1/providers/delta", "", 409, "model-delta")
	does("DELETE", "/v1/models/model-delta", "", 204, "")
	does("DELETE", "/v1/providers/delta", "", 204, "")
	if got := send("fifth"); got.status != 400 {
		t.Errorf("gone: %d %s", got.status, got.body)
	}
	does("GET", "/v1/changes?operation=putProvider", "", 200, `"origin":"store"`)
	eventually(t, "Envoy has forgotten who is gone", func() bool { return !strings.Contains(s.clusters(t), "order-delta") })
	if left, err := filepath.Glob(filepath.Join(s.conf.Envoy.Secrets, "*", "delta*")); err != nil || len(left) > 0 {
		t.Errorf("a credential is left: %v %v", left, err)
	}
	close(pause.let)
	if stream.rest(); stream.err != nil || stream.read != firstEvent+lastEvents {
		t.Errorf("the stream: %v %s", stream.err, stream.read)
	}
	f.unharmed(t)
	(&fleet{ships: [3]*ship{delta, moved, f.ships[2]}}).unharmed(t)
}
