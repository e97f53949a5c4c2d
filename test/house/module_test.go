package house_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// root is the repository, seen from here.
const root = "../.."

// module is the prefix of every package's path.
const module = "weir"

// pkg is what `go list` says about a package.
type pkg struct {
	ImportPath   string
	Name         string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// room is the path of a package below the module.
func (p *pkg) room() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

// tests are what a package's tests import.
func (p *pkg) tests() []string {
	return append(append([]string(nil), p.TestImports...), p.XTestImports...)
}

var list = sync.OnceValues(func() ([]*pkg, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		var e *exec.ExitError
		if errors.As(err, &e) {
			err = errors.New(string(e.Stderr))
		}
		return nil, err
	}
	var all []*pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := &pkg{}
		if err := dec.Decode(p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// packages are all packages of the module.
func packages(t *testing.T) []*pkg {
	t.Helper()
	all, err := list()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}

// source is a parsed file that is neither a test nor generated.
type source struct {
	path  string // below the root, with slashes
	fset  *token.FileSet
	file  *ast.File
	lines int
}

// at says where a node stands.
func (s *source) at(n ast.Node) token.Position {
	p := s.fset.Position(n.Pos())
	p.Filename = s.path
	return p
}

// sources parses every file of a package that is neither a test nor generated.
func sources(t *testing.T, p *pkg) []*source {
	t.Helper()
	var out []*source
	for _, name := range p.GoFiles {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if ast.IsGenerated(f) {
			continue
		}
		lines := fset.File(f.Pos()).LineCount()
		out = append(out, &source{path: filepath.ToSlash(filepath.Join(p.room(), name)), fset: fset, file: f, lines: lines})
	}
	return out
}

// written walks the text files that are written by hand and kept in the repository.
func written(t *testing.T, visit func(path, text string)) {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	for _, path := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		text, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) || strings.ContainsRune(text, 0) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		visit(path, text)
	}
}
