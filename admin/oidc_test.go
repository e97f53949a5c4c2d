package admin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/prometheus/client_golang/prometheus"

	"weir/admin"
)

func prometheusOf(t *testing.T) prometheus.Gatherer {
	t.Helper()
	return prometheus.NewRegistry()
}

// issuer is an OpenID provider on this host.
type issuer struct {
	*httptest.Server
	key  *ecdsa.PrivateKey
	down atomic.Bool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		if i.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/a", "token_endpoint": i.URL + "/t",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// token is one with these claims over the usual ones.
func (i *issuer) token(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"iss": i.URL, "aud": "weir", "sub": "u1", "email": "ana@example.com", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()}
	for k, v := range claims {
		if all[k] = v; v == nil {
			delete(all, k)
		}
	}
	out, err := jwt.Signed(s).Claims(all).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A token of the issuer's is good for what its roles are here; any other is none.
func TestTokensOfAnIssuer(t *testing.T) {
	i := newIssuer(t)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := openWith(t, func(p *admin.Parts) {
		p.OIDC = admin.NewOIDC(admin.OIDCTerms{
			Issuer: i.URL, Audience: "weir", NameClaim: "email", RolesClaim: "realm_access.roles", TenantClaim: "tenant",
			Roles: map[string]admin.Role{"seers": admin.Viewer, "doers": admin.Operator, "owners": admin.Admin},
		})
	})
	roles := func(names ...string) map[string]any { return map[string]any{"roles": names} }
	for name, c := range map[string]struct {
		key    *ecdsa.PrivateKey
		claims map[string]any
		read   int // GET /v1/tenants
		stop   int // PUT suspension
		make   int // POST /v1/keys
	}{
		"an admin":              {i.key, map[string]any{"realm_access": roles("x", "owners", "seers")}, 200, 204, 201},
		"an operator":           {i.key, map[string]any{"realm_access": roles("seers", "doers")}, 200, 204, 403},
		"a viewer":              {i.key, map[string]any{"realm_access": roles("seers"), "tenant": "acme"}, 200, 403, 403},
		"a viewer of no tenant": {i.key, map[string]any{"realm_access": roles("seers")}, 403, 403, 403},
		"no role":               {i.key, map[string]any{"realm_access": roles("x")}, 403, 403, 403},
		"a role elsewhere":      {i.key, map[string]any{"roles": []string{"owners"}}, 403, 403, 403},
		"roles in one text":     {i.key, map[string]any{"realm_access": map[string]any{"roles": "x doers"}}, 200, 204, 403},
		"expired":               {i.key, map[string]any{"realm_access": roles("owners"), "exp": time.Now().Add(-time.Minute).Unix()}, 401, 401, 401},
		"for somebody else":     {i.key, map[string]any{"realm_access": roles("owners"), "aud": "other"}, 401, 401, 401},
		"of somebody else":      {i.key, map[string]any{"realm_access": roles("owners"), "iss": "https://other.example"}, 401, 401, 401},
		"signed by another":     {other, map[string]any{"realm_access": roles("owners")}, 401, 401, 401},
		"without a name":        {i.key, map[string]any{"realm_access": roles("owners"), "email": nil}, 401, 401, 401},
	} {
		token := i.token(t, c.key, c.claims)
		for path, want := range map[string]int{"GET /v1/tenants": c.read, "PUT /v1/tenants/acme/suspension": c.stop, "POST /v1/keys": c.make} {
			method, at, _ := strings.Cut(path, " ")
			body := map[string]string{"PUT": `{"reason":"abuse"}`, "POST": `{"tenant":"acme"}`}[method]
			if w := o.call(method, at, token, body); w.Code != want || strings.Contains(w.Body.String(), token) {
				t.Errorf("%s, %s: %d %s, want %d", name, path, w.Code, w.Body, want)
			}
		}
	}
	if w := o.call("GET", "/v1/changes", "secret", ""); !strings.Contains(w.Body.String(), `"who":"oidc:ana@example.com"`) {
		t.Errorf("%s", w.Body)
	}
	unsigned := strings.Split(i.token(t, i.key, map[string]any{"realm_access": roles("owners")}), ".")
	for _, token := range []string{unsigned[0] + "." + unsigned[1] + ".", "a.b.c", "eyJhbGciOiJub25lIn0." + unsigned[1] + ".", "eyJhbGciOiJub25lIn0." + unsigned[1] + ".AA"} {
		if w := o.call("GET", "/v1/tenants", token, ""); w.Code != 401 {
			t.Errorf("%s: %d", token, w.Code)
		}
	}
}

// An issuer that is down keeps its own users out, and nobody else.
func TestAnIssuerThatIsDown(t *testing.T) {
	i := newIssuer(t)
	i.down.Store(true)
	o := openWith(t, func(p *admin.Parts) {
		p.OIDC = admin.NewOIDC(admin.OIDCTerms{Issuer: i.URL, Audience: "weir", Roles: map[string]admin.Role{"owners": admin.Admin}})
	})
	token := i.token(t, i.key, map[string]any{"roles": []string{"owners"}})
	if w := o.call("GET", "/v1/tenants", token, ""); w.Code != 503 || strings.Contains(w.Body.String(), i.URL) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := o.call("GET", "/v1/tenants", "secret", ""); w.Code != 200 {
		t.Errorf("a local token: %d", w.Code)
	}
}

// Nobody has the issuer asked for keys that it does not have more often than anything else.
func TestTheIssuerIsNotFlooded(t *testing.T) {
	i := newIssuer(t)
	s := serve(t, admin.Parts{Trail: trail{}, Rate: 1, OIDC: admin.NewOIDC(admin.OIDCTerms{Issuer: i.URL, Audience: "weir", Roles: map[string]admin.Role{"owners": admin.Admin}})})
	codes := map[int]int{}
	for range 8 {
		codes[get(s, "/v1/usage", "eyJhbGciOiJFUzI1NiIsImtpZCI6Im5vbmUifQ.e30.AA").Code]++
	}
	if codes[401] != 3 || codes[429] != 5 {
		t.Errorf("%v", codes)
	}
}
