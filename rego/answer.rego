# The length of answers, and what they may repeat
#
# settings.answer.characters bounds the text of one answer: a stream is cut there, a JSON answer is blocked.
# settings.answer.echo lets personal data and secrets stand in an answer that stand in its request.

package weir

import rego.v2

# METADATA
# title: The answer has a bound
# custom: {codes: [answer_blocked]}
obligations contains {
	"code": "answer_blocked",
	"do": "cut",
	"characters": input.settings.answer.characters,
} if {
	input.settings.answer.characters
}

# METADATA
# title: What stands in the request may stand in the answer
# custom: {codes: [pii_detected]}
obligations contains {"code": "pii_detected", "do": "allow_echo"} if {
	input.settings.answer.echo
}
