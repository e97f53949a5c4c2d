package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"weir/cmd/extproc/config"
)

// A credential that is issued for a while reaches its provider, and so does the next one, without a request that fails; an
// issuer that is down leaves the provider out when the last one has ended, and its fallbacks serve.
func TestIssuedCredential(t *testing.T) {
	var issued, down atomic.Int64
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":"issued-%d","token_type":"Bearer","expires_in":4}`, issued.Add(1))
	}))
	t.Cleanup(office.Close)
	t.Setenv("WEIR_E2E_CLIENT", "client-secret-0123456789")
	s, f := sail(t, func(c *config.File) {
		for i := range c.Providers {
			if c.Providers[i].Name == "alpha" {
				c.Providers[i].Credential = config.Reference{}
				c.Providers[i].CredentialFrom.OAuth = &config.OAuth{TokenURL: office.URL, ClientID: "weir", ClientSecret: config.Reference{Env: "WEIR_E2E_CLIENT"}}
			}
		}
	})
	var latest atomic.Pointer[string]
	f.named("alpha").anyOf(func(authorization string) bool {
		latest.Store(&authorization)
		return strings.HasPrefix(authorization, "Bearer issued-")
	})
	by := func() string {
		got := s.do(t, call{key: of(plain, "dvara"), body: ask("fleet", "hello")})
		if got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
		return got.header.Get("X-Weir-Provider")
	}
	eventually(t, "the first token is used", func() bool { return by() == "alpha" })
	first := *latest.Load()
	eventually(t, "the next token is used", func() bool { return by() == "alpha" && *latest.Load() != first })
	down.Store(1)
	eventually(t, "the provider is left out", func() bool { return by() == "beta" })
	down.Store(0)
	eventually(t, "the provider is back", func() bool { return by() == "alpha" })
	f.unharmed(t)
	s.nowhere(t, s.conf.StorePath, "client-secret-0123456789")
	if strings.Contains(s.logs.String(), "issued-") {
		t.Error("a token stands in the logs")
	}
}
