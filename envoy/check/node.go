package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// node is a piece of YAML or JSON that knows its line.
type node struct {
	line  int
	keys  []string // of a mapping, in order
	kids  map[string]*node
	items []*node // of a sequence
	value any     // of a scalar: string, json.Number, bool or nil
}

// mapping says whether the node is one, an empty one too.
func (n *node) mapping() bool { return n != nil && n.kids != nil }

// get is a member of a mapping, by the name of the field in the proto; it may be written in camelCase.
func (n *node) get(name string) *node {
	if !n.mapping() {
		return nil
	}
	if k, ok := n.kids[name]; ok {
		return k
	}
	return n.kids[camel(name)]
}

// text is a scalar as a string, or "".
func (n *node) text() string {
	if n == nil {
		return ""
	}
	switch v := n.value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// camel is the JSON name of a proto field.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}

// place is a field of the text, or where it would stand.
type place struct {
	at   *node // the deepest node on the way that is there
	path string
}

// in goes further down: a string is a member, an int an item.
func (p place) in(keys ...any) place {
	there := p.at
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			p.path = strings.TrimPrefix(p.path+"."+k, ".")
			there = there.get(k)
		case int:
			p.path += "[" + strconv.Itoa(k) + "]"
			if there != nil && k < len(there.items) {
				there = there.items[k]
			} else {
				there = nil
			}
		}
		if there != nil {
			p.at = there
		}
	}
	return p
}

// exact is the node of a field, or nil where it is not written.
func (p place) exact(keys ...any) *node {
	n := p.at
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			n = n.get(k)
		case int:
			if n == nil || k >= len(n.items) {
				return nil
			}
			n = n.items[k]
		}
	}
	return n
}

func (p place) line() int {
	if p.at == nil {
		return 0
	}
	return p.at.line
}

// maxDepth bounds how deep a text may be nested.
const maxDepth = 200

var errDeep = errors.New("it is nested too deeply")

// parse reads YAML or JSON.
func parse(text []byte) (*node, error) {
	if t := bytes.TrimSpace(text); len(t) > 0 && t[0] == '{' {
		return parseJSON(text)
	}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, fmt.Errorf("reading YAML: %w", err)
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return nil, fmt.Errorf("reading YAML: it must be one document, found %d", len(f.Docs))
	}
	y := &yamlReader{anchors: map[string]*node{}}
	n := y.read(f.Docs[0].Body, 0)
	if y.err != nil {
		return nil, fmt.Errorf("reading YAML: %w", y.err)
	}
	return n, nil
}

// jsonReader reads JSON token by token, to know where each stands.
type jsonReader struct {
	dec   *json.Decoder
	lines []int // where each line begins
}

func parseJSON(text []byte) (*node, error) {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(text)), lines: []int{0}}
	r.dec.UseNumber()
	for i, b := range text {
		if b == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	n, err := r.read(0)
	if err != nil {
		return nil, fmt.Errorf("reading JSON, line %d: %w", r.line(), err)
	}
	return n, nil
}

// line is where the token ends that was read last.
func (r *jsonReader) line() int {
	at := int(r.dec.InputOffset())
	return sort.Search(len(r.lines), func(i int) bool { return r.lines[i] >= at })
}

func (r *jsonReader) read(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	t, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &node{line: r.line()}
	switch t {
	case json.Delim('{'):
		n.kids = map[string]*node{}
		for r.dec.More() {
			key, err := r.dec.Token()
			if err != nil {
				return nil, err
			}
			name, line := key.(string), r.line()
			kid, err := r.read(depth + 1)
			if err != nil {
				return nil, err
			}
			kid.line = line
			n.put(name, kid)
		}
		_, err = r.dec.Token()
	case json.Delim('['):
		n.items = []*node{}
		for r.dec.More() {
			kid, err := r.read(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, kid)
		}
		_, err = r.dec.Token()
	default:
		n.value = t
	}
	return n, err
}

// put adds a member.
func (n *node) put(name string, kid *node) {
	if _, twice := n.kids[name]; !twice {
		n.keys = append(n.keys, name)
	}
	n.kids[name] = kid
}

// yamlReader turns the library's tree into ours.
type yamlReader struct {
	anchors map[string]*node
	err     error
}

func (y *yamlReader) read(a ast.Node, depth int) *node {
	if depth > maxDepth {
		y.err = errDeep
		return &node{}
	}
	n := &node{line: a.GetToken().Position.Line}
	switch v := a.(type) {
	case *ast.MappingNode:
		n.kids = map[string]*node{}
		for _, m := range v.Values {
			y.member(n, m, depth)
		}
	case *ast.MappingValueNode:
		n.kids = map[string]*node{}
		y.member(n, v, depth)
	case *ast.SequenceNode:
		n.items = []*node{}
		for _, item := range v.Values {
			n.items = append(n.items, y.read(item, depth+1))
		}
	case *ast.AnchorNode:
		n = y.read(v.Value, depth+1)
		y.anchors[v.Name.String()] = n
	case *ast.AliasNode:
		if n = y.anchors[v.Value.String()]; n == nil {
			y.err = fmt.Errorf("line %d: there is no anchor %s", a.GetToken().Position.Line, v.Value)
			return &node{}
		}
	case *ast.TagNode:
		return y.read(v.Value, depth+1)
	default:
		n.value = scalar(a)
	}
	return n
}

// member adds what one key of a mapping says.
func (y *yamlReader) member(n *node, m *ast.MappingValueNode, depth int) {
	kid := y.read(m.Value, depth+1)
	if m.Key.IsMergeKey() {
		for _, name := range kid.keys {
			if _, own := n.kids[name]; !own {
				n.put(name, kid.kids[name])
			}
		}
		return
	}
	placed := *kid
	placed.line = m.Key.GetToken().Position.Line
	n.put(m.Key.GetToken().Value, &placed)
}

// scalar is the value of a leaf.
func scalar(a ast.Node) any {
	switch v := a.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return v.Value
	case *ast.IntegerNode:
		return json.Number(fmt.Sprint(v.Value))
	case *ast.FloatNode:
		return json.Number(strconv.FormatFloat(v.Value, 'g', -1, 64))
	case *ast.LiteralNode:
		return v.Value.Value
	case *ast.StringNode:
		return v.Value
	}
	return a.GetToken().Value
}
