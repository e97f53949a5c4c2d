package e2e_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/config"
)

// The names of the cases about who calls.
const (
	host       = "lodging" // a tenant that says little of itself
	adminToken = "admin-token-of-the-tests"
	issuer     = "https://issuer.test"
	tokenName  = "X-Actor-Token"
	userName   = "X-Authenticated-User"
	ownKey     = "sk-the-callers-own-0123456789"
)

// lodging is one Weir with an Envoy of its own among several that share a store, and the signer of actors' tokens.
type lodging struct {
	*stage
	signer *rsa.PrivateKey
}

// lodge raises so many Weirs with one store between them.
func lodge(t *testing.T, n int, alter func(*config.File)) []*lodging {
	t.Helper()
	return lodgeReworded(t, n, alter, nil)
}

// lodgeReworded is lodge with another text of Envoy's bootstrap.
func lodgeReworded(t *testing.T, n int, alter func(*config.File), reword func([]byte) []byte) []*lodging {
	t.Helper()
	signer, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &cast{keys: map[string]string{}}
	settings := kinds()[plain].Settings
	for _, who := range []config.Tenant{
		{ID: host, Dialect: "rivaro", Settings: settings, Actors: config.Actors{Named: []config.Actor{{ID: "slow", Rates: []config.Rate{{Limit: "1/h"}}}}}},
		{ID: "strict", Dialect: "dvara", Settings: settings, Actors: config.Actors{Required: true}},
		{ID: "watched", Dialect: "rivaro", Settings: config.Settings{Secrets: settings.Secrets, Quarantine: config.Quarantine{Types: []string{"secret"}}}},
		{ID: "walk-in", Dialect: "openai", Settings: settings},
	} {
		if err := c.add(who); err != nil {
			t.Fatal(err)
		}
	}
	shared := t.TempDir()
	jwks := filepath.Join(shared, "jwks.json")
	if err := os.WriteFile(jwks, keySet(signer), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WEIR_E2E_ADMIN", adminToken)
	c.alter = func(f *config.File) {
		f.Providers = append(f.Providers, config.Provider{Name: "theirs", Kind: "openai-compatible", BaseURL: f.Providers[0].BaseURL, CallerCredential: true})
		f.Models = append(f.Models, config.Model{Name: "own", Provider: "theirs", Upstream: "scripted", Price: config.Price{Input: "1.00", Output: "2.00"}})
		f.Store.Path = filepath.Join(shared, "weir.db")
		f.Admin.Token = config.Reference{Env: "WEIR_E2E_ADMIN"}
		f.Identity = config.Identity{
			Token:  config.Token{Header: tokenName, Issuer: issuer, JWKS: config.JWKS{File: jwks}},
			Header: config.TrustedHeader{Name: userName, From: []string{"192.0.2.0/24"}},
		}
		f.Hosts = append(f.Hosts, config.Host{Name: "open.test", Keyless: "walk-in"})
		if alter != nil {
			alter(f)
		}
	}
	var out []*lodging
	for range n {
		s := &stage{logs: &captured{}, cast: c, reword: reword}
		if err := s.raise(true); err != nil {
			s.close()
			onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
		}
		s.closes(t)
		out = append(out, &lodging{s, signer})
	}
	timed(t)
	return out
}

// keySet are the public halves of keys, as an issuer publishes them.
func keySet(list ...*rsa.PrivateKey) []byte {
	keys := []any{}
	for _, k := range list {
		keys = append(keys, map[string]string{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": keyID(k), "n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes()),
		})
	}
	b, _ := json.Marshal(map[string]any{"keys": keys})
	return b
}

func keyID(k *rsa.PrivateKey) string {
	sum := sha256.Sum256(k.N.Bytes())
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// token is an actor's token, signed by a key.
func token(t *testing.T, by *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]string{"alg": "RS256", "kid": keyID(by), "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, by, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func (l *lodging) actor(t *testing.T, name string) []string {
	t.Helper()
	return []string{tokenName, token(t, l.signer, map[string]any{"iss": issuer, "sub": name, "exp": time.Now().Add(time.Hour).Unix()})}
}

// operate is a request to the operator's side.
func (l *lodging) operate(t *testing.T, method, path, body string, want int) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+l.weir.AdminAddr().String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := clients["h1"].Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: %d %s %v, want %d", method, path, resp.StatusCode, b, err, want)
	}
	var out map[string]any
	_ = json.Unmarshal(b, &out)
	return out
}

// bearing calls with a key that the cast does not know.
func bearing(plain string, more ...string) call {
	return call{body: ask("echo", "hello"), header: append([]string{"X-Detection-Key", plain}, more...)}
}

// within asks until the answer has a status, and fails where that takes longer than a second.
func (l *lodging) within(t *testing.T, what string, c func() call, want int) {
	t.Helper()
	began := time.Now()
	for {
		got := l.do(t, c())
		if got.err == nil && got.status == want {
			return
		}
		if time.Since(began) > soon {
			t.Errorf("%s: %d %s after %s, want %d", what, got.status, got.body, soon, want)
			return
		}
	}
}
