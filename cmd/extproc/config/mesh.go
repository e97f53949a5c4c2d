package config

import (
	"fmt"
	"regexp"
	"strings"

	"weir/filter"
	"weir/policy/provider"
)

// Mesh says that whoever runs Envoy routes to providers, holds their credentials and falls back by itself. Weir governs, and
// has models and prices by name alone.
type Mesh struct {
	// ModelHeader is a header that Weir sets to the model that was asked for, for the mesh to route by.
	ModelHeader string `yaml:"model_header,omitempty" json:"model_header,omitempty" jsonschema:"example=x-llm-model"`
	// TenantHeader is a header that Weir sets to the tenant's id.
	TenantHeader string `yaml:"tenant_header,omitempty" json:"tenant_header,omitempty" jsonschema:"example=x-llm-tenant"`
	// Metadata leaves model, surface, tenant and stream in Envoy's dynamic metadata, in the namespace weir.hint.
	Metadata bool `yaml:"metadata,omitempty" json:"metadata,omitempty"`
}

// headerNames are what a header of a hint may be called.
var headerNames = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)

// taken are headers that have a meaning of their own.
var taken = []string{"authorization", "content-length", "content-type", "host", "connection", "transfer-encoding", "x-request-id", "cookie"}

// mesh reads the section, gives every model the one provider that stands for the mesh, and names it.
func (c *checker) mesh(f *File, out *Config) (names []string) {
	if f.Mesh == nil {
		return nil
	}
	for _, h := range []struct{ field, name string }{{"model_header", f.Mesh.ModelHeader}, {"tenant_header", f.Mesh.TenantHeader}} {
		if h.name == "" {
			continue
		}
		bad := !headerNames.MatchString(h.name) || strings.HasPrefix(h.name, "x-envoy-")
		for _, t := range taken {
			bad = bad || h.name == t
		}
		if bad {
			c.add("mesh."+h.field, fmt.Sprintf("%q", h.name), "the lower-case name of a header that means nothing else", "such as x-llm-model")
		}
	}
	if f.Mesh.ModelHeader != "" && f.Mesh.ModelHeader == f.Mesh.TenantHeader {
		c.add("mesh.tenant_header", fmt.Sprintf("%q", f.Mesh.TenantHeader), "another header than model_header", "")
	}
	if len(f.Providers) > 0 {
		c.add("providers", "providers of Weir's own", "none beside mesh", "the mesh has providers, credentials and fallbacks; take one of both sections out")
		return nil
	}
	for i := range f.Models {
		c.meshed(fmt.Sprintf("models[%d]", i), &f.Models[i])
	}
	out.Mesh = &filter.Mesh{ModelHeader: f.Mesh.ModelHeader, TenantHeader: f.Mesh.TenantHeader, Metadata: f.Mesh.Metadata}
	out.Providers = []provider.Provider{provider.Mesh()}
	return []string{provider.MeshName}
}

// meshed gives a model the provider that stands for the mesh.
func (c *checker) meshed(at string, m *Model) {
	if m.Provider == "" {
		m.Provider = provider.MeshName
	}
	if m.Upstream != "" || len(m.Fallbacks) > 0 {
		c.add(at, "upstream or fallbacks", "neither beside mesh", "the mesh names models for its providers, and falls back")
	}
}
