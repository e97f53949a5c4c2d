package issuers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"

	"weir/policy/provider"
)

// fetchBound is how long an issuer may take; maxAnswer bounds what is read of its answer.
const (
	fetchBound = 10 * time.Second
	maxAnswer  = 1 << 20
)

// Issued is a credential and when it ends; zero where nobody says so.
type Issued struct {
	Value string
	Until time.Time
}

// Fetch asks for a credential, within a bound. No error holds any of it, or what the issuer answered.
func Fetch(ctx context.Context, from provider.From) (Issued, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchBound)
	defer cancel()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, client)
	var out Issued
	var err error
	switch {
	case from.OAuth != nil:
		out, err = ofOAuth(ctx, from.OAuth)
	case from.Google != nil:
		out, err = ofGoogle(ctx, from.Google)
	default:
		out, err = ofVault(ctx, client, from.KV)
	}
	if err != nil {
		return Issued{}, err
	}
	if err := provider.CheckSecret(out.Value); err != nil {
		return Issued{}, fmt.Errorf("what was issued cannot be used: %w", err)
	}
	return out, nil
}

func ofOAuth(ctx context.Context, o *provider.OAuth) (Issued, error) {
	secret, err := provider.Secret(o.Secret)
	if err != nil {
		return Issued{}, fmt.Errorf("the client's secret: %w", err)
	}
	c := clientcredentials.Config{ClientID: o.ClientID, ClientSecret: secret, TokenURL: o.TokenURL, Scopes: o.Scopes, AuthStyle: oauth2.AuthStyleInParams}
	return issued(c.Token(ctx))
}

// account is what is read of a service account's key.
type account struct {
	Email    string `json:"client_email"`
	Key      string `json:"private_key"`
	KeyID    string `json:"private_key_id"`
	TokenURI string `json:"token_uri"`
}

func ofGoogle(ctx context.Context, g *provider.Google) (Issued, error) {
	text, err := provider.Secret(g.Key)
	if err != nil {
		return Issued{}, fmt.Errorf("the service account's key: %w", err)
	}
	var a account
	if json.Unmarshal([]byte(text), &a) != nil || a.Email == "" || a.Key == "" || a.TokenURI == "" {
		return Issued{}, errors.New("the service account's key is no JSON with client_email, private_key and token_uri")
	}
	if u, err := url.Parse(a.TokenURI); err != nil || provider.Inward(u.Hostname()) {
		return Issued{}, errors.New("the service account's key has a token_uri that leads to a link-local address, or nowhere")
	}
	c := jwt.Config{Email: a.Email, PrivateKey: []byte(a.Key), PrivateKeyID: a.KeyID, Scopes: g.Scopes, TokenURL: a.TokenURI}
	return issued(c.TokenSource(ctx).Token())
}

// issued reads what a token endpoint gave.
func issued(t *oauth2.Token, err error) (Issued, error) {
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response != nil:
		return Issued{}, fmt.Errorf("the token endpoint answered %d %s", refused.Response.StatusCode, word(refused.ErrorCode))
	case err != nil:
		return Issued{}, unreached("the token endpoint", err)
	}
	return Issued{Value: t.AccessToken, Until: t.Expiry}, nil
}

// word is an error code of OAuth's (RFC 6749, section 5.2), and nothing else that an issuer could say.
func word(s string) string {
	if len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return s
}

// unreached says why there was no answer, without what was asked.
func unreached(who string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("%s cannot be reached: %w", who, u.Err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s did not answer in time", who)
	}
	return fmt.Errorf("%s gave nothing that can be used", who)
}

// ofVault reads a secret of a key-value store, version 2 (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2).
func ofVault(ctx context.Context, client *http.Client, k *provider.KV) (Issued, error) {
	var answer struct {
		Data struct{ Data map[string]any }
	}
	if err := Vault(ctx, client, http.MethodGet, k.Address, k.Path, k.Token, nil, &answer); err != nil {
		return Issued{}, err
	}
	v, ok := answer.Data.Data[k.Field].(string)
	if !ok {
		return Issued{}, fmt.Errorf("the secret has no field %q with a text", k.Field)
	}
	return Issued{Value: strings.TrimSpace(v)}, nil
}

// Vault asks Vault's HTTP API. body is sent as JSON where it is not nil, and the answer is read into out.
func Vault(ctx context.Context, client *http.Client, method, address, path string, token provider.Credential, body, out any) error {
	secret, err := provider.Secret(token)
	if err != nil {
		return fmt.Errorf("reading the token for Vault: %w", err)
	}
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("asking Vault: %w", err)
		}
		sent = strings.NewReader(string(b))
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(address, "/")+"/v1/"+strings.Trim(path, "/"), sent)
	if err != nil {
		return fmt.Errorf("asking Vault: %w", err)
	}
	r.Header.Set("X-Vault-Token", secret)
	r.Header.Set("X-Vault-Request", "true") // Vault's own clients send it, and agents ask for it
	resp, err := client.Do(r)
	if err != nil {
		return unreached("Vault", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("Vault answered %d", resp.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return errors.New("Vault answered with no JSON of its form")
	}
	return nil
}
