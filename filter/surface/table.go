package surface

import (
	"slices"
	"strings"
)

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
	Query   string   // what of the query may go on; what is left out is text that nobody read
	ModelAt Span     // where the path names the model or deployment; empty where the body does
	ModelID string   // for Models: the one asked for; empty for the list
	Allow   []string // for WrongMethod
}

// For is the path, and what is left of its query, with another model in it where it names one.
func (m *Match) For(model string) string {
	path := m.Path
	if m.ModelAt != (Span{}) && model != "" && labelled(model) && !strings.Contains(model, "/") {
		path = path[:m.ModelAt.Start] + model + path[m.ModelAt.End:]
	}
	if m.Query != "" {
		path += "?" + m.Query
	}
	return path
}

// Table maps paths to surfaces. It is immutable.
type Table struct{ posts map[string]Surface }

// Default is the table of every surface Weir governs.
func Default() *Table {
	t := &Table{posts: map[string]Surface{
		"/v1/chat/completions":      Chat{},
		"/v1/completions":           Completions{},
		"/v1/responses":             Responses{},
		"/v1/embeddings":            Embeddings{},
		"/v1/moderations":           Moderations{},
		"/v1/messages":              Messages{},
		"/v1/messages/count_tokens": CountTokens{},
	}}
	for _, path := range []string{"/chat/completions", "/completions", "/responses", "/embeddings"} {
		t.posts["/openai/v1"+path] = t.posts["/v1"+path] // Azure's newer form
	}
	return t
}

// Names are the names of the surfaces that can be asked for, sorted, as input.request.surface has them.
func (t *Table) Names() []string {
	names := []string{Gemini{}.Name()} // its paths name the model, so that no table has them
	for _, s := range t.posts {
		names = append(names, s.Name())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// The local paths, and the beginnings of those that name a model.
const (
	modelsPath = "/v1/models"
	healthPath = "/actuator/health"
	azurePath  = "/openai/deployments/"
	geminiPath = "/v1beta/models/"
)

// unsupported are paths of vendor APIs that carry text Weir does not read yet.
var unsupported = []string{
	"/v1/responses/", "/v1/messages/batches", "/v1/images", "/v1/audio", "/v1/chat/completions/",
	"/v1/files", "/v1/uploads", "/v1/batches", "/v1/fine_tuning", "/v1/assistants", "/v1/threads", "/v1/vector_stores",
	"/v1/realtime", "/v1/videos", "/v1/containers", "/v1/conversations", "/v1/evals", "/v1/skills", "/v1/organizations",
	"/v1beta/models", "/v1beta/files", "/v1beta/cachedContents", "/v1beta/batches", "/upload/v1beta", "/v1beta/tunedModels",
	"/openai", "/model/", "/mcp",
}

// Find looks a request up. The path is as it stood on the request line.
func (t *Table) Find(method, path string) Match {
	path, query, _ := strings.Cut(path, "?")
	m := Match{Path: path, Query: kept(query)}
	switch {
	case !canonical(path):
		m.Kind = Invalid
	case t.posts[path] != nil:
		m.take(Governed, method, "POST")
		m.Surface = t.posts[path]
	case strings.HasPrefix(path, azurePath) && m.azure(method):
	case strings.HasPrefix(path, geminiPath) && m.gemini(method):
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

// azure takes /openai/deployments/{name}/..., where the model is the deployment.
func (m *Match) azure(method string) bool {
	name, rest, ok := strings.Cut(m.Path[len(azurePath):], "/")
	if !ok || name == "" {
		return false
	}
	switch d := (deployment{name}); rest {
	case "chat/completions":
		m.Surface = Chat{d}
	case "completions":
		m.Surface = Completions{d}
	case "embeddings":
		m.Surface = Embeddings{deployment: d}
	default:
		return false
	}
	m.ModelAt = Span{len(azurePath), len(azurePath) + len(name)}
	m.take(Governed, method, "POST")
	return true
}

// gemini takes /v1beta/models/{model}:{method}. A stream must be asked for as events: the other form is one endless array.
func (m *Match) gemini(method string) bool {
	name, verb, ok := strings.Cut(m.Path[len(geminiPath):], ":")
	if !ok || name == "" || strings.Contains(name, "/") {
		return false
	}
	switch {
	case verb == "generateContent":
		m.Surface = Gemini{deployment: deployment{name}}
	case verb == "streamGenerateContent" && slices.Contains(strings.Split(m.Query, "&"), "alt=sse"):
		m.Surface = Gemini{deployment: deployment{name}, stream: true}
	default:
		return false
	}
	m.ModelAt = Span{len(geminiPath), len(geminiPath) + len(name)}
	m.take(Governed, method, "POST")
	return true
}

// keptParameters are the parameters of a query that surfaces know: none carries text.
var keptParameters = []string{"api-version", "alt", "beta", "$alt"}

// kept is a query without what no surface knows, such as keys and text.
func kept(query string) string {
	var out []string
	for _, p := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(p, "=")
		if slices.Contains(keptParameters, name) && labelled(value) && len(value) <= 64 {
			out = append(out, p)
		}
	}
	return strings.Join(out, "&")
}

func (m *Match) take(k Kind, method string, allowed ...string) {
	if slices.Contains(allowed, method) {
		m.Kind = k
		return
	}
	m.Kind, m.Allow = WrongMethod, allowed
}

func listed(path string) bool {
	for _, p := range unsupported {
		if path == p || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") || strings.HasPrefix(path, p+":") {
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
