package provider

// Preset is what a kind of provider needs no configuration for.
type Preset struct {
	Display string // as people write it
	BaseURL string
	Env     string // the variable its own tools read
	Header  string // where its credential stands
	Scheme  string // what stands before the credential
}

// PresetOf returns the preset of a kind. Any other OpenAI-compatible server has a name of its own and no defaults.
func PresetOf(kind string) Preset {
	switch kind {
	case "openai":
		return Preset{Display: "OpenAI", BaseURL: "https://api.openai.com", Env: "OPENAI_API_KEY", Header: "authorization", Scheme: "Bearer "}
	case "anthropic":
		// Anthropic's OpenAI-compatible endpoint lives at the same paths and takes the same header.
		return Preset{Display: "Anthropic", BaseURL: "https://api.anthropic.com", Env: "ANTHROPIC_API_KEY", Header: "authorization", Scheme: "Bearer "}
	default:
		return Preset{Display: "Provider", Header: "authorization", Scheme: "Bearer "}
	}
}

// Kinds are the kinds a configuration may name.
func Kinds() []string { return []string{"openai", "anthropic", "openai-compatible"} }

// DisplayName is how an error message names a kind of provider.
func DisplayName(kind string) string { return PresetOf(kind).Display }

// Hint is what a provider's status usually means, for the operator who reads it.
func Hint(status int) string {
	switch status {
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
