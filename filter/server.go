package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	alsv3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"weir/policy/provider"
)

// Server is the ext_proc service. Its zero value is of no use; New makes one.
type Server struct {
	extprocv3.UnimplementedExternalProcessorServer
	parts      Parts
	metrics    *metrics
	standings  *standings
	breakers   Breakers
	meter      *provider.Meter // of providers' speed and quotas
	refusals   refusals
	secrets    platformSecrets
	attempts   *attemptLog
	live       atomic.Int64   // exchanges that are not over
	inFlight   atomic.Int64   // bytes in memory over all exchanges
	unwritten  atomic.Bool    // the last record could not be written
	storeFails rate.Sometimes // when a store that fails is logged again: not at every request
	attributes rate.Sometimes // the same of attributes that are not sent
	peers      peers
	ending     context.Context // ends when exchanges must
	end        context.CancelFunc
}

// logInterval is how often the same failure of a dependency is logged; how often it happened is in the metrics.
const logInterval = 10 * time.Second

// New checks the parts and returns a server that is ready to be registered.
func New(p Parts) (*Server, error) {
	switch {
	case p.Snapshot == nil:
		return nil, errors.New("filter: Parts.Snapshot is missing")
	case p.Ledger == nil:
		return nil, errors.New("filter: Parts.Ledger is missing")
	case p.Trail == nil:
		return nil, errors.New("filter: Parts.Trail is missing")
	case p.Log == nil || p.Metrics == nil || p.Clock == nil || p.NewID == nil:
		return nil, errors.New("filter: Parts.Log, Metrics, Clock and NewID must all be given")
	}
	s := &Server{parts: p, meter: provider.NewMeter(), storeFails: rate.Sometimes{Interval: logInterval}, attributes: rate.Sometimes{Interval: logInterval}}
	s.ending, s.end = context.WithCancel(context.Background())
	if s.breakers = p.Breakers; s.breakers == nil {
		s.breakers = idle{}
	}
	m, err := newMetrics(p.Metrics, s.InFlight)
	if err != nil {
		return nil, fmt.Errorf("filter: registering metrics: %w", err)
	}
	s.attempts = newAttemptLog(s)
	s.metrics, s.standings = m, newStandings(maxStandings, m.forgotten.Inc)
	return s, nil
}

// Register adds the service to a gRPC server, and the one that Envoy's log of failed attempts goes to.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	alsv3.RegisterAccessLogServiceServer(r, s.attempts)
	extprocv3.RegisterExternalProcessorServer(r, s)
}

// InFlight is how many bytes are in memory over all exchanges.
func (s *Server) InFlight() int64 { return s.inFlight.Load() }

// Live is how many exchanges are under way.
func (s *Server) Live() int64 { return s.live.Load() }

// The gRPC side's own bounds.
const (
	// frameSlack is what a message may weigh beyond the body in it: headers and attributes.
	frameSlack = 1 << 20
	// window lets a large body cross in few round trips.
	window = 1 << 20
	// keepaliveMin allows Envoy's connection_keepalive at intervals far below grpc-go's default of 5 minutes.
	keepaliveMin = 5 * time.Second
)

// GRPCOptions are the server options that the limits ask for.
func GRPCOptions(l Limits) []grpc.ServerOption {
	l = l.withDefaults()
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(int(l.BodyBytes) + frameSlack),
		grpc.MaxConcurrentStreams(uint32(min(l.ConcurrentTotal, 1<<31))),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(4 * window),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveMin, PermitWithoutStream: true}),
	}
}

// Process carries one exchange. It returns nil only when the exchange is over: for Envoy a nil before that means
// that the rest may pass without us.
func (s *Server) Process(stream extprocv3.ExternalProcessor_ProcessServer) error {
	deepen(0)
	x := s.begin(stream)
	defer x.close()
	defer context.AfterFunc(s.ending, x.ended)()
	for {
		in, err := stream.Recv()
		if err != nil {
			return x.left(err)
		}
		if err := x.handle(in); errors.Is(err, errGone) {
			return x.left(context.Canceled)
		} else if err != nil {
			s.parts.Log.Error("exchange failed", "trace", x.trace, "error", err)
			return status.Error(codes.Internal, "exchange failed")
		}
	}
}

// left says how to end the gRPC stream after Envoy closed it. Envoy ends a stream with a cancel when all is well and
// with EOF when the client or the upstream aborted, so only the exchange's own state tells whether it is over.
func (x *exchange) left(err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase == over {
		return nil
	}
	x.abandoned = true
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled {
		return status.Error(codes.Aborted, "exchange ended before its answer")
	}
	return fmt.Errorf("receiving from Envoy: %w", err)
}
