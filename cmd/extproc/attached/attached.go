package attached

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"weir/filter/canary"
)

// The bounds of what is asked.
const (
	answerBytes = 64 << 10
	dumpBytes   = 256 << 20
	askTime     = 10 * time.Second
)

// Route is one that must be governed: a method and a path, as clients ask for them.
type Route struct{ Method, Path string }

// ReadRoute reads "METHOD /path", or "/path" for POST.
func ReadRoute(s string) (Route, error) {
	method, path, two := strings.Cut(strings.TrimSpace(s), " ")
	if !two {
		method, path = http.MethodPost, method
	}
	path = strings.TrimSpace(path)
	if !strings.HasPrefix(path, "/") || strings.ToUpper(method) != method || method == "" {
		return Route{}, fmt.Errorf("route %q must be a path, or a method and a path: POST /v1/chat/completions", s)
	}
	return Route{method, path}, nil
}

// String is how it is written.
func (r Route) String() string { return r.Method + " " + r.Path }

// Answer is what Weir said of itself on a route.
type Answer struct {
	Path     string   `json:"path"`        // as Weir saw it
	Minor    string   `json:"envoy_minor"` // of the Envoy in front of it
	Problems []string `json:"problems"`    // why Weir refuses everything that comes this way
}

// Ask sends a canary to a route below base, for a host; an empty one is that of base. The error says why Weir cannot be taken to govern it.
func Ask(ctx context.Context, c *http.Client, base, host string, r Route, key canary.Key) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	u, err := url.Parse(strings.TrimRight(base, "/") + r.Path)
	if err != nil || u.Host == "" {
		return Answer{}, fmt.Errorf("%q is no address of an Envoy: http(s)://host[:port]", base)
	}
	var body io.Reader
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		body = strings.NewReader("{}")
	}
	q, err := http.NewRequestWithContext(ctx, r.Method, u.String(), body)
	if err != nil {
		return Answer{}, fmt.Errorf("asking %s: %w", r, err)
	}
	if host != "" {
		q.Host = host
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails: crypto/rand
	asked := key.Ask(time.Now(), nonce[:])
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set(canary.Header, asked)
	resp, err := c.Do(q)
	if err != nil {
		return Answer{}, fmt.Errorf("asking %s: %w", r, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerBytes))
	if err != nil {
		return Answer{}, fmt.Errorf("asking %s: %w", r, err)
	}
	return proven(resp, asked, text, key)
}

// proven reads an answer that is Weir's.
func proven(resp *http.Response, asked string, text []byte, key canary.Key) (Answer, error) {
	if !key.Proven(asked, text, resp.Header.Get(canary.Proof)) {
		return Answer{}, fmt.Errorf("somebody else answered, with %d: Weir does not govern this route, or holds another secret than this configuration's", resp.StatusCode)
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return Answer{}, fmt.Errorf("reading Weir's answer: %w", err)
	}
	if len(a.Problems) > 0 {
		return a, errors.New("Weir is attached and refuses everything: " + strings.Join(a.Problems, "; "))
	}
	return a, nil
}

// Dump fetches what an Envoy was told from its admin page: an http address, or unix:/path.
func Dump(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	t := &http.Transport{}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		address = "http://envoy"
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(address, "/")+"/config_dump", nil)
	if err != nil {
		return nil, fmt.Errorf("asking Envoy's admin page: %w", err)
	}
	resp, err := (&http.Client{Transport: t}).Do(q)
	if err != nil {
		return nil, fmt.Errorf("asking Envoy's admin page: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, dumpBytes))
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking Envoy's admin page: %s: %w", resp.Status, err)
	}
	return text, nil
}
