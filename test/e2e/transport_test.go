package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/envoy"
)

// The names in certificates of Envoy and Weir.
const (
	weirName  = "weir.test"
	envoyName = "envoy.test"
)

// lay puts a certificate and its key into a directory as tls.crt and tls.key, in the place of those that are there.
func lay(t *testing.T, dir string, c tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*pem.Block{"tls.key": {Type: "PRIVATE KEY", Bytes: key}, "tls.crt": {Type: "CERTIFICATE", Bytes: c.Certificate[0]}} {
		moved(t, filepath.Join(dir, name), pem.EncodeToMemory(b))
	}
}

// moved writes a file beside its place and moves it there, as whoever renews certificates does.
func moved(t *testing.T, path string, text []byte) {
	t.Helper()
	writeFile(t, path+".new", string(text))
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// secured raises a Weir that asks Envoys for a certificate for envoyName, and an Envoy with the bootstrap that the command
// prints. The directories hold what each of them shows: tls.crt, tls.key, and ca.crt, which it trusts.
func secured(t *testing.T, ca *notary, weirs, envoys string) *stage {
	t.Helper()
	c, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	c.alter = func(f *config.File) {
		f.Listen = "127.0.0.1:0"
		f.Transport = config.Transport{
			CertFile: filepath.Join(weirs, "tls.crt"), KeyFile: filepath.Join(weirs, "tls.key"), ClientCAFile: ca.file, ClientNames: []string{envoyName},
		}
	}
	s := &stage{logs: &captured{}, cast: c}
	s.tune = func(o *envoy.Options) { o.Weir = s.weir.Addr().String() }
	s.reword = func([]byte) []byte {
		out, err := exec.Command(binary(t), "envoy", "bootstrap", "--config", s.config, "--minor", strconv.Itoa(s.envoy.Minor), "--format", "json",
			"--weir", s.weir.Addr().String(), "--weir-ca", filepath.Join(envoys, "ca.crt"), "--weir-name", weirName,
			"--client-cert", filepath.Join(envoys, "tls.crt"), "--client-key", filepath.Join(envoys, "tls.key")).Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if err := s.raise(true); err != nil {
		s.close()
		onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
	}
	s.closes(t)
	return s
}

// turnedAway is how many Weir has not let in for a reason.
func (s *stage) turnedAway(t *testing.T, reason string) float64 {
	t.Helper()
	text, err := s.metrics()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^weir_transport_refused_total\{reason="` + reason + `"\} (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no count of %s", reason)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Envoy and Weir speak where each shows a good certificate for its name, of an authority that the other trusts. In every other
// case the client gets a 503 in words, nothing reaches a provider, and Weir says in metric and log why. Certificates that are renewed
// are used without a restart of either.
func TestTLSToWeir(t *testing.T) {
	binary(t)
	ca, stranger, weirs, envoys := newNotary(t), newNotary(t), t.TempDir(), t.TempDir()
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	trusts := func(n *notary) {
		text, err := os.ReadFile(n.file)
		if err != nil {
			t.Fatal(err)
		}
		moved(t, filepath.Join(envoys, "ca.crt"), text)
	}
	good, goodWeir := ca.certify(t, envoyName, soon), ca.certify(t, weirName, soon)
	lay(t, weirs, goodWeir)
	lay(t, envoys, stranger.certify(t, envoyName, soon))
	trusts(ca)
	s := secured(t, ca, weirs, envoys)
	timed(t)
	ask := func(s *stage) reply { return s.do(t, call{key: of(plain, "openai"), body: ask("echo", "hello")}) }
	refused := func(s *stage, what, reason string) {
		t.Helper()
		before := s.turnedAway(t, reason)
		eventually(t, what, func() bool {
			if got := ask(s); got.status != 503 || got.body != unreachable {
				t.Fatalf("%s: %d %v %s", what, got.status, got.err, got.body)
			}
			return s.turnedAway(t, reason) > before
		})
		if !strings.Contains(s.logs.String(), "reason="+reason) {
			t.Errorf("%s: the log does not tell", what)
		}
	}
	refused(s, "Envoy's certificate is of another authority", "unknown_authority")
	lay(t, envoys, ca.certify(t, envoyName, past))
	refused(s, "it has expired", "expired")
	lay(t, envoys, ca.certify(t, "else.test", soon))
	refused(s, "it is for another name", "other_name")

	lay(t, envoys, good)
	lay(t, weirs, ca.certify(t, weirName, past))
	refused(s, "Weir's certificate has expired", "not_trusted")
	lay(t, weirs, ca.certify(t, "else.test", soon))
	refused(s, "it is for another name", "not_trusted")
	lay(t, weirs, goodWeir)
	trusts(stranger)
	refused(s, "Envoy trusts another authority", "not_trusted")

	// An Envoy that shows nothing.
	bare := &stage{dir: shortDir(t), cast: s.cast, envoy: s.envoy, logs: s.logs, weir: s.weir}
	conf := *s.conf
	bare.conf, conf.Envoy.Admin, conf.Envoy.Secrets = &conf, "unix:"+filepath.Join(bare.dir, adminSocket), filepath.Join(bare.dir, "secrets")
	bare.tune = func(o *envoy.Options) {
		o.Weir, o.TLS = s.weir.Addr().String(), &envoy.WeirTLS{CAFile: ca.file, Name: weirName}
	}
	t.Cleanup(bare.close)
	if err := bare.runEnvoy(); err != nil {
		t.Fatal(err)
	}
	refused(bare, "Envoy shows no certificate", "no_certificate")

	trusts(ca)
	eventually(t, "both are who they say", func() bool { return ask(s).status == http.StatusOK })
	if got := s.upstream.saw(""); len(got) > 0 {
		t.Errorf("%d requests reached the provider without a trace", len(got))
	}
}

// give lets who Envoy runs as have everything of the stage but Weir's socket.
func (s *stage) give() error {
	return filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(path) == weirSocket {
			return err
		}
		return os.Lchown(path, int(s.as.Uid), int(s.as.Gid))
	})
}

// An Envoy that runs as somebody else reaches Weir's socket where its group may, and not otherwise.
func TestSocketOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may run an Envoy as somebody else")
	}
	const somebody = 65534
	for _, k := range []struct {
		transport config.Transport
		status    int
	}{
		{config.Transport{}, 503},
		{config.Transport{SocketMode: "0660", SocketGroup: strconv.Itoa(somebody)}, 200},
	} {
		c, err := newCast()
		if err != nil {
			t.Fatal(err)
		}
		c.alter = func(f *config.File) { f.Transport = k.transport }
		s := &stage{logs: &captured{}, cast: c, as: &syscall.Credential{Uid: somebody, Gid: somebody}}
		s.tune = func(o *envoy.Options) { o.Discovery = "" } // else Weir would write files that only its own user may read
		if err := s.raise(true); err != nil {
			s.close()
			onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
		}
		timed(t)
		got := s.do(t, call{key: of(plain, "openai"), body: ask("echo", "hello")})
		if got.status != k.status || k.status == 503 && got.body != unreachable {
			t.Errorf("%+v: %d %v %s", k.transport, got.status, got.err, got.body)
		}
		s.close()
	}
}
