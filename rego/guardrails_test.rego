package weir

import rego.v2

_attack(score) := {
	"injection": {"JAILBREAK": {"type": "JAILBREAK", "score": score}},
	"content": {"HATE": {"type": "HATE", "score": score}},
}

_guardrail_settings(request, categories) := {"guardrails": {
	"request": request,
	"response": "log",
	"threshold": 0.5,
	"categories": categories,
}}

_blocked(found, settings) := {reason.detail |
	some reason in reasons with input as {"found": found, "settings": settings}
	reason.code == "guardrail_blocked"
}

test_guardrail_blocks if _blocked(_attack(0.9), _guardrail_settings("block", {})) == {"JAILBREAK", "HATE"}

test_guardrail_at_the_threshold if count(_blocked(_attack(0.5), _guardrail_settings("block", {}))) == 2

test_guardrail_below_the_threshold if count(_blocked(_attack(0.49), _guardrail_settings("block", {}))) == 0

test_guardrail_of_a_category_wins if {
	_blocked(_attack(0.9), _guardrail_settings("block", {"content": "log"})) == {"JAILBREAK"}
}

test_guardrail_of_a_type_wins_over_its_category if {
	_blocked(_attack(0.9), _guardrail_settings("log", {"injection": "log", "JAILBREAK": "block"})) == {"JAILBREAK"}
}

test_guardrail_redacts if {
	some edit in redact with input as {"found": _attack(0.9), "settings": _guardrail_settings("redact", {})}
	edit == {"code": "guardrail_blocked", "type": "HATE", "reversible": false}
}

test_guardrail_notes if {
	some flag in flags with input as {"found": _attack(0.9), "settings": _guardrail_settings("log", {})}
	flag == "JAILBREAK"
}

test_guardrail_in_the_answer if {
	some entry in answers with input as {"settings": _guardrail_settings("block", {"content": "block"})}
	entry.categories == {"content": "block", "injection": "log"}
}
