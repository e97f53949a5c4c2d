package filter

import (
	"fmt"
	"slices"
	"strconv"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy/provider"
)

// What Weir and Envoy say to each other about providers; it must be what package envoy's routes and upstream filters read
// and write.
const (
	routeHeader       = "x-weir-route"    // names the order of providers
	attemptHeader     = "x-weir-attempt"  // which attempt of it answers
	routeNamespace    = "weir.route"      // what each attempt is sent as
	attemptsNamespace = "weir.attempts"   // what became of each
	providerHeader    = "x-weir-provider" // tells the client who answers
)

// dearest is the most that tokens cost at any provider of the order.
func (x *exchange) dearest(input, output int64) (most int64) {
	for _, c := range x.order {
		most = max(most, provider.Most(c.Price, input, output))
	}
	return most
}

// forward sends the request on its way: to the chosen order of providers, with the body that was decided on. The body
// names the model of the first; where others call it something else, Envoy puts their names in its place.
func (x *exchange) forward(body, edited []byte) error {
	attempts, f, bad, err := x.attempts(edited)
	if bad {
		return x.refuse(f)
	}
	if err != nil {
		x.server.parts.Log.Error("preparing the attempts", "trace", x.trace, "error", err)
		return x.refuse(fault.Fault{Code: fault.Internal})
	}
	var m mutation
	m.remove(x.strangers()...)
	metadata, anew := x.way(&m, attempts)
	m.set("content-length", strconv.Itoa(len(edited)))
	r := &extprocv3.CommonResponse{HeaderMutation: m.proto(), ClearRouteCache: anew}
	if !same(body, edited) {
		r.BodyMutation = &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_Body{Body: edited}}
	}
	x.phase = forwarded
	x.serves()
	x.answer.forwarded = x.server.parts.Clock()
	x.record.RequestMicros = x.since(x.began)
	x.startWaiting()
	x.server.attempts.listen(x)
	return x.send(&extprocv3.ProcessingResponse{
		Response:        &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{Response: r}},
		DynamicMetadata: metadata,
	})
}

// way says where the request goes, or leaves that to the mesh. It says whether a route must be chosen anew.
func (x *exchange) way(m *mutation, attempts *structpb.Struct) (metadata *structpb.Struct, anew bool) {
	if x.snap.Mesh != nil {
		return x.hint(m)
	}
	m.set(routeHeader, provider.Order(x.order))
	if path := x.target(x.candidate); path != x.in.path {
		m.set(":path", path)
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{routeNamespace: structpb.NewStructValue(attempts)}}, true
}

// target is the path of the request at a candidate's provider.
func (x *exchange) target(c provider.Candidate) string { return c.Target(x.match.For(c.Model)) }

// attempts says for each provider of the order what it is to be sent: path, place of the credential, the tenant's own
// where it has one, length of the body, and where another name of the model goes.
func (x *exchange) attempts(edited []byte) (*structpb.Struct, fault.Fault, bool, error) {
	at, err := x.nameAt(edited)
	if err != nil {
		return nil, fault.Fault{}, false, err
	}
	out := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for i, c := range x.order {
		secret, f, bad := x.ownSecret(c.Provider)
		if bad {
			return nil, f, true, nil
		}
		header, scheme := provider.Place(c.Kind, x.match.Surface.Name(), c.Token && secret == "")
		e := map[string]*structpb.Value{
			"path": structpb.NewStringValue(x.target(c)), "header": structpb.NewStringValue(header), "scheme": structpb.NewStringValue(scheme),
		}
		if secret != "" {
			x.lent = true
			e["credential"] = structpb.NewStringValue(secret)
		} else if p, _ := x.snap.Catalogue.Provider(c.Provider); p.Credential != (provider.Credential{}) {
			e["due"] = structpb.NewBoolValue(true) // without one of Envoy's the attempt must not go out
		}
		length := len(edited)
		if at != (surface.Span{}) && c.Model != x.order[0].Model {
			name := string(surface.Encode(c.Model))
			length += len(name) - (at.End - at.Start)
			e["model"] = structpb.NewStringValue(name)
			e["off"], e["replaced"] = structpb.NewNumberValue(float64(at.Start)), structpb.NewNumberValue(float64(at.End-at.Start))
		}
		e["length"] = structpb.NewNumberValue(float64(length))
		out.Fields[strconv.Itoa(i)] = structpb.NewStructValue(&structpb.Struct{Fields: e})
	}
	return out, fault.Fault{}, false, nil
}

// withdrawn takes back the tenant's own credentials that were left for attempts which are not made any more: Envoy keeps metadata
// until the request is over, and some of its access logs print it. nil: none were left.
func (x *exchange) withdrawn() *structpb.Struct {
	if !x.lent {
		return nil
	}
	x.lent = false
	nothing := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for i := range x.order {
		nothing.Fields[strconv.Itoa(i)] = structpb.NewStructValue(&structpb.Struct{})
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{routeNamespace: structpb.NewStructValue(nothing)}}
}

// nameAt is where the body that goes out names the model, if another name may have to stand there.
func (x *exchange) nameAt(edited []byte) (surface.Span, error) {
	if !slices.ContainsFunc(x.order, func(c provider.Candidate) bool { return c.Model != x.order[0].Model }) {
		return surface.Span{}, nil
	}
	if same(edited, x.view.Body) {
		return x.view.ModelAt, nil
	}
	view, err := x.match.Surface.ReadRequest(edited)
	if err != nil {
		return surface.Span{}, fmt.Errorf("reading the edited request: %w", err)
	}
	return view.ModelAt, nil
}

// serves writes down who serves.
func (x *exchange) serves() {
	x.record.Provider, x.record.ProviderKind, x.record.ModelServed = x.candidate.Provider, x.candidate.Kind, x.candidate.Model
}

// learn takes from an answer who gave it, and what became of those that were tried before.
func (x *exchange) learn(in *extprocv3.ProcessingRequest) {
	if i, err := strconv.Atoi(x.answer.headers.get(attemptHeader)); err == nil && i >= 0 && i < len(x.order) {
		x.served, x.candidate = i, x.order[i]
		x.serves()
	}
	x.observe()
	x.tried(in.GetMetadataContext().GetFilterMetadata()[attemptsNamespace])
	x.recordFailures()
}
