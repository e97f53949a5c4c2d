package filter_test

import (
	"fmt"
	"io"
	"slices"
	"testing"

	"weir/filter"
	"weir/policy/ledger"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// In a mesh Weir names no provider, sets no path and knows no attempts: it governs, and leaves the hints it was asked for.
func TestMesh(t *testing.T) {
	h := build(t, "openai", func(a *tenant.Tenant) { a.Models.Deny = []string{"forbidden"} })
	var err error
	h.snap.Catalogue, err = provider.NewCatalogue([]provider.Provider{provider.Mesh()}, []provider.Model{
		{Name: "echo", Provider: provider.MeshName, Price: provider.Price{Input: 1_000_000, Output: 2_000_000}},
		{Name: "forbidden", Provider: provider.MeshName},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n" +
		"data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n"
	for name, c := range map[string]struct {
		mesh     filter.Mesh
		headers  map[string]string
		metadata bool
	}{
		"no hints": {filter.Mesh{}, nil, false},
		"headers":  {filter.Mesh{ModelHeader: "x-llm-model", TenantHeader: "x-llm-tenant"}, map[string]string{"x-llm-model": "echo", "x-llm-tenant": "acme"}, false},
		"metadata": {filter.Mesh{Metadata: true}, nil, true},
	} {
		h.snap.Mesh, h.trail, h.uses = &c.mesh, nil, map[string]ledger.Use{}
		e := &envoy{after: io.EOF, in: h.answerTo(fmt.Sprintf(streamed, "hi"), answer)}
		e.in[2] = responseHeaders("200", "text/event-stream", "via_upstream")
		headers := e.in[2].GetResponseHeaders().GetHeaders()
		headers.Headers = append(headers.Headers, headerMap("x-weir-provider", "a lie", "x-weir-attempt", "7").Headers...)
		err := h.server.Process(e)
		got := read(e.out, err)
		if err != nil || !got.ended || got.immediate != nil {
			t.Fatalf("%s: %v %+v", name, err, got)
		}
		for _, own := range []string{"x-weir-route", ":path"} {
			if v, set := got.request[own]; set {
				t.Errorf("%s: %s is %q", name, own, v)
			}
		}
		for k, v := range c.headers {
			if got.request[k] != v {
				t.Errorf("%s: %s is %q, want %q", name, k, got.request[k], v)
			}
		}
		body := e.out[1].GetRequestBody().GetResponse()
		if body.GetClearRouteCache() != (c.headers != nil || c.metadata) {
			t.Errorf("%s: the route is chosen anew: %v", name, body.GetClearRouteCache())
		}
		hint := e.out[1].GetDynamicMetadata().GetFields()["weir.hint"].GetStructValue().GetFields()
		if c.metadata != (hint["model"].GetStringValue() == "echo" && hint["tenant"].GetStringValue() == "acme" && hint["surface"].GetStringValue() == "openai.chat") {
			t.Errorf("%s: hint %v", name, hint)
		}
		if got.headers["x-weir-provider"] != "" || !slices.Contains(got.removed, "x-weir-provider") || !slices.Contains(got.removed, "x-weir-attempt") {
			t.Errorf("%s: headers %v, removed %v", name, got.headers, got.removed)
		}
		r := h.trail[0]
		if r.Ended != "complete" || r.Provider != "mesh" || r.BilledMicro != 20 || len(h.uses) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for model, code := range map[string]string{"forbidden": "model_not_permitted", "unheard-of": "model_unknown"} {
		h.trail = nil
		got := h.play(t, h.ask(), requestBody(`{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]}`))
		if got.immediate == nil || h.trail[0].Code != code {
			t.Errorf("%s: %+v", model, h.trail)
		}
	}
}
