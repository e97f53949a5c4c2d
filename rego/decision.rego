# The decision
#
# Weir asks for one document on the request, data.weir.decision. It gathers what the rules of this package add to these
# sets:
#
# reasons      why the request may not pass: a code ("policy_denied"), or {"code", "message", "detail"}. The message is
#              for the client, the detail for the audit trail; both may be left out. A string is the cheaper form.
# redact       what to take out of the request: {"code", "type", "reversible"}
# flags        words to write into the audit trail
# excluded     indices of input.candidates that may not serve the request
# obligations  what else to do: {"code", "do", ...}; docs/policies.md lists them
# answers      what to do with what is found in the answer: {"code", "types", "categories"}, the latter two objects
#              from a finding's type or category to log, redact or block. Of two the stronger wins.
#
# A team adds a file of its own beside these, in the same package:
#
#     package weir
#
#     import rego.v2
#
#     # METADATA
#     # title: Nobody uses the search tool at night
#     # custom: {codes: [tool_not_permitted]}
#     reasons contains {"code": "tool_not_permitted", "message": "No searching at night."} if {
#         "search" in input.request.tools
#         input.time.hour < 6
#     }
#
# A file of the same name as one of these stands in for it. The code of an entry gives its mode: what
# settings.modes says about it (enforce, shadow or off) is applied by Weir, so rules need not ask.
#
# A setting that is switched off is absent from the input. So a rule that begins with the setting it is about, as
# input.settings.limits.messages, is not even evaluated for tenants that do not use it.

# METADATA
# scope: subpackages
# schemas:
#   - input: schema.input
package weir

import rego.v2

# METADATA
# title: The decision
# description: Everything that the policies say about one exchange, before it is forwarded.
# entrypoint: true
decision := {
	"excluded": excluded,
	"flags": flags,
	"obligations": obligations,
	"plan": plan,
	"reasons": reasons,
	"redact": redact,
}

# METADATA
# title: The response plan
# description: What Weir does with the answer, by itself, whatever it is cut into.
plan := {
	"answers": answers,
	"restore": input.settings.pii.reversible,
	"threshold": object.get(input.settings, ["guardrails", "thresholds", "assistant"], input.settings.guardrails.threshold),
}
