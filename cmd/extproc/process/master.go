package process

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// masterBytes is the length of the secret that tenants' own are derived from.
const masterBytes = 32

// masterSecret reads the secret beside the store, and makes it where there is none. Of two processes that start at once
// one makes it and the other reads it.
func masterSecret(storePath string) ([]byte, error) {
	path := strings.TrimSuffix(storePath, filepath.Ext(storePath)) + ".key"
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
