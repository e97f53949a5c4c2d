package filter

import (
	"context"
	"strings"

	"google.golang.org/grpc/metadata"
)

// traceparent is the name of W3C Trace Context's header, and of the metadata of a gRPC call.
const traceparent = "traceparent"

// parentOf is the trace context that the exchange's span hangs below: that of Envoy's span for its call to Weir where Envoy
// traces, else the client's own. Envoy's comes in the call's metadata, since a request's headers still are the client's when
// Weir sees them. It is empty where there is none that is well formed.
func parentOf(ctx context.Context, h headers) string {
	for _, v := range metadata.ValueFromIncomingContext(ctx, traceparent) {
		if wellFormedParent(v) {
			return v
		}
	}
	if v := h.get(traceparent); wellFormedParent(v) {
		return v
	}
	return ""
}

// wellFormedParent says whether v is version-traceid-parentid-flags (W3C Trace Context, section 3.2) and nothing more: what a
// later version may add is not kept.
func wellFormedParent(v string) bool {
	parts := strings.Split(v, "-")
	if len(parts) != 4 || traceparentID(v) == "" || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return false
	}
	zero := true
	for _, c := range []byte(parts[0] + parts[2] + parts[3]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	for _, c := range []byte(parts[2]) {
		zero = zero && c == '0'
	}
	return !zero
}
