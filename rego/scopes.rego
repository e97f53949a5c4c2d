# Scopes
#
# settings.scopes names the scope that a key must have to use a surface, such as openai.chat, or * for all of them.

package weir

import rego.v2

# METADATA
# title: The key lacks the scope of the surface
# custom: {codes: [key_scope]}
reasons contains {"code": "key_scope", "detail": scope} if {
	input.settings.scopes
	some surface in ["*", input.request.surface]
	scope := input.settings.scopes[surface]
	not scope in input.identity.scopes
}
