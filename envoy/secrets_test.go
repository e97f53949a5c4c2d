package envoy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/envoy"
)

// certificate is an authority that has signed nothing.
func certificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestWriteSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for _, value := range []string{"sk-1", `sk-"2\`} {
		if err := envoy.WriteSecrets(dir, []envoy.Secret{{Provider: "openai", Value: value}, {Provider: "other.one", Value: "x"}}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(envoy.SecretFile(dir, "openai"))
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Resources []struct {
				Name          string
				GenericSecret struct {
					Secret struct {
						Inline string `json:"inline_string"`
					}
				} `json:"generic_secret"`
			}
		}
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		if r := file.Resources; len(r) != 1 || r[0].Name != "order-openai" || r[0].GenericSecret.Secret.Inline != value {
			t.Errorf("got %s", text)
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 2 {
		t.Errorf("left behind: %v, %v", list, err)
	}
	for _, f := range list {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: mode %v, %v", info.Mode(), err)
	}
}

func TestSecretsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, s := range map[string]envoy.Secret{
		"empty": {Provider: "a"}, "line break": {Provider: "a", Value: "sk-hidden\n"}, "blank": {Provider: "a", Value: "sk hidden"}, "blank behind": {Provider: "a", Value: "sk hidden ", Blanks: true},
		"not ASCII": {Provider: "a", Value: "sk-hidden\u00e9"}, "long": {Provider: "a", Value: strings.Repeat("hidden", 4<<10)},
		"path": {Provider: "../a", Value: "sk-hidden"}, "no name": {Value: "sk-hidden"},
	} {
		err := envoy.WriteSecrets(dir, []envoy.Secret{s})
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: the error holds the value: %v", name, err)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("written: %v, %v", list, err)
	}
}
