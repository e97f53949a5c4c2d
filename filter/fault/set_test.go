package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/filter/fault"
)

// TestCodesAreWhole reads code.go: a code that is declared and not listed would be answered by no dialect.
func TestCodesAreWhole(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []fault.Code
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, fault.Code(s))
		}
		return true
	})
	if !slices.Equal(declared, fault.Codes()) {
		t.Errorf("declared %v\nlisted   %v", declared, fault.Codes())
	}
	for _, c := range fault.Codes() {
		if fault.Cause(c) == "" {
			t.Errorf("%s has no cause", c)
		}
	}
	for _, c := range fault.PolicyCodes() {
		if !slices.Contains(fault.Codes(), c) {
			t.Errorf("policy code %s is not canonical", c)
		}
	}
	if fault.Cause("no_such_code") != "" {
		t.Error("a code that is not canonical has a cause")
	}
}

func TestForCredential(t *testing.T) {
	set := fault.Default()
	want := []string{"dvara", "rivaro", "korad", "dosai", "olava", "openai", "anthropic"}
	if !slices.Equal(set.Names(), want) {
		t.Errorf("names %v, want %v", set.Names(), want)
	}
	for _, c := range []struct{ presented, want string }{
		{"gw_0123", "dvara"}, {"detect_live_0123", "rivaro"}, {"sk-bf-0123", "korad"}, {"dos_sk_0123", "dosai"},
		{"olv_sk_0123", "olava"}, {"sk-proj-0123", ""}, {"", ""}, {"GW_0123", ""}, {" gw_0123", ""}, {"gw", ""},
	} {
		d, ok := set.ForCredential(c.presented)
		if got := nameOf(d); got != c.want || ok != (c.want != "") {
			t.Errorf("ForCredential(%q) = %q, %v, want %q", c.presented, got, ok, c.want)
		}
	}
}

func nameOf(d fault.Dialect) string {
	if d == nil {
		return ""
	}
	return d.Name()
}

func TestSetRefuses(t *testing.T) {
	d := dialect(t, "dvara")
	if _, err := fault.NewSet(d, dialect(t, "korad"), d); err == nil || !strings.Contains(err.Error(), `"dvara"`) {
		t.Errorf("two dialects of one name: %v", err)
	}
	if _, ok := fault.Default().ByName("none"); ok {
		t.Error("found a dialect that is not there")
	}
	if _, err := fault.New(fault.Spec{Name: "hollow", Rows: map[fault.Code]fault.Row{
		fault.Internal:   {Status: 200},
		fault.KeyMissing: {Status: 401, Says: []string{"{model}"}},
	}}); err == nil {
		t.Error("a hollow spec became a dialect")
	} else {
		for _, want := range []string{`"hollow"`, "no envelope", "no row for overloaded", "row internal: status 200", "row key_missing: the last of its words"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q:\n%v", want, err)
			}
		}
	}
}
