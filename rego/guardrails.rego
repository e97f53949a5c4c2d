# Guardrails
#
# settings.guardrails says what happens to attempts at injection and to harmful content whose score reaches
# settings.guardrails.threshold: log, redact or block, on the way to the provider (request) and back (response).
# settings.guardrails.thresholds has other thresholds for the texts of single roles; the answer is the assistant's.
# settings.guardrails.categories says otherwise, in both directions, for a category (injection, content) or for a
# single type, which wins: SYSTEM_PROMPT_EXTRACTION is the type of prompts that ask for the system prompt.

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

_guarded[type] := object.get(_categories, type, _by_category.injection) if {
	some type, finding in input.found.injection
	_counts(finding)
}

_guarded[type] := object.get(_categories, type, _by_category.content) if {
	some type, finding in input.found.content
	_counts(finding)
}

# Whether a finding counts: its score reaches the threshold, or does so in a text of some role.
_counts(finding) if {
	not input.settings.guardrails.thresholds
	finding.score >= input.settings.guardrails.threshold
}

_counts(finding) if {
	some role, score in finding.scores
	score >= object.get(input.settings.guardrails.thresholds, role, input.settings.guardrails.threshold)
}

_by_category[category] := object.get(_categories, category, input.settings.guardrails.request) if {
	some category in ["content", "injection"]
}

_categories := input.settings.guardrails.categories
