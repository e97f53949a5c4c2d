package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weir/admin"
	"weir/cmd/extproc/config"
	"weir/cmd/extproc/providers"
	"weir/filter"
	"weir/policy"
	"weir/policy/detect"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// operator is what operators see and change of a running process.
type operator struct{ *Process }

// Policies implements admin.Engine.
func (o operator) Policies() []admin.PolicySet {
	c := o.config.Load()
	list := []admin.PolicySet{setOf("enforced", c.PoliciesDir, o.Engine.Status())}
	if e := o.policies.candidate; e != nil {
		list = append(list, setOf("candidate", c.CandidateDir, e.Status()))
	}
	if e := o.policies.authz; e != nil {
		list = append(list, setOf("ext_authz", c.Authz.Dir, e.Status()))
	}
	return list
}

func setOf(name, dir string, s policy.Status) admin.PolicySet {
	out := admin.PolicySet{Name: name, Version: s.Version, Source: dir, LoadedAt: stamp(s.Loaded), TriedAt: stamp(s.Tried), Refused: s.Refused, Replaced: s.Replaced}
	if s.Err != nil {
		out.Error = s.Err.Error()
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// ReloadPolicies implements admin.Engine.
func (o operator) ReloadPolicies(ctx context.Context) {
	o.reportPolicies(o.Engine.Reload(ctx))
	if e := o.policies.candidate; e != nil {
		err := e.Reload(ctx)
		o.reportLoad("candidate", e.Status().Version, err)
	}
	if e := o.policies.authz; e != nil {
		err := e.Reload(ctx)
		o.reportLoad("ext_authz", e.Status().Version, err)
	}
}

// Providers implements admin.Engine.
func (o operator) Providers() []admin.Provider {
	c := o.config.Load()
	states, out := o.breakers.States(), []admin.Provider{}
	kept := config.KeptOf(o.Directory.Kept())
	for _, p := range c.Providers {
		v := admin.Provider{
			Name: p.Name, Kind: p.Kind, BaseURL: p.BaseURL, Region: p.Region, Models: []string{}, Breaker: "closed", Credential: providers.Standing(p),
		}
		if s, asked := states[p.Name]; asked {
			v.Breaker = strings.ReplaceAll(s, "-", "_")
		}
		if left, closed := o.breakers.Closed(p.Name); !closed && v.Breaker == "open" {
			v.OpenForMS = left.Milliseconds()
		}
		switch {
		case p.Credential.Env != "":
			v.From = "env " + p.Credential.Env
		case p.Credential.File == config.KeptCredential(c.Envoy.Secrets, p.Name):
			v.From = "store"
		case p.Credential.File != "":
			v.From = "file " + p.Credential.File
		}
		if v.Origin = "file"; !c.DeclaresProvider(p.Name) {
			v.Origin, v.Document = "store", admin.DocumentOf(kept.Providers[p.Name])
		}
		for _, m := range c.Models {
			if m.Provider == p.Name {
				v.Models = append(v.Models, m.Name)
			}
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b admin.Provider) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// provider is the one with a name.
func (o operator) provider(name string) (provider.Provider, error) {
	c := o.config.Load()
	i := slices.IndexFunc(c.Providers, func(p provider.Provider) bool { return p.Name == name })
	if i < 0 {
		return provider.Provider{}, fmt.Errorf("no provider is called %q", name)
	}
	return c.Providers[i], nil
}

// TestProvider implements admin.Engine.
func (o operator) TestProvider(ctx context.Context, name, model string) (admin.ProviderTest, error) {
	p, err := o.provider(name)
	switch {
	case err != nil:
		return admin.ProviderTest{}, err
	case p.Caller:
		return admin.ProviderTest{}, fmt.Errorf("%s is called with the caller's own credential, so there is none to test it with", name)
	case model == "":
		if model = providers.FirstModel(o.config.Load().Models, name); model == "" {
			return admin.ProviderTest{}, fmt.Errorf("no model of %s has a name of its own: say which", name)
		}
	}
	a, err := providers.Probe(ctx, p, model)
	var why *providers.Error
	switch {
	case errors.As(err, &why):
		return admin.ProviderTest{Model: model, Status: a.Status, What: why.What, Hint: why.Hint}, nil
	case err != nil:
		return admin.ProviderTest{Model: model, Status: a.Status, What: "it did not answer"}, nil
	}
	return admin.ProviderTest{OK: true, Model: model, Status: a.Status, TookMS: a.Took.Milliseconds()}, nil
}

// writeCredential puts a credential into the file that it is read from, at once and whole.
func (o operator) writeCredential(p provider.Provider, value string) error {
	if p.Credential.File == "" || p.From != (provider.From{}) { // what is issued is fetched, and would be written over
		return admin.ErrNotKept
	}
	if err := replaceFile(p.Credential.File, value+"\n"); err != nil {
		o.log.Error("writing a provider's credential", "provider", p.Name, "error", err)
		return fmt.Errorf("%w: its file cannot be replaced", admin.ErrNotKept)
	}
	return nil
}

// replaceFile puts a file in the place of another, whole, and readable by the same.
func replaceFile(path, text string) error {
	mode := os.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".credential.*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Rules implements admin.Engine.
func (o operator) Rules() []admin.DetectorRule {
	var out []admin.DetectorRule
	for _, r := range detect.Rules() {
		out = append(out, admin.DetectorRule{
			ID: r.ID, Type: string(r.Type), Category: string(detect.CategoryOf(r.Type)), Severity: string(r.Severity), Score: r.Score, Description: r.Description, Source: r.Source,
		})
	}
	return out
}

// Scan implements admin.Engine.
func (o operator) Scan(of, text string, place admin.Place) ([]admin.ScanFinding, error) {
	s := scanner
	if of != "" {
		t, ok := o.Directory.Current().Tenant(of)
		if !ok {
			return nil, tenant.ErrNoTenant
		}
		s = t.Scanner(scanner)
	}
	var found []detect.Finding
	switch place {
	case admin.PlaceDocument:
		found = s.ScanPrompt(text, detect.Reading{Inside: true}, nil)
	case admin.PlaceAnswer:
		found = s.Scan(text, nil)
	default:
		found = s.ScanPrompt(text, detect.Reading{}, nil)
	}
	out := []admin.ScanFinding{}
	for _, f := range found {
		out = append(out, admin.ScanFinding{
			Type: string(f.Type), Category: string(f.Category), Severity: string(f.Severity), Score: f.Score, Start: f.Start, End: f.End, Rule: f.Rule,
		})
	}
	return out, nil
}

// Settings implements admin.Engine.
func (o operator) Settings(t *tenant.Tenant) ([]admin.Setting, error) {
	document, stored := o.Directory.Document(t.ID)
	origin := "store"
	if !stored {
		origin, document = "file", nil
	}
	list, err := o.config.Load().Settings(t, document)
	if err != nil {
		return nil, fmt.Errorf("reading settings: %w", err)
	}
	out := []admin.Setting{}
	for _, s := range list {
		v := admin.Setting{Name: s.Name, Value: s.Value, Origin: "default"}
		if s.Stated {
			v.Origin = origin
		}
		out = append(out, v)
	}
	return out, nil
}

// Budgets implements admin.Engine.
func (o operator) Budgets(ctx context.Context, t *tenant.Tenant) ([]admin.Budget, error) {
	out := []admin.Budget{}
	now := time.Now()
	for _, b := range filter.BudgetsOf(t) {
		v := admin.Budget{ID: b.ID, Scope: b.Scope, Kind: b.Kind.String(), Period: b.Period, Limit: b.Limit, Soft: b.Soft, Left: b.Limit}
		list, err := o.Ledger.Accounts(ctx, t.ID, b, now, 1)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			a := list[0]
			v.Spent, v.Held, v.Overrun, v.Start = a.Settled+a.Overrun, a.Held, a.Overrun, stamp(a.Start)
			v.Left = max(b.Limit-v.Spent-a.Held, 0)
		}
		out = append(out, v)
	}
	return out, nil
}
