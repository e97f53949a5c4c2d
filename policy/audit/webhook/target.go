package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// CheckURL says what is wrong with the address of a hook: http or https, a host, no name or password in it; http only where
// private addresses are allowed, since what is sent would be readable on the way.
func CheckURL(address string, private bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("an address like https://example.org/hook")
	case u.User != nil:
		return errors.New("no name or password in it")
	case u.Fragment != "":
		return errors.New("no fragment in it")
	case u.Scheme == "http" && !private:
		return errors.New("https, or private: true for an address of your own network")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		return allowed(a, private)
	}
	if name := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."); name == "metadata" || name == "metadata.google.internal" {
		return errors.New("no name of a cloud's metadata service")
	}
	return nil
}

// shared are carriers' addresses (RFC 6598), which are private in most clouds; metadata are addresses of clouds' metadata services
// that are not link-local.
var (
	shared   = netip.MustParsePrefix("100.64.0.0/10")
	metadata = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200")}
)

// allowed says whether a hook may be at an address.
func allowed(a netip.Addr, private bool) error {
	a = a.Unmap()
	for _, m := range metadata {
		if a == m {
			return errors.New("it is the address of a cloud's metadata service")
		}
	}
	switch {
	case !a.IsValid(), a.IsUnspecified(), a.IsMulticast(), a.IsLinkLocalUnicast(), a.IsInterfaceLocalMulticast():
		return fmt.Errorf("%s is no address that is told anything", a)
	case !private && (a.IsPrivate() || a.IsLoopback() || shared.Contains(a)):
		return fmt.Errorf("%s is private, and the hook does not say private: true", a)
	}
	return nil
}

// client sends to hooks. What a name resolves to is looked at when the connection is made, so that no answer of a name server
// leads elsewhere.
func client(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialWait, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return allowed(a.Addr(), private)
	}}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
			TLSHandshakeTimeout: dialWait, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxHeaders,
		},
	}
}

// The bounds of a connection.
const (
	dialWait   = 5 * time.Second
	maxHeaders = 64 << 10
	maxAnswer  = 64 << 10 // of an answer's body, which is read and forgotten
)
