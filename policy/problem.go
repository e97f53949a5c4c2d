package policy

import (
	"fmt"
	"sort"
	"strings"
)

// LoadError says why a set of policies cannot be used. It holds every problem that was found, not only the first.
type LoadError struct {
	Problems []Problem
}

// Error prints one problem a line.
func (e *LoadError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Problem is one thing that is wrong with a policy.
type Problem struct {
	File    string // path in the source; empty where the whole is meant
	Line    int    // from 1; 0 where none can be named
	Column  int
	Message string
	Hint    string // what to do about it; may be empty
}

// String is "file:line:column: message (hint)", without what is not known.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
			if p.Column > 0 {
				fmt.Fprintf(&b, ":%d", p.Column)
			}
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		fmt.Fprintf(&b, " (%s)", p.Hint)
	}
	return b.String()
}

// refuse makes a LoadError of problems in reading order, or nil where there are none.
func refuse(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	sortProblems(problems)
	return &LoadError{Problems: problems}
}

func sortProblems(problems []Problem) {
	sort.SliceStable(problems, func(i, j int) bool {
		a, b := problems[i], problems[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}
