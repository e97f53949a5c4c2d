package config

import (
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// policies checks where Rego is read from: what would do nothing is refused as what cannot be meant.
func (c *checker) policies(p Policies) []CheckedBundle {
	if p.Candidate != "" && p.Dir != "" && filepath.Clean(p.Candidate) == filepath.Clean(p.Dir) {
		c.add("policies.candidate", fmt.Sprintf("%q", p.Candidate), "another directory than policies.dir", "a candidate decides beside what is in force")
	}
	if p.Persist != "" && len(p.Bundles) == 0 {
		c.add("policies.persist", fmt.Sprintf("%q", p.Persist), "nothing where there are no bundles", "only policies.bundles are kept there")
	}
	return c.bundles(p.Bundles)
}

// CheckedBundle is a bundle whose poll is read.
type CheckedBundle struct {
	Bundle
	Every time.Duration // 0: the default
}

// algorithms are those a bundle may be signed with.
var algorithms = []string{"", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512"}

// bundles reads the bundles. One without a key is refused: what decides must be signed.
func (c *checker) bundles(list []Bundle) []CheckedBundle {
	var out []CheckedBundle
	seen, roots := places{}, places{}
	for i, b := range list {
		at := fmt.Sprintf("policies.bundles[%d]", i)
		c.once(seen, at+".name", b.Name, "a name of its own")
		if strings.ContainsAny(b.Name, "/\\ ") || strings.HasPrefix(b.Name, ".") {
			c.add(at+".name", fmt.Sprintf("%q", b.Name), "a name that a file may have", "")
		}
		c.bundleURL(at+".url", b.URL)
		c.reference(at+".key", b.Key, false)
		c.reference(at+".token", b.Token, true)
		if !slices.Contains(algorithms, b.Algorithm) {
			c.add(at+".algorithm", fmt.Sprintf("%q", b.Algorithm), "an algorithm of a signature", nearest(b.Algorithm, algorithms))
		}
		c.roots(at+".roots", b.Roots, roots)
		made := CheckedBundle{Bundle: b}
		if b.Poll != "" {
			var err error
			if made.Every, err = time.ParseDuration(b.Poll); err != nil || made.Every < time.Second {
				c.add(at+".poll", fmt.Sprintf("%q", b.Poll), "a duration of at least 1s, like 1m", "")
			}
		}
		out = append(out, made)
	}
	return out
}

// bundleURL refuses what cannot be one. It prints nothing of one that holds a password.
func (c *checker) bundleURL(field, s string) {
	const want = "http(s)://host/path"
	u, err := url.Parse(s)
	switch {
	case s == "":
		c.add(field, "nothing", want, "")
	case err != nil:
		c.add(field, "no URL", want, "")
	case u.User != nil:
		c.add(field, "a user or password in the URL", want, "a secret goes to token")
	case u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		c.add(field, fmt.Sprintf("the scheme %q and the host %q", u.Scheme, u.Host), want, "")
	}
}

// roots wants some that overlap with no other's, in this bundle or in one before it.
func (c *checker) roots(field string, list []string, seen places) {
	const want = "what the bundle may hold, like weir"
	if len(list) == 0 {
		c.add(field, "nothing", "what the bundle may hold, like [weir]", "")
	}
	for i, root := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		path := strings.Trim(root, "/")
		if path == "" || strings.ContainsAny(path, " \t\n\\") || strings.Contains(path, "//") {
			c.add(at, orNothing(root), want, "names with / between them")
			continue
		}
		for _, other := range slices.Sorted(maps.Keys(seen)) {
			if path == other || strings.HasPrefix(path, other+"/") || strings.HasPrefix(other, path+"/") {
				c.add(at, fmt.Sprintf("%q", root), "a root of its own", "it overlaps with "+seen[other])
				break
			}
		}
		seen[path] = at
	}
}
