package xds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	secretv3 "github.com/envoyproxy/go-control-plane/envoy/service/secret/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	serverv3 "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"weir/envoy"
)

// Server hands the same configuration to every Envoy that asks, in the form of its minor. It is safe for concurrent use.
type Server struct {
	cache    cache.SnapshotCache
	log      *slog.Logger
	refused  func() // counts what an Envoy refused
	audience audience

	mu      sync.Mutex
	now     map[int]content                       // by minor
	keep    time.Duration                         // how long the attempts of one request may take by what is there now
	leaving envoy.Leaving[map[int]types.Resource] // by minor
}

// content is what one minor is told.
type content struct {
	resources envoy.Resources
	secrets   []types.Resource
}

// New is a server that has nothing to tell yet. refused is called whenever an Envoy refuses what it was told.
func New(log *slog.Logger, refused func()) *Server {
	return &Server{
		cache: cache.NewSnapshotCache(false, byMinor{}, nothing{}), log: log, refused: refused,
		now: map[int]content{}, leaving: envoy.Leaving[map[int]types.Resource]{}, audience: newAudience(),
	}
}

// Register adds the services to a gRPC server. ctx ends their streams.
func (s *Server) Register(ctx context.Context, r grpc.ServiceRegistrar) {
	all := serverv3.NewServer(ctx, s.cache, serverv3.CallbackFuncs{
		StreamRequestFunc: func(id int64, q *discoveryv3.DiscoveryRequest) error {
			s.hear(q.GetNode(), q.GetTypeUrl(), q.GetErrorDetail().GetMessage(), q.GetErrorDetail() != nil)
			if v := s.audience.answer(stream{id: id}, q.GetNode(), q.GetTypeUrl(), q.GetResponseNonce(), q.GetErrorDetail() != nil); v != "" {
				q.VersionInfo = v // or the cache would tell it the same again, at once and for ever
			}
			return nil
		},
		StreamResponseFunc: func(_ context.Context, id int64, _ *discoveryv3.DiscoveryRequest, p *discoveryv3.DiscoveryResponse) {
			s.audience.told(stream{id: id}, p.GetTypeUrl(), p.GetNonce(), p.GetVersionInfo())
		},
		StreamClosedFunc: func(id int64, _ *corev3.Node) { s.audience.left(stream{id: id}) },
		StreamDeltaRequestFunc: func(id int64, q *discoveryv3.DeltaDiscoveryRequest) error {
			s.hear(q.GetNode(), q.GetTypeUrl(), q.GetErrorDetail().GetMessage(), q.GetErrorDetail() != nil)
			s.audience.answer(stream{id, true}, q.GetNode(), q.GetTypeUrl(), q.GetResponseNonce(), q.GetErrorDetail() != nil)
			return nil
		},
		StreamDeltaResponseFunc: func(id int64, _ *discoveryv3.DeltaDiscoveryRequest, p *discoveryv3.DeltaDiscoveryResponse) {
			s.audience.told(stream{id, true}, p.GetTypeUrl(), p.GetNonce(), p.GetSystemVersionInfo())
		},
		DeltaStreamClosedFunc: func(id int64, _ *corev3.Node) { s.audience.left(stream{id, true}) },
	})
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(r, all)
	secretv3.RegisterSecretDiscoveryServiceServer(r, all)
}

// hear notes what an Envoy refuses. Its reason may quote a resource, so of a secret it is not written down.
func (s *Server) hear(node *corev3.Node, kind, reason string, bad bool) {
	if !bad {
		return
	}
	s.refused()
	if kind == secretType {
		reason = "it is about a secret and is not written down"
	}
	s.log.Error("an Envoy refuses what it was told, and keeps what it had", "node", node.GetId(), "type", kind, "reason", reason)
}

// Set puts a configuration in force for every supported minor: options makes the options of one. A cluster that is not in
// it any more stays until Settled says that nothing new is sent to it.
func (s *Server) Set(ctx context.Context, options func(minor int) envoy.Options, secrets []envoy.Secret) error {
	next := map[int]content{}
	list := make([]types.Resource, 0, len(secrets))
	for _, secret := range secrets {
		r, err := secret.Resource()
		if err != nil {
			return fmt.Errorf("xds: %w", err)
		}
		list = append(list, r)
	}
	var keep time.Duration
	for minor := envoy.MinMinor; minor <= envoy.MaxMinor; minor++ {
		o := options(minor)
		o.XDS = true
		keep = o.Attempts()
		r, err := envoy.NewResources(o)
		if err != nil {
			return fmt.Errorf("xds: %w", err)
		}
		next[minor] = content{r, list}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replace(next)
	s.keep = keep
	return s.publish(ctx)
}

// replace puts a configuration in the place of the one that is there.
func (s *Server) replace(next map[int]content) {
	gone := map[string]map[int]types.Resource{}
	for minor, c := range s.now {
		for _, k := range c.resources.Clusters {
			if _, ok := gone[k.GetName()]; !ok {
				gone[k.GetName()] = map[int]types.Resource{}
			}
			gone[k.GetName()][minor] = k
		}
	}
	for _, k := range next[envoy.MinMinor].resources.Clusters {
		delete(gone, k.GetName())
		delete(s.leaving, k.GetName())
	}
	for name, by := range gone {
		s.leaving.Add(name, by, s.keep)
	}
	s.now = next
}

// Settled says that from a time on no request is decided on with clusters that are not in the configuration any more. They
// leave when the attempts of those before are over.
func (s *Server) Settled(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving.Settled(at)
}

// Tidy takes away the clusters whose time to leave has come.
func (s *Server) Tidy(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.leaving.Tidy(now) {
		return nil
	}
	return s.publish(ctx)
}

// publish hands over what is there and what is leaving. Clusters and routes may come in any order: a route names none.
func (s *Server) publish(ctx context.Context) error {
	for minor, c := range s.now {
		versions := map[string]string{}
		snap := &cache.Snapshot{}
		clusters := []types.Resource{}
		for _, k := range c.resources.Fixed {
			if !envoy.Beforehand(k.GetName()) { // the stream itself needs it
				clusters = append(clusters, k)
			}
		}
		for _, k := range c.resources.Clusters {
			clusters = append(clusters, k)
		}
		for _, by := range s.leaving.All() {
			clusters = append(clusters, by[minor])
		}
		for kind, list := range map[types.ResponseType][]types.Resource{
			types.Listener: resources(c.resources.Listeners), types.Route: resources(c.resources.Routes), types.Cluster: clusters, types.Secret: c.secrets,
		} {
			version, err := versionOf(list)
			if err != nil {
				return err
			}
			snap.Resources[kind] = cache.NewResources(version, list)
			if name, ok := compared[kind]; ok {
				versions[name] = version
			}
		}
		s.audience.publish(key(minor), versions) // before anybody can hear of it
		if err := s.cache.SetSnapshot(ctx, key(minor), snap); err != nil {
			return fmt.Errorf("xds: %w", err)
		}
	}
	return nil
}

func resources[M types.Resource](list []M) []types.Resource {
	out := make([]types.Resource, 0, len(list))
	for _, m := range list {
		out = append(out, m)
	}
	return out
}

// versionOf is made of the content: what stays is not sent again.
func versionOf(list []types.Resource) (string, error) {
	sum := sha256.New()
	for _, m := range list {
		b, err := (proto.MarshalOptions{Deterministic: true}).Marshal(m)
		if err != nil {
			return "", fmt.Errorf("xds: %w", err)
		}
		_, _ = sum.Write(b) // never fails: hash.Hash
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// byMinor gives every Envoy of a minor the same. One that does not say its minor gets what the oldest does, one that is
// newer what the newest does.
type byMinor struct{}

// ID implements cache.NodeHash.
func (byMinor) ID(n *corev3.Node) string {
	v := n.GetUserAgentBuildVersion().GetVersion()
	minor := int(v.GetMinorNumber())
	if v.GetMajorNumber() != 1 || minor < envoy.MinMinor {
		minor = envoy.MinMinor
	}
	return key(min(minor, envoy.MaxMinor))
}

func key(minor int) string { return "1." + strconv.Itoa(minor) }

// nothing is a log that keeps nothing: the library's lines hold resources.
type nothing struct{}

// Debugf implements log.Logger.
func (nothing) Debugf(string, ...any) {}

// Infof implements log.Logger.
func (nothing) Infof(string, ...any) {}

// Warnf implements log.Logger.
func (nothing) Warnf(string, ...any) {}

// Errorf implements log.Logger.
func (nothing) Errorf(string, ...any) {}
