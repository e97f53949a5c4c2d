package provider

import (
	"slices"
	"strings"
)

// Preset is what a kind of provider needs no configuration for.
type Preset struct {
	Display string // as people write it
	BaseURL string // {region} stands for the provider's region; empty: it must be said
	Env     string // the variable its own tools read; empty: no credential is needed
	// Header is where its credential stands on its vendor's own surfaces; on all others it is a bearer token.
	Header string
	// Surfaces are what it can be asked on; nil: on all.
	Surfaces []string
}

// The surfaces' names, which are those of filter/surface.
const (
	chat        = "openai.chat"
	completions = "openai.completions"
	responses   = "openai.responses"
	embeddings  = "openai.embeddings"
	moderations = "openai.moderations"
	messages    = "anthropic.messages"
	countTokens = "anthropic.count_tokens"
	gemini      = "gemini.generate_content"
)

const bearer = "authorization"

// presets are the kinds, by what their vendors' documents say. Each speaks OpenAI's interface at the paths of OpenAI
// below its base URL; what is said otherwise is in Candidate.Target.
var presets = map[string]Preset{
	"openai": {
		Display: "OpenAI", BaseURL: "https://api.openai.com", Env: "OPENAI_API_KEY", Header: bearer,
		Surfaces: []string{chat, completions, responses, embeddings, moderations},
	},
	"anthropic": {
		Display: "Anthropic", BaseURL: "https://api.anthropic.com", Env: "ANTHROPIC_API_KEY", Header: "x-api-key",
		Surfaces: []string{messages, countTokens, chat},
	},
	"azure": {
		Display: "Azure OpenAI", Env: "AZURE_OPENAI_API_KEY", Header: "api-key",
		Surfaces: []string{chat, completions, responses, embeddings},
	},
	"gemini": {
		Display: "Google Gemini", BaseURL: "https://generativelanguage.googleapis.com", Env: "GEMINI_API_KEY", Header: "x-goog-api-key",
		Surfaces: []string{gemini, chat, embeddings},
	},
	"vertex": {
		Display: "Google Vertex AI", Header: bearer,
		Surfaces: []string{gemini, chat},
	},
	"bedrock": {
		Display: "Amazon Bedrock", BaseURL: "https://bedrock-runtime.{region}.amazonaws.com/openai", Env: "AWS_BEARER_TOKEN_BEDROCK", Header: bearer,
		Surfaces: []string{chat},
	},
	"mistral": {
		Display: "Mistral", BaseURL: "https://api.mistral.ai", Env: "MISTRAL_API_KEY", Header: bearer,
		Surfaces: []string{chat, embeddings, moderations},
	},
	"groq": {
		Display: "Groq", BaseURL: "https://api.groq.com/openai", Env: "GROQ_API_KEY", Header: bearer,
		Surfaces: []string{chat, responses},
	},
	"together": {
		Display: "Together AI", BaseURL: "https://api.together.xyz", Env: "TOGETHER_API_KEY", Header: bearer,
		Surfaces: []string{chat, completions, embeddings},
	},
	"openrouter": {
		Display: "OpenRouter", BaseURL: "https://openrouter.ai/api", Env: "OPENROUTER_API_KEY", Header: bearer,
		Surfaces: []string{chat, completions, responses, embeddings, messages},
	},
	"vllm":              {Display: "vLLM", BaseURL: "http://localhost:8000", Header: bearer},
	"ollama":            {Display: "Ollama", BaseURL: "http://localhost:11434", Header: bearer, Surfaces: []string{chat, completions, embeddings, responses, messages}},
	"openai-compatible": {Display: "Provider", Header: bearer},
}

// PresetOf returns the preset of a kind; of one that does not exist, that of any OpenAI-compatible server.
func PresetOf(kind string) Preset {
	if p, ok := presets[kind]; ok {
		return p
	}
	return presets["openai-compatible"]
}

// Kinds are the kinds a configuration may name, sorted.
func Kinds() []string {
	out := make([]string, 0, len(presets))
	for k := range presets {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// DefaultURL is where a provider of a kind is reached unless somebody says otherwise; empty: nobody can know.
func DefaultURL(kind, region string) string {
	u := PresetOf(kind).BaseURL
	if region == "" && strings.Contains(u, "{region}") {
		return ""
	}
	return strings.ReplaceAll(u, "{region}", region)
}

// DisplayName is how an error message names a kind of provider.
func DisplayName(kind string) string { return PresetOf(kind).Display }

// vendorHeader is where a kind's credential stands on its vendor's own surfaces.
func vendorHeader(kind string) string { return PresetOf(kind).Header }

// Place is where the credential of a kind of provider stands in a request on a surface, and what stands before it. An
// access token is a bearer token everywhere. Anthropic's and Google's OpenAI-compatible endpoints take one for a key, too,
// Azure's do not.
func Place(kind, surface string, token bool) (header, scheme string) {
	h := vendorHeader(kind)
	if h == bearer || token || kind != "azure" && strings.HasPrefix(surface, "openai.") {
		return bearer, "Bearer "
	}
	return h, ""
}

// Target is the path at the provider of a request that came on a path of OpenAI's, Anthropic's or Google's own. Azure and
// Google keep OpenAI's interface below a path of their own; Vertex AI has both below that of a project and location
// (learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle, ai.google.dev/gemini-api/docs/openai,
// cloud.google.com/vertex-ai/generative-ai/docs/reference/rest).
func (c Candidate) Target(path string) string {
	rest, ofOpenAI := strings.CutPrefix(path, "/v1/")
	switch {
	case ofOpenAI && c.Kind == "azure":
		path = "/openai/v1/" + rest
	case ofOpenAI && c.Kind == "gemini":
		path = "/v1beta/openai/" + rest
	case ofOpenAI && c.Kind == "vertex" && !strings.HasPrefix(rest, "models/"):
		path = "/endpoints/openapi/" + rest
	case c.Kind == "vertex":
		path = "/publishers/google" + path[max(strings.Index(path, "/models/"), 0):]
	}
	return c.Path + path
}

// serves says whether a provider can be asked on a surface.
func (p Provider) serves(surface string) bool {
	list := p.Surfaces
	if list == nil {
		list = PresetOf(p.Kind).Surfaces
	}
	return list == nil || slices.Contains(list, surface)
}

// Hint is what a provider's status usually means, for the operator who reads it.
func Hint(status int) string {
	switch status {
	case 301, 302, 303, 307, 308:
		return "the provider redirects elsewhere, which is not followed"
	case 400, 422:
		return "the provider rejected the request"
	case 401:
		return "invalid API key - check your provider credentials"
	case 402:
		return "the provider account has no credit"
	case 403:
		return "the provider credential lacks permission"
	case 404:
		return "model or endpoint not found at the provider"
	case 408, 504:
		return "the provider timed out"
	case 413:
		return "request too large for the provider"
	case 429:
		return "provider rate limit or quota exceeded"
	case 500, 502, 529:
		return "provider internal error"
	case 503:
		return "provider overloaded or unavailable"
	default:
		return "unexpected provider status"
	}
}
