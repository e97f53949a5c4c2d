package weir

import rego.v2

_key := {"secret": {"API_KEY": {"type": "API_KEY"}}}

_secret_settings(request, types) := {"secrets": {"request": request, "response": "redact"}, "pii": {"types": types}}

test_secret_blocked if {
	some reason in reasons with input as {"found": _key, "settings": _secret_settings("block", {})}
	reason == {"code": "secret_detected", "detail": "API_KEY"}
}

test_secret_taken_out_for_good if {
	some edit in redact with input as {"found": _key, "settings": _secret_settings("redact", {})}
	edit == {"code": "secret_detected", "type": "API_KEY", "reversible": false}
}

test_secret_noted if "API_KEY" in flags with input as {"found": _key, "settings": _secret_settings("log", {})}

test_secret_of_a_type_wins if {
	some reason in reasons with input as {"found": _key, "settings": _secret_settings("log", {"API_KEY": "block"})}
	reason.code == "secret_detected"
}

test_secret_in_the_answer if {
	some entry in answers with input as {"settings": _secret_settings("block", {})}
	entry == {"code": "secret_detected", "categories": {"secret": "redact"}}
}
