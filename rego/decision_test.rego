package weir

import rego.v2

test_decision_is_whole if {
	said := decision with input as {"settings": {
		"pii": {"request": "log", "response": "log", "types": {}, "reversible": true},
		"secrets": {"request": "log", "response": "log"},
		"guardrails": {"request": "log", "response": "log", "threshold": 0.5, "categories": {}},
	}}
	object.keys(said) == {"excluded", "flags", "obligations", "plan", "reasons", "redact"}
	count(said.reasons) == 0
	said.plan.restore
	said.plan.threshold == 0.5
}
