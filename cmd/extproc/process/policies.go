package process

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/cmd/extproc/config"
	"weir/filter"
	"weir/policy"
	"weir/rego"
)

// policies are the engine in force, a candidate beside it, and what is counted about both.
type policies struct {
	bundles   []policy.Bundle
	candidate *policy.Engine           // nil: none
	authz     *policy.AuthorizerEngine // of ext_authz; nil: Weir's own decision is given
	loads     *prometheus.CounterVec
	fetches   *prometheus.CounterVec
}

// openPolicies loads everything that decides.
func (p *Process) openPolicies(ctx context.Context, c *config.Config) (err error) {
	if p.Engine, p.policies.bundles, err = EngineOf(ctx, c); err != nil {
		return err
	}
	if c.CandidateDir != "" {
		if p.policies.candidate, err = policy.NewEngine(ctx, rego.Shipped(), c.CandidateDir, time.Now); err != nil {
			return fmt.Errorf("policies.candidate: %w", err)
		}
	}
	if c.Authz.Dir != "" {
		if p.policies.authz, err = policy.NewAuthorizerEngine(ctx, c.Authz.Dir, c.Authz.Path, time.Now); err != nil {
			return fmt.Errorf("authz.dir: %w", err)
		}
	}
	p.policies.loads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "weir_policy_loads_total", Help: "Reads of changed policies, by which they are (enforced, candidate, ext_authz) and whether they came into force or were refused.",
	}, []string{"policies", "result"})
	p.policies.fetches = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "weir_policy_bundle_fetches_total", Help: "Questions to a bundle's server, by what came of them: changed, same, failed.",
	}, []string{"bundle", "result"})
	p.registry.MustRegister(p.policies.loads, p.policies.fetches)
	return nil
}

// EngineOf loads the policies that a configuration names: its directory, and the bundles that were kept in policies.persist.
// It asks no server, so a bundle that was never kept is missing: Engine.Has says so.
func EngineOf(ctx context.Context, c *config.Config) (*policy.Engine, []policy.Bundle, error) {
	e, err := policy.NewEngine(ctx, rego.Shipped(), c.PoliciesDir, time.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("policies.dir: %w", err)
	}
	bundles, err := bundlesOf(c)
	if err != nil {
		return nil, nil, err
	}
	if err := e.Restore(ctx, bundles); err != nil {
		return nil, nil, fmt.Errorf("policies.persist: %w", err)
	}
	return e, bundles, nil
}

// bundlesOf reads the secrets of the bundles.
func bundlesOf(c *config.Config) ([]policy.Bundle, error) {
	var out []policy.Bundle
	for i, b := range c.Bundles {
		key, err := b.Key.Secret()
		if err != nil || key == "" {
			return nil, fmt.Errorf("policies.bundles[%d].key: has no value: %w", i, err)
		}
		token, err := b.Token.Secret()
		if err != nil {
			return nil, fmt.Errorf("policies.bundles[%d].token: %w", i, err)
		}
		out = append(out, policy.Bundle{
			Name: b.Name, URL: b.URL, Token: token, Key: key, KeyID: b.KeyID, Algorithm: b.Algorithm, Scope: b.Scope, Roots: b.Roots,
			Poll: b.Every, Persist: c.PersistDir,
		})
	}
	return out, nil
}

// candidateInForce is the candidate's program, or nil.
func (p *Process) candidateInForce() *policy.Program {
	if p.policies.candidate == nil {
		return nil
	}
	return p.policies.candidate.Current()
}

// watchPolicies follows the directory of the enforced policies until ctx ends.
func (p *Process) watchPolicies(ctx context.Context) error {
	return p.Engine.Watch(ctx, p.reportPolicies)
}

func (p *Process) watchCandidate(ctx context.Context) error {
	if p.policies.candidate == nil {
		<-ctx.Done()
		return nil
	}
	return p.policies.candidate.Watch(ctx, func(err error) {
		p.reportLoad("candidate", p.policies.candidate.Status().Version, err)
	})
}

func (p *Process) watchAuthz(ctx context.Context) error {
	if p.policies.authz == nil {
		<-ctx.Done()
		return nil
	}
	return p.policies.authz.Watch(ctx, func(err error) {
		p.reportLoad("ext_authz", p.policies.authz.Status().Version, err)
	})
}

// authzInForce is what ext_authz is decided by, or nil for Weir's own decision.
func (p *Process) authzInForce(headersOnly bool) *filter.Authz {
	if p.policies.authz == nil {
		return nil
	}
	return &filter.Authz{Policies: p.policies.authz.Current(), HeadersOnly: headersOnly}
}

func (p *Process) followBundles(ctx context.Context) error {
	return p.Engine.Follow(ctx, p.policies.bundles, http.DefaultClient, func(name string, changed bool, err error) {
		switch {
		case err != nil:
			p.policies.fetches.WithLabelValues(name, "failed").Inc()
			p.log.Error("bundle refused or out of reach, the policies in force stay", "bundle", name, "error", err)
		case changed:
			p.policies.fetches.WithLabelValues(name, "changed").Inc()
			p.tellPolicies("bundle "+name, p.Engine.Current().Version(), "in_force")
			p.log.Info("policies in force", "bundle", name, "version", p.Engine.Current().Version())
		default:
			p.policies.fetches.WithLabelValues(name, "same").Inc()
		}
	})
}

func (p *Process) reportPolicies(err error) { p.reportLoad("enforced", p.Engine.Status().Version, err) }

// reportLoad says what came of a change: in the log and in a metric. Which policies are in force, and why a change of the
// enforced ones or of ext_authz was refused, readiness says, too.
func (p *Process) reportLoad(which, version string, err error) {
	if err != nil {
		p.policies.loads.WithLabelValues(which, "refused").Inc()
		p.tellPolicies(which, version, "refused")
		p.log.Error("policies refused, the old ones stay in force", "policies", which, "error", err)
		return
	}
	p.policies.loads.WithLabelValues(which, "in_force").Inc()
	p.tellPolicies(which, version, "in_force")
	p.log.Info("policies in force", "policies", which, "version", version)
}

func (p *Process) policiesInForce(context.Context) error { return refused(p.Engine.Status()) }

func (p *Process) authzPoliciesInForce(context.Context) error {
	if p.policies.authz == nil {
		return nil
	}
	return refused(p.policies.authz.Status())
}

func refused(s policy.Status) error {
	if s.Err != nil {
		return fmt.Errorf("the last change was refused: %w", s.Err)
	}
	return nil
}
