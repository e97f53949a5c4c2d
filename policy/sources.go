package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
)

// The bounds of what is loaded.
const (
	maxSourceFiles = 1000
	maxSourceBytes = 4 << 20 // all files together
)

// source is one file of Rego.
type source struct {
	name string
	text []byte
	mode string // of the bundle that it came in; empty: none says anything
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.rego") }

// readSources reads every .rego file of fsys in the order of their names, tests included.
func readSources(fsys fs.FS) ([]source, []Problem) {
	var out []source
	total := int64(0)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if hidden := name != "." && strings.HasPrefix(d.Name(), "."); hidden && d.IsDir() {
			return fs.SkipDir
		} else if hidden || d.IsDir() || !strings.HasSuffix(name, ".rego") {
			return nil
		}
		info, err := fs.Stat(fsys, name) // follows links, as mounted configuration has them
		if err != nil {
			return err
		}
		if total += info.Size(); total > maxSourceBytes || len(out) == maxSourceFiles {
			return fmt.Errorf("policies are larger than %d bytes or more than %d files", maxSourceBytes, maxSourceFiles)
		}
		text, err := fs.ReadFile(fsys, name)
		out = append(out, source{name: name, text: text})
		return err
	})
	if err != nil {
		return nil, []Problem{unreadable(err)}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out, nil
}

func unreadable(err error) Problem {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return Problem{File: p.Path, Message: "cannot be read: " + p.Err.Error()}
	}
	return Problem{Message: err.Error()}
}

// versionOf is a short hash over names and texts: equal programs have equal versions, wherever they were loaded.
func versionOf(sources []source) string {
	h := sha256.New()
	for _, s := range sources {
		fmt.Fprintf(h, "%d %s %d%s\n", len(s.name), s.name, len(s.text), after(" ", s.mode))
		h.Write(s.text)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Beside lays files of a team beside shipped ones: a file of over stands in for one of base with the same name, any
// other is added.
func Beside(base, over fs.FS) fs.FS { return layered{base, over} }

type layered struct{ base, over fs.FS }

// Open opens the file of the upper layer, else of the lower. A directory of both is read as one.
func (l layered) Open(name string) (fs.File, error) {
	f, err := l.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return l.base.Open(name)
	}
	return f, err
}

// ReadDir lists both layers, sorted by name, the upper one's entry where both have it.
func (l layered) ReadDir(name string) ([]fs.DirEntry, error) {
	upper, errUpper := fs.ReadDir(l.over, name)
	if errUpper != nil && !errors.Is(errUpper, fs.ErrNotExist) {
		return nil, errUpper
	}
	lower, errLower := fs.ReadDir(l.base, name)
	if errLower != nil && (errUpper != nil || !errors.Is(errLower, fs.ErrNotExist)) {
		return nil, errLower
	}
	seen := map[string]bool{}
	for _, e := range upper {
		seen[e.Name()] = true
	}
	for _, e := range lower {
		if !seen[e.Name()] {
			upper = append(upper, e)
		}
	}
	sort.Slice(upper, func(i, j int) bool { return upper[i].Name() < upper[j].Name() })
	return upper, nil
}
