package policy

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// Report is what a check of policies found.
type Report struct {
	Version     string    // of the program; empty where there is none
	Load        []Problem // why the policies cannot be loaded; nothing else is then checked but their form
	Unformatted []Problem // files that are not in the form of opa fmt
	Tests       int       // tests that were run
	Failed      []Problem // tests that failed
	Coverage    float64   // percent of the lines of the policies that tests reach
	Uncovered   []Problem // lines that no test reaches
	Dead        []Problem // reasons that no test has seen given
}

// testTime bounds one test of a policy.
const testTime = 5 * time.Second

// Check looks at the policies of fsys and runs their tests: form, strict compilation, schema, canaries, tests with
// coverage, and reasons that nothing ever gave. own says which files are reported about, so that a team hears about its
// own and not about the shipped ones beside them; nil is all.
func Check(ctx context.Context, fsys fs.FS, own func(name string) bool) (Report, error) {
	if own == nil {
		own = func(string) bool { return true }
	}
	sources, problems := readSources(fsys)
	if len(problems) > 0 {
		return Report{Load: problems}, nil
	}
	var r Report
	for _, s := range sources {
		if own(s.name) {
			r.Unformatted = append(r.Unformatted, formOf(s)...)
		}
	}
	p, err := Load(ctx, fsys)
	if err != nil {
		r.Load = problemsIn(err)
		return r, nil
	}
	r.Version = p.version
	return r, r.test(ctx, sources, own)
}

func problemsIn(err error) []Problem {
	if e, ok := err.(*LoadError); ok { //nolint:errorlint // Load returns it unwrapped
		return e.Problems
	}
	return []Problem{{Message: err.Error()}}
}

// formOf says where a file first differs from what the formatter makes of it.
func formOf(s source) []Problem {
	formatted, err := format.SourceWithOpts(s.name, s.text, format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil // it does not parse, and loading says so
	}
	if bytes.Equal(formatted, s.text) {
		return nil
	}
	line := 1
	for i := range s.text {
		if i >= len(formatted) || s.text[i] != formatted[i] {
			break
		}
		if s.text[i] == '\n' {
			line++
		}
	}
	return []Problem{{File: s.name, Line: line, Message: "not in the form of opa fmt", Hint: "extproc check --fix writes it so"}}
}

// Formatted is a policy's text in the form of opa fmt.
func Formatted(name string, text []byte) ([]byte, error) {
	out, err := format.SourceWithOpts(name, text, format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, fmt.Errorf("formatting %s: %w", name, err)
	}
	return out, nil
}

// test runs the tests with coverage.
func (r *Report) test(ctx context.Context, sources []source, own func(string) bool) error {
	// Tests of others are left out: their helpers could bear the names of this team's.
	sources = slices.DeleteFunc(sources, func(s source) bool { return s.isTest() && !own(s.name) })
	modules, problems := parse(sources)
	if len(problems) > 0 {
		r.Load = problems
		return nil
	}
	compiler, problems := newCompiler()
	if len(problems) > 0 {
		r.Load = problems
		return nil
	}
	store, coverage := inmem.New(), cover.New()
	err := storage.Txn(ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		runner := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(apart(modules)).SetTimeout(testTime).
			SetCoverageQueryTracer(coverage).RaiseBuiltinErrors(true).SetDefaultRegoVersion(ast.RegoV1)
		results, err := runner.RunTests(ctx, txn)
		if err != nil {
			r.Load = problemsOf(err)
			return nil
		}
		for result := range results {
			r.Tests++
			r.Failed = append(r.Failed, failureOf(result)...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("running the tests of the policies: %w", err)
	}
	rules := map[string]*ast.Module{}
	for name, m := range modules {
		if own(name) && !(source{name: name}).isTest() {
			rules[name] = m
		}
	}
	r.cover(coverage.Report(rules), rules)
	return nil
}

func failureOf(r *tester.Result) []Problem {
	if r.Pass() || r.Skip {
		return nil
	}
	p := Problem{Message: "the test " + r.Name + " failed"}
	if r.Location != nil {
		p.File, p.Line = r.Location.File, r.Location.Row
	}
	for names, sub := range r.SubResults.Iter {
		if sub.Fail {
			p.Message += fmt.Sprintf(", case %q", names)
		}
	}
	if r.Error != nil {
		p.Message += ": " + r.Error.Error()
	}
	if r.FailedAt != nil && r.FailedAt.Location != nil {
		p.Hint = fmt.Sprintf("at line %d", r.FailedAt.Location.Row)
	}
	return []Problem{p}
}

// cover reads what the tests reached.
func (r *Report) cover(c cover.Report, modules map[string]*ast.Module) {
	r.Coverage = 100
	if c.CoveredLines+c.NotCoveredLines > 0 {
		r.Coverage = c.Coverage
	}
	for name, f := range c.Files {
		for _, lines := range f.NotCovered {
			for row := lines.Start.Row; row <= lines.End.Row; row++ {
				r.Uncovered = append(r.Uncovered, Problem{File: name, Line: row, Message: "no test reaches this line"})
			}
		}
	}
	for name, m := range modules {
		for _, rule := range m.Rules {
			if set, ok := speaks(m, rule); ok && set == "reasons" && !c.IsCovered(name, rule.Location.Row) {
				r.Dead = append(r.Dead, Problem{
					File: name, Line: rule.Location.Row, Message: "no test has seen this reason given", Hint: titleOf(rule),
				})
			}
		}
	}
	sortProblems(r.Uncovered)
	sortProblems(r.Dead)
	sort.SliceStable(r.Failed, func(i, j int) bool { return r.Failed[i].File < r.Failed[j].File })
}
