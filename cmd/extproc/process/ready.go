package process

import (
	"sync"
	"time"

	"weir/policy/provider"
)

// readied says since when Envoy can send a credential. One that is set for the first time while everything runs is not used
// before Envoy has taken it up. It is safe for concurrent use.
type readied struct {
	mu    sync.RWMutex
	since map[provider.Credential]time.Time
}

// mark says that the credentials of providers that are set now can be sent from a time on. Those that can already, can still.
func (r *readied) mark(list []provider.Provider, from time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since == nil {
		r.since = map[provider.Credential]time.Time{}
	}
	for _, p := range list {
		_, known := r.since[p.Credential]
		_, err := provider.Secret(p.Credential)
		switch {
		case err != nil:
			delete(r.since, p.Credential)
		case !known:
			r.since[p.Credential] = from
		}
	}
}

// set says whether a credential has a value that Envoy can send.
func (r *readied) set(c provider.Credential) bool {
	r.mu.RLock()
	from, known := r.since[c]
	r.mu.RUnlock()
	if !known || time.Now().Before(from) {
		return false
	}
	_, err := provider.Secret(c)
	return err == nil
}
