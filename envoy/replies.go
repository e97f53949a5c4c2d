package envoy

import (
	"fmt"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	celv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/filters/cel/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// What the mappers tell replies apart by. Details of Weir's own answers and of an authorization service's denial are
// left alone; those of a filter that failed are the ones Envoy 1.36 to 1.40 give.
const (
	finished  = "response.code_details.startsWith('" + DetailsPrefix + "') || response.code_details == 'ext_authz_denied'"
	weirFails = "response.code_details.startsWith('ext_proc_error') || response.code_details.startsWith('header_mutation_') || " +
		"response.code_details.startsWith('Invalid_character_in_set_headers_mutation') || " +
		"response.code_details in ['spurious_message', 'unhandled_message']"
)

// retryAfterKey is where Weir leaves the seconds for Retry-After.
const retryAfterKey = "retry_after"

// fixed is what Envoy says when Weir was never asked.
type fixed struct {
	status  uint32
	kind    string
	code    string
	message string
}

// fixedReplies are Envoy's own statuses in words that tell nothing about the inside.
func fixedReplies() []fixed {
	const client, server = "invalid_request_error", "api_error"
	return []fixed{
		{400, client, "bad_request", "The request is not valid HTTP."},
		{403, client, "forbidden", "The request is not allowed."},
		{404, client, "not_found", "There is nothing at this path."},
		{408, client, "request_timeout", "The request took too long to arrive."},
		{413, client, "request_too_large", "The request body is too large."},
		{426, client, "upgrade_required", "HTTP/1.1 or newer is required."},
		{431, client, "headers_too_large", "The request headers are too large."},
		{500, server, "internal_error", "The request could not be served."},
		{502, server, "bad_gateway", "The model provider sent an invalid answer."},
		{503, server, "service_unavailable", "Service temporarily unavailable"},
		{504, server, "gateway_timeout", "The model provider did not answer in time."},
	}
}

// replies phrases every answer that Envoy makes itself. The first mapper that matches is used:
//
//  1. answers that are finished stay as they are;
//  2. Weir failed: 500 in the words Weir left for it, else 503 in fixed ones;
//  3. Envoy failed, and Weir left words for that status: those;
//  4. everything else: fixed words for its status.
func (w *writer) replies() *hcmv3.LocalReplyConfig {
	unavailable := fixed{503, "api_error", "service_unavailable", "Service temporarily unavailable"}
	list := []*hcmv3.ResponseMapper{
		{Filter: w.cel(finished)},
		w.prepared(500, w.cel(weirFails)),
		w.constant(unavailable, w.cel(weirFails)),
	}
	for _, status := range [...]uint32{413, 500, 502, 503, 504} {
		list = append(list, w.prepared(status, statusIs(status)))
	}
	for _, f := range fixedReplies() {
		list = append(list, w.constant(f, statusIs(f.status)))
	}
	return &hcmv3.LocalReplyConfig{Mappers: list}
}

// prepared prints the body Weir left for a status, where it left one.
func (w *writer) prepared(status uint32, when *accesslogv3.AccessLogFilter) *hcmv3.ResponseMapper {
	key := fmt.Sprintf("f%d", status)
	m := &hcmv3.ResponseMapper{
		Filter:     both(when, left(key)),
		StatusCode: wrapperspb.UInt32(status),
		BodyFormatOverride: &corev3.SubstitutionFormatString{
			ContentType: "application/json",
			Format: &corev3.SubstitutionFormatString_TextFormatSource{TextFormatSource: &corev3.DataSource{
				Specifier: &corev3.DataSource_InlineString{InlineString: "%DYNAMIC_METADATA(" + MetadataNamespace + ":" + key + ")%"},
			}},
		},
		HeadersToAdd: trace(),
	}
	if status == 503 {
		m.HeadersToAdd = append(m.HeadersToAdd, header("retry-after", "%DYNAMIC_METADATA("+MetadataNamespace+":"+retryAfterKey+")%"))
	}
	return m
}

// constant prints a fixed error, with the members that the SDKs of both large vendors read.
func (w *writer) constant(f fixed, when *accesslogv3.AccessLogFilter) *hcmv3.ResponseMapper {
	m := &hcmv3.ResponseMapper{
		Filter:     when,
		StatusCode: wrapperspb.UInt32(f.status),
		BodyFormatOverride: &corev3.SubstitutionFormatString{
			Format: &corev3.SubstitutionFormatString_JsonFormat{JsonFormat: &structpb.Struct{Fields: map[string]*structpb.Value{
				"type": structpb.NewStringValue("error"),
				"error": structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
					"message": structpb.NewStringValue(f.message),
					"type":    structpb.NewStringValue(f.kind),
					"code":    structpb.NewStringValue(f.code),
					"param":   structpb.NewNullValue(),
				}}),
			}}},
		},
		HeadersToAdd: trace(),
	}
	if f.status == 503 {
		m.HeadersToAdd = append(m.HeadersToAdd, header("retry-after", "1"))
	}
	return m
}

// trace names the exchange in the answer, under the names that the SDKs of both large vendors read: by Weir's trace id
// where the request reached Weir, else by the id the client sent or Envoy made.
func trace() []*corev3.HeaderValueOption {
	const id = "%REQ(X-REQUEST-ID):128%"
	return []*corev3.HeaderValueOption{header("x-request-id", id), header("request-id", id)}
}

func header(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, Value: value},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

func (w *writer) cel(expression string) *accesslogv3.AccessLogFilter {
	return &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_ExtensionFilter{
		ExtensionFilter: &accesslogv3.ExtensionFilter{
			Name: "envoy.access_loggers.extension_filters.cel",
			ConfigType: &accesslogv3.ExtensionFilter_TypedConfig{
				TypedConfig: w.pack(&celv3.ExpressionFilter{Expression: expression}),
			},
		},
	}}
}

// left matches where Weir left something under a key.
func left(key string) *accesslogv3.AccessLogFilter {
	return &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_MetadataFilter{
		MetadataFilter: &accesslogv3.MetadataFilter{
			Matcher: &matcherv3.MetadataMatcher{
				Filter: MetadataNamespace,
				Path: []*matcherv3.MetadataMatcher_PathSegment{{
					Segment: &matcherv3.MetadataMatcher_PathSegment_Key{Key: key},
				}},
				Value: &matcherv3.ValueMatcher{MatchPattern: &matcherv3.ValueMatcher_PresentMatch{PresentMatch: true}},
			},
			MatchIfKeyNotFound: wrapperspb.Bool(false),
		},
	}}
}

func statusIs(status uint32) *accesslogv3.AccessLogFilter {
	return &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_StatusCodeFilter{
		StatusCodeFilter: &accesslogv3.StatusCodeFilter{Comparison: &accesslogv3.ComparisonFilter{
			Op:    accesslogv3.ComparisonFilter_EQ,
			Value: &corev3.RuntimeUInt32{DefaultValue: status, RuntimeKey: fmt.Sprintf("weir.reply.%d", status)},
		}},
	}}
}

func both(a, b *accesslogv3.AccessLogFilter) *accesslogv3.AccessLogFilter {
	return &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_AndFilter{
		AndFilter: &accesslogv3.AndFilter{Filters: []*accesslogv3.AccessLogFilter{a, b}},
	}}
}
