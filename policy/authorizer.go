package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// AuthorizerPath is the document that OPA's Envoy plugin asks for where nothing else is said.
const AuthorizerPath = "envoy/authz/allow"

// Authorizer evaluates policies that were written for OPA's Envoy plugin, as they are: any package, any Rego version that
// OPA reads, every built-in but those that reach out: a server that is slow or lies would decide about every request, and the
// deadline of a decision is shorter than most answers. It is immutable and safe for concurrent use.
//
// It knows nothing of Facts: what such a policy reads is what Envoy sends. Its policies may read the clock, so unlike a
// Program's they cannot be replayed.
type Authorizer struct {
	query   rego.PreparedEvalQuery
	version string
}

// LoadAuthorizer compiles every .rego file of fsys, tests left out, for the document at path, such as envoy/authz/allow.
// What is wrong is a *LoadError.
func LoadAuthorizer(ctx context.Context, fsys fs.FS, path string) (*Authorizer, error) {
	sources, problems := readSources(fsys)
	if len(problems) > 0 {
		return nil, refuse(problems)
	}
	modules := map[string]*ast.Module{}
	for _, s := range sources {
		if s.isTest() {
			continue
		}
		m, err := parseAny(s)
		if err != nil {
			problems = append(problems, problemsOf(err)...)
			continue
		}
		modules[s.name] = m
	}
	compiler := ast.NewCompiler().WithCapabilities(authorizerCapabilities())
	if compiler.Compile(modules); compiler.Failed() {
		problems = append(problems, problemsOf(compiler.Errors)...)
	}
	if len(problems) > 0 {
		return nil, refuse(problems)
	}
	document := "data." + strings.ReplaceAll(strings.Trim(path, "/"), "/", ".")
	ref, err := ast.ParseRef(document)
	if err != nil || len(compiler.GetRules(ref)) == 0 {
		return nil, refuse([]Problem{{Message: "no rule gives " + document, Hint: "authz.path names the document, as envoy/authz/allow"}})
	}
	query, err := rego.New(rego.Query(document), rego.Compiler(compiler), rego.Store(inmem.New()), rego.StrictBuiltinErrors(false)).PrepareForEval(ctx)
	if err != nil {
		return nil, refuse([]Problem{{Message: "preparing " + document + ": " + err.Error()}})
	}
	return &Authorizer{query: query, version: versionOf(sources)}, nil
}

// parseAny reads a module of Rego version 1, else of version 0.
func parseAny(s source) (*ast.Module, error) {
	m, err := ast.ParseModuleWithOpts(s.name, string(s.text), ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err == nil {
		return m, nil
	}
	if old, errOld := ast.ParseModuleWithOpts(s.name, string(s.text), ast.ParserOptions{RegoVersion: ast.RegoV0}); errOld == nil {
		return old, nil
	}
	return nil, err
}

// authorizerCapabilities are OPA's without the network and the environment, and without what does not stop at a deadline.
func authorizerCapabilities() *ast.Capabilities {
	return without(ast.CapabilitiesForThisVersion(), isBarred)
}

// Version names the sources, as a Program's does.
func (a *Authorizer) Version() string { return a.version }

// What an Authorizer reports beside errors of the evaluation.
var (
	ErrUndefined  = errors.New("the decision is undefined")
	ErrAuthorizer = errors.New("the decision is neither a boolean nor an object with allowed")
)

// Authorize asks for the decision on input, within the deadline of ctx. What comes back is a boolean, or an object whose
// member allowed is one. OPA's message is not in the errors, since it may quote the request.
func (a *Authorizer) Authorize(ctx context.Context, input map[string]any) (said any, err error) {
	defer func() {
		if recover() != nil {
			said, err = nil, errPanicked
		}
	}()
	results, err := a.query.Eval(ctx, rego.EvalInput(input))
	if err != nil {
		outcome, detail := classify(err)
		return nil, fmt.Errorf("%s: %s", outcome, detail)
	}
	if len(results) == 0 || len(results[0].Expressions) == 0 {
		return nil, ErrUndefined
	}
	switch v := results[0].Expressions[0].Value.(type) {
	case bool:
		return v, nil
	case map[string]any:
		if _, ok := v["allowed"].(bool); ok {
			return v, nil
		}
	}
	return nil, ErrAuthorizer
}
