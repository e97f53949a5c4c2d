package policy

import (
	"math"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// value builds what a policy sees as input, straight from the struct: a quarter of the cost of a detour over JSON. Nil
// slices and maps become empty ones, so that no fact is undefined. A number that JSON cannot say is reported by ok.
// A property test holds it to the JSON form of Facts, so a field can never be added on one side only.
func (f *Facts) value(settings *ast.Term) (v ast.Value, ok bool) {
	b := builder{finite: true}
	v = ast.NewObject(
		at(keyBudgets, list(&b, f.Budgets, (*builder).budget)),
		at(keyCandidates, list(&b, f.Candidates, (*builder).candidate)),
		at(keyClient, b.client(&f.Client)),
		at(keyFindings, list(&b, f.Findings, (*builder).finding)),
		at(keyIdentity, b.identity(&f.Identity)),
		at(keyModels, b.models(&f.Models)),
		at(keyPhase, b.text(f.Phase)),
		at(keyRates, list(&b, f.Rates, (*builder).rate)),
		at(keyRequest, b.request(&f.Request)),
		at(keySchema, b.integer(int64(f.Schema))),
		at(keySettings, settings),
		at(keyTime, b.time(&f.Time)),
		at(keyTokens, b.tokens(&f.Tokens)),
	)
	return v, b.finite
}

// builder makes terms out of a slab, so that a decision does not pay for each of them apart.
type builder struct {
	slab   []ast.Term
	finite bool
}

// slabTerms is how many terms are made at once; a usual request needs a little less.
const slabTerms = 96

func at(k, v *ast.Term) [2]*ast.Term { return [2]*ast.Term{k, v} }

func (b *builder) term(v ast.Value) *ast.Term {
	if len(b.slab) == 0 {
		b.slab = make([]ast.Term, slabTerms)
	}
	t := &b.slab[0]
	b.slab = b.slab[1:]
	t.Value = v
	return t
}

func (b *builder) object(pairs ...[2]*ast.Term) *ast.Term { return b.term(ast.NewObject(pairs...)) }

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

func (b *builder) texts(s []string) *ast.Term {
	return list(b, s, func(b *builder, s *string) *ast.Term { return b.text(*s) })
}

// table makes an object of one pair for each entry of m.
func table[V any](b *builder, m map[string]V, each func(*builder, V) *ast.Term) *ast.Term {
	if len(m) == 0 {
		return ast.InternedEmptyObject
	}
	pairs := make([][2]*ast.Term, 0, len(m))
	for k, v := range m {
		pairs = append(pairs, at(b.text(k), each(b, v)))
	}
	return b.object(pairs...)
}
