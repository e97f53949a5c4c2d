package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// evaluator asks a compiled set of policies for the entrypoint. It is immutable and shared by all evaluations.
//
// It uses OPA's query engine itself and not its rego package, whose options, result sets and plain Go values cost as much
// as a fifth of a decision.
type evaluator struct {
	compiler *ast.Compiler
	query    ast.Body
	rewriter ast.QueryCompiler
	store    storage.Store
	txn      storage.Transaction // of a store without data, which nobody writes to
}

// answer is the variable that the entrypoint is bound to.
const answer = ast.Var("answer")

func newEvaluator(ctx context.Context, c *ast.Compiler) (*evaluator, error) {
	e := &evaluator{compiler: c, rewriter: c.QueryCompiler(), store: inmem.New()}
	var err error
	if e.query, err = e.ask(entrypoint); err != nil {
		return nil, err
	}
	if e.txn, err = e.store.NewTransaction(ctx); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return e, nil
}

// ask prepares the query for a document.
func (e *evaluator) ask(document string) (ast.Body, error) {
	query, err := ast.ParseBodyWithOpts(string(answer)+" = "+document, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, fmt.Errorf("parsing the query: %w", err)
	}
	if query, err = e.rewriter.Compile(query); err != nil {
		return nil, fmt.Errorf("compiling the query: %w", err)
	}
	return query, nil
}

// errPanicked is a built-in's panic, without what it said: that could hold a fact.
var errPanicked = errors.New("the evaluation panicked")

// epoch is the clock of every evaluation. Policies cannot ask for it; without one, OPA would read the real one.
var epoch = time.Unix(0, 1)

// noChance is where an evaluation would take random bytes from.
type noChance struct{}

// Read always fails: nothing that a policy may call asks for chance.
func (noChance) Read([]byte) (int, error) { return 0, errors.New("policies have no source of chance") }

// eval asks a query. It returns nil where its answer is undefined. known are documents that need not be evaluated.
func (e *evaluator) eval(ctx context.Context, query ast.Body, input ast.Value, known []kept, w *witness, how how) (said ast.Value, err error) {
	defer func() {
		if recover() != nil {
			said, err = nil, errPanicked
		}
	}()
	if how.tracer != nil || how.all || how.afresh {
		known = nil // all that is evaluated is to be seen
	}
	cancel := topdown.NewCancel()
	stop := context.AfterFunc(ctx, cancel.Cancel)
	defer stop()
	q := topdown.NewQuery(query).WithQueryCompiler(e.rewriter).WithCompiler(e.compiler).
		WithStore(e.store).WithTransaction(e.txn).WithInput(ast.NewTerm(input)).WithBuiltins(marks).
		WithMetrics(metrics.NoOp()).WithCancel(cancel).WithStrictBuiltinErrors(true).WithTime(epoch).WithSeed(noChance{}).
		WithResponseMetadata(map[string]any{witnessKey: w}).WithIndexing(!how.unindexed).
		WithVirtualCache(newMemo(known))
	if how.tracer != nil {
		q = q.WithQueryTracer(how.tracer)
	}
	err = q.Iter(ctx, func(r topdown.QueryResult) error {
		if t, ok := r[answer]; ok {
			said = t.Value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return said, nil
}
