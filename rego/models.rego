# Permitted models
#
# Tenants and keys may list the models they permit and those they deny, as names or globs. What is asked for must
# match both allow lists (an empty one permits all) and no deny list. Nothing is served by a denied model either,
# under whatever name it was asked for.

package weir

import rego.v2

# METADATA
# title: The model is on a deny list
# custom: {codes: [model_not_permitted]}
reasons contains "model_not_permitted" if {
	some pattern in input.models.tenant_deny
	glob.match(pattern, null, input.request.model)
}

# METADATA
# title: The model is on a deny list of the key
# custom: {codes: [model_not_permitted]}
reasons contains "model_not_permitted" if {
	some pattern in input.models.key_deny
	glob.match(pattern, null, input.request.model)
}

# METADATA
# title: The model is not on the tenant's allow list
# custom: {codes: [model_not_permitted]}
reasons contains "model_not_permitted" if {
	input.models.tenant_allow
	not _matches(input.models.tenant_allow, input.request.model)
}

# METADATA
# title: The model is not on the key's allow list
# custom: {codes: [model_not_permitted]}
reasons contains "model_not_permitted" if {
	input.models.key_allow
	not _matches(input.models.key_allow, input.request.model)
}

# METADATA
# title: Every model that could serve the request is on a deny list
# custom: {codes: [model_not_permitted]}
reasons contains "model_not_permitted" if {
	input.models.tenant_deny
	count(excluded) == count(input.candidates)
	count(excluded) > 0
}

# METADATA
# title: Every model that could serve the request is on a deny list of the key
# custom: {codes: [model_not_permitted]}
reasons contains "model_not_permitted" if {
	input.models.key_deny
	count(excluded) == count(input.candidates)
	count(excluded) > 0
}

# METADATA
# title: A candidate's model is on a deny list
excluded contains i if {
	some pattern in input.models.tenant_deny
	some i, candidate in input.candidates
	_serves(pattern, candidate)
}

# METADATA
# title: A candidate's model is on a deny list of the key
excluded contains i if {
	some pattern in input.models.key_deny
	some i, candidate in input.candidates
	_serves(pattern, candidate)
}

_matches(patterns, name) if {
	some pattern in patterns
	glob.match(pattern, null, name)
}

_serves(pattern, candidate) if glob.match(pattern, null, candidate.model)

_serves(pattern, candidate) if glob.match(pattern, null, concat("/", [candidate.provider, candidate.model]))

_serves(pattern, candidate) if glob.match(pattern, null, candidate.name)

_serves(pattern, candidate) if glob.match(pattern, null, concat("/", [candidate.provider, candidate.name]))
