package envoy

import (
	"time"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	grpclogv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/grpc/v3"
	metadatav3 "github.com/envoyproxy/go-control-plane/envoy/type/metadata/v3"
	tracingv3 "github.com/envoyproxy/go-control-plane/envoy/type/tracing/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// flushAttempts is how long an entry may wait for others. Each is sent as it comes, so that it is there before the next attempt
// is answered; this only bounds what a full buffer keeps.
const flushAttempts = 50 * time.Millisecond

// firstFailure is the least status that tells of a failure.
const firstFailure = 400

// attemptLog has the router tell Weir of each attempt that failed: why, and how long it took. What the router knows of an
// attempt is its own: neither bodies nor dynamic metadata, where credentials are. Which attempt it was stands in the
// endpoint's metadata, since headers of Weir's own are gone by then.
func (w *writer) attemptLog() []*accesslogv3.AccessLog {
	if w.o.Mesh {
		return nil
	}
	return []*accesslogv3.AccessLog{{
		Name: "envoy.access_loggers.http_grpc",
		Filter: &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_OrFilter{OrFilter: &accesslogv3.OrFilter{Filters: []*accesslogv3.AccessLogFilter{
			{FilterSpecifier: &accesslogv3.AccessLogFilter_ResponseFlagFilter{ResponseFlagFilter: &accesslogv3.ResponseFlagFilter{}}},
			{FilterSpecifier: &accesslogv3.AccessLogFilter_StatusCodeFilter{StatusCodeFilter: &accesslogv3.StatusCodeFilter{Comparison: &accesslogv3.ComparisonFilter{
				Op: accesslogv3.ComparisonFilter_GE, Value: &corev3.RuntimeUInt32{DefaultValue: firstFailure, RuntimeKey: "weir.attempts.status"},
			}}}},
		}}}},
		ConfigType: &accesslogv3.AccessLog_TypedConfig{TypedConfig: w.pack(&grpclogv3.HttpGrpcAccessLogConfig{CommonConfig: &grpclogv3.CommonGrpcAccessLogConfig{
			LogName: AttemptLog, TransportApiVersion: corev3.ApiVersion_V3,
			GrpcService: &corev3.GrpcService{TargetSpecifier: &corev3.GrpcService_EnvoyGrpc_{
				EnvoyGrpc: &corev3.GrpcService_EnvoyGrpc{ClusterName: ExtProcCluster},
			}},
			BufferSizeBytes: wrapperspb.UInt32(0), BufferFlushInterval: durationpb.New(flushAttempts),
			CustomTags: []*tracingv3.CustomTag{{Tag: AttemptTag, Type: &tracingv3.CustomTag_Metadata_{Metadata: &tracingv3.CustomTag_Metadata{
				Kind: &metadatav3.MetadataKind{Kind: &metadatav3.MetadataKind_Host_{Host: &metadatav3.MetadataKind_Host{}}},
				MetadataKey: &metadatav3.MetadataKey{Key: MetadataNamespace, Path: []*metadatav3.MetadataKey_PathSegment{
					{Segment: &metadatav3.MetadataKey_PathSegment_Key{Key: attemptKey}},
				}},
			}}}},
		}})},
	}}
}
