package filter

import (
	"strconv"
	"strings"
	"sync"
	"time"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	alsv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"

	"weir/policy/audit"
	"weir/policy/provider"
)

// Failed attempts are invisible to a filter in front of the router but for a status. Why one had none, and how long it took,
// comes from the router's own log, which Envoy sends to Weir as each failed attempt ends, before the next one begins.

// What Envoy is to put into the log; it must be what package envoy's router is told.
const (
	attemptLogName = "weir.attempts" // of the log
	attemptTag     = "attempt"       // which one of its order
)

// clockSkew is how much earlier an attempt may seem to have begun than Weir sent it on its way: Envoy's clock may be another's.
const clockSkew = time.Second

// attemptLog takes what Envoy says of failed attempts to the exchanges that made them. It is safe for concurrent use.
type attemptLog struct {
	alsv3.UnimplementedAccessLogServiceServer
	server *Server

	mu      sync.Mutex
	waiting map[string][]*failuresOf // by trace id
	done    chan struct{}
	stop    sync.Once
}

// failuresOf is what was told of the attempts of one exchange.
type failuresOf struct {
	order string // its cluster
	since time.Time
	by    [provider.MaxAttempts]*failure
}

// failure is what became of one failed attempt.
type failure struct {
	status int
	why    string
	took   time.Duration
}

func newAttemptLog(s *Server) *attemptLog {
	return &attemptLog{server: s, waiting: map[string][]*failuresOf{}, done: make(chan struct{})}
}

// EndLogs ends the streams of Envoys' logs, now and from now on: they last as long as Envoy does, and a server that stops would
// wait for them.
func (s *Server) EndLogs() { s.attempts.stop.Do(func() { close(s.attempts.done) }) }

// StreamAccessLogs implements the service.
func (l *attemptLog) StreamAccessLogs(stream alsv3.AccessLogService_StreamAccessLogsServer) error {
	messages, failed := make(chan *alsv3.StreamAccessLogsMessage), make(chan error, 1)
	go func() {
		for {
			m, err := stream.Recv()
			if err != nil {
				failed <- err
				return
			}
			select {
			case messages <- m:
			case <-stream.Context().Done():
				return
			}
		}
	}()
	ours := false
	for {
		select {
		case <-l.done:
			return nil
		case err := <-failed:
			return err
		case m := <-messages:
			if id := m.GetIdentifier(); id != nil { // only the first message has one
				ours = id.GetLogName() == attemptLogName
			}
			for _, e := range m.GetHttpLogs().GetLogEntry() {
				if ours {
					l.server.metrics.attempts.WithLabelValues(l.take(e)).Inc()
				}
			}
		}
	}
}

// take gives an entry to the exchange that it is about, and says whether there was one.
func (l *attemptLog) take(e *datav3.HTTPAccessLogEntry) string {
	p := e.GetCommonProperties()
	n, err := strconv.Atoi(p.GetCustomTags()[attemptTag])
	if err != nil || n < 0 || n >= provider.MaxAttempts {
		return "unreadable"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var found *failuresOf
	for _, h := range l.waiting[e.GetRequest().GetRequestId()] {
		if h.order != p.GetUpstreamCluster() || p.GetStartTime().AsTime().Before(h.since.Add(-clockSkew)) {
			continue
		}
		if found != nil {
			return "ambiguous" // a client gave two requests at once the same trace id
		}
		found = h
	}
	if found == nil {
		return "unknown" // it is over, or another Weir's
	}
	if found.by[n] == nil {
		found.by[n] = &failure{int(e.GetResponse().GetResponseCode().GetValue()), whyOf(p), max(p.GetDuration().AsDuration(), 0)}
	}
	return "matched"
}

// whyOf is why an attempt had no answer, or none to the end; empty: its status says it.
func whyOf(p *datav3.AccessLogCommon) string {
	f := p.GetResponseFlags()
	switch {
	case strings.Contains(p.GetUpstreamTransportFailureReason(), "TLS"):
		return audit.FailedTLS
	case f.GetUpstreamConnectionFailure():
		return audit.FailedConnect
	case f.GetUpstreamRequestTimeout(), f.GetStreamIdleTimeout(), f.GetUpstreamMaxStreamDurationReached():
		return audit.FailedTimeout
	case f.GetUpstreamConnectionTermination(), f.GetUpstreamRemoteReset():
		return audit.FailedReset
	case f.GetUpstreamProtocolError():
		return audit.FailedProtocol
	case f.GetUpstreamOverflow():
		return audit.FailedOverflow
	case f.GetNoHealthyUpstream(), f.GetDnsResolutionFailure():
		return audit.FailedNoHost
	case f.GetLocalReset(), f.GetDownstreamConnectionTermination(), f.GetDownstreamRemoteReset():
		return audit.FailedCut
	}
	return ""
}

// listen waits for what is told of an exchange's attempts, from now on.
func (l *attemptLog) listen(x *exchange) {
	if len(x.order) == 0 {
		return
	}
	h := &failuresOf{order: provider.Order(x.order), since: l.server.parts.Clock()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[x.trace] = append(l.waiting[x.trace], h)
	x.failures = h
}

// told is what was told until now.
func (l *attemptLog) told(x *exchange) (out [provider.MaxAttempts]*failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if x.failures != nil {
		out = x.failures.by
	}
	return out
}

// leave waits no longer.
func (l *attemptLog) leave(x *exchange) {
	if x.failures == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.waiting[x.trace]
	for i, h := range list {
		if h == x.failures {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(l.waiting, x.trace)
		return
	}
	l.waiting[x.trace] = list
}

// recordFailures puts what Envoy's log tells of failed attempts into the record. An attempt that never got a connection is seen
// there alone, and so is everything where Envoy showed no answer, as to a client that is gone: of those the breakers learn here.
func (x *exchange) recordFailures() {
	told := x.server.attempts.told(x)
	if told == [provider.MaxAttempts]*failure{} {
		return
	}
	shown := map[string]audit.Attempt{}
	for _, a := range x.record.Attempts {
		shown[a.Provider] = a
	}
	var list []audit.Attempt
	for i, c := range x.order {
		a, ok := shown[c.Provider]
		h := told[i]
		switch {
		case ok:
		case h == nil || h.why == audit.FailedCut:
			continue
		default:
			a = audit.Attempt{Provider: c.Provider, Model: c.Model, Status: h.status}
			x.inform(i, healthOf(h.status))
		}
		if h != nil {
			a.Failed, a.TookMicros = h.why, h.took.Microseconds()
		}
		list = append(list, a)
	}
	x.record.Attempts = list
}
