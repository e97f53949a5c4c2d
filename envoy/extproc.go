package envoy

import (
	"time"

	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/config/common/mutation_rules/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	previousv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/retry/host/previous_hosts/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// weir is the filter. In the chain it is disabled; the virtual host enables it.
func (w *writer) weir() *hcmv3.HttpFilter {
	return &hcmv3.HttpFilter{
		Name: FilterName, Disabled: true,
		ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: w.pack(w.processor())},
	}
}

// requestAttributes tell Weir whom it speaks with. The minor is asked for by its own path: the whole node would push
// the first message over 64 KiB, above which Envoy gives up retries to another Weir.
func requestAttributes() []string {
	return []string{
		"xds.node.user_agent_build_version.version.minor_number",
		"request.id", "source.address", "connection.uri_san_peer_certificate",
	}
}

// responseAttributes tell an upstream's answer from one of Envoy's own, and which upstream it was.
func responseAttributes() []string {
	return []string{
		"response.code", "response.code_details", "response.flags",
		"upstream.address", "upstream.request_attempt_count", "xds.cluster_name",
	}
}

// largeWait is the longest that Weir asks to be waited for over a message: a body of many megabytes on a busy machine.
const largeWait = time.Minute

// processor is Weir's side of the filter: request body whole, answer as a stream that Weir may end early, and nothing
// passes when Weir does not answer.
func (w *writer) processor() *extprocv3.ExternalProcessor {
	return &extprocv3.ExternalProcessor{
		GrpcService:      w.service(),
		FailureModeAllow: false,
		ProcessingMode: &extprocv3.ProcessingMode{
			RequestHeaderMode:   extprocv3.ProcessingMode_SEND,
			RequestBodyMode:     extprocv3.ProcessingMode_BUFFERED,
			RequestTrailerMode:  extprocv3.ProcessingMode_SKIP,
			ResponseHeaderMode:  extprocv3.ProcessingMode_SEND,
			ResponseBodyMode:    extprocv3.ProcessingMode_FULL_DUPLEX_STREAMED,
			ResponseTrailerMode: extprocv3.ProcessingMode_SEND,
		},
		MessageTimeout:     durationpb.New(w.o.Timeouts.Message),
		MaxMessageTimeout:  durationpb.New(max(w.o.Timeouts.Message, largeWait)),
		RequestAttributes:  requestAttributes(),
		ResponseAttributes: responseAttributes(),
		MetadataOptions: &extprocv3.MetadataOptions{
			ReceivingNamespaces:  &extprocv3.MetadataOptions_MetadataNamespaces{Untyped: w.received()},
			ForwardingNamespaces: w.forwarded(),
		},
		// A mutation that is not allowed is an error and ends the request; dropped in silence it would let a
		// request through other than it was decided.
		MutationRules:            &mutationv3.HeaderMutationRules{DisallowIsError: wrapperspb.Bool(true)},
		AllowContentLengthHeader: w.from(38),
	}
}

// received are the namespaces of metadata that Weir may leave something in.
func (w *writer) received() []string {
	if w.o.Mesh {
		return []string{MetadataNamespace, HintNamespace, ChainNamespace}
	}
	return []string{MetadataNamespace, RouteNamespace, ChainNamespace}
}

// governs switches the filter on for what it stands at.
func (w *writer) governs() *anypb.Any {
	return w.pack(&routev3.FilterConfig{
		Config: w.pack(&extprocv3.ExtProcPerRoute{Override: &extprocv3.ExtProcPerRoute_Overrides{Overrides: &extprocv3.ExtProcOverrides{}}}),
	})
}

// service reaches Weir. A retry is only for a Weir that cannot have seen the request, and goes to another one where
// there is one.
func (w *writer) service() *corev3.GrpcService {
	return &corev3.GrpcService{
		TargetSpecifier: &corev3.GrpcService_EnvoyGrpc_{EnvoyGrpc: &corev3.GrpcService_EnvoyGrpc{ClusterName: ExtProcCluster}},
		RetryPolicy: &corev3.RetryPolicy{
			RetryOn: "connect-failure,refused-stream", NumRetries: wrapperspb.UInt32(2), HostSelectionRetryMaxAttempts: 5,
			RetryBackOff: &corev3.BackoffStrategy{BaseInterval: durationpb.New(20 * time.Millisecond), MaxInterval: durationpb.New(200 * time.Millisecond)},
			RetryHostPredicate: []*corev3.RetryPolicy_RetryHostPredicate{{
				Name:       "envoy.retry_host_predicates.previous_hosts",
				ConfigType: &corev3.RetryPolicy_RetryHostPredicate_TypedConfig{TypedConfig: w.pack(&previousv3.PreviousHostsPredicate{})},
			}},
		},
	}
}
