package detect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// allowed is what is no finding, by type; the empty type stands for all.
type allowed struct {
	values  map[Type]map[string]bool // in lower case
	domains map[Type]map[string]bool
}

// allow takes a tenant's allow-lists.
func (s *Scanner) allow(lists []Allow, kinds map[Type]Category) error {
	if len(lists) == 0 {
		return nil
	}
	a := &allowed{map[Type]map[string]bool{}, map[Type]map[string]bool{}}
	var errs []error
	total := 0
	for i, l := range lists {
		if len(l.Values)+len(l.Domains) == 0 {
			errs = append(errs, fmt.Errorf("allow[%d]: names neither values nor domains, so it would allow nothing", i))
		}
		if total += len(l.Values) + len(l.Domains); total > maxAllowed {
			return fmt.Errorf("allow: more than %d values and domains", maxAllowed)
		}
		for n, t := range l.Types {
			if _, own := kinds[t]; kindOf[t] == nil && !own {
				errs = append(errs, fmt.Errorf("allow[%d].types[%d]: found %q, want a type of finding", i, n, t))
			}
		}
		if len(l.Types) > 0 && len(l.Domains) > 0 && !slices.Contains(l.Types, EmailAddress) {
			errs = append(errs, fmt.Errorf("allow[%d].domains: found domains for %v, want %s among the types, since mail addresses alone have domains", i, l.Types, EmailAddress))
		}
		for n, d := range l.Domains {
			if strings.ContainsAny(d, "*/: ") || strings.Trim(d, "@.") == "" {
				errs = append(errs, fmt.Errorf("allow[%d].domains[%d]: found %q, want the name of a host like example.com; those below it are allowed, too", i, n, d))
			}
		}
		types := l.Types
		if len(types) == 0 {
			types = []Type{""}
		}
		for _, t := range types {
			add(a.values, t, l.Values)
			add(a.domains, t, l.Domains)
		}
	}
	s.allows = a
	return errors.Join(errs...)
}

func add(to map[Type]map[string]bool, t Type, list []string) {
	if to[t] == nil {
		to[t] = map[string]bool{}
	}
	for _, v := range list {
		to[t][strings.ToLower(strings.TrimPrefix(v, "@"))] = true
	}
}

// covers says whether what was found is allowed.
func (a *allowed) covers(f *Finding, found string) bool {
	found = strings.ToLower(found)
	for _, t := range [...]Type{f.Type, ""} {
		if a.values[t][found] {
			return true
		}
		if f.Type != EmailAddress || len(a.domains[t]) == 0 {
			continue
		}
		for host := found[strings.LastIndexByte(found, '@')+1:]; host != ""; {
			if a.domains[t][host] {
				return true
			}
			_, host, _ = strings.Cut(host, ".")
		}
	}
	return false
}

// adjust leaves out of found[from:] what the tenant switched off or allows, and grades the rest as it wants.
func (s *Scanner) adjust(text string, found []Finding, from int) []Finding {
	if s.changes == nil && s.allows == nil {
		return found
	}
	kept := found[:from]
	for _, f := range found[from:] {
		c := s.changes[f.Rule]
		if c.Off || s.allows != nil && s.allows.covers(&f, text[f.Start:f.End]) {
			continue
		}
		if c.Score > 0 {
			f.Score = c.Score
		}
		if c.Severity != "" {
			f.Severity = c.Severity
		}
		kept = append(kept, f)
	}
	return kept
}
