package weir

import rego.v2

_asked := {
	"request": {"model": "gpt-4o"},
	"candidates": [{"provider": "openai", "model": "gpt-4o"}, {"provider": "azure", "name": "gpt-4o-eu", "model": "four"}],
	"settings": {},
}

_refused(models) if {
	"model_not_permitted" in reasons with input as object.union(_asked, {"models": models})
}

_struck(models) := out if {
	out := excluded with input as object.union(_asked, {"models": models})
}

test_models_permitted[note] if {
	some note, models in {
		"no lists": {},
		"tenant's list": {"tenant_allow": ["claude-*", "gpt-*"]},
		"both lists": {"tenant_allow": ["*"], "key_allow": ["gpt-4o"]},
		"another denied": {"tenant_deny": ["claude-*"], "key_deny": ["o1"]},
	}
	not _refused(models)
}

test_models_refused[note] if {
	some note, models in {
		"not on the tenant's list": {"tenant_allow": ["claude-*"]},
		"not on the key's list": {"tenant_allow": ["*"], "key_allow": ["claude-*"]},
		"denied by the tenant": {"tenant_deny": ["gpt-*"]},
		"denied by the key": {"key_deny": ["gpt-*"]},
		"nobody left for the tenant": {"tenant_deny": ["openai/*", "four"]},
		"nobody left for the key": {"key_deny": ["openai/*", "azure/*"]},
	}
	_refused(models)
}

test_candidates_struck if {
	_struck({"tenant_deny": ["azure/*"]}) == {1}
	_struck({"key_deny": ["four"]}) == {1}
	_struck({"key_deny": ["gpt-4o-eu"]}) == {1}
	_struck({"tenant_deny": ["azure/gpt-4o-eu"]}) == {1}
	_struck({"tenant_deny": ["openai/*"], "key_deny": ["four"]}) == {0, 1}
}
