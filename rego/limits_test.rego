package weir

import rego.v2

_many := {
	"tokens": {"input_estimate": 11},
	"request": {"messages": 11, "longest_chars": 11},
}

_limited(settings) := out if {
	out := reasons with input as object.union(_many, {"settings": {"limits": settings}})
}

test_limits_passed if {
	_limited({"input_tokens": 10, "messages": 10, "message_length": 10}) == {
		"input_tokens_exceeded",
		"messages_exceeded",
		"message_length_exceeded",
	}
}

test_limits_met if count(_limited({"input_tokens": 11, "messages": 11, "message_length": 11})) == 0

test_no_limits if count(_limited({})) == 0
