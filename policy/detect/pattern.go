package detect

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode/utf8"
)

// patternSet is a tenant's regular expressions, compiled as one and each by itself.
type patternSet struct {
	rules []patternRule
	all   *regexp.Regexp // any of them, from where it is asked on
	first [256]bool      // the bytes a match can begin with
	types []Type
	pool  sync.Pool // of *runes
}

type patternRule struct {
	kept
	re *regexp.Regexp
}

// compilePatterns makes a set. Its error says which pattern is wrong, at which byte, and why.
func compilePatterns(list []Pattern, kinds map[Type]Category) (*patternSet, error) {
	if len(list) > maxPatterns {
		return nil, fmt.Errorf("patterns: found %d, want at most %d", len(list), maxPatterns)
	}
	set := &patternSet{pool: sync.Pool{New: func() any { return new(runes) }}}
	var errs []error
	var every []string
	for i, p := range list {
		at := fmt.Sprintf("patterns[%d]", i)
		k := kept{p.ID, p.Type, p.Category, p.Severity, p.Score}
		errs = append(errs, k.check(at, kinds))
		tree, err := parsePattern(at, p.Regexp)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		re := regexp.MustCompile(fromHere(p.Regexp))
		re.Longest()
		set.rules = append(set.rules, patternRule{k, re})
		set.types = append(set.types, p.Type)
		every = append(every, "(?:"+p.Regexp+")")
		set.begin(tree)
	}
	if len(every) > 0 {
		set.all = regexp.MustCompile(fromHere(strings.Join(every, "|")))
	}
	return set, errors.Join(errs...)
}

func fromHere(expr string) string { return `\A(?:` + expr + `)` }

// parsePattern reads an expression and refuses what has no meaning inside of a text, or would match nothing.
func parsePattern(at, expr string) (*syntax.Regexp, error) {
	if len(expr) == 0 || len(expr) > maxExpression {
		return nil, fmt.Errorf("%s.regexp: has %d bytes, want 1 to %d", at, len(expr), maxExpression)
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	var bad *syntax.Error
	if errors.As(err, &bad) {
		return nil, fmt.Errorf("%s.regexp: at byte %d: %s: %q", at, position(expr, bad), bad.Code, bad.Expr)
	}
	if err != nil {
		return nil, fmt.Errorf("%s.regexp: %w", at, err)
	}
	for _, sign := range [...]struct {
		op   syntax.Op
		text string
	}{{syntax.OpBeginText, "^"}, {syntax.OpBeginLine, "^"}, {syntax.OpEndText, "$"}, {syntax.OpEndLine, "$"}} {
		if holdsOp(tree, sign.op) {
			return nil, fmt.Errorf("%s.regexp: at byte %d: %s has no meaning here, since a match may stand anywhere in a text; leave it out", at, bare(expr, sign.text[0]), sign.text)
		}
	}
	if re := regexp.MustCompile(fromHere(expr)); re.MatchString("") {
		return nil, fmt.Errorf("%s.regexp: matches nothing at all; want at least one character", at)
	}
	return tree, nil
}

// position is the byte of an expression that is wrong.
func position(expr string, bad *syntax.Error) int {
	switch bad.Code {
	case syntax.ErrMissingParen:
		return strings.LastIndexByte(expr, '(')
	case syntax.ErrUnexpectedParen:
		for n := range len(expr) {
			var early *syntax.Error
			if _, err := syntax.Parse(expr[:n+1], syntax.Perl); errors.As(err, &early) && early.Code == bad.Code {
				return n
			}
		}
	}
	return max(0, strings.Index(expr, bad.Expr))
}

// bare is where a sign stands that is neither escaped nor in a class.
func bare(expr string, sign byte) int {
	class := false
	for i := 0; i < len(expr); i++ {
		switch c := expr[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == sign && !class:
			return i
		}
	}
	return 0
}

func holdsOp(tree *syntax.Regexp, op syntax.Op) bool {
	if tree.Op == op {
		return true
	}
	for _, sub := range tree.Sub {
		if holdsOp(sub, op) {
			return true
		}
	}
	return false
}

// begin notes the bytes that a match can begin with.
func (p *patternSet) begin(tree *syntax.Regexp) {
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		for c := range p.first {
			p.first[c] = true
		}
		return
	}
	seen := map[uint32]bool{}
	var visit func(pc uint32)
	visit = func(pc uint32) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		switch in := &prog.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			visit(in.Out)
			visit(in.Arg)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			visit(in.Out)
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			for c := range p.first {
				p.first[c] = p.first[c] || c >= utf8.RuneSelf || in.MatchRune(rune(c))
			}
		}
	}
	visit(uint32(prog.Start))
}

// family is the set as the scanner runs it.
func (p *patternSet) family() family {
	return family{
		rules:   func() []Rule { return nil },
		scan:    p.scan,
		watches: []watch{{p.types, p.open}},
	}
}

func (p *patternSet) scan(_ *reader, text string, from int, into []Finding) []Finding {
	r := p.pool.Get().(*runes)
	defer p.pool.Put(r)
	for i := from; i < len(text); i++ {
		if p.first[text[i]] && edge(text, i) && utf8.RuneStart(text[i]) {
			into = p.match(r, text, i, into)
		}
	}
	return into
}

// match checks every pattern at i. It leaves in r whether the end of the text was reached.
func (p *patternSet) match(r *runes, text string, i int, into []Finding) []Finding {
	r.reset(text, i)
	hit := p.all.MatchReader(r)
	past := r.past
	if hit {
		for k := range p.rules {
			r.reset(text, i)
			loc := p.rules[k].re.FindReaderIndex(r)
			past = past || r.past
			if loc != nil && loc[1] > 0 && edge(text, i+loc[1]) {
				into = append(into, p.rules[k].finding(i, i+loc[1]))
			}
		}
	}
	r.past = past
	return into
}

// open is the first place from which a pattern could match that more text decides.
func (p *patternSet) open(_ *reader, text string, from int) int {
	r := p.pool.Get().(*runes)
	defer p.pool.Put(r)
	for i := max(from, len(text)-MaxPattern-utf8.UTFMax); i < len(text); i++ {
		if !p.first[text[i]] || !edge(text, i) || !utf8.RuneStart(text[i]) {
			continue
		}
		if p.match(r, text, i, nil); r.past {
			return i
		}
	}
	return len(text)
}

// edge says whether no word goes on over i.
func edge(text string, i int) bool {
	return i <= 0 || i >= len(text) || !alnum(text[i-1]) || !alnum(text[i]) || escape(text, i-1)
}

// runes reads at most MaxPattern bytes of a text, and notes whether the text ended before.
type runes struct {
	text string
	at   int
	stop int
	past bool
}

func (r *runes) reset(text string, i int) { *r = runes{text: text, at: i, stop: i + MaxPattern} }

// ReadRune is of io.RuneReader.
func (r *runes) ReadRune() (c rune, size int, err error) {
	if r.at >= len(r.text) || cutShort(r.text, r.at) {
		r.past = r.past || r.at < r.stop
		if r.at >= len(r.text) {
			return 0, 0, io.EOF
		}
	}
	if r.at >= r.stop {
		return 0, 0, io.EOF
	}
	c, size = utf8.DecodeRuneInString(r.text[r.at:])
	r.at += size
	return c, size, nil
}
