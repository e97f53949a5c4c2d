package filter

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"

	"weir/filter/sse"
	"weir/policy/provider"
)

// platformSecrets are the credentials that providers are sent in the platform's name, for finding them in what comes back. They
// are read again at most once a second, and the one before is remembered: a provider may still repeat it after a rotation.
type platformSecrets struct {
	mu sync.Mutex
	by map[string]platformSecret
}

type platformSecret struct {
	read   time.Time
	values [2]string // now and before
}

// rereadAfter is how long a credential is taken for what it was.
const rereadAfter = time.Second

// of returns the credentials of a provider, now and before.
func (s *platformSecrets) of(name string, c provider.Credential, now time.Time) [2]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.by[name]
	if ok && now.Sub(known.read) < rereadAfter {
		return known.values
	}
	known.read = now
	if v, err := provider.Secret(c); err == nil && v != known.values[0] {
		known.values = [2]string{v, known.values[0]}
	}
	if s.by == nil {
		s.by = map[string]platformSecret{}
	}
	s.by[name] = known
	return known.values
}

// sent are the credentials that the provider may have been sent: the tenant's own, and the platform's. The caller's own, where it
// is passed through, is none of ours.
func (x *exchange) sent() []string {
	if x.answer.sentKnown {
		return x.answer.sent
	}
	own, _, _ := x.ownSecret(x.candidate.Provider)
	p, _ := x.snap.Catalogue.Provider(x.candidate.Provider)
	platform := x.server.secrets.of(x.candidate.Provider, p.Credential, x.server.parts.Clock())
	for _, v := range [...]string{own, platform[0], platform[1]} {
		if v == "" || slices.Contains(x.answer.sent, v) {
			continue
		}
		x.answer.sent = append(x.answer.sent, v)
		if escaped := strings.ReplaceAll(v, "/", `\/`); escaped != v { // as some write it in JSON
			x.answer.sent = append(x.answer.sent, escaped)
		}
	}
	x.answer.sentKnown = true
	return x.answer.sent
}

// masked is a text without the credentials that the provider was sent; the same bytes where it has none.
func (x *exchange) masked(body []byte) []byte {
	out := body
	for _, secret := range x.sent() {
		if bytes.Contains(out, []byte(secret)) {
			out = bytes.ReplaceAll(out, []byte(secret), []byte(mask))
			x.server.parts.Log.Warn("a provider's answer held the credential it was sent", "trace", x.trace, "provider", x.candidate.Provider)
		}
	}
	return out
}

// cleaned is an event without those credentials.
func (x *exchange) cleaned(e sse.Event) (sse.Event, error) {
	raw := x.masked(e.Raw)
	if same(raw, e.Raw) {
		return e, nil
	}
	err := sse.NewDecoder(len(raw)+1).Write(raw, func(again sse.Event) error {
		e = again
		return nil
	})
	return e, err
}

// repeating are the headers of the answer that hold one of them.
func (x *exchange) repeating() (out []string) {
	for _, secret := range x.sent() {
		for _, h := range x.answer.headers.list {
			if v := value(h); len(v) >= len(secret) && strings.Contains(v, secret) && !slices.Contains(out, h.GetKey()) {
				out = append(out, h.GetKey())
			}
		}
	}
	return out
}
