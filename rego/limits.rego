# Input limits
#
# settings.limits bounds the estimated tokens, the number of messages and the characters of the longest message of
# one request; 0 is no limit.

package weir

import rego.v2

# METADATA
# title: The request has too many tokens
# custom: {codes: [input_tokens_exceeded]}
reasons contains "input_tokens_exceeded" if {
	input.settings.limits.input_tokens > 0
	input.tokens.input_estimate > input.settings.limits.input_tokens
}

# METADATA
# title: The request has too many messages
# custom: {codes: [messages_exceeded]}
reasons contains "messages_exceeded" if {
	input.settings.limits.messages > 0
	input.request.messages > input.settings.limits.messages
}

# METADATA
# title: A message is too long
# custom: {codes: [message_length_exceeded]}
reasons contains "message_length_exceeded" if {
	input.settings.limits.message_length > 0
	input.request.longest_chars > input.settings.limits.message_length
}
