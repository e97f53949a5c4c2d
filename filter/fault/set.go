package fault

import (
	"fmt"
	"strings"
)

// Set is the dialects that a configuration may name.
type Set struct{ dialects []Dialect }

// NewSet makes a set. Names must be unique and not empty.
func NewSet(dialects ...Dialect) (*Set, error) {
	s := &Set{}
	for _, d := range dialects {
		name := d.Name()
		if name == "" {
			return nil, fmt.Errorf("dialect %d of the set has no name", len(s.dialects))
		}
		if _, dup := s.ByName(name); dup {
			return nil, fmt.Errorf("two dialects are called %q", name)
		}
		s.dialects = append(s.dialects, d)
	}
	return s, nil
}

// Default is the set of the dialects that ship.
func Default() *Set {
	return &Set{dialects: []Dialect{
		&product{dvara}, &product{rivaro}, &product{korad}, &product{dosai}, &product{olava}, &product{openai}, &product{anthropic},
	}}
}

// ByName finds a dialect.
func (s *Set) ByName(name string) (Dialect, bool) {
	for _, d := range s.dialects {
		if d.Name() == name {
			return d, true
		}
	}
	return nil, false
}

// Names lists the dialects in the order of the set.
func (s *Set) Names() []string {
	out := make([]string, len(s.dialects))
	for i, d := range s.dialects {
		out[i] = d.Name()
	}
	return out
}

// prefixed is a dialect whose product's keys can be told by how they begin.
type prefixed interface{ KeyPrefix() string }

// ForCredential finds the dialect whose keys begin like the presented one; the longest prefix wins. A dialect says how
// by a method KeyPrefix() string.
func (s *Set) ForCredential(presented string) (Dialect, bool) {
	var found Dialect
	longest := 0
	for _, d := range s.dialects {
		p, ok := d.(prefixed)
		if ok && len(p.KeyPrefix()) > longest && strings.HasPrefix(presented, p.KeyPrefix()) {
			found, longest = d, len(p.KeyPrefix())
		}
	}
	return found, found != nil
}
