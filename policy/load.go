package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The package of all policies, the document that is asked for on the request, and the one at the close.
const (
	weirPackage = "data.weir"
	entrypoint  = weirPackage + ".decision"
	closing     = weirPackage + ".closing"
)

// Load makes a program of every .rego file below the root of fsys, tests (*_test.rego) left out. Modules must
// `import rego.v2`, pass the strict compiler and the schema of Facts, use no built-in that reaches outside or cannot be
// stopped, name only known reason codes, and decide the canaries. Anything else is a *LoadError with all problems.
func Load(ctx context.Context, fsys fs.FS) (*Program, error) { return loadWith(ctx, fsys, nil) }

// loadWith is Load with more sources beside those of fsys.
func loadWith(ctx context.Context, fsys fs.FS, more []source) (*Program, error) {
	sources, problems := readSources(fsys)
	if len(problems) > 0 {
		return nil, refuse(problems)
	}
	sources = append(sources, more...)
	slices.SortFunc(sources, func(a, b source) int { return strings.Compare(a.name, b.name) })
	var kept []source
	for _, s := range sources {
		if !s.isTest() {
			kept = append(kept, s)
		}
	}
	p, problems := build(ctx, kept)
	if len(problems) == 0 {
		problems = p.tryCanaries(ctx)
	}
	if err := refuse(problems); err != nil {
		return nil, err
	}
	return p, nil
}

// build parses and compiles, and prepares the query.
func build(ctx context.Context, sources []source) (*Program, []Problem) {
	modules, problems := parse(sources)
	if len(problems) > 0 {
		return nil, problems
	}
	compiler, problems := compiled(modules)
	problems = append(problems, checkCodes(modules)...)
	problems = append(problems, checkPrivate(modules)...)
	problems = append(problems, checkUnread(modules)...)
	if len(problems) > 0 {
		return nil, problems
	}
	modes := map[string]string{}
	for _, s := range sources {
		modes[s.name] = s.mode
	}
	lively, shadowed, problems := live(modules, modes)
	if len(problems) > 0 {
		return nil, problems
	}
	if shadowed || len(lively) < len(modules) {
		if compiler, problems = compiled(lively); len(problems) > 0 {
			return nil, problems
		}
	}
	if len(compiler.GetRulesExact(ast.MustParseRef(entrypoint))) == 0 {
		return nil, []Problem{{Message: "no rule gives " + entrypoint, Hint: "keep decision.rego of the shipped policies"}}
	}
	ev, err := newEvaluator(ctx, compiler)
	if err != nil {
		return nil, []Problem{{Message: "preparing " + entrypoint + ": " + err.Error()}}
	}
	p := &Program{evaluator: ev, version: versionOf(sources)}
	if p.settled, err = settledDocs(ev); err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	if len(compiler.GetRulesExact(ast.MustParseRef(closing))) > 0 {
		if p.closing, err = ev.ask(closing); err != nil {
			return nil, []Problem{{Message: err.Error()}}
		}
	}
	if shadowed {
		if p.shadowed, err = ev.ask(shadowEntry); err != nil {
			return nil, []Problem{{Message: err.Error()}}
		}
	}
	if p.readsText, problems = checkText(compiler); len(problems) > 0 {
		return nil, problems
	}
	p.shape = pruned(needsOf(compiler))
	p.rules, p.marked = watch(compiler)
	return p, nil
}

// compiled compiles modules, which it leaves as they are.
func compiled(modules map[string]*ast.Module) (*ast.Compiler, []Problem) {
	c, problems := newCompiler()
	if len(problems) > 0 {
		return nil, problems
	}
	c.Compile(apart(modules))
	if problems := problemsOf(c.Errors); len(problems) > 0 {
		return c, problems
	}
	schema, problems := inputSchema()
	if len(problems) > 0 {
		return nil, problems
	}
	return c, checkFields(c, schema)
}

// parse reads modules with their annotations.
func parse(sources []source) (map[string]*ast.Module, []Problem) {
	options := ast.ParserOptions{ProcessAnnotation: true, Capabilities: capabilities(), RegoVersion: ast.RegoV1}
	modules := map[string]*ast.Module{}
	var problems []Problem
	for _, s := range sources {
		m, err := ast.ParseModuleWithOpts(s.name, string(s.text), options)
		switch {
		case err != nil:
			problems = append(problems, problemsOf(err)...)
		case !importsV2(m):
			problems = append(problems, Problem{
				File: s.name, Line: m.Package.Location.Row, Column: m.Package.Location.Col, Message: "import rego.v2 is missing",
				Hint: "without it a `not` over a missing value lets pass what it should deny",
			})
		default:
			modules[s.name] = m
		}
	}
	return modules, problems
}

func importsV2(m *ast.Module) bool {
	for _, i := range m.Imports {
		if ref, ok := i.Path.Value.(ast.Ref); ok && ref.Equal(ast.RegoV2CompatibleRef) {
			return true
		}
	}
	return false
}

// newCompiler returns a strict compiler that knows the schema of the input.
func newCompiler() (*ast.Compiler, []Problem) {
	raw, problems := inputSchema()
	if len(problems) > 0 {
		return nil, problems
	}
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, raw)
	schemas.Put(editorSchema(), raw)
	c := ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities()).WithSchemas(schemas).
		WithUseTypeCheckAnnotations(true).WithDefaultRegoVersion(ast.RegoV1)
	c.SetErrorLimit(0)
	return c, nil
}

// editorSchema is the name that a file's annotation gives the schema by, for OPA's own tools: schemas: [input: schema.input].
func editorSchema() ast.Ref { return ast.MustParseRef("schema.input") }

// inputSchema is Schema, read.
func inputSchema() (any, []Problem) {
	text, err := Schema()
	if err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	var raw any
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, []Problem{{Message: fmt.Sprintf("reading the schema of the facts: %v", err)}}
	}
	return raw, nil
}

// barred are built-ins that no policy may call, whoever it is written for: what reaches outside, and what does not stop at
// a deadline.
var barred = map[string]string{
	"http.send":             "network",
	"net.lookup_ip_addr":    "network",
	"opa.runtime":           "environment",
	"bits.lsh":              "cannot be stopped",
	"units.parse_bytes":     "cannot be stopped",
	"units.parse":           "cannot be stopped",
	"graph.reachable_paths": "cannot be stopped",
}

// withheld are those that Weir's own policies may not call besides: what differs from one call to the next, since a
// decision must be repeatable from its facts.
var withheld = map[string]string{
	"time.now_ns":       "clock: input.time has the moment of the exchange",
	"rand.intn":         "chance",
	"uuid.rfc4122":      "chance",
	"trace":             "debugging",
	"rego.parse_module": "cannot be stopped",
}

// withheldPrefixes are families of built-ins that are withheld whole.
var withheldPrefixes = []string{"io.jwt.", "crypto.", "providers.", "rego.metadata."}

func isBarred(name string) bool { return barred[name] != "" }

func isWithheld(name string) bool {
	return isBarred(name) || withheld[name] != "" ||
		slices.ContainsFunc(withheldPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// capabilities are this OPA's own without what is withheld, and without the network.
func capabilities() *ast.Capabilities {
	return without(ast.CapabilitiesForThisVersion(ast.CapabilitiesRegoVersion(ast.RegoV1)), isWithheld)
}

// without takes built-ins and the network out of what an OPA can.
func without(c *ast.Capabilities, gone func(name string) bool) *ast.Capabilities {
	kept := make([]*ast.Builtin, 0, len(c.Builtins))
	for _, b := range c.Builtins {
		if !gone(b.Name) {
			kept = append(kept, b)
		}
	}
	c.Builtins, c.AllowNet = kept, []string{}
	return c
}

// problemsOf turns what OPA reports into problems.
func problemsOf(err error) []Problem {
	var list ast.Errors
	if !errors.As(err, &list) {
		if err == nil {
			return nil
		}
		return []Problem{{Message: err.Error()}}
	}
	out := make([]Problem, 0, len(list))
	for _, e := range list {
		p := Problem{Message: e.Message, Hint: hint(e)}
		if e.Location != nil {
			p.File, p.Line, p.Column = e.Location.File, e.Location.Row, e.Location.Col
		}
		out = append(out, p)
	}
	return out
}

// hint says what to write instead, where that is known.
func hint(e *ast.Error) string {
	switch d := e.Details.(type) {
	case *ast.RefErrInvalidDetail:
		names := make([]string, 0, len(d.OneOf))
		for _, v := range d.OneOf {
			names = append(names, strings.Trim(v.String(), `"`))
		}
		if len(names) > 0 {
			return fmt.Sprintf("%s has no %s; one of: %s", d.Ref[:d.Pos], strings.Trim(d.Ref[d.Pos].String(), `"`), strings.Join(names, ", "))
		}
	case nil:
		if name, found := strings.CutPrefix(e.Message, "undefined function "); found && isWithheld(name) {
			return "this built-in is withheld from policies: " + orWord(barred[name], orWord(withheld[name], "not needed to decide"))
		}
	}
	return ""
}

func orWord(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
