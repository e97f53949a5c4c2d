package config

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"

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

// adminOIDC reads whose tokens are taken.
func (c *checker) adminOIDC(o *OIDC) *admin.OIDCTerms {
	if o == nil {
		return nil
	}
	const at = "admin.oidc"
	u, err := url.Parse(o.Issuer)
	local := err == nil && u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1")
	if err != nil || u.Host == "" || u.Scheme != "https" && !local || u.RawQuery != "" || u.Fragment != "" {
		c.add(at+".issuer", orNothing(o.Issuer), "an https URL without a query", "http is for an issuer on this host alone")
	}
	if o.Audience == "" {
		c.add(at+".audience", "nothing", "what tokens must be for", "a token for something else would do here, too")
	}
	out := &admin.OIDCTerms{
		Issuer: o.Issuer, Audience: o.Audience, NameClaim: o.NameClaim, RolesClaim: o.RolesClaim, TenantClaim: o.TenantClaim, Roles: map[string]admin.Role{},
	}
	if len(o.Roles) == 0 {
		c.add(at+".roles", "nothing", "a role or group of the issuer's, and what it is here", "without any nothing may be done")
	}
	var roles []string
	for _, r := range admin.Roles() {
		roles = append(roles, string(r))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Roles)) {
		role := o.Roles[name]
		if !slices.Contains(roles, role) {
			c.add(at+".roles."+name, orNothing(role), "viewer, operator or admin", nearest(role, roles))
		}
		out.Roles[name] = admin.Role(role)
	}
	return out
}

// adminRate reads how many requests a second one bearer may make.
func (c *checker) adminRate(text string) float64 {
	if text == "" {
		return 0
	}
	limit, window, err := rateOf(text)
	if err != nil {
		c.add("admin.rate", fmt.Sprintf("%q", text), "a rate like 20/s", "")
		return 0
	}
	return float64(limit) / window.Seconds()
}

// adminSecrets reads what documents of providers may name of this host.
func (c *checker) adminSecrets(s AdminSecrets) AdminSecrets {
	for i, name := range s.Env {
		if name == "" {
			c.add(fmt.Sprintf("admin.secrets.env[%d]", i), "nothing", "the name of a variable, or a part of one and *", "")
		}
	}
	out := AdminSecrets{Env: s.Env}
	for i, dir := range s.Dirs {
		if !filepath.IsAbs(dir) {
			c.add(fmt.Sprintf("admin.secrets.dirs[%d]", i), fmt.Sprintf("%q", dir), "an absolute path of a directory", "")
		}
		out.Dirs = append(out.Dirs, filepath.Clean(dir))
	}
	return out
}
