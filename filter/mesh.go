package filter

import (
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

// Mesh says that whoever runs Envoy routes by itself: Weir chooses no provider, sends no credential and knows no attempts.
// What it may leave are hints to route by.
type Mesh struct {
	ModelHeader  string // lower case; set to the model that was asked for; empty: none
	TenantHeader string // lower case; set to the tenant's id; empty: none
	Metadata     bool   // leave model, surface, tenant and stream in hintNamespace
}

// hintNamespace is where hints are left as dynamic metadata.
const hintNamespace = "weir.hint"

// hint tells the mesh what to route by. It says whether there is anything that a route could be chosen by anew.
func (x *exchange) hint(m *mutation) (metadata *structpb.Struct, any bool) {
	h := x.snap.Mesh
	if h.ModelHeader != "" {
		m.set(h.ModelHeader, x.view.Model)
	}
	if h.TenantHeader != "" {
		m.set(h.TenantHeader, x.tenant.ID)
	}
	if !h.Metadata {
		return nil, h.ModelHeader != "" || h.TenantHeader != ""
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		hintNamespace: structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"model": structpb.NewStringValue(x.view.Model), "surface": structpb.NewStringValue(x.match.Surface.Name()),
			"tenant": structpb.NewStringValue(x.tenant.ID), "stream": structpb.NewBoolValue(x.view.Stream),
		}}),
	}}, true
}

// breakers are those of Weir's own providers. Behind a mesh there are providers that Weir cannot tell apart, so none is left
// alone for what another did.
func (x *exchange) breakers() Breakers {
	if x.snap.Mesh != nil {
		return idle{}
	}
	return x.server.breakers
}

// theirs are the headers of an answer that speak in Weir's name. Where Weir's own upstream filters run they take them out.
func (x *exchange) theirs() (out []string) {
	if x.snap.Mesh == nil {
		return nil
	}
	for _, v := range x.answer.headers.list {
		if strings.HasPrefix(v.GetKey(), ownPrefix) {
			out = append(out, v.GetKey())
		}
	}
	return out
}
