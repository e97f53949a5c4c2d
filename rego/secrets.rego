# Secrets
#
# settings.secrets says what happens to keys, tokens and passwords on their way to the provider (request) and back
# (response): log, redact or block. An entry in settings.pii.types says otherwise for a single type. What is taken out
# is never put back.

package weir

import rego.v2

# METADATA
# title: Secrets may not be sent
# custom: {codes: [secret_detected]}
reasons contains {"code": "secret_detected", "detail": type} if {
	input.found.secret
	some type, "block" in _secrets
}

# METADATA
# title: Secrets are taken out of the request
# custom: {codes: [secret_detected]}
redact contains {"code": "secret_detected", "type": type, "reversible": false} if {
	input.found.secret
	some type, "redact" in _secrets
}

# METADATA
# title: Secrets are noted
flags contains type if {
	input.found.secret
	some type, "log" in _secrets
}

# METADATA
# title: Secrets in the answer
answers contains {"code": "secret_detected", "categories": {"secret": input.settings.secrets.response}}

_secrets[type] := object.get(input.settings.pii.types, type, input.settings.secrets.request) if {
	some type, _ in input.found.secret
}
