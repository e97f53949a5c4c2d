package weir

import rego.v2

_account(more) := object.union({"id": "a", "kind": "cap", "refused": false, "over": false, "soft": false}, more)

test_rate_used_up if {
	some reason in reasons with input as {"rates": [_account({}), _account({"id": "b", "refused": true})], "settings": {}}
	reason == {"code": "rate_exceeded", "detail": "b"}
}

test_budget_used_up if {
	some reason in reasons with input as {"budgets": [_account({"refused": true})], "settings": {}}
	reason == {"code": "budget_exceeded", "detail": "a"}
}

test_budget_of_another_kind_used_up if {
	some reason in reasons with input as {"budgets": [_account({"kind": "quota", "refused": true})], "settings": {}}
	reason == {"code": "quota_exceeded", "detail": "a"}
}

test_soft_budget_passed if {
	"budget_passed:a" in flags with input as {"budgets": [_account({"soft": true, "over": true})], "settings": {}}
}

test_hard_budget_over_is_no_flag if {
	count(flags) == 0 with input as {"budgets": [_account({"over": true})], "settings": {}}
}
