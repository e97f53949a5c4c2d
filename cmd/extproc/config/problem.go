package config

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"weir/policy/tenant"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	File         string
	Line, Column int    // from 1; 0 where the file as a whole is meant
	Field        string // like tenants[0].dialect
	Found        string // never a secret
	Want         string
	Hint         string
}

// String is the problem on one line: file:line:column: field: found, want (hint).
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	if p.Found != "" {
		fmt.Fprintf(&b, "found %s, ", p.Found)
	}
	b.WriteString("want " + p.Want)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}

// Error is every problem of a file, in the order they stand.
type Error struct{ Problems []Problem }

// Error implements error: one problem a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// checker collects problems and knows where fields stand.
type checker struct {
	file     string
	doc      *ast.File
	problems []Problem

	above                     tenant.Ceiling // of every tenant
	tenantIDs, keyIDs, hashes places
}

func newChecker(file string) *checker {
	return &checker{file: file, tenantIDs: places{}, keyIDs: places{}, hashes: places{}}
}

// add reports a problem of a field, written like tenants[0].keys[1].sha256.
func (c *checker) add(field, found, want, hint string) {
	c.addAt(field, field, found, want, hint)
}

// addAt is add for a field whose path is written otherwise than it is shown: names with dots stand in single quotes there.
func (c *checker) addAt(path, field, found, want, hint string) {
	field = strings.TrimPrefix(field, ".")
	line, column := c.place(strings.TrimPrefix(path, "."))
	if len(found) > 80 {
		found = found[:80] + "..."
	}
	c.problems = append(c.problems, Problem{
		File: c.file, Line: line, Column: column, Field: field, Found: found, Want: want, Hint: hint,
	})
}

// place finds where a field stands; where the field is missing, what would hold it.
func (c *checker) place(field string) (line, column int) {
	for field != "" {
		if p, err := yaml.PathString("$." + field); err == nil && c.doc != nil {
			if n, err := p.FilterFile(c.doc); err == nil && n != nil && n.GetToken() != nil {
				return position(n)
			}
		}
		i := strings.LastIndexAny(field, ".[")
		if i < 0 {
			break
		}
		field = field[:i]
	}
	return 1, 1
}

// position is where a node stands: a mapping stands where its first key does.
func position(n ast.Node) (line, column int) {
	switch v := n.(type) {
	case *ast.MappingNode:
		if len(v.Values) > 0 && !v.IsFlowStyle {
			return position(v.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return position(v.Key)
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return t.Position.Line, t.Position.Column
}

// err is all problems, or nil.
func (c *checker) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	sort.SliceStable(c.problems, func(i, j int) bool {
		a, b := c.problems[i], c.problems[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return &Error{Problems: c.problems}
}

// nearest is the known word that is closest to a misspelt one, as a hint.
func nearest(word string, known []string) string {
	best, least := "", 4
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "one of " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			last, row[j] = row[j], min(row[j]+1, row[j-1]+1, last+cost)
		}
	}
	return row[len(b)]
}
