package filter

import (
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/filter/fault"
)

// headers are the headers of one direction as Envoy sent them: lower-case names, values in order.
type headers struct{ list []*corev3.HeaderValue }

func headersOf(h *extprocv3.HttpHeaders) headers { return headers{h.GetHeaders().GetHeaders()} }

// get returns the first value of a header, or "".
func (h headers) get(name string) string {
	for _, v := range h.list {
		if v.GetKey() == name {
			return value(v)
		}
	}
	return ""
}

// all returns every value of a header; the name may be in any case.
func (h headers) all(name string) []string {
	var out []string
	for _, v := range h.list {
		if strings.EqualFold(v.GetKey(), name) {
			out = append(out, value(v))
		}
	}
	return out
}

// Envoy fills raw_value; value is for peers that play Envoy by hand.
func value(v *corev3.HeaderValue) string {
	if len(v.GetRawValue()) > 0 {
		return string(v.GetRawValue())
	}
	return v.GetValue()
}

// mutation builds a header mutation. Values go in raw_value: in value Envoy would set an empty header.
type mutation struct{ m extprocv3.HeaderMutation }

func (m *mutation) set(name, val string) {
	m.m.SetHeaders = append(m.m.SetHeaders, &corev3.HeaderValueOption{
		Header: &corev3.HeaderValue{Key: strings.ToLower(name), RawValue: []byte(val)},
	})
}

func (m *mutation) setAll(hs []fault.Header) {
	for _, h := range hs {
		m.set(h.Name, h.Value)
	}
}

func (m *mutation) remove(names ...string) {
	m.m.RemoveHeaders = append(m.m.RemoveHeaders, names...)
}

func (m *mutation) proto() *extprocv3.HeaderMutation {
	if len(m.m.SetHeaders) == 0 && len(m.m.RemoveHeaders) == 0 {
		return nil
	}
	return &m.m
}

// traceBytes bounds a caller's own trace id.
const traceBytes = 128

// traceOf takes the caller's trace id where it is well formed: W3C traceparent's first, then x-trace-id, then
// x-request-id. It returns "" where there is none.
func traceOf(h headers) string {
	if id := traceparentID(h.get(traceparent)); id != "" {
		return id
	}
	for _, name := range [...]string{"x-trace-id", "x-request-id"} {
		if id := h.get(name); wellFormedTrace(id) {
			return id
		}
	}
	return ""
}

// traceparentID reads the trace-id field of a traceparent header (W3C Trace Context, section 3.2).
func traceparentID(v string) string {
	parts := strings.Split(v, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || parts[0] == "ff" {
		return ""
	}
	id, zero := parts[1], true
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
		zero = zero && c == '0'
	}
	if zero {
		return ""
	}
	return id
}

// wellFormedTrace says whether id matches [A-Za-z0-9._:-]{1,128}.
func wellFormedTrace(id string) bool {
	if id == "" || len(id) > traceBytes {
		return false
	}
	for i := range len(id) {
		c := id[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._:-", c) >= 0
		if !ok {
			return false
		}
	}
	return true
}

// mediaType returns the type/subtype of a content-type value, lower case, without parameters.
func mediaType(v string) string {
	if i := strings.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	return strings.ToLower(strings.TrimSpace(v))
}

// inUTF8 says whether a content-type names no charset that reads the bytes otherwise than Weir does. An event stream is
// UTF-8 whatever is said (HTML, 9.2.5), and so is JSON (RFC 8259, 8.1), but not every client follows that.
func inUTF8(contentType string) bool {
	for _, p := range strings.Split(contentType, ";")[1:] {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "charset") {
			continue
		}
		switch strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`)) {
		case "utf-8", "utf8", "us-ascii":
		default:
			return false
		}
	}
	return true
}

// hostOf strips the port of an authority.
func hostOf(authority string) string {
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		authority = authority[:i]
	}
	return strings.ToLower(authority)
}
