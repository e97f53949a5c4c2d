package xds

import (
	"context"
	"slices"
	"sync"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
)

// The type URLs of what Envoys are told.
const (
	clusterType  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	routeType    = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	secretType   = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
)

// compared are the kinds that an Envoy which asks for them is told whole: what it has is what is published, or not yet. Of
// secrets each is told those that its clusters name.
var compared = map[types.ResponseType]string{types.Cluster: clusterType, types.Route: routeType, types.Listener: listenerType}

// audience are the Envoys that listen, and how far each has followed. An Envoy on the aggregated stream holds its
// confirmation of clusters back until the last of them is warm, with its addresses and the credentials that it names; so
// clusters that are confirmed can be sent requests. It is safe for concurrent use.
type audience struct {
	mu        sync.Mutex
	published map[string]map[string]string // versions by minor and kind
	streams   map[stream]*follower
	moved     chan struct{} // closed, and made anew, whenever somebody follows or leaves
}

// stream is one stream: each of the two forms of the protocol counts its own.
type stream struct {
	id    int64
	delta bool
}

// follower is who is at the other end of a stream.
type follower struct {
	node, minor string
	kinds       map[string]*state // by type URL
}

// state is what an Envoy was told of a kind last, and what it made of it. All are versions but the nonce.
type state struct{ nonce, told, confirmed, refused string }

func newAudience() audience {
	return audience{published: map[string]map[string]string{}, streams: map[stream]*follower{}, moved: make(chan struct{})}
}

// publish notes the versions that one minor is told from now on.
func (a *audience) publish(minor string, versions map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.published[minor] = versions
}

// answer notes a request: a nonce says what it answers, without one it asks for the first time. refused is the version that it
// does not take; empty: none.
func (a *audience) answer(at stream, node *corev3.Node, kind, nonce string, bad bool) (refused string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.streams[at]
	if f == nil {
		f = &follower{kinds: map[string]*state{}}
		a.streams[at] = f
	}
	if node != nil { // only the first request of a stream must say it
		f.node, f.minor = node.GetId(), byMinor{}.ID(node)
	}
	k := f.kinds[kind]
	if k == nil {
		k = &state{}
		f.kinds[kind] = k
	}
	switch {
	case nonce == "" || nonce != k.nonce: // it answers what came before
		return ""
	case bad:
		k.refused = k.told
	default:
		k.confirmed, k.refused = k.told, ""
	}
	a.wake()
	return k.refused
}

// told notes what an Envoy is told.
func (a *audience) told(at stream, kind, nonce, version string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.streams[at]; f != nil && f.kinds[kind] != nil {
		f.kinds[kind].nonce, f.kinds[kind].told = nonce, version
	}
}

// left forgets a stream.
func (a *audience) left(at stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.streams, at)
	a.wake()
}

func (a *audience) wake() {
	close(a.moved)
	a.moved = make(chan struct{})
}

// behind are the nodes that have not answered what is published, and what tells that somebody moved.
func (a *audience) behind() (nodes []string, moved <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.streams {
		if !f.caughtUp(a.published[f.minor]) {
			nodes = append(nodes, f.node)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes), a.moved
}

// caughtUp says whether nothing that an Envoy was told, or is about to be, waits for its answer. What it refused it has
// answered: it keeps what it had.
func (f *follower) caughtUp(published map[string]string) bool {
	for kind, k := range f.kinds {
		want, whole := published[kind]
		if !whole {
			want = k.told
		}
		if want != k.confirmed && want != k.refused {
			return false
		}
	}
	return true
}

// Confirmed waits until each Envoy that is connected has answered what is published, or until ctx ends. behind are the nodes
// that had not by then.
func (s *Server) Confirmed(ctx context.Context) (behind []string) {
	for {
		nodes, moved := s.audience.behind()
		if len(nodes) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nodes
		case <-moved:
		}
	}
}

// Connected is how many streams of Envoys are open.
func (s *Server) Connected() int {
	s.audience.mu.Lock()
	defer s.audience.mu.Unlock()
	return len(s.audience.streams)
}
