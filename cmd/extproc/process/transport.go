package process

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc"

	"weir/cmd/extproc/config"
)

// permit gives a Unix socket the permissions that a configuration names.
func permit(l net.Listener, t config.CheckedTransport) error {
	a, ok := l.Addr().(*net.UnixAddr)
	if !ok {
		return nil
	}
	if t.Group >= 0 {
		if err := os.Chown(a.Name, -1, t.Group); err != nil {
			return fmt.Errorf("transport.socket_group: %w", err)
		}
	}
	if err := os.Chmod(a.Name, t.Mode); err != nil {
		return fmt.Errorf("transport.socket_mode: %w", err)
	}
	return nil
}

// workloadWait bounds the first answer of a SPIFFE Workload API.
const workloadWait = 30 * time.Second

// secure makes the TLS side of the ext_proc server; without any there are no options.
func (p *Process) secure(ctx context.Context, t config.CheckedTransport) ([]grpc.ServerOption, error) {
	var c *tls.Config
	switch {
	case t.SPIFFE != "":
		wait, cancel := context.WithTimeout(ctx, workloadWait)
		defer cancel()
		source, err := workloadapi.NewX509Source(wait, workloadapi.WithClientOptions(workloadapi.WithAddr(t.SPIFFE)))
		if err != nil {
			return nil, fmt.Errorf("transport.spiffe: %w", err)
		}
		p.workload = source
		var ids []spiffeid.ID
		for _, name := range t.ClientNames {
			id, err := spiffeid.FromString(name)
			if err != nil {
				return nil, fmt.Errorf("transport.client_names: %w", err)
			}
			ids = append(ids, id)
		}
		c = tlsconfig.MTLSServerConfig(source, source, func(id spiffeid.ID, _ [][]*x509.Certificate) error {
			if !slices.Contains(ids, id) {
				return errOtherName
			}
			return nil
		})
	case t.CertFile != "":
		f := &files{of: t}
		if _, err := f.current(); err != nil {
			return nil, err
		}
		c = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.current() }}
	default:
		return nil, nil
	}
	c.MinVersion, c.NextProtos = tls.VersionTLS12, []string{"h2"}
	return []grpc.ServerOption{grpc.Creds(newDoor(c, p.registry, p.log))}, nil
}

// files are certificate, key and authorities, read again when one of them was replaced. Where that fails the old ones stay
// in force.
type files struct {
	of config.CheckedTransport

	mu    sync.Mutex
	stamp string
	last  *tls.Config
}

// current is what the next connection is to be greeted with.
func (f *files) current() (*tls.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamp := f.now()
	if stamp == f.stamp && f.last != nil {
		return f.last, nil
	}
	c, err := f.read()
	if err != nil && f.last == nil {
		return nil, err
	}
	if err == nil {
		f.stamp, f.last = stamp, c
	}
	return f.last, nil
}

// now tells one state of the files from another.
func (f *files) now() string {
	var b strings.Builder
	for _, name := range []string{f.of.CertFile, f.of.KeyFile, f.of.ClientCAFile} {
		if info, err := os.Stat(name); err == nil {
			fmt.Fprintf(&b, "%s %d %d;", name, info.ModTime().UnixNano(), info.Size())
		} else if !errors.Is(err, fs.ErrNotExist) {
			b.WriteString(err.Error())
		}
	}
	return b.String()
}

func (f *files) read() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.of.CertFile, f.of.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("transport.cert_file and key_file: %w", err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}}
	if f.of.ClientCAFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(f.of.ClientCAFile)
	if err != nil {
		return nil, fmt.Errorf("transport.client_ca_file: %w", err)
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("transport.client_ca_file: %s holds no certificate", f.of.ClientCAFile)
	}
	if names := f.of.ClientNames; len(names) > 0 {
		c.VerifyConnection = func(s tls.ConnectionState) error { return named(s.PeerCertificates[0], names) }
	}
	return c, nil
}

// named wants a certificate that has one of the names.
func named(c *x509.Certificate, names []string) error {
	for _, name := range c.DNSNames {
		if slices.Contains(names, name) {
			return nil
		}
	}
	for _, u := range c.URIs {
		if slices.Contains(names, u.String()) {
			return nil
		}
	}
	return errOtherName
}
