# The length of answers
#
# settings.answer.characters bounds the text of one answer: a stream is cut there, a JSON answer is blocked.

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
