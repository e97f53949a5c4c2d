package envoy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/types/known/anypb"
)

// Secret is the credential of one provider: the bare value, without what stands before it in the header.
type Secret struct {
	Provider, Value string
	Blanks          bool // it is all of a header's value, within which blanks may stand
}

// maxSecret bounds a credential; it has to fit into a request's headers.
const maxSecret = 16 << 10

// SecretFile is the file of a provider's secret in a directory, for Upstream.SecretFile.
func SecretFile(dir, provider string) string {
	return filepath.Join(dir, RoutePrefix+provider+".json")
}

// WriteSecrets writes one file for each secret, readable by its owner alone, in the form Envoy watches. A file is
// replaced in one step, so that a running Envoy takes the new value and never sees half of one. No error holds a value.
func WriteSecrets(dir string, list []Secret) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("writing secrets: %w", err)
	}
	for _, s := range list {
		if err := writeSecret(dir, s); err != nil {
			return fmt.Errorf("writing the secret of provider %q: %w", s.Provider, err)
		}
	}
	return nil
}

// Resource is the secret as Envoy takes it. No error holds the value.
func (s Secret) Resource() (*tlsv3.Secret, error) {
	if !names.MatchString(s.Provider) {
		return nil, fmt.Errorf("its name must match %s", names)
	}
	if err := checkSecret(s.Value, s.Blanks); err != nil {
		return nil, err
	}
	return &tlsv3.Secret{
		Name: RoutePrefix + s.Provider,
		Type: &tlsv3.Secret_GenericSecret{GenericSecret: &tlsv3.GenericSecret{
			Secret: &corev3.DataSource{Specifier: &corev3.DataSource_InlineString{InlineString: s.Value}},
		}},
	}, nil
}

func writeSecret(dir string, s Secret) error {
	secret, err := s.Resource()
	if err != nil {
		return err
	}
	resource, err := anypb.New(secret)
	if err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	text, err := marshal(&discoveryv3.DiscoveryResponse{Resources: []*anypb.Any{resource}})
	if err != nil {
		return err
	}
	return replace(SecretFile(dir, s.Provider), text)
}

// checkSecret refuses what cannot stand in a header. Envoy would refuse each request with it instead.
func checkSecret(v string, blanks bool) error {
	if v == "" || len(v) > maxSecret {
		return fmt.Errorf("its length must be between 1 and %d bytes, found %d", maxSecret, len(v))
	}
	if i := strings.IndexFunc(v, func(r rune) bool { return r < ' ' || r == ' ' && !blanks || r > '~' }); i >= 0 {
		return fmt.Errorf("byte %d is no printable ASCII character", i)
	}
	if strings.TrimSpace(v) != v {
		return errors.New("a blank stands before or behind it")
	}
	return nil
}

// replace writes a file beside its place, with mode 0600, and moves it there.
func replace(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("creating: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("moving into place: %w", err)
	}
	return nil
}
