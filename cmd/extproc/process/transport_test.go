package process

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"google.golang.org/grpc/health"

	"weir/cmd/extproc/config"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		URIs: []*url.URL{{Scheme: "spiffe", Host: "example.org"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

// issue makes a certificate for a DNS name or a SPIFFE id, and its key, both in DER.
func (a *authority) issue(t *testing.T, name string, serial int64) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if u, err := url.Parse(name); err == nil && u.Scheme == "spiffe" {
		template.URIs = []*url.URL{u}
	} else {
		template.DNSNames = []string{name}
	}
	if cert, err = x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key); err != nil {
		t.Fatal(err)
	}
	if key, err = x509.MarshalPKCS8PrivateKey(k); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func write(t *testing.T, path, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pair is a client's certificate.
func (a *authority) pair(t *testing.T, name string) []tls.Certificate {
	t.Helper()
	cert, key := a.issue(t, name, 7)
	k, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: k}}
}

// asks asks for the health of a server that is secured so, and says which certificate it showed.
func asks(t *testing.T, address string, c *tls.Config) (serial int64, err error) {
	t.Helper()
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(s tls.ConnectionState) error { serial = s.PeerCertificates[0].SerialNumber.Int64(); return nil }
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(c)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
	return serial, err
}

// served is a server with the options that a transport asks for.
func served(t *testing.T, transport config.CheckedTransport) (address string, p *Process) {
	t.Helper()
	p = bare()
	options, err := p.secure(t.Context(), transport)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(options...)
	healthv1.RegisterHealthServer(s, health.NewServer())
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if p.workload != nil {
			_ = p.workload.Close()
		}
	})
	return l.Addr().String(), p
}

// bare is a process with what its transport needs.
func bare() *Process {
	return &Process{registry: prometheus.NewRegistry(), log: slog.New(slog.DiscardHandler)}
}

// refused waits until somebody was not let in for a reason.
func (p *Process) refused(t *testing.T, reason string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); runtime.Gosched() {
		all, err := p.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all[0].GetMetric() {
			if m.GetLabel()[0].GetValue() == reason && m.GetCounter().GetValue() > 0 {
				return
			}
		}
	}
	t.Errorf("nobody was refused for %s", reason)
}

// Only an Envoy with a certificate of the authority's and one of the names may speak, and files that are replaced are used.
func TestMutualTLSFromFiles(t *testing.T) {
	ours, other, dir := newAuthority(t), newAuthority(t), t.TempDir()
	cert, key := ours.issue(t, "weir.svc", 10)
	transport := config.CheckedTransport{
		CertFile: write(t, filepath.Join(dir, "cert"), "CERTIFICATE", cert), KeyFile: write(t, filepath.Join(dir, "key"), "PRIVATE KEY", key),
		ClientCAFile: write(t, filepath.Join(dir, "ca"), "CERTIFICATE", ours.cert.Raw), ClientNames: []string{"envoy.svc", "spiffe://example.org/envoy"}, Group: -1,
	}
	address, p := served(t, transport)
	for name, c := range map[string]struct {
		show   []tls.Certificate
		reason string // empty: it is let in
	}{
		"by name": {ours.pair(t, "envoy.svc"), ""}, "by id": {ours.pair(t, "spiffe://example.org/envoy"), ""},
		"another name": {ours.pair(t, "else.svc"), otherName}, "another authority": {other.pair(t, "envoy.svc"), unknownAuthority}, "nothing": {nil, noCertificate},
	} {
		if _, err := asks(t, address, &tls.Config{Certificates: c.show}); (err == nil) != (c.reason == "") {
			t.Errorf("%s: %v", name, err)
		} else if err != nil {
			p.refused(t, c.reason)
		}
	}
	cert, key = ours.issue(t, "weir.svc", 11)
	write(t, transport.KeyFile, "PRIVATE KEY", key)
	write(t, transport.CertFile, "CERTIFICATE", cert)
	if serial, err := asks(t, address, &tls.Config{Certificates: ours.pair(t, "envoy.svc")}); err != nil || serial != 11 {
		t.Errorf("after they were replaced: %d %v", serial, err)
	}
	if err := os.WriteFile(transport.CertFile, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if serial, err := asks(t, address, &tls.Config{Certificates: ours.pair(t, "envoy.svc")}); err != nil || serial != 11 {
		t.Errorf("with a file that cannot be read: %d %v", serial, err)
	}
	if _, err := bare().secure(t.Context(), config.CheckedTransport{CertFile: transport.CertFile, KeyFile: transport.KeyFile}); err == nil {
		t.Error("a server starts with a file that cannot be read")
	}
}

// agent is a SPIFFE Workload API with one identity.
type agent struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	of *authority
	t  *testing.T
}

// FetchX509SVID implements the Workload API.
func (a *agent) FetchX509SVID(_ *workload.X509SVIDRequest, s grpc.ServerStreamingServer[workload.X509SVIDResponse]) error {
	cert, key := a.of.issue(a.t, "spiffe://example.org/weir", 20)
	if err := s.Send(&workload.X509SVIDResponse{Svids: []*workload.X509SVID{{
		SpiffeId: "spiffe://example.org/weir", X509Svid: cert, X509SvidKey: key, Bundle: a.of.cert.Raw,
	}}}); err != nil {
		return err
	}
	<-s.Context().Done()
	return io.EOF
}

// With SPIFFE certificate and authorities come from the agent, and only the ids that are named may speak.
func TestMutualTLSFromSPIFFE(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	dir, err := os.MkdirTemp("", "sp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "a.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(s, &agent{of: ours, t: t})
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	address, p := served(t, config.CheckedTransport{SPIFFE: "unix://" + socket, ClientNames: []string{"spiffe://example.org/envoy"}, Group: -1})
	for name, c := range map[string]struct {
		show   []tls.Certificate
		reason string // empty: it is let in
	}{
		"the id": {ours.pair(t, "spiffe://example.org/envoy"), ""}, "another id": {ours.pair(t, "spiffe://example.org/else"), otherName},
		"another authority": {other.pair(t, "spiffe://example.org/envoy"), unknownAuthority}, "nothing": {nil, noCertificate},
	} {
		serial, err := asks(t, address, &tls.Config{Certificates: c.show})
		if (err == nil) != (c.reason == "") || err == nil && serial != 20 {
			t.Errorf("%s: %d %v", name, serial, err)
		} else if err != nil {
			p.refused(t, c.reason)
		}
	}
}

// A socket has the permissions that are named, and without any those of its owner alone.
func TestSocketsPermissions(t *testing.T) {
	for mode := range map[os.FileMode]bool{0o600: true, 0o660: true} {
		path := filepath.Join(t.TempDir(), "w.sock")
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if err := permit(l, config.CheckedTransport{Mode: mode, Group: os.Getgid()}); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%v %v", info.Mode(), err)
		}
		_ = l.Close()
	}
}
