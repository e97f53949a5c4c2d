package surface

import "strings"

// Kind is what a path leads to.
type Kind int

// The kinds.
const (
	Unknown     Kind = iota // not a path of any vendor API that is known
	Governed                // a surface
	Models                  // the list of models, answered locally
	Health                  // the probe, answered locally
	Unsupported             // known to exist, not governed yet, so refused rather than passed unread
	WrongMethod             // a known path with another method
	Invalid                 // a path that two readers could understand differently
)

// Match is what Find makes of a method and a path.
type Match struct {
	Kind    Kind
	Surface Surface  // for Governed
	Path    string   // without its query
	ModelID string   // for Models: the one asked for; empty for the list
	Allow   []string // for WrongMethod
}

// Table maps paths to surfaces. It is immutable.
type Table struct{ posts map[string]Surface }

// Default is the table of every surface Weir governs.
func Default() *Table {
	return &Table{posts: map[string]Surface{
		"/v1/chat/completions":      Chat{},
		"/v1/responses":             Responses{},
		"/v1/messages":              Messages{},
		"/v1/messages/count_tokens": CountTokens{},
	}}
}

// The local paths.
const (
	modelsPath = "/v1/models"
	healthPath = "/actuator/health"
)

// unsupported are paths of vendor APIs that carry text Weir does not read yet.
var unsupported = []string{
	"/v1/completions", "/v1/responses/", "/v1/embeddings", "/v1/moderations", "/v1/messages/batches", "/v1/images", "/v1/audio",
	"/v1/files", "/v1/uploads", "/v1/batches", "/v1/fine_tuning", "/v1/assistants", "/v1/threads", "/v1/vector_stores",
	"/v1/realtime", "/v1/videos", "/v1/containers", "/v1/conversations", "/v1/evals", "/v1beta/models", "/openai/deployments",
	"/model/", "/mcp",
}

// Find looks a request up. The path is as it stood on the request line; its query plays no part.
func (t *Table) Find(method, path string) Match {
	path, _, _ = strings.Cut(path, "?")
	m := Match{Path: path}
	switch {
	case !canonical(path):
		m.Kind = Invalid
	case t.posts[path] != nil:
		m.take(Governed, method, "POST")
		m.Surface = t.posts[path]
	case path == modelsPath || strings.HasPrefix(path, modelsPath+"/"):
		m.take(Models, method, "GET")
		m.ModelID = strings.TrimPrefix(strings.TrimPrefix(path, modelsPath), "/")
	case path == healthPath:
		m.take(Health, method, "GET", "HEAD")
	case listed(path):
		m.Kind = Unsupported
	}
	return m
}

func (m *Match) take(k Kind, method string, allowed ...string) {
	for _, a := range allowed {
		if method == a {
			m.Kind = k
			return
		}
	}
	m.Kind, m.Allow = WrongMethod, allowed
}

func listed(path string) bool {
	for _, p := range unsupported {
		if path == p || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") {
			return true
		}
	}
	return false
}

// canonical says whether every reader of the path sees the same one: no escapes, no empty or dot segments, no
// parameters, no fragment, no backslash, printable ASCII only.
func canonical(path string) bool {
	if !strings.HasPrefix(path, "/") || len(path) > 1024 {
		return false
	}
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("%;\\#", c) >= 0 {
			return false
		}
	}
	for _, s := range strings.Split(path[1:], "/") {
		if s == "." || s == ".." {
			return false
		}
	}
	return !strings.Contains(path, "//")
}
