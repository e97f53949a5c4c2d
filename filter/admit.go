package filter

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter/canary"
	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy/tenant"
)

// metadataNamespace is where the bodies for Envoy's own failures are left; it must be what package envoy's
// local_reply_config reads.
const metadataNamespace = "weir"

// requestHeaders finds who is calling for what, and refuses what needs no body. The checks run in the documented
// order: path, key, tenant status, actor, body size and form.
func (x *exchange) requestHeaders(m *extprocv3.HttpHeaders, in *extprocv3.ProcessingRequest) error {
	if x.phase != opened {
		return x.unexpected("request headers")
	}
	h := headersOf(m)
	x.read(h, in)
	x.greet(in)
	x.match = x.snap.Surfaces.Find(x.in.method, x.in.path)
	x.record.Path = x.match.Path
	if asked := h.get(canary.Header); asked != "" && x.server.parts.Canary.Valid(asked, x.began) {
		return x.answerCanary(asked, in)
	}
	presented, identity := x.identify(h)
	x.dialect = x.dialectFor(presented)
	if f, bad := x.misdirected(h); bad {
		return x.refuse(f)
	}
	if x.match.Kind == surface.Health {
		return x.answerHealth()
	}
	if f, bad := x.unfit(in); bad {
		return x.refuse(f)
	}
	if f, bad := identityFault(identity); bad {
		return x.refuse(f)
	}
	x.identified = true
	if f, bad := x.tenantFault(); bad {
		return x.refuse(f)
	}
	if f, bad := x.actorFault(h, in); bad {
		return x.refuse(f)
	}
	if x.requestOnly && x.match.Kind == surface.Governed && x.hasHardBudget() {
		return x.refuse(fault.Fault{Code: fault.PolicyDenied, Message: "A tenant with a hard budget cannot be served here: nothing could be settled."})
	}
	if x.match.Kind == surface.Models {
		return x.answerModels()
	}
	if f, bad := x.unreadable(h, m.GetEndOfStream()); bad {
		return x.refuse(f)
	}
	if f, bad := x.dialect.Demand(fault.Asked{Header: h.get}); bad {
		return x.refuse(f)
	}
	if x.server.live.Load() > x.limits.ConcurrentTotal {
		return x.refuse(fault.Fault{Code: fault.Overloaded, RetryAfter: time.Second})
	}
	x.phase = admitted
	return x.forwardHeaders(h)
}

// read takes what the exchange needs from the request's headers and attributes.
func (x *exchange) read(h headers, in *extprocv3.ProcessingRequest) {
	x.trace = traceOf(h)
	x.record.Traceparent = parentOf(x.out.Context(), h)
	if x.trace == "" {
		x.trace = x.server.parts.NewID()
	}
	x.in = inbound{
		method: h.get(":method"), path: h.get(":path"), host: hostOf(h.get(":authority")),
		client:    addressOf(attribute(in, sourceAttribute)),
		principal: attribute(in, "connection.uri_san_peer_certificate"),
	}
	x.choose(h, in)
	x.record.Trace, x.record.Exchange, x.record.Time = x.trace, x.id, x.began
	x.record.Method, x.record.Client = x.in.method, x.in.client
}

// attribute reads one of the attributes Envoy was asked to send.
func attribute(in *extprocv3.ProcessingRequest, name string) string {
	for _, s := range in.GetAttributes() {
		if v, ok := s.GetFields()[name]; ok {
			if n, isNumber := v.GetKind().(*structpb.Value_NumberValue); isNumber {
				return strconv.FormatFloat(n.NumberValue, 'f', -1, 64)
			}
			return v.GetStringValue()
		}
	}
	return ""
}

// addressOf strips the port of host:port.
func addressOf(s string) string {
	if i := strings.LastIndexByte(s, ':'); i > 0 {
		return strings.Trim(s[:i], "[]")
	}
	return s
}

// dialectFor chooses the tenant's dialect, else the one of the host or path, else that of the credential's form,
// else the default.
func (x *exchange) dialectFor(presented string) fault.Dialect {
	if x.tenant != nil {
		if d, ok := x.snap.Dialects.ByName(x.tenant.Dialect); ok {
			return d
		}
	}
	return x.fallbackDialect(presented)
}

func (x *exchange) fallbackDialect(presented string) fault.Dialect {
	if h, ok := x.hostRule(); ok {
		if d, ok := x.snap.Dialects.ByName(h.Dialect); ok {
			return d
		}
	}
	if presented != "" {
		if d, ok := x.snap.Dialects.ForCredential(presented); ok {
			return d
		}
	}
	d, _ := x.snap.Dialects.ByName(x.snap.Dialect)
	return d
}

// misdirected refuses paths and methods that are not served, and requests to switch protocols, which Envoy would
// leave hanging.
func (x *exchange) misdirected(h headers) (fault.Fault, bool) {
	if h.get("upgrade") != "" || strings.EqualFold(h.get("connection"), "upgrade") || x.in.method == "CONNECT" {
		return fault.Fault{Code: fault.UpgradeRefused}, true
	}
	switch x.match.Kind {
	case surface.Governed, surface.Models, surface.Health:
		return fault.Fault{}, false
	case surface.WrongMethod:
		return fault.Fault{Code: fault.MethodNotAllowed, Allow: x.match.Allow}, true
	case surface.Invalid:
		return fault.Fault{Code: fault.PathInvalid}, true
	case surface.Unsupported:
		return fault.Fault{Code: fault.SurfaceUnsupported}, true
	default:
		return fault.Fault{Code: fault.PathUnknown}, true
	}
}

// identityFault maps what is wrong with a key to its fault.
func identityFault(err error) (fault.Fault, bool) {
	switch {
	case err == nil:
		return fault.Fault{}, false
	case errors.Is(err, tenant.ErrMissing):
		return fault.Fault{Code: fault.KeyMissing}, true
	case errors.Is(err, tenant.ErrConflict):
		return fault.Fault{Code: fault.KeysConflict}, true
	case errors.Is(err, tenant.ErrMalformed):
		return fault.Fault{Code: fault.KeyMalformed}, true
	case errors.Is(err, tenant.ErrRevoked):
		return fault.Fault{Code: fault.KeyRevoked}, true
	case errors.Is(err, tenant.ErrExpired):
		return fault.Fault{Code: fault.KeyExpired}, true
	case errors.Is(err, tenant.ErrUnsure):
		return fault.Fault{Code: fault.StoreUnavailable, RetryAfter: time.Second}, true
	case errors.Is(err, tenant.ErrUnknown):
		return fault.Fault{Code: fault.KeyUnknown}, true
	default:
		return fault.Fault{Code: fault.Internal}, true
	}
}

// tenantFault refuses every exchange of a tenant that is not active.
func (x *exchange) tenantFault() (fault.Fault, bool) {
	codes := map[tenant.Status]fault.Code{
		tenant.Suspended:            fault.TenantSuspended,
		tenant.Inactive:             fault.TenantInactive,
		tenant.OnboardingIncomplete: fault.TenantOnboarding,
		tenant.PaymentFailed:        fault.TenantPaymentFailed,
		tenant.SubscriptionCanceled: fault.TenantSubscriptionCanceled,
	}
	if x.tenant.Status == tenant.Active {
		return fault.Fault{}, false
	}
	code, known := codes[x.tenant.Status]
	if !known {
		code = fault.TenantInactive
	}
	return fault.Fault{Code: code, Reason: x.tenant.SuspendedReason}, true
}

// unreadable refuses a body that is too large by its own word, or in a form that cannot be inspected.
func (x *exchange) unreadable(h headers, empty bool) (fault.Fault, bool) {
	if n, err := strconv.ParseInt(h.get("content-length"), 10, 64); err == nil && n > x.limits.BodyBytes {
		return fault.Fault{Code: fault.BodyTooLarge, Limit: x.limits.BodyBytes, Unit: "bytes"}, true
	}
	if x.in.coding = strings.TrimSpace(strings.Join(h.all("content-encoding"), ",")); !readable(x.in.coding) {
		return fault.Fault{Code: fault.EncodingUnsupported, Field: "content-encoding"}, true
	}
	if mt := mediaType(h.get("content-type")); mt != "application/json" && !strings.HasSuffix(mt, "+json") {
		return fault.Fault{Code: fault.MediaTypeUnsupported, Field: "content-type", Detail: "must be application/json"}, true
	}
	if empty {
		return fault.Fault{Code: fault.JSONInvalid, Detail: "the body is empty"}, true
	}
	return fault.Fault{}, false
}

// forwardHeaders lets the request's headers stand by until the body is decided on. The caller's keys are taken out,
// and the bodies for failures that Weir may not be able to answer any more are left with Envoy.
func (x *exchange) forwardHeaders(h headers) error {
	var m mutation
	m.set("x-request-id", x.trace)
	m.remove("accept-encoding", "content-encoding", "content-length", "expect")
	if h.get(canary.Header) != "" {
		m.remove(canary.Header)
	}
	m.remove(x.private(h)...)
	return x.send(&extprocv3.ProcessingResponse{
		Response: &extprocv3.ProcessingResponse_RequestHeaders{RequestHeaders: &extprocv3.HeadersResponse{
			Response: &extprocv3.CommonResponse{HeaderMutation: m.proto()},
		}},
		DynamicMetadata: x.prepared(),
	})
}

// prepared renders the dialect's bodies for failures that only Envoy can answer.
func (x *exchange) prepared() *structpb.Struct {
	fields := map[string]*structpb.Value{}
	for k, v := range fault.Prepared(x.dialect, x.shape(), x.trace) {
		fields[k] = structpb.NewStringValue(v)
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		metadataNamespace: structpb.NewStructValue(&structpb.Struct{Fields: fields}),
		chainNamespace:    x.mark(),
	}}
}

// answerHealth is DVARA's probe: it needs no key and tells no more than up or down.
func (x *exchange) answerHealth() error {
	status, body := 200, struct {
		Status string `json:"status"`
		Reason string `json:"reason,omitempty"`
	}{Status: "UP"}
	if check := x.server.parts.Health; check != nil {
		ctx, cancel := x.within(x.limits.Store)
		defer cancel()
		if err := check(ctx); err != nil {
			status, body.Status, body.Reason = 503, "DOWN", "store unavailable"
		}
	}
	return x.local(status, body)
}

// answerModels lists the models the key may use.
func (x *exchange) answerModels() error {
	var list []surface.ModelEntry
	for _, m := range x.snap.Catalogue.Models(x.began) {
		name := m.Name
		if _, other := x.dialect.Demand(fault.Asked{Model: name}); other {
			name = m.Provider + "/" + m.Name // the form in which this dialect's clients must ask for it
		}
		if x.permits(name) && !x.denies(x.snap.Catalogue.Canonical(m.Name)) {
			list = append(list, surface.ModelEntry{ID: name, OwnedBy: m.Provider})
		}
	}
	if x.match.ModelID == "" {
		return x.localBody(200, surface.ModelList(list))
	}
	id := x.match.ModelID
	_, other := x.dialect.Demand(fault.Asked{Model: id})
	if m, ok := x.snap.Catalogue.Find(id, x.began); ok && !other && x.permits(id) && !x.denies(m.Name) {
		return x.localBody(200, surface.ModelOne(surface.ModelEntry{ID: id, OwnedBy: m.Provider}))
	}
	return x.refuse(fault.Fault{Code: fault.ModelUnknown, Model: x.match.ModelID})
}

// permits says whether tenant and key may both use a model.
func (x *exchange) permits(name string) bool {
	return x.tenant.Models.Allows(name) && x.key.Models.Allows(name)
}

// denies says whether tenant or key may not be served by a model, whatever it is asked for as.
func (x *exchange) denies(name string) bool {
	return x.tenant.Models.Denies(name) || x.key.Models.Denies(name)
}

func (x *exchange) local(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return x.refuse(fault.Fault{Code: fault.Internal})
	}
	return x.localBody(status, b)
}

func (x *exchange) localBody(status int, b []byte) error {
	return x.immediate(fault.Answer{
		Status: status, Body: b,
		Headers: []fault.Header{{Name: "content-type", Value: "application/json"}},
	}, "complete")
}
