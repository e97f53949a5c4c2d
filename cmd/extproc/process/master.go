package process

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/issuers"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// masterBytes is the length of the secret that tenants' own are derived from.
const masterBytes = 32

// MasterSecret is what a configuration names as its secret, else what is kept beside the store. Several Weirs on one
// Redis that keep their own restore no placeholders of each other's.
func MasterSecret(c *config.Config) ([]byte, error) {
	if c.KMS != nil {
		return opened(c.KMS)
	}
	if c.StoreSecret == (config.Reference{}) {
		return besideStore(c.StorePath)
	}
	s, err := c.StoreSecret.Secret()
	if err != nil {
		return nil, fmt.Errorf("store.secret: %w", err)
	}
	sum := sha256.Sum256([]byte(s))
	return sum[:], nil
}

// KeptSecret is MasterSecret for what is there already: it makes no secret, since nothing could have been written with it.
func KeptSecret(c *config.Config) ([]byte, error) {
	if c.KMS == nil && c.StoreSecret == (config.Reference{}) {
		if _, err := os.Stat(besidePath(c.StorePath)); err != nil {
			return nil, fmt.Errorf("the secret that the store was written with: %w", err)
		}
	}
	return MasterSecret(c)
}

// leastOpened is how many bytes a secret has that a service opens.
const leastOpened = 16

// opened is the secret that a key management service opens. It is asked at the start, and kept nowhere.
func opened(k *config.KMS) ([]byte, error) {
	sealed, err := k.Sealed.Secret()
	if err != nil {
		return nil, fmt.Errorf("store.kms.sealed: %w", err)
	}
	var service issuers.KMS = issuers.Transit{Address: k.Address, Mount: k.Mount, Key: k.Key, Token: provider.Credential(k.Token)}
	b, err := service.Open(context.Background(), sealed)
	if err != nil {
		return nil, fmt.Errorf("store.kms: %w", err)
	}
	if len(b) < leastOpened {
		return nil, fmt.Errorf("store.kms: the secret has %d bytes, at least %d are needed", len(b), leastOpened)
	}
	sum := sha256.Sum256(b)
	return sum[:], nil
}

// besidePath is where the secret stands that no configuration names.
func besidePath(storePath string) string {
	return strings.TrimSuffix(storePath, filepath.Ext(storePath)) + ".key"
}

// besideStore reads the secret beside the store, and makes it where there is none. Of two processes that start at once
// one makes it and the other reads it.
func besideStore(storePath string) ([]byte, error) {
	path := besidePath(storePath)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if b, err = makeMaster(path); errors.Is(err, fs.ErrExist) {
			b, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the secret that placeholders are keyed with: %w", err)
	}
	if len(b) != masterBytes {
		return nil, fmt.Errorf("the secret that placeholders are keyed with: %s has %d bytes, want %d", path, len(b), masterBytes)
	}
	return b, nil
}

// makeMaster writes a new secret under its name at once, whole, and only where there is none.
func makeMaster(path string) ([]byte, error) {
	b := make([]byte, masterBytes)
	_, _ = rand.Read(b) // never fails: crypto/rand
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return b, os.Link(f.Name(), path)
}

// Vault seals and opens tenants' own credentials, with a key that is derived from the secret of the configuration or the one
// beside the store.
func Vault(c *config.Config) (*provider.Vault, error) {
	master, err := MasterSecret(c)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, master, nil, "weir credentials", provider.VaultKeyBytes)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	return provider.NewVault(key)
}

// keyTerms reads the terms of a key that is made over the admin API, as the configuration in force has them read.
func (p *Process) keyTerms(document []byte, now time.Time) (tenant.Key, error) {
	return p.config.Load().Key("", document, now)
}

// drawn is how many bytes one purpose gives: a key's secret and its id need half of them.
const drawn = 64

// random gives fresh bytes for "", and for any other purpose those that the secret and it determine: whoever knows both
// the secret and the purpose could make any key anyhow.
func (p *Process) random(purpose string) io.Reader {
	if purpose == "" {
		return rand.Reader
	}
	b, err := hkdf.Key(sha256.New, p.master, nil, "weir admin: "+purpose, drawn)
	if err != nil {
		return failing(err)
	}
	return bytes.NewReader(b)
}

// failing is a reader that only fails.
func failing(err error) io.Reader {
	r, w := io.Pipe()
	_ = w.CloseWithError(err)
	return r
}
