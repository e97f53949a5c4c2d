package config

import (
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// Transport says who may speak with the ext_proc server. On another machine than Envoy's it is to be mutual TLS, from files
// or from SPIFFE; on the same one a Unix socket's permissions may do.
type Transport struct {
	// CertFile is the PEM file of the server's certificate and what signed it. A file that is replaced is read again.
	CertFile string `yaml:"cert_file,omitempty" json:"cert_file,omitempty"`
	// KeyFile is the PEM file of its key.
	KeyFile string `yaml:"key_file,omitempty" json:"key_file,omitempty"`
	// ClientCAFile is the PEM file of the authorities that sign Envoys' certificates. Without one every Envoy is taken.
	ClientCAFile string `yaml:"client_ca_file,omitempty" json:"client_ca_file,omitempty"`
	// ClientNames are the DNS names or URIs that an Envoy's certificate must have one of. Without any every certificate of
	// those authorities does.
	ClientNames []string `yaml:"client_names,omitempty" json:"client_names,omitempty" jsonschema:"example=spiffe://example.org/ns/gateway/sa/envoy"`
	// SPIFFE takes certificate, key and authorities from a SPIFFE Workload API instead, which renews them.
	SPIFFE string `yaml:"spiffe,omitempty" json:"spiffe,omitempty" jsonschema:"example=unix:///run/spire/agent.sock"`
	// SocketMode are the permissions of a Unix socket, in octal. Without it only Weir's own user may connect.
	SocketMode string `yaml:"socket_mode,omitempty" json:"socket_mode,omitempty" jsonschema:"example=0660"`
	// SocketGroup is the number of the group that the socket belongs to.
	SocketGroup string `yaml:"socket_group,omitempty" json:"socket_group,omitempty" jsonschema:"example=1337"`
}

// EnvoyTLS is Envoy's side of Transport. Its files are named as Envoy sees them.
type EnvoyTLS struct {
	// CAFile is the PEM file of the authorities that sign Weir's certificate. A file that is replaced is read again, and so are the
	// other two.
	CAFile string `yaml:"ca_file,omitempty" json:"ca_file,omitempty"`
	// CertFile is the PEM file of Envoy's own certificate, where transport.client_ca_file asks for one.
	CertFile string `yaml:"cert_file,omitempty" json:"cert_file,omitempty"`
	// KeyFile is the PEM file of its key.
	KeyFile string `yaml:"key_file,omitempty" json:"key_file,omitempty"`
	// ServerName is the DNS name in Weir's certificate; with spiffe, Weir's SPIFFE id.
	ServerName string `yaml:"server_name,omitempty" json:"server_name,omitempty" jsonschema:"example=weir.internal"`
	// SPIFFE takes certificate, key and authorities from a SPIFFE agent on Envoy's machine instead, over SDS.
	SPIFFE string `yaml:"spiffe,omitempty" json:"spiffe,omitempty" jsonschema:"example=unix:///run/spire/agent.sock"`
	// SPIFFEID is Envoy's own SPIFFE id, which the agent is asked for.
	SPIFFEID string `yaml:"spiffe_id,omitempty" json:"spiffe_id,omitempty" jsonschema:"example=spiffe://example.org/envoy"`
}

// CheckedTransport is what a Transport means.
type CheckedTransport struct {
	CertFile, KeyFile, ClientCAFile string
	ClientNames                     []string
	SPIFFE                          string // address of the Workload API; empty: none
	Mode                            fs.FileMode
	Group                           int // -1: the process's own
}

// Secure says whether the server speaks TLS.
func (t CheckedTransport) Secure() bool { return t.CertFile != "" || t.SPIFFE != "" }

// socketMode is that of a socket that nothing is said about.
const socketMode = 0o600

func (c *checker) transport(t Transport, listen string) CheckedTransport {
	out := CheckedTransport{
		CertFile: t.CertFile, KeyFile: t.KeyFile, ClientCAFile: t.ClientCAFile, ClientNames: t.ClientNames, SPIFFE: t.SPIFFE, Mode: socketMode, Group: -1,
	}
	files := t.CertFile != "" || t.KeyFile != "" || t.ClientCAFile != ""
	switch {
	case t.SPIFFE != "" && files:
		c.add("transport.spiffe", "spiffe and files", "one of both", "")
	case (t.CertFile == "") != (t.KeyFile == ""):
		c.add("transport.key_file", "a certificate or a key alone", "cert_file and key_file", "")
	case t.ClientCAFile != "" && t.CertFile == "":
		c.add("transport.cert_file", "nothing", "a certificate, since client_ca_file wants one of Envoys", "")
	case len(t.ClientNames) > 0 && t.ClientCAFile == "" && t.SPIFFE == "":
		c.add("transport.client_names", "names", "client_ca_file or spiffe beside them", "who has not signed a certificate cannot vouch for the name in it")
	case t.SPIFFE != "" && len(t.ClientNames) == 0:
		c.add("transport.client_names", "nothing", "the SPIFFE ids of the Envoys that may connect", "whoever connects is believed about every request")
	}
	if u, err := url.Parse(t.SPIFFE); t.SPIFFE != "" && (err != nil || u.Scheme != "unix" && u.Scheme != "tcp") {
		c.add("transport.spiffe", fmt.Sprintf("%q", t.SPIFFE), "unix:///path or tcp://address:port", "")
	}
	for i, name := range t.ClientNames {
		if t.SPIFFE != "" && !strings.HasPrefix(name, "spiffe://") {
			c.add(fmt.Sprintf("transport.client_names[%d]", i), fmt.Sprintf("%q", name), "a SPIFFE id", "spiffe://trust-domain/path")
		}
	}
	c.socket(t, listen, &out)
	return out
}

// envoyTLS holds Envoy's side of TLS to the server's.
func (c *checker) envoyTLS(t EnvoyTLS, server CheckedTransport) {
	if t == (EnvoyTLS{}) {
		return
	}
	spiffe := func(s string) bool { return strings.HasPrefix(s, "spiffe://") }
	switch files := t.CAFile != "" || t.CertFile != "" || t.KeyFile != ""; {
	case !server.Secure():
		c.add("envoy.tls", "TLS for Envoy", "transport beside it, with cert_file and key_file, or with spiffe", "the ext_proc server would not understand")
	case t.SPIFFE != "" && files:
		c.add("envoy.tls.spiffe", "spiffe and files", "one of both", "")
	case t.SPIFFE == "" && t.CAFile == "":
		c.add("envoy.tls.ca_file", "nothing", "the authorities that sign Weir's certificate", "")
	case (t.CertFile == "") != (t.KeyFile == ""):
		c.add("envoy.tls.key_file", "a certificate or a key alone", "cert_file and key_file", "")
	case t.SPIFFE != "" && !spiffe(t.ServerName):
		c.add("envoy.tls.server_name", fmt.Sprintf("%q", t.ServerName), "Weir's SPIFFE id", "spiffe://trust-domain/path")
	case t.SPIFFE != "" && !spiffe(t.SPIFFEID):
		c.add("envoy.tls.spiffe_id", fmt.Sprintf("%q", t.SPIFFEID), "Envoy's SPIFFE id", "spiffe://trust-domain/path")
	case t.ServerName == "":
		c.add("envoy.tls.server_name", "nothing", "the name in Weir's certificate", "")
	}
	if path, ok := strings.CutPrefix(t.SPIFFE, "unix://"); t.SPIFFE != "" && (!ok || !filepath.IsAbs(path)) {
		c.add("envoy.tls.spiffe", fmt.Sprintf("%q", t.SPIFFE), "unix:///path", "")
	}
}

// socket reads the permissions of a Unix socket.
func (c *checker) socket(t Transport, listen string, out *CheckedTransport) {
	if t.SocketMode == "" && t.SocketGroup == "" {
		return
	}
	if path, ok := strings.CutPrefix(listen, "unix:"); !ok || !filepath.IsAbs(path) {
		c.add("transport.socket_mode", "permissions of a socket", "listen: unix:/path", "only a Unix socket has permissions")
	}
	if t.SocketMode != "" {
		n, err := strconv.ParseUint(t.SocketMode, 8, 32)
		if err != nil || n > 0o777 || n&0o002 != 0 {
			c.add("transport.socket_mode", fmt.Sprintf("%q", t.SocketMode), "octal permissions such as 0660, not writable by all", "whoever can write to the socket can speak as Envoy")
		}
		out.Mode = fs.FileMode(n)
	}
	if t.SocketGroup != "" {
		n, err := strconv.Atoi(t.SocketGroup)
		if err != nil || n < 0 {
			c.add("transport.socket_group", fmt.Sprintf("%q", t.SocketGroup), "the number of a group", "")
		}
		out.Group = n
	}
}
