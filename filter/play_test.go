package filter_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter"
	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy"
	"weir/policy/audit"
	"weir/policy/detect"
	"weir/policy/ledger"
	"weir/policy/provider"
	"weir/policy/tenant"
	"weir/rego"
)

// house is a server with real parts in memory, and what it wrote.
type house struct {
	server *filter.Server
	snap   *filter.Snapshot
	key    string
	mu     sync.Mutex
	trail  []audit.Record
	holds  map[string]ledger.Hold
	uses   map[string]ledger.Use
	grant  func(ledger.Hold) ledger.Grant
	closed map[string]int // settles and releases by exchange
}

func (h *house) Append(_ context.Context, r audit.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trail = append(h.trail, r)
	return nil
}

func (h *house) Hold(_ context.Context, in ledger.Hold) (ledger.Grant, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds[in.Exchange] = in
	if h.grant != nil {
		return h.grant(in), nil
	}
	return ledger.Grant{Granted: true, Amount: in.Amount}, nil
}

func (h *house) HoldLocally(_ context.Context, in ledger.Hold, _ ledger.LocalLease) (ledger.Grant, error) {
	return ledger.Grant{}, ledger.ErrLease
}

func (h *house) Settle(_ context.Context, u ledger.Use) (ledger.Settled, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.uses[u.Exchange] = u
	h.closed[u.Exchange]++
	return ledger.Settled{First: h.closed[u.Exchange] == 1}, nil
}

func (h *house) Release(_ context.Context, _, exchange string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed[exchange]++
	return nil
}

// build makes a house for one tenant.
func build(t testing.TB, dialect string, change func(*tenant.Tenant)) *house {
	t.Helper()
	return buildWith(t, dialect, change, func(*filter.Parts) {})
}

// buildWith is build with parts of the case's own.
func buildWith(t testing.TB, dialect string, change func(*tenant.Tenant), alter func(*filter.Parts)) *house {
	t.Helper()
	plain, err := tenant.Mint("gw_", strings.NewReader(strings.Repeat("k", 64)))
	if err != nil {
		t.Fatal(err)
	}
	acme := tenant.Tenant{
		ID: "acme", Status: tenant.Active, Dialect: dialect, Settings: tenant.DefaultSettings(), Secret: bytes.Repeat([]byte{1}, 32),
	}
	if change != nil {
		change(&acme)
	}
	tenants, err := tenant.NewSnapshot([]tenant.Tenant{acme}, []tenant.Key{{
		ID: "k1", Tenant: "acme", Prefix: tenant.VisiblePrefix(plain), Hash: tenant.HashOf(plain),
	}})
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := provider.NewCatalogue(
		[]provider.Provider{{Name: "demo", Kind: "openai-compatible", BaseURL: "http://127.0.0.1:1"}},
		[]provider.Model{{Name: "echo", Provider: "demo", Price: provider.Price{Input: 1_000_000, Output: 2_000_000}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	program, err := policy.Load(t.Context(), rego.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{key: plain, holds: map[string]ledger.Hold{}, uses: map[string]ledger.Use{}, closed: map[string]int{}}
	h.snap = &filter.Snapshot{
		Tenants: tenants, Catalogue: catalogue, Policy: program, Scanner: detect.New(), Surfaces: surface.Default(),
		Dialects: fault.Default(), Dialect: "openai",
		Limits: filter.Limits{Decision: time.Minute}, // a busy machine decides late, and no case is about that
	}
	n := 0
	parts := filter.Parts{
		Snapshot: func() *filter.Snapshot { return h.snap }, Ledger: h, Trail: h,
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Clock: func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) },
		NewID: func() string { n++; return fmt.Sprintf("%032x", n) },
	}
	alter(&parts)
	h.server, err = filter.New(parts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// envoy plays Envoy: it hands over messages and keeps what comes back.
type envoy struct {
	in    []*extprocv3.ProcessingRequest
	out   []*extprocv3.ProcessingResponse
	after error // what Recv says when all is handed over
}

func (e *envoy) Send(r *extprocv3.ProcessingResponse) error { e.out = append(e.out, r); return nil }
func (e *envoy) Recv() (*extprocv3.ProcessingRequest, error) {
	if len(e.in) == 0 {
		return nil, e.after
	}
	m := e.in[0]
	e.in = e.in[1:]
	return m, nil
}
func (e *envoy) Context() context.Context     { return context.Background() }
func (e *envoy) SetHeader(metadata.MD) error  { return nil }
func (e *envoy) SendHeader(metadata.MD) error { return nil }
func (e *envoy) SetTrailer(metadata.MD)       {}
func (e *envoy) SendMsg(any) error            { return nil }
func (e *envoy) RecvMsg(any) error            { return nil }

// play runs one exchange and returns what Envoy was told.
func (h *house) play(t testing.TB, messages ...*extprocv3.ProcessingRequest) *told {
	t.Helper()
	e := &envoy{in: messages, after: io.EOF}
	err := h.server.Process(e)
	return read(e.out, err)
}

// told is what Envoy was told in an exchange, put together.
type told struct {
	immediate *extprocv3.ImmediateResponse
	forwarded []byte // request body after edits; nil if left as it was
	request   map[string]string
	status    bool // the response headers were answered
	headers   map[string]string
	removed   []string // from the answer's headers
	body      []byte
	ended     bool
	err       error
}

func read(out []*extprocv3.ProcessingResponse, err error) *told {
	r := &told{err: err, headers: map[string]string{}, request: map[string]string{}}
	for _, m := range out {
		switch v := m.GetResponse().(type) {
		case *extprocv3.ProcessingResponse_ImmediateResponse:
			r.immediate = v.ImmediateResponse
			fill(r.headers, v.ImmediateResponse.GetHeaders())
			r.body = v.ImmediateResponse.GetBody()
		case *extprocv3.ProcessingResponse_RequestHeaders:
			fill(r.request, v.RequestHeaders.GetResponse().GetHeaderMutation())
		case *extprocv3.ProcessingResponse_RequestBody:
			fill(r.request, v.RequestBody.GetResponse().GetHeaderMutation())
			r.forwarded = v.RequestBody.GetResponse().GetBodyMutation().GetBody()
		case *extprocv3.ProcessingResponse_ResponseHeaders:
			r.status = true
			fill(r.headers, v.ResponseHeaders.GetResponse().GetHeaderMutation())
			r.removed = append(r.removed, v.ResponseHeaders.GetResponse().GetHeaderMutation().GetRemoveHeaders()...)
		case *extprocv3.ProcessingResponse_ResponseBody:
			s := v.ResponseBody.GetResponse().GetBodyMutation().GetStreamedResponse()
			r.body = append(r.body, s.GetBody()...)
			r.ended = r.ended || s.GetEndOfStream()
		}
	}
	return r
}

func fill(into map[string]string, m *extprocv3.HeaderMutation) {
	for _, h := range m.GetSetHeaders() {
		into[h.GetHeader().GetKey()] = string(h.GetHeader().GetRawValue())
	}
}

func headerMap(pairs ...string) *corev3.HeaderMap {
	m := &corev3.HeaderMap{}
	for i := 0; i < len(pairs); i += 2 {
		m.Headers = append(m.Headers, &corev3.HeaderValue{Key: pairs[i], RawValue: []byte(pairs[i+1])})
	}
	return m
}

// ask is the request's headers; what is given extra stands first, so it wins.
func (h *house) ask(extra ...string) *extprocv3.ProcessingRequest {
	pairs := append(extra,
		":method", "POST", ":path", "/v1/chat/completions", ":authority", "gateway.test",
		"content-type", "application/json", "x-request-id", "trace-1", "authorization", "Bearer "+h.key)
	return &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestHeaders{
		RequestHeaders: &extprocv3.HttpHeaders{Headers: headerMap(pairs...)},
	}}
}

func requestBody(s string) *extprocv3.ProcessingRequest {
	return &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{
		RequestBody: &extprocv3.HttpBody{Body: []byte(s), EndOfStream: true},
	}}
}

func responseHeaders(status, contentType, details string) *extprocv3.ProcessingRequest {
	attributes, err := structpb.NewStruct(map[string]any{"response.code_details": details})
	if err != nil {
		panic(err)
	}
	return &extprocv3.ProcessingRequest{
		Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{
			Headers: headerMap(":status", status, "content-type", contentType),
		}},
		Attributes: map[string]*structpb.Struct{"envoy.filters.http.ext_proc": attributes},
	}
}

func responseBody(s string, end bool) *extprocv3.ProcessingRequest {
	return &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{
		ResponseBody: &extprocv3.HttpBody{Body: []byte(s), EndOfStream: end},
	}}
}

// answerTo is a streamed exchange up to its answer, the answer cut at the given offsets.
func (h *house) answerTo(request, answer string, cuts ...int) []*extprocv3.ProcessingRequest {
	out := []*extprocv3.ProcessingRequest{h.ask(), requestBody(request), responseHeaders("200", "text/event-stream", "via_upstream")}
	at := 0
	for _, c := range append(cuts, len(answer)) {
		out = append(out, responseBody(answer[at:c], false))
		at = c
	}
	return append(out, responseBody("", true))
}

// playNow runs one exchange without a test to fail.
func (h *house) playNow(messages []*extprocv3.ProcessingRequest) *told {
	e := &envoy{in: messages, after: io.EOF}
	err := h.server.Process(e)
	return read(e.out, err)
}

// forwards is an exchange on a path up to its forwarding.
func (h *house) forwards(path, request string) []*extprocv3.ProcessingRequest {
	return []*extprocv3.ProcessingRequest{h.ask(":path", path), requestBody(request)}
}
