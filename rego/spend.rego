# Rates and budgets
#
# The store has counted and held before the decision; these rules say what it found. A cap that refused stays refused
# whatever a policy says.

package weir

import rego.v2

# METADATA
# title: A rate is used up
# custom: {codes: [rate_exceeded]}
reasons contains {"code": "rate_exceeded", "detail": rate.id} if {
	some rate in input.rates
	rate.refused
}

# METADATA
# title: A budget is used up
# custom: {codes: [budget_exceeded, call_cost_exceeded, concurrency_exceeded, credits_exhausted, quota_exceeded]}
reasons contains {"code": code, "detail": budget.id} if {
	some budget in input.budgets
	budget.refused
	code := object.get(_used_up, budget.kind, "budget_exceeded")
}

# METADATA
# title: A soft budget is passed
flags contains concat(":", ["budget_passed", budget.id]) if {
	some budget in input.budgets
	budget.soft
	budget.over
}

_used_up := {
	"call": "call_cost_exceeded",
	"concurrency": "concurrency_exceeded",
	"credits": "credits_exhausted",
	"quota": "quota_exceeded",
}
