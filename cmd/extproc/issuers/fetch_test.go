package issuers_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/issuers"
	"weir/policy/provider"
)

const hidden = "hidden-0123456789"

// office is an issuer of every kind; what it does its path's first part says.
func office(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		what, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		w.Header().Set("Content-Type", "application/json")
		switch what {
		case "refuses":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"`+hidden+`"}`)
		case "rambles":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"no `+hidden+`"}`)
		case "moved":
			w.Header().Set("Location", "/good")
			w.WriteHeader(http.StatusTemporaryRedirect)
		case "html":
			_, _ = io.WriteString(w, "<html>"+hidden)
		case "broken":
			panic(http.ErrAbortHandler)
		case "lines":
			_, _ = io.WriteString(w, `{"access_token":"a\nb","token_type":"Bearer","expires_in":60}`)
		case "v1":
			if r.Method == http.MethodPost && r.URL.Path == "/v1/transit/decrypt/weir" && strings.Contains(string(body), `{"ciphertext":"vault:v1:sealed"}`) {
				_, _ = io.WriteString(w, `{"data":{"plaintext":"c2l4dGVlbiBieXRlcyBvciBtb3Jl"}}`)
				return
			}
			if r.Header.Get("X-Vault-Token") != hidden || r.URL.Path != "/v1/secret/data/openai" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			_, _ = io.WriteString(w, `{"data":{"data":{"key":" sk-of-vault\n","number":5}}}`)
		default:
			if a := string(body); !strings.Contains(a, "client_id=me") && !assertion(t, a) {
				t.Errorf("asked with %s", a)
			}
			_, _ = io.WriteString(w, `{"access_token":"at-issued","token_type":"Bearer","expires_in":3600}`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// assertion says whether a form brings what a service account signs (RFC 7523).
func assertion(t *testing.T, form string) bool {
	t.Helper()
	_, token, _ := strings.Cut(form, "assertion=")
	token, _, _ = strings.Cut(token, "&")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Iss, Scope string }
	return err == nil && json.Unmarshal(b, &claims) == nil && claims.Iss == "weir@project.example" && claims.Scope == "one two"
}

func TestFetch(t *testing.T) {
	s := office(t)
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	writeFile(t, secret, hidden)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sa, err := json.Marshal(map[string]string{
		"client_email": "weir@project.example", "private_key_id": "k1", "token_uri": s.URL + "/good",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "sa.json"), string(sa))
	oauth := func(path string) provider.From {
		return provider.From{OAuth: &provider.OAuth{TokenURL: s.URL + path, ClientID: "me", Secret: provider.Credential{File: secret}, Scopes: []string{"s"}}}
	}
	vault := func(path, field string) provider.From {
		return provider.From{KV: &provider.KV{Address: s.URL, Token: provider.Credential{File: secret}, Path: path, Field: field}}
	}
	for name, c := range map[string]struct {
		from provider.From
		want string // what is issued
		says string // or what the error says
	}{
		"oauth":                {oauth("/good"), "at-issued", ""},
		"google":               {provider.From{Google: &provider.Google{Key: provider.Credential{File: filepath.Join(dir, "sa.json")}, Scopes: []string{"one", "two"}}}, "at-issued", ""},
		"vault":                {vault("secret/data/openai", "key"), "sk-of-vault", ""},
		"refused":              {oauth("/refuses"), "", "answered 401 invalid_client"},
		"refused in words":     {oauth("/rambles"), "", "answered 400"},
		"moved":                {oauth("/moved"), "", "answered 307"},
		"no JSON":              {oauth("/html"), "", "the token endpoint gave nothing"},
		"broken":               {oauth("/broken"), "", "cannot be reached"},
		"not fit for a header": {oauth("/lines"), "", "cannot be used"},
		"no secret":            {provider.From{OAuth: &provider.OAuth{TokenURL: s.URL, Secret: provider.Credential{Env: "WEIR_NOT_SET"}}}, "", "WEIR_NOT_SET"},
		"no key":               {provider.From{Google: &provider.Google{Key: provider.Credential{File: secret}}}, "", "no JSON with client_email"},
		"another secret":       {vault("secret/data/other", "key"), "", "Vault answered 403"},
		"no field":             {vault("secret/data/openai", "none"), "", `no field "none"`},
		"a number":             {vault("secret/data/openai", "number"), "", "with a text"},
	} {
		got, err := issuers.Fetch(t.Context(), c.from)
		if c.says == "" && (err != nil || got.Value != c.want) {
			t.Errorf("%s: %q %v", name, got.Value, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), hidden)) {
			t.Errorf("%s: %v, want %q in it", name, err, c.says)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := issuers.Fetch(ctx, oauth("/good")); err == nil {
		t.Error("somebody answered who was not asked")
	}
	if got, err := issuers.Fetch(t.Context(), oauth("/good")); err != nil || time.Until(got.Until) < 50*time.Minute {
		t.Errorf("it ends at %s: %v", got.Until, err)
	}
}

func TestTransit(t *testing.T) {
	s := office(t)
	secret := filepath.Join(t.TempDir(), "secret")
	writeFile(t, secret, hidden)
	kms := issuers.Transit{Address: s.URL, Mount: "transit", Key: "weir", Token: provider.Credential{File: secret}}
	if b, err := kms.Open(t.Context(), "vault:v1:sealed"); err != nil || string(b) != "sixteen bytes or more" {
		t.Errorf("%q %v", b, err)
	}
	if _, err := kms.Open(t.Context(), "vault:v1:other"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("what was sealed otherwise: %v", err)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
