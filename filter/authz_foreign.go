package filter

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"sort"
	"strconv"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/policy"
)

// Authz says that ext_authz is decided by policies that were written for OPA's Envoy plugin.
type Authz struct {
	Policies *policy.Authorizer
	// HeadersOnly lets requests with a body pass that Envoy was not told to send, so that policies see headers alone.
	HeadersOnly bool
}

// maxForm bounds a form that is read into parsed_body.
const maxForm = 1 << 20

// foreign decides as OPA's Envoy plugin would, with two differences: a body that cannot be read whole is refused before
// any policy runs, and whatever fails denies.
func (a *Authorizer) foreign(ctx context.Context, in *authv3.CheckRequest, o *Authz) *authv3.CheckResponse {
	fail := func(code int, why string, err error) *authv3.CheckResponse {
		a.server.metrics.failures.WithLabelValues("authz", "deny").Inc()
		a.server.parts.Log.Warn("ext_authz refused before a policy could decide", "reason", why, "error", err)
		return denied(code, nil, nil)
	}
	h := in.GetAttributes().GetRequest().GetHttp()
	size := max(len(h.GetBody()), len(h.GetRawBody()))
	switch {
	case size > 0 && truncated(h, size):
		return fail(413, "the body was cut", nil)
	case size == 0 && announced(h) && !o.HeadersOnly:
		return fail(500, "the body was not sent: with_request_body is missing in Envoy's filter", nil)
	}
	input, err := inputOf(in)
	if err != nil {
		return fail(400, "the body cannot be read", err)
	}
	within, cancel := context.WithTimeout(ctx, a.server.parts.Snapshot().Limits.withDefaults().Decision)
	defer cancel()
	said, err := o.Policies.Authorize(within, input)
	if err != nil {
		return fail(500, "no decision", err)
	}
	r, err := responseOf(said)
	if err != nil {
		return fail(500, "the decision has the wrong form", err)
	}
	return r
}

// headerOf is a header of the request, in whichever form Envoy sent them.
func headerOf(h *authv3.AttributeContext_HttpRequest, name string) string {
	if v, ok := h.GetHeaders()[name]; ok {
		return v
	}
	for _, v := range h.GetHeaderMap().GetHeaders() {
		if strings.EqualFold(v.GetKey(), name) {
			return value(v)
		}
	}
	return ""
}

// truncated says whether a body of so many bytes is only the beginning of what the client sent.
func truncated(h *authv3.AttributeContext_HttpRequest, size int) bool {
	if headerOf(h, "x-envoy-auth-partial-body") == "true" {
		return true
	}
	n, err := strconv.Atoi(headerOf(h, "content-length"))
	return err == nil && n > size
}

// announced says whether the request has a body by its own word. One in chunks says so in no length.
func announced(h *authv3.AttributeContext_HttpRequest) bool {
	n, err := strconv.Atoi(headerOf(h, "content-length"))
	return err == nil && n > 0 || headerOf(h, "transfer-encoding") != "" || headerOf(h, "x-envoy-auth-partial-body") == "true"
}

// inputOf is the input of OPA's Envoy plugin: the request as protojson, with path, query and body taken apart.
func inputOf(in *authv3.CheckRequest) (map[string]any, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: false}.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	var input map[string]any
	if err := json.Unmarshal(text, &input); err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	h := in.GetAttributes().GetRequest().GetHttp()
	u, err := url.Parse(h.GetPath())
	if err != nil {
		return nil, fmt.Errorf("reading the path: %w", err)
	}
	path := []any{}
	for _, s := range strings.Split(strings.TrimLeft(u.Path, "/"), "/") {
		path = append(path, s)
	}
	query := map[string]any{}
	for name, values := range u.Query() {
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		query[name] = list
	}
	input["parsed_path"], input["parsed_query"] = path, query
	input["version"] = map[string]any{"encoding": "protojson", "ext_authz": "v3"}
	input["truncated_body"] = false
	if p := in.GetAttributes().GetSource().GetPrincipal(); p != "" {
		input["source_principal"] = p
	}
	body, err := bodyOf(h)
	if err != nil {
		return nil, err
	}
	if body != nil {
		input["parsed_body"] = body
	}
	return input, nil
}

// bodyOf reads a body by its media type: JSON, a form, or parts of one. Others are left to the policy as text.
func bodyOf(h *authv3.AttributeContext_HttpRequest) (any, error) {
	text := h.GetRawBody()
	if len(text) == 0 {
		text = []byte(h.GetBody())
	}
	if len(text) == 0 {
		return nil, nil
	}
	kind, params, err := mime.ParseMediaType(headerOf(h, "content-type"))
	if err != nil {
		return nil, nil //nolint:nilerr // no media type: nothing to take apart
	}
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		dec := json.NewDecoder(strings.NewReader(string(text)))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, fmt.Errorf("reading JSON: %w", err)
		}
		if _, err := dec.Token(); err != io.EOF {
			return nil, fmt.Errorf("reading JSON: data after its end")
		}
		return v, nil
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(text))
		return values(form), err
	case kind == "multipart/form-data":
		form, err := multipart.NewReader(strings.NewReader(string(text)), params["boundary"]).ReadForm(maxForm)
		if err != nil {
			return nil, fmt.Errorf("reading a form: %w", err)
		}
		return values(form.Value), nil
	}
	return nil, nil
}

func values(form map[string][]string) map[string]any {
	out := map[string]any{}
	for name, list := range form {
		all := make([]any, len(list))
		for i, v := range list {
			all[i] = v
		}
		out[name] = all
	}
	return out
}

// responseOf is the answer that a decision of OPA's Envoy plugin means.
func responseOf(said any) (*authv3.CheckResponse, error) {
	if allowed, ok := said.(bool); ok {
		said = map[string]any{"allowed": allowed}
	}
	d, ok := said.(map[string]any)
	allowed, isBool := d["allowed"].(bool)
	if !ok || !isBool {
		return nil, policy.ErrAuthorizer
	}
	headers, err := headerList(d["headers"])
	if err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	r := denied(403, headers, nil)
	if allowed {
		if r, err = allowing(d, headers); err != nil {
			return nil, err
		}
	} else if err := refusing(d, r.GetDeniedResponse()); err != nil {
		return nil, err
	}
	if m, ok := d["dynamic_metadata"].(map[string]any); ok {
		if r.DynamicMetadata, err = structpb.NewStruct(plain(m)); err != nil {
			return nil, fmt.Errorf("dynamic_metadata: %w", err)
		}
	}
	return r, nil
}

func allowing(d map[string]any, headers []*corev3.HeaderValueOption) (*authv3.CheckResponse, error) {
	ok := &authv3.OkHttpResponse{Headers: headers}
	var err error
	if ok.ResponseHeadersToAdd, err = headerList(d["response_headers_to_add"]); err != nil {
		return nil, fmt.Errorf("response_headers_to_add: %w", err)
	}
	if ok.HeadersToRemove, err = wordList(d["request_headers_to_remove"]); err != nil {
		return nil, fmt.Errorf("request_headers_to_remove: %w", err)
	}
	if ok.QueryParametersToRemove, err = wordList(d["query_parameters_to_remove"]); err != nil {
		return nil, fmt.Errorf("query_parameters_to_remove: %w", err)
	}
	set, err := pairs(d["query_parameters_to_set"])
	if err != nil {
		return nil, fmt.Errorf("query_parameters_to_set: %w", err)
	}
	for _, p := range set {
		ok.QueryParametersToSet = append(ok.QueryParametersToSet, &corev3.QueryParameter{Key: p[0], Value: p[1]})
	}
	return &authv3.CheckResponse{Status: &status.Status{Code: int32(codes.OK)}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok}}, nil
}

func refusing(d map[string]any, into *authv3.DeniedHttpResponse) error {
	if b, ok := d["body"]; ok {
		text, isText := b.(string)
		if !isText {
			return fmt.Errorf("body is not a string")
		}
		into.Body = text
	}
	if s, ok := d["http_status"]; ok {
		n, isNumber := s.(json.Number)
		code, err := strconv.Atoi(string(n))
		if _, known := typev3.StatusCode_name[int32(code)]; !isNumber || err != nil || !known || code == 0 {
			return fmt.Errorf("http_status is not a known status")
		}
		into.Status.Code = typev3.StatusCode(code)
	}
	return nil
}

// headerList reads headers: an object, or a list of objects. The first of a name replaces what there was, so that what a
// policy says never stands beside what a client sent; a name's further values are added.
func headerList(v any) ([]*corev3.HeaderValueOption, error) {
	list, err := pairs(v)
	var out []*corev3.HeaderValueOption
	seen := map[string]bool{}
	for _, p := range list {
		name := strings.ToLower(p[0])
		out = append(out, header(name, p[1], seen[name]))
		seen[name] = true
	}
	return out, err
}

// pairs reads names with values: an object or a list of objects, whose values are strings or lists of strings.
func pairs(v any) ([][2]string, error) {
	var objects []map[string]any
	switch v := v.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		objects = append(objects, v)
	case []any:
		for _, e := range v {
			o, ok := e.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("not a list of objects")
			}
			objects = append(objects, o)
		}
	default:
		return nil, fmt.Errorf("neither an object nor a list of objects")
	}
	var out [][2]string
	for _, o := range objects {
		names := make([]string, 0, len(o))
		for name := range o {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			list, ok := o[name].([]any)
			if !ok {
				list = []any{o[name]}
			}
			for _, e := range list {
				s, isText := e.(string)
				if !isText {
					return nil, fmt.Errorf("%q is not a string", name)
				}
				out = append(out, [2]string{name, s})
			}
		}
	}
	return out, nil
}

func wordList(v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("not a list")
	}
	var out []string
	for _, e := range list {
		s, isText := e.(string)
		if !isText {
			return nil, fmt.Errorf("not a list of strings")
		}
		out = append(out, s)
	}
	return out, nil
}

// plain turns numbers into what a protobuf Struct takes.
func plain(m map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = plainValue(v)
	}
	return out
}

func plainValue(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		return f
	case map[string]any:
		return plain(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainValue(e)
		}
		return out
	default:
		return v
	}
}
