package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// form compares what is written with the types that are decoded, and reports every member that does not exist and every
// value of the wrong kind. It says which kind was found, never the value: it may be a secret. What only decoding can
// resolve (aliases, merged mappings) is left to decoding.
type form struct {
	*checker
	misfits int // values of the wrong kind: decoding would fail on them
}

// mergeKey is YAML's key for members taken from elsewhere.
const mergeKey = "<<"

// plaintext are names people give to secrets.
var plaintext = map[string]bool{
	"key": true, "api_key": true, "value": true, "plaintext": true, "password": true, "secret": true, "token": true,
}

// check walks a value that stands at a path and must have type t.
func (f *form) check(n ast.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := n.(type) {
	case nil, *ast.NullNode, *ast.AliasNode, *ast.CommentNode, *ast.CommentGroupNode:
		return
	case *ast.AnchorNode:
		f.check(v.Value, t, path)
		return
	case *ast.TagNode:
		f.check(v.Value, t, path)
		return
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		f.mapping(n, t, path)
	case reflect.Slice:
		f.list(n, t.Elem(), path)
	default:
		if !fits(n, t.Kind()) {
			f.misfit(n, path, wanted(t))
		} else if octal(n) {
			f.misfit(n, path, wanted(t))
			last := &f.problems[len(f.problems)-1]
			last.Found, last.Hint = "a number that begins with 0", "readers of YAML take it for an octal one: leave the 0 out, or quote it where it is meant"
		}
	}
}

// octal says whether a number is written as YAML 1.1 writes octal ones, and as people pad decimal ones.
func octal(n ast.Node) bool {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		return false
	}
	digits := strings.TrimLeft(i.Token.Value, "+-")
	return len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'
}

func (f *form) mapping(n ast.Node, t reflect.Type, path string) {
	var members []*ast.MappingValueNode
	switch v := n.(type) {
	case *ast.MappingNode:
		members = v.Values
	case *ast.MappingValueNode:
		members = []*ast.MappingValueNode{v}
	default:
		f.misfit(n, path, wanted(t))
		return
	}
	for _, m := range members {
		if name := m.Key.String(); name != mergeKey {
			f.member(m, t, path, strings.Trim(name, `"'`))
		}
	}
}

func (f *form) member(m *ast.MappingValueNode, t reflect.Type, path, name string) {
	at := strings.TrimPrefix(path+"."+name, ".")
	if t.Kind() == reflect.Map {
		f.check(m.Value, t.Elem(), at)
		return
	}
	var known []string
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if tag == name {
			f.check(m.Value, t.Field(i).Type, at)
			return
		}
		known = append(known, tag)
	}
	p := f.problem(m.Key, at)
	p.Found, p.Want, p.Hint = "a field that does not exist", "a known field", nearest(name, known)
	if plaintext[name] {
		p.Want, p.Hint = "no secret in plain text", "use env: NAME or file: PATH; keys are declared by sha256"
	}
	f.problems = append(f.problems, p)
}

func (f *form) list(n ast.Node, t reflect.Type, path string) {
	l, ok := n.(*ast.SequenceNode)
	if !ok {
		f.misfit(n, path, "a list")
		return
	}
	for i, v := range l.Values {
		f.check(v, t, fmt.Sprintf("%s[%d]", path, i))
	}
}

// misfit reports a value of the wrong kind.
func (f *form) misfit(n ast.Node, path, want string) {
	f.misfits++
	p := f.problem(n, path)
	p.Found, p.Want = kindOf(n), want
	if want == wanted(reflect.TypeFor[Reference]()) {
		p.Hint = "a secret is named here, never written down"
	}
	f.problems = append(f.problems, p)
}

// problem is one that stands where a node stands.
func (f *form) problem(n ast.Node, path string) Problem {
	line, column := position(n)
	return Problem{File: f.file, Line: line, Column: column, Field: path}
}

// fits says whether a scalar can be read as a kind. Amounts may be written as numbers, so text takes every scalar.
func fits(n ast.Node, k reflect.Kind) bool {
	switch n.(type) {
	case *ast.BoolNode:
		return k == reflect.Bool || k == reflect.String
	case *ast.IntegerNode:
		return k != reflect.Bool
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return k == reflect.Float64 || k == reflect.String
	case *ast.StringNode, *ast.LiteralNode:
		return k == reflect.String
	default:
		return false
	}
}

// kindOf names a node without its value.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	default:
		return "text"
	}
}

// wanted says what a type is written as.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		if t == reflect.TypeFor[Reference]() {
			return "env: NAME or file: PATH"
		}
		return "a mapping"
	case reflect.Map:
		return "a mapping"
	case reflect.Bool:
		return "true or false"
	case reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	default:
		return "text"
	}
}
