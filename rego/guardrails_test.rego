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

_by_role(thresholds) := object.union(_guardrail_settings("block", {}), {"guardrails": {
	"request": "block",
	"response": "log",
	"threshold": 0.5,
	"thresholds": thresholds,
	"categories": {},
}})

_told := {"injection": {"JAILBREAK": {"type": "JAILBREAK", "score": 0.9, "scores": {"system": 0.9, "tool": 0.3}}}}

test_guardrail_threshold_of_a_role[note] if {
	some note, case in {
		"a higher one lets pass": {"thresholds": {"system": 0.95}, "blocked": set()},
		"a lower one stops": {"thresholds": {"system": 0.95, "tool": 0.25}, "blocked": {"JAILBREAK"}},
		"that of another role counts for nothing": {"thresholds": {"user": 0.95}, "blocked": {"JAILBREAK"}},
	}
	_blocked(_told, _by_role(case.thresholds)) == case.blocked
}
