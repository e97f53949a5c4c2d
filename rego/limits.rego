# Input limits
#
# settings.limits bounds the estimated tokens, the number of messages and the characters of the longest message of
# one request; what is not set is no limit.

package weir

import rego.v2

# METADATA
# title: The request has too many tokens
# custom: {codes: [input_tokens_exceeded]}
reasons contains "input_tokens_exceeded" if input.tokens.input_estimate > input.settings.limits.input_tokens

# METADATA
# title: The request has too many messages
# custom: {codes: [messages_exceeded]}
reasons contains "messages_exceeded" if input.request.messages > input.settings.limits.messages

# METADATA
# title: A message is too long
# custom: {codes: [message_length_exceeded]}
reasons contains "message_length_exceeded" if input.request.longest_chars > input.settings.limits.message_length
