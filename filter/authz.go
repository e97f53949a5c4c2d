package filter

import (
	"context"
	"fmt"
	"slices"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter/fault"
)

// Authorizer is the ext_authz service: Weir's own decision on the request for meshes that attach nothing else, or the
// decision of policies that were written for OPA's Envoy plugin.
//
// ext_authz sees a request and no answer. So nothing of an answer is governed, no body is edited (a request that would have
// to be is refused), nothing is settled (a tenant with a hard budget is refused), and rates are counted.
type Authorizer struct {
	authv3.UnimplementedAuthorizationServer
	server *Server
}

// NewAuthorizer returns the ext_authz side of a server.
func NewAuthorizer(s *Server) *Authorizer { return &Authorizer{server: s} }

// Register adds the service to a gRPC server.
func (a *Authorizer) Register(r grpc.ServiceRegistrar) { authv3.RegisterAuthorizationServer(r, a) }

// Check decides on one request. It always answers: a failure of ours denies.
func (a *Authorizer) Check(ctx context.Context, in *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	if o := a.server.parts.Snapshot().Authz; o != nil {
		return a.foreign(ctx, in, o), nil
	}
	return a.own(ctx, in), nil
}

// captured is the sender of an exchange that has no stream: it keeps what would have been sent.
type captured struct {
	ctx context.Context
	out []*extprocv3.ProcessingResponse
}

func (c *captured) Send(r *extprocv3.ProcessingResponse) error { c.out = append(c.out, r); return nil }
func (c *captured) Context() context.Context                   { return c.ctx }

// own plays the request's half of an exchange.
func (a *Authorizer) own(ctx context.Context, in *authv3.CheckRequest) *authv3.CheckResponse {
	out := &captured{ctx: ctx}
	x := a.server.begin(out)
	x.requestOnly = true
	defer x.close()
	h := in.GetAttributes().GetRequest().GetHttp()
	body := h.GetRawBody()
	if len(body) == 0 {
		body = []byte(h.GetBody())
	}
	err := x.handle(headersMessage(in, len(body) == 0))
	if err == nil && x.phase == admitted {
		if truncated(h, len(body)) {
			err = x.refuse(fault.Fault{Code: fault.BodyTooLarge, Limit: int64(len(body)), Unit: "bytes"})
		} else {
			err = x.handle(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{
				RequestBody: &extprocv3.HttpBody{Body: body, EndOfStream: true},
			}})
		}
	}
	if err != nil || (x.phase != forwarded && x.phase != over) {
		a.server.parts.Log.Error("answering ext_authz", "trace", x.trace, "error", err)
		return denied(500, nil, nil)
	}
	x.answer.unreached = true // nothing of the answer is seen, so the hold goes back
	if x.phase == forwarded {
		x.finish("authorized")
	}
	return answered(out.out)
}

// headersMessage is the request as ext_proc would have told it.
func headersMessage(in *authv3.CheckRequest, empty bool) *extprocv3.ProcessingRequest {
	h := in.GetAttributes().GetRequest().GetHttp()
	list := &corev3.HeaderMap{}
	add := func(name, value string) {
		list.Headers = append(list.Headers, &corev3.HeaderValue{Key: name, RawValue: []byte(value)})
	}
	add(":method", h.GetMethod())
	add(":path", h.GetPath())
	add(":authority", h.GetHost())
	for name, value := range h.GetHeaders() {
		if name != "" && name[0] != ':' {
			add(name, value)
		}
	}
	if m := h.GetHeaderMap(); m != nil {
		list.Headers = append(list.Headers, m.GetHeaders()...)
	}
	source := in.GetAttributes().GetSource()
	address := source.GetAddress().GetSocketAddress()
	attributes := &structpb.Struct{Fields: map[string]*structpb.Value{
		"source.address":                      structpb.NewStringValue(fmt.Sprintf("%s:%d", address.GetAddress(), address.GetPortValue())),
		"connection.uri_san_peer_certificate": structpb.NewStringValue(source.GetPrincipal()),
	}}
	return &extprocv3.ProcessingRequest{
		Request:    &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{Headers: list, EndOfStream: empty}},
		Attributes: map[string]*structpb.Struct{"envoy.filters.http.ext_authz": attributes},
	}
}

// answered turns what an exchange would have sent into the answer of ext_authz.
func answered(out []*extprocv3.ProcessingResponse) *authv3.CheckResponse {
	ok := &authv3.OkHttpResponse{}
	r := &authv3.CheckResponse{Status: &status.Status{Code: int32(codes.OK)}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok}}
	for _, m := range out {
		if m.GetDynamicMetadata() != nil {
			r.DynamicMetadata = m.GetDynamicMetadata()
		}
		switch v := m.GetResponse().(type) {
		case *extprocv3.ProcessingResponse_ImmediateResponse:
			i := v.ImmediateResponse
			return denied(int(i.GetStatus().GetCode()), overwriting(i.GetHeaders()), i.GetBody())
		case *extprocv3.ProcessingResponse_RequestHeaders:
			mutate(ok, v.RequestHeaders.GetResponse().GetHeaderMutation())
		case *extprocv3.ProcessingResponse_RequestBody:
			mutate(ok, v.RequestBody.GetResponse().GetHeaderMutation())
		}
	}
	return r
}

// kept are headers of the request that ext_authz cannot change, or that fit the body as it is.
var kept = map[string]bool{"content-length": true, ":path": true, "expect": true}

func mutate(ok *authv3.OkHttpResponse, m *extprocv3.HeaderMutation) {
	for _, h := range overwriting(m) {
		if !kept[h.GetHeader().GetKey()] {
			ok.Headers = append(ok.Headers, h)
		}
	}
	for _, name := range m.GetRemoveHeaders() {
		if !kept[name] {
			ok.HeadersToRemove = append(ok.HeadersToRemove, name)
		}
	}
}

// overwriting are headers that replace what the client sent, and never stand beside it. Of two of one name the later
// stays, as in ext_proc.
func overwriting(m *extprocv3.HeaderMutation) []*corev3.HeaderValueOption {
	var out []*corev3.HeaderValueOption
	for _, h := range m.GetSetHeaders() {
		name := h.GetHeader().GetKey()
		out = slices.DeleteFunc(out, func(o *corev3.HeaderValueOption) bool { return o.GetHeader().GetKey() == name })
		out = append(out, header(name, value(h.GetHeader()), false))
	}
	return out
}

// header sets a header, or adds to it.
func header(name, val string, add bool) *corev3.HeaderValueOption {
	o := &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, Value: val},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
	if add {
		o.AppendAction = corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD
	}
	return o
}

// denied is a refusal.
func denied(code int, headers []*corev3.HeaderValueOption, body []byte) *authv3.CheckResponse {
	return &authv3.CheckResponse{
		Status: &status.Status{Code: int32(codes.PermissionDenied)},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
			Status: &typev3.HttpStatus{Code: typev3.StatusCode(code)}, Headers: headers, Body: string(body),
		}},
	}
}
