package filter

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/filter/fault"
	"weir/filter/redact"
	"weir/filter/surface"
	"weir/policy"
	"weir/policy/audit"
	"weir/policy/ledger"
	"weir/policy/provider"
	"weir/policy/tenant"
	"weir/policy/tokens"
)

// phase is where an exchange stands. It only moves forward.
type phase int

const (
	opened    phase = iota // nothing has arrived
	admitted               // request headers answered, body awaited
	forwarded              // request answered: it is on its way to the provider
	holding                // response headers have arrived and their answer is held
	following              // response headers answered; a stream is followed event by event
	over                   // the last answer has been given; whatever still arrives is ignored
)

// sender is the half of the gRPC stream an exchange writes to.
type sender interface {
	Send(*extprocv3.ProcessingResponse) error
	Context() context.Context
}

// exchange is one HTTP request and its response. One message is handled at a time, and a timer that fires waits
// its turn: mu guards everything.
type exchange struct {
	server *Server
	out    sender
	snap   *Snapshot
	limits Limits

	mu    sync.Mutex
	phase phase
	// requestOnly says that nothing of the answer will be seen and that no body can be edited: ext_authz.
	requestOnly bool
	abandoned   bool        // the gRPC stream ended before the exchange was over
	patience    patience    // bounds how long the provider may take
	waiting     *time.Timer // bounds how long text of a stream waits; nil: none does
	now         time.Time   // when the message that is handled came
	handling    bool        // one is handled now

	id      string
	trace   string
	began   time.Time
	in      inbound
	match   surface.Match
	tenant  *tenant.Tenant
	key     *tenant.Key
	own     []string // headers that hold the caller's own credential for the provider
	actor   string   // who stands behind the key; empty: nobody says so
	session string
	tags    []string
	dialect fault.Dialect

	identified bool // the key may be used
	written    bool // the record is on the trail

	view      *surface.Request
	order     []provider.Candidate // those that are tried, in turn
	lent      bool                 // credentials of the tenant's own were left with Envoy
	candidate provider.Candidate   // the one that answers; until then the first
	served    int                  // its place in the order
	failures  *failuresOf          // what Envoy's log tells of those that failed; nil: nothing was sent
	judged    bool                 // the breaker of the one that answers has been told
	report    func(provider.Outcome)
	facts     *policy.Facts
	decision  policy.Decision
	vault     *redact.Vault
	values    map[string]bool // found in the request, where they may stand in the answer; kept for the exchange alone
	grant     ledger.Grant
	held      int64 // micro-USD held, 0 without a hold
	holdTaken bool
	leased    bool  // the hold is on the tenant's local lease
	claimed   int64 // bytes in memory for this exchange

	answer answering
	spoken spoken // what is captured
	record audit.Record
	tally  tally
}

// inbound is what the request's headers say.
type inbound struct {
	method, path, host, client, principal string
	coding                                string // content coding of the body

	selected   map[string]string // headers that the operator selected for policies
	attributes map[string]string // what Envoy was asked to say of the request
}

// answering is the state of the response side.
type answering struct {
	status    int
	headers   headers
	stream    bool
	failing   bool   // it is a provider's own error, to be passed on
	erred     bool   // it is one that came with a status of success
	body      []byte // a JSON answer while it is held
	follower  *follower
	forwarded time.Time
	firstByte time.Time

	sent      []string // the credentials that the provider may have been sent; good where sentKnown
	sentKnown bool
	usage     *surface.Usage
	seen      tokens.Meter // answer text seen, for an estimate where the provider reports no usage
	finishes  []string     // why choices ended
	called    []string     // tools that the answer calls
	unreached bool         // Envoy answered: the provider did not
	complete  bool         // the provider's answer arrived to its end
	delivered bool         // some of the answer left for the client
}

// begin opens an exchange with the configuration in force now.
func (s *Server) begin(out sender) *exchange {
	snap := s.parts.Snapshot()
	x := &exchange{
		server: s, out: out, snap: snap, limits: snap.Limits.withDefaults(),
		id: s.parts.NewID(), began: s.parts.Clock(),
	}
	x.dialect = x.fallbackDialect("")
	s.metrics.live.Set(float64(s.live.Add(1)))
	return x
}

// handle takes one message from Envoy. An error means that the exchange cannot be answered any more.
func (x *exchange) handle(in *extprocv3.ProcessingRequest) (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase == over {
		return nil
	}
	x.now, x.handling = x.server.parts.Clock(), true
	defer func() {
		x.record.OursMicros += x.since(x.now)
		x.handling = false
	}()
	defer x.recovered(&err)
	switch m := in.GetRequest().(type) {
	case *extprocv3.ProcessingRequest_RequestHeaders:
		return x.requestHeaders(m.RequestHeaders, in)
	case *extprocv3.ProcessingRequest_RequestBody:
		return x.requestBody(m.RequestBody)
	case *extprocv3.ProcessingRequest_ResponseHeaders:
		return x.responseHeaders(m.ResponseHeaders, in)
	case *extprocv3.ProcessingRequest_ResponseBody:
		return x.responseBody(m.ResponseBody)
	case *extprocv3.ProcessingRequest_ResponseTrailers:
		return x.responseTrailers()
	default:
		return x.unexpected("a message of an unknown kind")
	}
}

// unexpected answers a message that the phase does not allow. It means that Envoy is configured otherwise than Weir
// asks for, so nothing may pass.
func (x *exchange) unexpected(what string) error {
	x.server.parts.Log.Error("unexpected message from Envoy", "trace", x.trace, "message", what, "phase", int(x.phase))
	x.server.metrics.unexpected.Inc()
	return x.refuse(fault.Fault{Code: fault.Internal})
}

// recovered turns a panic into the dialect's internal error. The value of the panic may hold text of the exchange,
// so only its type and the stack are logged.
func (x *exchange) recovered(err *error) {
	p := recover()
	if p == nil {
		return
	}
	x.server.metrics.panics.Inc()
	x.server.parts.Log.Error("recovered from a panic", "trace", x.trace, "kind", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
	x.record.Failures = append(x.record.Failures, "panic:deny")
	if x.phase == over {
		*err = fmt.Errorf("panic after the exchange was over (%T)", p)
		return
	}
	*err = x.refuse(fault.Fault{Code: fault.Internal})
}

// errGone says that Envoy takes no more messages of an exchange: it has ended there, and who ended it is not known here.
var errGone = errors.New("sending to Envoy")

// send writes one message to Envoy.
func (x *exchange) send(r *extprocv3.ProcessingResponse) error {
	if err := x.out.Send(r); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}
