package audit

import "strings"

// Operation is the gen_ai.operation.name of the exchange (OpenTelemetry's semantic conventions for generative AI).
func (r *Record) Operation() string {
	_, kind, _ := strings.Cut(r.Surface, ".")
	switch kind {
	case "completions":
		return "text_completion"
	case "chat", "responses", "messages":
		return "chat"
	default:
		return kind // embeddings, generate_content, ...
	}
}

// ProviderName is the gen_ai.provider.name of who was asked: the conventions' own where they have one.
func (r *Record) ProviderName() string {
	switch r.ProviderKind {
	case "azure":
		return "azure.ai.openai"
	case "bedrock":
		return "aws.bedrock"
	case "gemini":
		return "gcp.gemini"
	case "mistral":
		return "mistral_ai"
	default:
		return r.ProviderKind
	}
}
