package filter

import (
	"time"

	"weir/filter/fault"
)

// EndStreams ends every exchange that can still be told so, now and from now on: an answer that is held becomes a 503, a
// stream ends with the dialect's own error event. Each of them settles and is recorded as any other. It is what happens
// to exchanges that outlive the time in which a server that stops lets them finish. It may be called more than once.
func (s *Server) EndStreams() { s.end() }

// ended ends an exchange in the words for a gateway that is full: the client may come again, and finds another Weir.
// Where the provider has not answered yet nothing can be said; the server's own end then makes Envoy say it.
func (x *exchange) ended() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase != holding && x.phase != following {
		return
	}
	x.server.metrics.ended.Inc()
	if err := x.refuse(fault.Fault{Code: fault.Overloaded, RetryAfter: time.Second}); err != nil {
		x.server.parts.Log.Error("ending an exchange while stopping", "trace", x.trace, "error", err)
	}
}
