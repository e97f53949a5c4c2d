# Tools
#
# settings.tools says which tools may be offered to a model and called by it, as names or globs. A request that offers
# another is refused, or, with offered: redact, sent without that tool. An answer that calls another is blocked.
# settings.tools.arguments is at least done about personal data and secrets in the arguments of a call in the answer.

package weir

import rego.v2

# METADATA
# title: A tool is not permitted
# custom: {codes: [tool_not_permitted]}
reasons contains {"code": "tool_not_permitted", "detail": tool} if {
	input.settings.tools
	not input.settings.tools.offered == "redact"
	some tool in _barred
}

# METADATA
# title: A tool that is not permitted is left out
# custom: {codes: [tool_not_permitted]}
obligations contains {"code": "tool_not_permitted", "do": "strip_tool", "tool": tool} if {
	input.settings.tools.offered == "redact"
	some tool in _barred
}

# METADATA
# title: Only tools on the list may be called
# custom: {codes: [tool_not_permitted]}
obligations contains {
	"code": "tool_not_permitted",
	"do": "permit_tools",
	"allow": input.settings.tools.allow,
} if {
	input.settings.tools.allow
}

# METADATA
# title: Tools on the list may not be called
# custom: {codes: [tool_not_permitted]}
obligations contains {
	"code": "tool_not_permitted",
	"do": "deny_tools",
	"deny": input.settings.tools.deny,
} if {
	input.settings.tools.deny
}

# METADATA
# title: Arguments of tool calls are guarded
# custom: {codes: [answer_blocked]}
obligations contains {
	"code": "answer_blocked",
	"do": "guard_arguments",
	"action": input.settings.tools.arguments,
} if {
	input.settings.tools.arguments
}

_barred contains tool if {
	some tool in input.request.tools
	_matches(input.settings.tools.deny, tool)
}

_barred contains tool if {
	input.settings.tools.allow
	some tool in input.request.tools
	not _matches(input.settings.tools.allow, tool)
}
