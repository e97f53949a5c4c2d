package xds_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"weir/envoy"
	"weir/envoy/xds"
)

const (
	clusters = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	secrets  = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
	deadline = 20 * time.Second
)

// books is a log that tests read.
type books struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *books) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *books) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// house is a server, and how many refusals it has counted.
type house struct {
	*xds.Server
	log     *books
	mu      sync.Mutex
	refused int
	conn    *grpc.ClientConn
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{log: &books{}}
	h.Server = xds.New(slog.New(slog.NewTextHandler(h.log, nil)), func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.refused++
	})
	l := bufconn.Listen(1 << 20)
	g := grpc.NewServer()
	h.Register(t.Context(), g)
	go func() { _ = g.Serve(l) }()
	t.Cleanup(g.Stop)
	var err error
	h.conn, err = grpc.NewClient("passthrough:///xds", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.conn.Close() })
	return h
}

// put serves providers of these names, each with its credential.
func (h *house) put(t *testing.T, names ...string) {
	t.Helper()
	var list []envoy.Secret
	for _, n := range names {
		list = append(list, envoy.Secret{Provider: n, Value: "sk-" + n})
	}
	err := h.Set(t.Context(), func(minor int) envoy.Options {
		o := envoy.Options{Minor: minor, Weir: "unix:/weir.sock", Timeouts: envoy.Timeouts{Attempt: time.Second}}
		for _, n := range names {
			o.Providers = append(o.Providers, envoy.Upstream{Name: n, BaseURL: "http://127.0.0.1:1", SecretFile: "/secrets/" + n})
		}
		return o
	}, list)
	if err != nil {
		t.Fatal(err)
	}
}

// node is an Envoy of a minor.
func node(id string, minor uint32) *corev3.Node {
	return &corev3.Node{Id: id, UserAgentVersionType: &corev3.Node_UserAgentBuildVersion{
		UserAgentBuildVersion: &corev3.BuildVersion{Version: &typev3.SemanticVersion{MajorNumber: 1, MinorNumber: minor}},
	}}
}

// asker is an Envoy on the aggregated stream.
type asker struct {
	t      *testing.T
	stream discoveryv3.AggregatedDiscoveryService_StreamAggregatedResourcesClient
	node   *corev3.Node // told once
	leave  context.CancelFunc
}

func (h *house) asker(t *testing.T, n *corev3.Node) *asker {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	s, err := discoveryv3.NewAggregatedDiscoveryServiceClient(h.conn).StreamAggregatedResources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &asker{t, s, n, cancel}
}

// ask asks for a kind, and returns what comes.
func (a *asker) ask(kind string, names ...string) *discoveryv3.DiscoveryResponse {
	a.t.Helper()
	a.send(&discoveryv3.DiscoveryRequest{TypeUrl: kind, ResourceNames: names})
	return a.next(kind)
}

func (a *asker) send(q *discoveryv3.DiscoveryRequest) {
	a.t.Helper()
	q.Node, a.node = a.node, nil
	if err := a.stream.Send(q); err != nil {
		a.t.Fatal(err)
	}
}

func (a *asker) next(kind string) *discoveryv3.DiscoveryResponse {
	a.t.Helper()
	r, err := a.stream.Recv()
	if err != nil || r.GetTypeUrl() != kind {
		a.t.Fatalf("%v %v, want %s", r.GetTypeUrl(), err, kind)
	}
	return r
}

// take confirms a response.
func (a *asker) take(r *discoveryv3.DiscoveryResponse, names ...string) {
	a.t.Helper()
	a.send(&discoveryv3.DiscoveryRequest{TypeUrl: r.GetTypeUrl(), VersionInfo: r.GetVersionInfo(), ResponseNonce: r.GetNonce(), ResourceNames: names})
}

// refuse refuses one in the place of a version.
func (a *asker) refuse(r *discoveryv3.DiscoveryResponse, version, why string, names ...string) {
	a.t.Helper()
	a.send(&discoveryv3.DiscoveryRequest{
		TypeUrl: r.GetTypeUrl(), VersionInfo: version, ResponseNonce: r.GetNonce(), ResourceNames: names, ErrorDetail: &status.Status{Code: 13, Message: why},
	})
}

// providers are the clusters in a response that lead to providers.
func providers(t *testing.T, r *discoveryv3.DiscoveryResponse) (out []string) {
	t.Helper()
	for _, a := range r.GetResources() {
		c := &clusterv3.Cluster{}
		if err := a.UnmarshalTo(c); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(c.GetName(), envoy.RoutePrefix) {
			out = append(out, strings.TrimPrefix(c.GetName(), envoy.RoutePrefix))
		}
	}
	slices.Sort(out)
	return out
}

// confirmed waits until everybody has answered.
func (h *house) confirmed(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if behind := h.Confirmed(ctx); len(behind) > 0 {
		t.Fatalf("%v are behind", behind)
	}
}

// behind are those who have not answered, now.
func (h *house) behind(t *testing.T) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return h.Confirmed(ctx)
}

// Nobody is waited for where nobody listens. Whoever listens is waited for until clusters are confirmed, in whatever form of
// the protocol; whoever refuses keeps what it had, is counted and not waited for; and so is whoever leaves.
func TestConfirmed(t *testing.T) {
	h := open(t)
	h.put(t, "alpha")
	h.confirmed(t)

	a, b := h.asker(t, node("a", 40)), h.asker(t, node("b", 36))
	ra, rb := a.ask(clusters), b.ask(clusters)
	if got := h.behind(t); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("before anybody confirmed: %v", got)
	}
	a.take(ra)
	b.take(rb)
	h.confirmed(t)

	h.put(t, "alpha", "beta")
	if got := h.behind(t); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("after a change: %v", got)
	}
	na, nb := a.next(clusters), b.next(clusters)
	if got := providers(t, na); !slices.Equal(got, []string{"alpha", "beta"}) {
		t.Errorf("told %v", got)
	}
	a.take(na)
	b.refuse(nb, rb.GetVersionInfo(), "no such filter")
	h.confirmed(t)
	h.mu.Lock()
	refused := h.refused
	h.mu.Unlock()
	if refused != 1 || !strings.Contains(h.log.String(), "no such filter") || !strings.Contains(h.log.String(), "node=b") {
		t.Errorf("%d refusals, log %s", refused, h.log)
	}

	// It is not told the same again, and what is taken back is what it has had all along.
	h.put(t, "alpha")
	h.Settled(time.Now().Add(-time.Hour))
	if err := h.Tidy(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	a.take(a.next(clusters))
	h.confirmed(t)
	if again := b.next(clusters); again.GetVersionInfo() != rb.GetVersionInfo() {
		t.Errorf("b is told %v", providers(t, again))
	} else {
		b.take(again)
	}

	h.put(t, "alpha", "gamma")
	a.take(a.next(clusters))
	b.leave()
	h.confirmed(t)
	if n := h.Connected(); n != 1 {
		t.Errorf("%d streams are open", n)
	}
}

// A confirmation of what came before counts for nothing.
func TestConfirmedLate(t *testing.T) {
	h := open(t)
	h.put(t, "alpha")
	a := h.asker(t, node("a", 40))
	first := a.ask(clusters)
	h.put(t, "alpha", "beta")
	a.take(first)
	second := a.next(clusters)
	if got := h.behind(t); !slices.Equal(got, []string{"a"}) {
		t.Errorf("%v", got)
	}
	a.take(second)
	h.confirmed(t)
}

// Credentials go to whoever names them, are waited for like the rest, and are in no line of the log.
func TestSecrets(t *testing.T) {
	h := open(t)
	h.put(t, "alpha", "beta")
	a := h.asker(t, node("a", 40))
	r := a.ask(secrets, envoy.RoutePrefix+"alpha")
	var got tlsv3.Secret
	if len(r.GetResources()) != 1 || r.GetResources()[0].UnmarshalTo(&got) != nil || got.GetGenericSecret().GetSecret().GetInlineString() != "sk-alpha" {
		t.Fatalf("%v", r)
	}
	if behind := h.behind(t); len(behind) != 1 {
		t.Errorf("behind: %v", behind)
	}
	a.refuse(r, "", "cannot use sk-alpha", envoy.RoutePrefix+"alpha")
	h.confirmed(t)
	if strings.Contains(h.log.String(), "sk-alpha") || !strings.Contains(h.log.String(), "it is about a secret") {
		t.Errorf("log %s", h.log)
	}
	// A provider that comes is asked for on the same stream, and told without a change of anything.
	a.take(r, envoy.RoutePrefix+"alpha", envoy.RoutePrefix+"beta")
	if r := a.next(secrets); len(r.GetResources()) != 2 {
		t.Errorf("%d secrets", len(r.GetResources()))
	}
}

// A cluster that left stays until nothing new is sent to it and the attempts of requests before are over; one that comes back
// does not leave.
func TestLeaving(t *testing.T) {
	h := open(t)
	h.put(t, "alpha", "beta")
	a := h.asker(t, node("a", 40))
	a.take(a.ask(clusters))
	h.put(t, "beta")
	now := time.Now()
	tidy := func(at time.Time) {
		t.Helper()
		if err := h.Tidy(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	told := func() []string {
		t.Helper()
		b := h.asker(t, node("b", 40)) // a stream that is told what is there now
		defer b.leave()
		return providers(t, b.ask(clusters))
	}
	tidy(now.Add(time.Hour))
	if got := told(); !slices.Equal(got, []string{"alpha", "beta"}) {
		t.Errorf("while requests may still be decided on with it: %v", got)
	}
	h.Settled(now)
	tidy(now.Add(envoy.MaxAttempts*time.Second - time.Millisecond))
	if got := told(); !slices.Equal(got, []string{"alpha", "beta"}) {
		t.Errorf("while attempts may be made: %v", got)
	}
	h.put(t, "alpha", "beta")
	h.Settled(now)
	tidy(now.Add(time.Hour))
	if got := told(); !slices.Equal(got, []string{"alpha", "beta"}) {
		t.Errorf("having come back: %v", got)
	}
	h.put(t, "beta")
	h.Settled(now)
	tidy(now.Add(envoy.MaxAttempts * time.Second))
	if got := told(); !slices.Equal(got, []string{"beta"}) {
		t.Errorf("at last: %v", got)
	}
}

// Each Envoy gets what its minor knows: one that is older, or says nothing, what the oldest does.
func TestMinors(t *testing.T) {
	h := open(t)
	h.put(t, "alpha")
	const listeners = "type.googleapis.com/envoy.config.listener.v3.Listener"
	version := func(n *corev3.Node) string {
		a := h.asker(t, n)
		defer a.leave()
		return a.ask(listeners).GetVersionInfo()
	}
	oldest, newest := version(node("a", envoy.MinMinor)), version(node("a", envoy.MaxMinor))
	if oldest == newest {
		t.Error("both ends get the same")
	}
	for _, k := range []struct {
		n    *corev3.Node
		want string
	}{{&corev3.Node{Id: "silent"}, oldest}, {node("older", 20), oldest}, {node("newer", envoy.MaxMinor+3), newest}} {
		if got := version(k.n); got != k.want {
			t.Errorf("%s got %s, want %s", k.n.GetId(), got, k.want)
		}
	}
}

// The incremental form of the protocol is followed as the other.
func TestDelta(t *testing.T) {
	h := open(t)
	h.put(t, "alpha")
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s, err := discoveryv3.NewAggregatedDiscoveryServiceClient(h.conn).DeltaAggregatedResources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	send := func(q *discoveryv3.DeltaDiscoveryRequest) *discoveryv3.DeltaDiscoveryResponse {
		t.Helper()
		q.TypeUrl = clusters
		if err := s.Send(q); err != nil {
			t.Fatal(err)
		}
		r, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := send(&discoveryv3.DeltaDiscoveryRequest{Node: node("d", 40), ResourceNamesSubscribe: []string{"*"}})
	if got := h.behind(t); !slices.Equal(got, []string{"d"}) {
		t.Errorf("%v", got)
	}
	if err := s.Send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: clusters, ResponseNonce: r.GetNonce()}); err != nil {
		t.Fatal(err)
	}
	h.confirmed(t)
	h.put(t, "alpha", "beta")
	if r, err = s.Recv(); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: clusters, ResponseNonce: r.GetNonce()}); err != nil {
		t.Fatal(err)
	}
	h.confirmed(t)
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// What cannot be a credential is refused, without a word of it.
func TestUnfitSecret(t *testing.T) {
	h := open(t)
	err := h.Set(t.Context(), func(minor int) envoy.Options { return envoy.Options{Minor: minor, Weir: "unix:/weir.sock"} }, []envoy.Secret{{Provider: "a", Value: "two words"}})
	if err == nil || strings.Contains(err.Error(), "two words") {
		t.Errorf("%v", err)
	}
}
