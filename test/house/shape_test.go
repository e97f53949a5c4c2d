package house_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The shape of the code. Tables of data and tests may be longer.
const (
	longestFile    = 500
	medianFunction = 15
	ninthFunction  = 40 // nine functions in ten are shorter
)

func readFile(path string) (string, error) {
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	return string(b), err
}

// begins says where to begin in a package of several files.
var begins = regexp.MustCompile(`\bStart (reading|with|at)\b`)

// Every package says what it is, what it never does, and where to start reading.
func TestPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range packages(t) {
		var docs []string
		for _, s := range sources(t, p) {
			if s.file.Doc != nil {
				docs = append(docs, s.path)
				checkDoc(t, p, s)
			}
		}
		if len(docs) != 1 || len(p.GoFiles) > 1 && !slices.Contains([]string{"doc.go", "main.go"}, filepath.Base(docs[0])) {
			t.Errorf("%s: its comment must stand once, in doc.go or main.go; found %v", p.room(), docs)
		}
	}
}

func checkDoc(t *testing.T, p *pkg, s *source) {
	t.Helper()
	text := s.file.Doc.Text()
	start := "Package " + p.Name + " "
	if p.Name == "main" {
		start = "Command " + filepath.Base(p.room()) + " "
	}
	if !strings.HasPrefix(strings.ReplaceAll(text, "\n", " "), start) {
		t.Errorf("%s: the comment must start with %q", s.path, start)
	}
	if !strings.Contains(text, "never") {
		t.Errorf("%s: the comment must say what the package never does", s.path)
	}
	if len(p.GoFiles) > 2 && p.Name != "main" && !begins.MatchString(text) {
		t.Errorf("%s: the comment must say where to start reading", s.path)
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, p := range packages(t) {
		for _, s := range sources(t, p) {
			if s.lines > longestFile {
				t.Errorf("%s has %d lines, at most %d are allowed", s.path, s.lines, longestFile)
			}
			if strings.ContainsAny(filepath.Base(s.path), "- ") {
				t.Errorf("%s: a file's name has no hyphen", s.path)
			}
		}
	}
}

func TestFunctionsAreShort(t *testing.T) {
	var lengths []int
	for _, p := range packages(t) {
		for _, s := range sources(t, p) {
			for _, d := range s.file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
					lengths = append(lengths, s.fset.Position(f.End()).Line-s.fset.Position(f.Pos()).Line+1)
				}
			}
		}
	}
	slices.Sort(lengths)
	median, ninth := lengths[len(lengths)/2], lengths[len(lengths)*9/10]
	t.Logf("%d functions: median %d lines, p90 %d, longest %d", len(lengths), median, ninth, lengths[len(lengths)-1])
	if median >= medianFunction || ninth >= ninthFunction {
		t.Errorf("median %d lines, p90 %d; want less than %d and %d", median, ninth, medianFunction, ninthFunction)
	}
}

// Nothing runs before main, and nothing that lives outside of a value changes.
func TestNothingIsGlobal(t *testing.T) {
	for _, p := range packages(t) {
		files := sources(t, p)
		globals := map[string]bool{}
		for _, s := range files {
			for name, n := range variables(s.file) {
				globals[name] = true
				if n.Values == nil && name != "_" && !embedded(n) && !interfaceCheck(n) {
					t.Errorf("%s: %s has no value: it can only be there to be changed", s.at(n), name)
				}
			}
		}
		for _, s := range files {
			initials(t, s)
			changes(t, s, globals)
		}
	}
}

// variables are the variables of a file's top level.
func variables(f *ast.File) map[string]*ast.ValueSpec {
	out := map[string]*ast.ValueSpec{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if v.Doc == nil {
				v.Doc = g.Doc
			}
			for _, n := range v.Names {
				out[n.Name] = v
			}
		}
	}
	return out
}

// embedded says whether the compiler fills a variable from files.
func embedded(v *ast.ValueSpec) bool {
	if v.Doc == nil {
		return false
	}
	for _, c := range v.Doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// interfaceCheck is `var _ I = T{}`.
func interfaceCheck(v *ast.ValueSpec) bool { return v.Names[0].Name == "_" }

func initials(t *testing.T, s *source) {
	t.Helper()
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			t.Errorf("%s: nothing runs by being imported", s.at(f))
		}
	}
}

// changes reports assignments to variables of the top level.
func changes(t *testing.T, s *source, globals map[string]bool) {
	t.Helper()
	check := func(e ast.Expr) {
		id := base(e)
		if id == nil || id.Name == "_" || !globals[id.Name] {
			return
		}
		// The parser resolves what a file declares itself. What it cannot resolve is another file's.
		if id.Obj != nil {
			v, ok := id.Obj.Decl.(*ast.ValueSpec)
			if !ok || variables(s.file)[id.Name] != v {
				return
			}
		}
		t.Errorf("%s: %s is of the whole package and is changed here", s.at(e), id.Name)
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					check(e)
				}
			}
		case *ast.IncDecStmt:
			check(n.X)
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "delete" || f.Name == "clear") && len(n.Args) > 0 {
				check(n.Args[0])
			}
		}
		return true
	})
}

// base is the variable that an expression reaches into.
func base(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}
