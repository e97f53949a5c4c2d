package policy

import (
	"math"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// value builds what a policy sees as input, straight from the struct: a quarter of the cost of a detour over JSON. Only
// what the program reads is built (see needs); nil slices and maps become empty ones, so that no fact is undefined by
// accident. A number that JSON cannot say is reported by ok.
// A property test holds it to the JSON form of Facts, so a field can never be added on one side only.
func (f *Facts) value(settings *ast.Term, s *shape) (v ast.Value, ok bool) {
	b := builder{finite: true, settings: settings, shape: s}
	t := compose(&b, s.facts, f)
	return t.Value, b.finite && f.finite()
}

// field is one member of an object in the input. get returns nil where the member is absent.
type field[T any] struct {
	key *ast.Term
	get func(*builder, *T) *ast.Term
}

// maxFields is the most members any object has.
const maxFields = 20

// compose makes an object of the fields that a program reads.
func compose[T any](b *builder, fields []field[T], v *T) *ast.Term {
	var pairs [maxFields][2]*ast.Term
	n := 0
	for i := range fields {
		if t := fields[i].get(b, v); t != nil {
			pairs[n] = [2]*ast.Term{fields[i].key, t}
			n++
		}
	}
	if n == 0 {
		return ast.InternedEmptyObject
	}
	return b.term(ast.NewObject(pairs[:n]...))
}

// builder makes terms out of a slab, so that a decision does not pay for each of them apart.
type builder struct {
	slab     []ast.Term
	finite   bool
	settings *ast.Term
	shape    *shape
	found    []*ast.Term // of the findings, in their order, once they are built
}

// slabTerms is how many terms are made at once; a usual request needs a little less.
const slabTerms = 48

func (b *builder) term(v ast.Value) *ast.Term {
	if len(b.slab) == 0 {
		b.slab = make([]ast.Term, slabTerms)
	}
	t := &b.slab[0]
	b.slab = b.slab[1:]
	t.Value = v
	return t
}

func (b *builder) text(s string) *ast.Term {
	if s == "" {
		return ast.InternedEmptyString
	}
	if t, ok := words[s]; ok {
		return t
	}
	return b.term(ast.String(s))
}

func (b *builder) flag(v bool) *ast.Term { return ast.InternedTerm(v) }

func (b *builder) integer(n int64) *ast.Term {
	if n >= 0 && n < 256 {
		return ast.InternedTerm(int(n))
	}
	return b.term(ast.Number(strconv.FormatInt(n, 10)))
}

func (b *builder) number(x float64) *ast.Term {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		b.finite = false
		return ast.InternedNullTerm
	}
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return b.integer(int64(x))
	}
	return b.term(ast.Number(strconv.FormatFloat(x, 'g', -1, 64)))
}

// finite says whether every number of the facts is one that JSON has, also where no policy reads it.
func (f *Facts) finite() bool {
	for _, x := range f.Request.Parameters {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	for i := range f.Findings {
		if x := f.Findings[i].Score; math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
		for _, x := range f.Findings[i].Scores {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return false
			}
		}
	}
	return true
}

// list makes an array of one term for each element of s.
func list[T any](b *builder, s []T, each func(*builder, *T) *ast.Term) *ast.Term {
	if len(s) == 0 {
		return ast.InternedEmptyArray
	}
	terms := make([]*ast.Term, len(s))
	for i := range s {
		terms[i] = each(b, &s[i])
	}
	return b.term(ast.NewArray(terms...))
}

// objects makes an array of objects of the same fields.
func objects[T any](b *builder, fields []field[T], s []T) *ast.Term {
	return list(b, s, func(b *builder, v *T) *ast.Term { return compose(b, fields, v) })
}

func (b *builder) texts(s []string) *ast.Term {
	return list(b, s, func(b *builder, s *string) *ast.Term { return b.text(*s) })
}

// some is texts, and absent where there are none.
func (b *builder) some(s []string) *ast.Term {
	if len(s) == 0 {
		return nil
	}
	return b.texts(s)
}

// table makes an object of one pair for each entry of m.
func table[V any](b *builder, m map[string]V, each func(*builder, V) *ast.Term) *ast.Term {
	if len(m) == 0 {
		return ast.InternedEmptyObject
	}
	pairs := make([][2]*ast.Term, 0, len(m))
	for k, v := range m {
		pairs = append(pairs, [2]*ast.Term{b.text(k), each(b, v)})
	}
	return b.term(ast.NewObject(pairs...))
}
