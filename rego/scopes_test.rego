package weir

import rego.v2

_lacking(scopes, settings) := {reason.detail |
	some reason in reasons with input as {
		"identity": {"scopes": scopes},
		"request": {"surface": "openai.chat"},
		"settings": {"scopes": settings},
	}
	reason.code == "key_scope"
}

test_scope_there if count(_lacking(["chat"], {"openai.chat": "chat"})) == 0

test_scope_missing if _lacking(["embed"], {"openai.chat": "chat"}) == {"chat"}

test_scope_of_all_surfaces if _lacking([], {"*": "llm"}) == {"llm"}

test_scope_of_another_surface if count(_lacking([], {"openai.embeddings": "embed"})) == 0
