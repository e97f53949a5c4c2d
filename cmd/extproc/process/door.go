package process

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/credentials"
)

// door is the TLS side of the ext_proc server. Whoever is not let in is counted and named in the log by the reason: Envoy
// only knows that Weir cannot be reached.
type door struct {
	credentials.TransportCredentials
	refused *prometheus.CounterVec // by reason
	log     *slog.Logger
	told    *told
}

// told remembers when each reason was written down last, since an Envoy tries again for every request.
type told struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// tellEvery is how often one reason is written down at most.
const tellEvery = 10 * time.Second

// Reasons why somebody is not let in.
const (
	noCertificate    = "no_certificate"
	unknownAuthority = "unknown_authority"
	expired          = "expired"
	otherName        = "other_name"
	notTrusted       = "not_trusted" // the other side does not take Weir's certificate
	noTLS            = "no_tls"
	brokenOff        = "broken_off" // by the other side, without a word: a probe of the port, for one
	otherReason      = "other"
)

func newDoor(c *tls.Config, registry *prometheus.Registry, log *slog.Logger) *door {
	d := &door{
		TransportCredentials: credentials.NewTLS(c), log: log, told: &told{last: map[string]time.Time{}},
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_transport_refused_total", Help: "Connections to the ext_proc server that TLS did not let in, by reason.",
		}, []string{"reason"}),
	}
	for _, r := range [...]string{noCertificate, unknownAuthority, expired, otherName, notTrusted, noTLS, brokenOff, otherReason} {
		d.refused.WithLabelValues(r)
	}
	registry.MustRegister(d.refused)
	return d
}

// ServerHandshake implements credentials.TransportCredentials.
func (d *door) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := d.TransportCredentials.ServerHandshake(c)
	if err != nil {
		reason := reasonOf(err)
		d.refused.WithLabelValues(reason).Inc()
		if reason != brokenOff && d.told.due(reason, time.Now()) {
			d.log.Warn("somebody who connects as Envoy is not let in", "reason", reason, "from", c.RemoteAddr().String(), "error", err)
		}
	}
	return conn, info, err
}

// Clone implements credentials.TransportCredentials.
func (d *door) Clone() credentials.TransportCredentials {
	out := *d
	out.TransportCredentials = d.TransportCredentials.Clone()
	return &out
}

// due says whether a reason is to be written down now.
func (t *told) due(reason string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.last[reason]; ok && now.Sub(last) < tellEvery {
		return false
	}
	t.last[reason] = now
	return true
}

// errOtherName is that of a certificate that nobody expects.
var errOtherName = errors.New("the certificate of this Envoy has none of transport.client_names")

// reasonOf says why a handshake failed.
func reasonOf(err error) string {
	var (
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		remote    *net.OpError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &authority):
		return unknownAuthority
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return expired
	case errors.Is(err, errOtherName):
		return otherName
	case strings.Contains(err.Error(), "didn't provide a certificate"): // crypto/tls has no type for it
		return noCertificate
	case errors.As(err, &record):
		return noTLS
	case errors.As(err, &remote) && remote.Op == "remote error":
		return notTrusted
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed):
		return brokenOff
	}
	return otherReason
}
