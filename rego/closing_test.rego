package weir

import rego.v2

test_critical_is_alerted if {
	said := closing with input as {"answered": {"pii": {"US_SSN": {"severity": "critical"}}}, "settings": {}}
	said.alerts == {"critical_in_answer:US_SSN"}
}

test_truncated_is_flagged if {
	said := closing with input as {"answer": {"finish_reasons": ["stop", "length"]}, "settings": {}}
	said.flags == {"answer_truncated"}
}

_sent(score, types) := out if {
	out := closing_obligations with input as {
		"found": {"injection": {"JAILBREAK": {"score": score}}},
		"settings": {"quarantine": {"types": types}, "guardrails": {"threshold": 0.5}},
	}
}

test_quarantined[note] if {
	some note, types in {"by category": ["injection"], "by type": ["US_SSN", "JAILBREAK"]}
	_sent(0.9, types) == {{"code": "actor_quarantined", "do": "quarantine"}}
}

test_not_quarantined if {
	count(_sent(0.4, ["injection"])) == 0
	count(_sent(0.9, ["US_SSN"])) == 0
}
