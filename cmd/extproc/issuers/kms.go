package issuers

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"

	"weir/policy/provider"
)

// KMS opens what was sealed with a key that it alone has. An error holds nothing of either.
type KMS interface {
	Open(ctx context.Context, sealed string) ([]byte, error)
}

// Transit is Vault's transit engine (developer.hashicorp.com/vault/api-docs/secret/transit#decrypt-data).
type Transit struct {
	Address, Mount, Key string
	Token               provider.Credential
}

var _ KMS = Transit{}

// Open implements KMS.
func (t Transit) Open(ctx context.Context, sealed string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchBound)
	defer cancel()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var answer struct {
		Data struct{ Plaintext string }
	}
	ask := map[string]string{"ciphertext": sealed}
	if err := Vault(ctx, client, http.MethodPost, t.Address, t.Mount+"/decrypt/"+t.Key, t.Token, ask, &answer); err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(answer.Data.Plaintext)
	if err != nil {
		return nil, errors.New("what Vault opened is no base64")
	}
	return b, nil
}
