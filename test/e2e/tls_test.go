package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/providers"
	"weir/policy/provider"
)

// notary is an authority of the tests' own.
type notary struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newNotary(t *testing.T) *notary {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the tests' authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	n := &notary{cert, key, filepath.Join(t.TempDir(), "ca.pem")}
	if err := os.WriteFile(n.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return n
}

// certify signs a certificate for a name that is good until a time.
func (n *notary) certify(t *testing.T, name string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, n.cert, &key.PublicKey, n.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A provider is reached over TLS where its certificate is of the authority that is named, for the name that is named, and
// good; any other gets neither a request nor a credential, the client hears of a provider that cannot be reached, and the
// operator's test says why.
func TestTLSToProviders(t *testing.T) {
	ca, stranger := newNotary(t), newNotary(t)
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	var asked atomic.Pointer[string]
	var reached atomic.Int64
	serve := func(cert tls.Certificate, newest uint16) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			reached.Add(1)
			answers(200, completionOf("hello", 3))(w, r)
		}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: newest, GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			asked.Store(&h.ServerName)
			return &cert, nil
		}}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	}
	const name = "provider.test"
	cases := []struct {
		name, url, file, server string
		says                    string // what the operator's test explains; empty: all is well
	}{
		{"good", serve(ca.certify(t, name, soon), 0), ca.file, name, ""},
		{"other-authority", serve(stranger.certify(t, name, soon), 0), ca.file, name, "signed by nobody"},
		{"other-name", serve(ca.certify(t, "other.test", soon), 0), ca.file, name, "for another name"},
		{"expired", serve(ca.certify(t, name, past), 0), ca.file, name, "has expired"},
		{"old-protocol", serve(ca.certify(t, name, soon), tls.VersionTLS11), ca.file, name, "no TLS can be agreed upon"},
	}
	s, _ := sail(t, func(c *config.File) {
		for _, k := range cases {
			c.Providers = append(c.Providers, config.Provider{Name: k.name, Kind: "openai-compatible", BaseURL: k.url, TLS: config.TLS{CAFile: k.file, ServerName: k.server}})
			c.Models = append(c.Models, config.Model{Name: "m-" + k.name, Provider: k.name, Price: config.Price{Input: "0", Output: "0"}})
		}
	})
	for _, k := range cases {
		before := reached.Load()
		got := s.do(t, call{key: of(plain, "dvara"), body: ask("m-"+k.name, "hello")})
		if k.says == "" && (got.status != 200 || *asked.Load() != name) {
			t.Errorf("%s: %d %s, asked for %q", k.name, got.status, got.body, *asked.Load())
		}
		if k.says != "" && (got.status != 502 || !strings.Contains(got.body, "Provider cannot be reached") || reached.Load() != before) {
			t.Errorf("%s: %d %s, %d requests", k.name, got.status, got.body, reached.Load()-before)
		}
		_, err := providers.Probe(t.Context(), provider.Provider{
			Name: k.name, Kind: "openai-compatible", BaseURL: k.url, TLS: provider.TLS{CAFile: k.file, ServerName: k.server},
		}, "m")
		if k.says == "" && err != nil || k.says != "" && (err == nil || !strings.Contains(err.Error(), k.says)) {
			t.Errorf("%s: the test says %v, want %q", k.name, err, k.says)
		}
	}
}
