# Client addresses
#
# settings.addresses says from which networks a tenant's clients may call. An address that is not known is in no network.

package weir

import rego.v2

# METADATA
# title: The client's address is denied
# custom: {codes: [address_denied]}
reasons contains "address_denied" if {
	input.settings.addresses.deny
	_within(input.settings.addresses.deny)
}

# METADATA
# title: The client's address is in no permitted network
# custom: {codes: [address_denied]}
reasons contains "address_denied" if {
	input.settings.addresses.allow
	not _within(input.settings.addresses.allow)
}

_within(networks) if {
	input.client.address != ""
	some network in networks
	net.cidr_contains(network, input.client.address)
}
