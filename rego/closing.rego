# The close
#
# When an exchange is over, Weir asks for data.weir.closing, with what became of it in input.answer and the findings of
# the answer in input.answered. It changes no byte any more; it may say:
#
# closing_flags        words to write into the audit trail
# alerts               words to write there and to count and log, for somebody to look at
# closing_obligations  {"code", "do": "quarantine"} keeps the actor out until somebody releases it;
#                      {"code", "do": "tag", "name", "value"} marks the record for the bill
#
# settings.quarantine names finding types or categories of requests that quarantine whoever sent them.

package weir

import rego.v2

# METADATA
# title: The close
# description: Everything that the policies say about an exchange that is over.
# entrypoint: true
closing := {
	"alerts": alerts,
	"flags": closing_flags,
	"obligations": closing_obligations,
}

# METADATA
# title: Something critical came back
alerts contains concat(":", ["critical_in_answer", type]) if {
	some type, finding in input.answered[_]
	finding.severity == "critical"
}

# METADATA
# title: The answer was cut off
closing_flags contains "answer_truncated" if "length" in input.answer.finish_reasons

# METADATA
# title: Whoever sent this is quarantined
# custom: {codes: [actor_quarantined]}
closing_obligations contains {"code": "actor_quarantined", "do": "quarantine"} if {
	input.settings.quarantine
	some category, type
	finding := input.found[category][type]
	_counts(finding)
	some name in input.settings.quarantine.types
	name in {category, type}
}
