package filter

import (
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/grpc/metadata"
)

// Envoy's trace context is taken before the client's, and none that is not well formed.
func TestWhatASpanHangsBelow(t *testing.T) {
	const envoys, clients = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	for _, c := range []struct{ metadata, header, want string }{
		{envoys, clients, envoys}, {"", clients, clients}, {"", "", ""}, {"nonsense", clients, clients},
		{"", clients + "-more", ""}, {"", "00-00000000000000000000000000000000-b7ad6b7169203331-01", ""},
		{"", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", ""}, {"", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""},
		{"", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", ""}, {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0<", ""},
	} {
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs(traceparent, c.metadata))
		h := headers{[]*corev3.HeaderValue{{Key: traceparent, RawValue: []byte(c.header)}}}
		if got := parentOf(ctx, h); got != c.want {
			t.Errorf("%q and %q: %q, want %q", c.metadata, c.header, got, c.want)
		}
	}
}

// A label has so many names and no more, whatever clients ask for.
func TestNamesOfALabelAreBounded(t *testing.T) {
	n := &names{most: 2, seen: map[string]bool{}}
	for _, c := range []struct {
		name, want string
		known      bool
	}{{"a", "a", true}, {"b", "b", true}, {"c", otherModel, false}, {"a", "a", true}} {
		if got, known := n.of(c.name); got != c.want || known != c.known {
			t.Errorf("%s: %s, %t", c.name, got, known)
		}
	}
}
