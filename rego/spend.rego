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
# custom: {codes: [budget_exceeded]}
reasons contains {"code": "budget_exceeded", "detail": input.budgets[i].id} if {
	some i
	input.budgets[i].refused == true
}

# METADATA
# title: A soft budget is passed
flags contains concat(":", ["budget_passed", input.budgets[i].id]) if {
	some i
	input.budgets[i].over == true
	input.budgets[i].soft == true
}
