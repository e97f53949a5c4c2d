package config

import (
	"encoding/hex"
	"fmt"

	"weir/admin"
)

// adminTokens reads who may use the admin API.
func (c *checker) adminTokens(list []AdminToken) []admin.Token {
	var out []admin.Token
	names, hashes := places{}, places{}
	var roles []string
	for _, r := range admin.Roles() {
		roles = append(roles, string(r))
	}
	for i, t := range list {
		at := fmt.Sprintf("admin.tokens[%d]", i)
		c.once(names, at+".name", t.Name, "who has it")
		h, ok := hash(t.SHA256)
		if !ok {
			found := "something else"
			if t.SHA256 == "" {
				found = "nothing"
			}
			c.add(at+".sha256", found, "64 hexadecimal digits", "the SHA-256 of the token; extproc admin token prints both")
		} else {
			c.once(hashes, at+".sha256", hex.EncodeToString(h[:]), "a token that nobody else has")
		}
		role := admin.Role(t.Role)
		switch t.Role {
		case string(admin.Viewer), string(admin.Operator), string(admin.Admin):
		default:
			c.add(at+".role", orNothing(t.Role), "viewer, operator or admin", nearest(t.Role, roles))
		}
		if t.Tenant != "" && role != admin.Viewer {
			c.add(at+".tenant", fmt.Sprintf("%q", t.Tenant), "nothing for the role "+t.Role, "only a viewer can be held to one tenant")
		}
		out = append(out, admin.Token{Name: t.Name, Hash: h, Role: role, Tenant: t.Tenant})
	}
	return out
}
