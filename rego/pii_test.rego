package weir

import rego.v2

_person := {"pii": {"US_SSN": {"type": "US_SSN"}}}

_pii_settings(request, types) := {"pii": {"request": request, "response": "log", "types": types, "reversible": true}}

test_pii_blocked if {
	some reason in reasons with input as {"found": _person, "settings": _pii_settings("block", {})}
	reason == {"code": "pii_detected", "detail": "US_SSN"}
}

test_pii_redacted if {
	some edit in redact with input as {"found": _person, "settings": _pii_settings("redact", {})}
	edit == {"code": "pii_detected", "type": "US_SSN", "reversible": true}
}

test_pii_noted if "US_SSN" in flags with input as {"found": _person, "settings": _pii_settings("log", {})}

test_pii_of_a_type_wins if {
	some reason in reasons with input as {"found": _person, "settings": _pii_settings("log", {"US_SSN": "block"})}
	reason.code == "pii_detected"
}

test_pii_not_found if count(reasons) == 0 with input as {"found": {}, "settings": _pii_settings("block", {})}

test_pii_in_the_answer if {
	some entry in answers with input as {"settings": _pii_settings("block", {"US_SSN": "redact"})}
	entry == {"code": "pii_detected", "types": {"US_SSN": "redact"}, "categories": {"pii": "log"}}
}
