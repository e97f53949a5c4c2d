package provider

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// VaultKeyBytes is the length of a vault's key: AES-256.
const VaultKeyBytes = 32

// maxSecret bounds a credential; it has to fit into a request's headers.
const maxSecret = 16 << 10

// Vault seals tenants' own credentials with AES-256-GCM, so that what a store, a backup or a replica holds is of no use
// without the key. What is sealed for one tenant and provider opens for no other.
type Vault struct{ aead cipher.AEAD }

// ErrSealed says that a credential cannot be opened: it was sealed with another key, for somebody else, or was damaged.
var ErrSealed = errors.New("the credential cannot be opened with this key")

// NewVault makes a vault of a key of VaultKeyBytes.
func NewVault(key []byte) (*Vault, error) {
	if len(key) != VaultKeyBytes {
		return nil, fmt.Errorf("a vault's key has %d bytes, want %d", len(key), VaultKeyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making a vault: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("making a vault: %w", err)
	}
	return &Vault{aead}, nil
}

// CheckSecret refuses what cannot stand in a header. No error holds any of it.
func CheckSecret(value string) error {
	if value == "" || len(value) > maxSecret {
		return fmt.Errorf("a credential has 1 to %d bytes, found %d", maxSecret, len(value))
	}
	if i := strings.IndexFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
		return fmt.Errorf("a credential is printable ASCII without blanks; byte %d is not", i)
	}
	return nil
}

// Seal seals a credential. Equal credentials are sealed differently.
func (v *Vault) Seal(tenant, provider, value string) (string, error) {
	if err := CheckSecret(value); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(v.aead.Seal(nil, nil, []byte(value), owner(tenant, provider))), nil
}

// Open opens what Seal sealed; the error is ErrSealed.
func (v *Vault) Open(tenant, provider, sealed string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", ErrSealed
	}
	value, err := v.aead.Open(nil, nil, b, owner(tenant, provider))
	if err != nil {
		return "", ErrSealed
	}
	return string(value), nil
}

// owner is what a sealed credential is bound to. Neither id has a line break.
func owner(tenant, provider string) []byte {
	return []byte("weir credential\n" + tenant + "\n" + provider)
}
