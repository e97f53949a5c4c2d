package weir

import rego.v2

_offering(tools, settings) := {"request": {"tools": tools}, "settings": {"tools": settings}}

_barred_from(tools, settings) := {reason.detail |
	some reason in reasons with input as _offering(tools, settings)
	reason.code == "tool_not_permitted"
}

_asked_for(settings) := out if {
	out := obligations with input as _offering(["search", "shell"], settings)
}

test_tool_denied if _barred_from(["search", "shell"], {"deny": ["sh*"]}) == {"shell"}

test_tool_not_on_the_list if _barred_from(["search", "shell"], {"allow": ["search"]}) == {"shell"}

test_deny_wins if _barred_from(["shell"], {"allow": ["*"], "deny": ["shell"]}) == {"shell"}

test_tools_permitted if count(_barred_from(["search"], {"allow": ["search"], "deny": ["shell"]})) == 0

test_tool_left_out if {
	settings := {"deny": ["shell"], "offered": "redact"}
	count(_barred_from(["search", "shell"], settings)) == 0
	{"code": "tool_not_permitted", "do": "strip_tool", "tool": "shell"} in _asked_for(settings)
}

test_calls_follow_the_lists if {
	asked := _asked_for({"allow": ["search"], "deny": ["shell"]})
	{"code": "tool_not_permitted", "do": "permit_tools", "allow": ["search"]} in asked
	{"code": "tool_not_permitted", "do": "deny_tools", "deny": ["shell"]} in asked
}

test_arguments_guarded if {
	{"code": "answer_blocked", "do": "guard_arguments", "action": "block"} in _asked_for({"arguments": "block"})
}

test_no_obligation_without_lists if count(_asked_for({})) == 0
