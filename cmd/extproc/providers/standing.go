package providers

import (
	"strings"

	"weir/policy/provider"
)

// Standing says how a provider's credential stands: set, not set, none needed, the caller's own, or signed by Envoy.
func Standing(p provider.Provider) string {
	switch _, err := provider.Secret(p.Credential); {
	case p.Caller:
		return "the caller's own"
	case p.From.AWS != nil:
		return "signed by Envoy"
	case p.Credential == (provider.Credential{}):
		return "none needed"
	case err != nil:
		return "not set"
	}
	return "set"
}

// FirstModel is a provider's own name of the first model it serves; empty where none has a name of its own.
func FirstModel(models []provider.Model, name string) string {
	for _, m := range models {
		if m.Provider == name && !strings.Contains(m.Name, "*") {
			if m.Upstream != "" {
				return m.Upstream
			}
			return m.Name
		}
	}
	return ""
}
