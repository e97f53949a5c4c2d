# Guardrails
#
# settings.guardrails says what happens to attempts at injection and to harmful content whose score reaches
# settings.guardrails.threshold: log, redact or block, on the way to the provider (request) and back (response).
# settings.guardrails.categories says otherwise, in both directions, for a category (injection, content) or for a
# single type, which wins.

package weir

import rego.v2

# METADATA
# title: A guardrail stops the request
# custom: {codes: [guardrail_blocked]}
reasons contains {"code": "guardrail_blocked", "detail": type} if some type, "block" in _guarded

# METADATA
# title: A guardrail takes something out of the request
# custom: {codes: [guardrail_blocked]}
redact contains {"code": "guardrail_blocked", "type": type, "reversible": false} if some type, "redact" in _guarded

# METADATA
# title: A guardrail notes something
flags contains type if some type, "log" in _guarded

# METADATA
# title: Guardrails of the answer
answers contains {
	"code": "guardrail_blocked",
	"types": input.settings.guardrails.categories,
	"categories": {
		"content": object.get(_categories, "content", input.settings.guardrails.response),
		"injection": object.get(_categories, "injection", input.settings.guardrails.response),
	},
}

_guarded[finding.type] := action if {
	some finding in input.findings
	finding.category in {"content", "injection"}
	finding.direction == "request"
	finding.score >= input.settings.guardrails.threshold
	by_category := object.get(_categories, finding.category, input.settings.guardrails.request)
	action := object.get(_categories, finding.type, by_category)
}

_categories := input.settings.guardrails.categories
