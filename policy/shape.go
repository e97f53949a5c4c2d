package policy

import "github.com/open-policy-agent/opa/v1/ast"

// shape says what the input of a program has: the whole of Facts, or the part that its policies read.
type shape struct {
	facts     []field[Facts]
	time      []field[Time]
	identity  []field[Identity]
	request   []field[RequestFacts]
	finding   []field[FindingFacts]
	candidate []field[CandidateFact]
	tokens    []field[TokenFacts]
	rate      []field[RateFacts]
	budget    []field[BudgetFacts]
	client    []field[ClientFacts]
	models    []field[ModelFacts]
	answer    []field[AnswerFacts]
	text      []field[TextFacts]
	segment   []field[SegmentFact]
}

// whole has every fact.
func whole() *shape {
	return &shape{
		facts: factsFields(), time: timeFields(), identity: identityFields(), request: requestFields(), finding: findingFields(),
		candidate: candidateFields(), tokens: tokenFields(), rate: rateFields(), budget: budgetFields(), client: clientFields(),
		models: modelFields(), answer: answerFields(), text: textFields(), segment: segmentFields(),
	}
}

// pruned has what n says is read, and nothing else.
func pruned(n *needs) *shape {
	s := whole()
	s.facts, s.time, s.identity = keep(s.facts, n), keep(s.time, n.at("time")), keep(s.identity, n.at("identity"))
	s.request, s.tokens, s.client = keep(s.request, n.at("request")), keep(s.tokens, n.at("tokens")), keep(s.client, n.at("client"))
	s.models, s.answer = keep(s.models, n.at("models")), keep(s.answer, n.at("answer"))
	s.candidate, s.rate, s.budget = keep(s.candidate, n.at("candidates").at(anyName)), keep(s.rate, n.at("rates").at(anyName)), keep(s.budget, n.at("budgets").at(anyName))
	s.text, s.segment = keep(s.text, n.at(textName)), keep(s.segment, n.at(textName).at("segments").at(anyName))
	finding := &needs{}
	finding.add(n.at("findings").at(anyName))
	for _, group := range [...]string{foundName, answeredName} {
		byCategory := n.at(group)
		for _, types := range byCategory.below {
			for _, f := range types.below {
				finding.add(f)
			}
			finding.all = finding.all || types.all
		}
		finding.all = finding.all || byCategory.all
	}
	s.finding = keep(s.finding, finding)
	return s
}

func keep[T any](fields []field[T], n *needs) []field[T] {
	var out []field[T]
	for _, f := range fields {
		if name, ok := f.key.Value.(ast.String); ok && n.reads(string(name)) {
			out = append(out, f)
		}
	}
	return out
}

// anyName stands for whatever index or key is not a constant.
const anyName = "*"

// needs are the parts of the input that a program can reach: a tree of member names.
type needs struct {
	all   bool // everything below
	below map[string]*needs
}

// at is what is read below a member.
func (n *needs) at(name string) *needs {
	if n.all {
		return &needs{all: true}
	}
	out := &needs{}
	out.add(n.below[name])
	if name != anyName {
		out.add(n.below[anyName])
	}
	return out
}

// reads says whether anything of a member is.
func (n *needs) reads(name string) bool {
	return n.all || n.below[name] != nil || n.below[anyName] != nil
}

// add puts what another tree has into this one.
func (n *needs) add(other *needs) {
	if other == nil {
		return
	}
	n.all = n.all || other.all
	for name, o := range other.below {
		n.child(name).add(o)
	}
}

func (n *needs) child(name string) *needs {
	if n.below == nil {
		n.below = map[string]*needs{}
	}
	c := n.below[name]
	if c == nil {
		c = &needs{}
		n.below[name] = c
	}
	return c
}

// needsOf collects what the modules of a compiled program read. The input can be reached through references that start
// with it and in no other way; wherever one ends, or the input stands by itself, everything below may be read.
func needsOf(c *ast.Compiler) *needs {
	n := &needs{}
	visitor := ast.NewGenericVisitor(nil)
	*visitor = *ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			if len(x) > 0 && x[0].Equal(ast.InputRootDocument) {
				n.read(x[1:])
				for _, t := range x[1:] {
					visitor.Walk(t)
				}
				return true
			}
		case ast.Var:
			if x.Equal(ast.InputRootDocument.Value) {
				n.all = true
			}
		}
		return false
	})
	for _, m := range c.Modules {
		visitor.Walk(m)
	}
	return n
}

// read enters one reference.
func (n *needs) read(path ast.Ref) {
	for _, t := range path {
		name := anyName
		if s, ok := t.Value.(ast.String); ok {
			name = string(s)
		}
		n = n.child(name)
	}
	n.all = true
}
