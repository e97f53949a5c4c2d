# Regions
#
# settings.regions says where the providers may be that serve a tenant. With an allow list, a provider whose region is
# not known may not.

package weir

import rego.v2

# METADATA
# title: Nobody in a permitted region can serve the request
# custom: {codes: [region_denied]}
reasons contains "region_denied" if {
	input.settings.regions
	count(input.candidates) > 0
	count(_abroad) == count(input.candidates)
}

# METADATA
# title: A provider is in a region that is not permitted
excluded contains i if {
	input.settings.regions
	some i in _abroad
}

_abroad contains i if {
	some i
	input.candidates[i].region in input.settings.regions.deny
}

_abroad contains i if {
	input.settings.regions.allow
	some i, candidate in input.candidates
	not candidate.region in input.settings.regions.allow
}
