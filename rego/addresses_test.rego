package weir

import rego.v2

_denied_from(address, settings) if {
	"address_denied" in reasons with input as {"client": {"address": address}, "settings": {"addresses": settings}}
}

test_address_permitted if not _denied_from("10.1.2.3", {"allow": ["10.0.0.0/8"]})

test_address_outside if _denied_from("192.0.2.1", {"allow": ["10.0.0.0/8", "2001:db8::/32"]})

test_address_denied if _denied_from("10.1.2.3", {"allow": ["10.0.0.0/8"], "deny": ["10.1.0.0/16"]})

test_address_not_known if _denied_from("", {"allow": ["0.0.0.0/0"]})

test_address_of_the_other_family if _denied_from("2001:db8::1", {"allow": ["0.0.0.0/0"]})
