# Rates and budgets
#
# The store has counted and held before the decision; these rules say what it found. A cap that refused stays refused
# whatever a policy says.

package weir

import rego.v2

# METADATA
# title: A rate is used up
# custom: {codes: [rate_exceeded]}
reasons contains {"code": "rate_exceeded", "detail": input.rates[i].id} if {
	some i
	input.rates[i].refused == true
}

# METADATA
# title: A budget is used up
# custom: {codes: [budget_exceeded, call_cost_exceeded, concurrency_exceeded, credits_exhausted, quota_exceeded]}
reasons contains {"code": code, "detail": input.budgets[i].id} if {
	some i
	input.budgets[i].refused == true
	code := object.get(_used_up, input.budgets[i].kind, "budget_exceeded")
}

# METADATA
# title: A soft budget is passed
flags contains concat(":", ["budget_passed", input.budgets[i].id]) if {
	some i
	input.budgets[i].over == true
	input.budgets[i].soft == true
}

_used_up := {
	"call": "call_cost_exceeded",
	"concurrency": "concurrency_exceeded",
	"credits": "credits_exhausted",
	"quota": "quota_exceeded",
}
