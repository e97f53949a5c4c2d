# Personal data
#
# settings.pii says what happens to personal data on its way to the provider (request) and back (response): log,
# redact or block. settings.pii.types says otherwise for single types, in both directions.

package weir

import rego.v2

# METADATA
# title: Personal data may not be sent
# custom: {codes: [pii_detected]}
reasons contains {"code": "pii_detected", "detail": type} if {
	input.found.pii
	some type, "block" in _pii
}

# METADATA
# title: Personal data is taken out of the request
# custom: {codes: [pii_detected]}
redact contains {"code": "pii_detected", "type": type, "reversible": input.settings.pii.reversible} if {
	input.found.pii
	some type, "redact" in _pii
}

# METADATA
# title: Personal data is noted
flags contains type if {
	input.found.pii
	some type, "log" in _pii
}

# METADATA
# title: Personal data in the answer
answers contains {
	"code": "pii_detected",
	"types": input.settings.pii.types,
	"categories": {"pii": input.settings.pii.response},
}

_pii[type] := object.get(input.settings.pii.types, type, input.settings.pii.request) if some type, _ in input.found.pii
