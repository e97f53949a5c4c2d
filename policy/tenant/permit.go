package tenant

import (
	"fmt"
	"strings"
)

// patternBytes bounds one pattern of a Permit.
const patternBytes = 256

// Denies says whether a deny list has a model's name.
func (p Permit) Denies(model string) bool {
	for _, pattern := range p.Deny {
		if glob(pattern, model) {
			return true
		}
	}
	return false
}

// Allows says whether a model's name is permitted. An entry is an exact name or a glob in which * stands for any run
// of characters, none and slashes included, and ? for exactly one. Letters are told by case. Deny wins.
func (p Permit) Allows(model string) bool {
	if p.Denies(model) {
		return false
	}
	for _, pattern := range p.Allow {
		if glob(pattern, model) {
			return true
		}
	}
	return len(p.Allow) == 0
}

// glob goes back only to the last star, so its cost is bounded by the product of the two lengths.
func glob(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// ValidPattern says whether s can stand in a list of names and globs.
func ValidPattern(s string) bool {
	return s != "" && len(s) <= patternBytes && !strings.ContainsAny(s, "[]{}!\\ \t\r\n")
}

// validate refuses patterns that another glob dialect would read differently, since the same list is also a fact that
// policies match.
func (p Permit) validate() error {
	for _, list := range [...][]string{p.Allow, p.Deny} {
		for _, s := range list {
			if !ValidPattern(s) {
				return fmt.Errorf("model pattern %q: want 1 to %d characters, wildcards * and ? only", s, patternBytes)
			}
		}
	}
	return nil
}
