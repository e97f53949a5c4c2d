package provider

// A mesh routes to providers by itself: what is known of them are models and prices. It stands in the catalogue as one
// provider without an address.
const (
	MeshName = "mesh"
	MeshKind = "mesh" // no kind that a configuration may name
)

// Mesh is the provider that stands for all of a mesh's.
func Mesh() Provider { return Provider{Name: MeshName, Kind: MeshKind} }
