package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"weir/policy/tenant"
)

// Engine is what runs, as far as operators see and change it. Its methods are safe for concurrent use.
type Engine interface {
	// Policies are the sets of policies that are in force or tried beside them.
	Policies() []PolicySet
	// ReloadPolicies reads them again. Those that are refused leave the old ones in force; Policies says why.
	ReloadPolicies(ctx context.Context)
	// Providers are the upstreams, by name.
	Providers() []Provider
	// TestProvider asks a provider for one token. model is its own name of one; empty: the first that is configured.
	TestProvider(ctx context.Context, name, model string) (ProviderTest, error)
	// SetCredential writes the platform's credential for a provider to where it is read from: its file, or the store for one that is
	// kept there. The error is ErrNotKept where that is neither.
	SetCredential(ctx context.Context, name, value string) error
	// DropCredential takes one out of the store.
	DropCredential(ctx context.Context, name string) error
	Catalogue
	// Rules are what detectors look for.
	Rules() []DetectorRule
	// Scan runs a tenant's detectors over a text, or the built-in ones for "".
	Scan(tenant, text string, place Place) ([]ScanFinding, error)
	// Settings are those of a tenant, each with where it came from.
	Settings(t *tenant.Tenant) ([]Setting, error)
	// Budgets are a tenant's own and those that the operator holds it to, as they stand.
	Budgets(ctx context.Context, t *tenant.Tenant) ([]Budget, error)
}

// ErrNotKept says that a credential is read from where it cannot be written.
var ErrNotKept = errors.New("the credential is not read from a file that can be written here")

// PolicySet is a set of policies and how its last reading went.
type PolicySet struct {
	Name     string `json:"name"` // enforced, candidate, ext_authz
	Version  string `json:"version"`
	Source   string `json:"source,omitempty"`
	LoadedAt string `json:"loaded_at,omitempty"` // when they came into force
	TriedAt  string `json:"tried_at,omitempty"`
	Refused  int    `json:"refused"`         // readings since the start
	Replaced int    `json:"replaced"`        // times that others came into force
	Error    string `json:"error,omitempty"` // why the last reading was refused
}

// Provider is an upstream. Its credential is told by where it is read from and whether it is there.
type Provider struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	BaseURL    string   `json:"base_url"`
	Region     string   `json:"region,omitempty"`
	Models     []string `json:"models"`
	Breaker    string   `json:"breaker"`                   // closed, half_open, open
	OpenForMS  int64    `json:"open_for_ms,omitempty"`     // how long it is left alone
	Credential string   `json:"credential"`                // set, not set, none needed, the caller's own, signed by Envoy
	From       string   `json:"credential_from,omitempty"` // env NAME, file PATH, store
	Origin     string   `json:"origin"`                    // file, store
	// Document is what the store keeps, in the form of the file.
	Document json.RawMessage `json:"document,omitempty"`
}

// ProviderTest is what came of asking a provider.
type ProviderTest struct {
	OK     bool   `json:"ok"`
	Model  string `json:"model"`
	Status int    `json:"status,omitempty"`
	TookMS int64  `json:"took_ms,omitempty"`
	What   string `json:"what,omitempty"` // keeps it from answering
	Hint   string `json:"hint,omitempty"`
}

// DetectorRule is something that is looked for.
type DetectorRule struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	Category    string  `json:"category"`
	Severity    string  `json:"severity"`
	Score       float64 `json:"score"`
	Description string  `json:"description"`
	Source      string  `json:"source,omitempty"`
}

// Place is where a text stands.
type Place string

// The places.
const (
	PlacePrompt   Place = "prompt"   // a turn of a conversation, on its way to a model
	PlaceDocument Place = "document" // what a model is only to read: a document, a tool's result
	PlaceAnswer   Place = "answer"   // from a model
)

// Places are all of them.
func Places() []Place { return []Place{PlacePrompt, PlaceDocument, PlaceAnswer} }

// ScanFinding is what was found in a text, without it. Start and End are bytes.
type ScanFinding struct {
	Type     string  `json:"type"`
	Category string  `json:"category"`
	Severity string  `json:"severity"`
	Score    float64 `json:"score"`
	Start    int     `json:"start"`
	End      int     `json:"end"`
	Rule     string  `json:"rule"`
}

// Setting is one value that is in force.
type Setting struct {
	Name   string          `json:"name"` // pii.request
	Value  json.RawMessage `json:"value"`
	Origin string          `json:"origin"` // default, file, store
}

// Budget is a budget as it stands. Amounts are micro-USD; exchanges for quotas.
type Budget struct {
	ID      string `json:"id"`
	Scope   string `json:"scope"` // operator, tenant
	Kind    string `json:"kind"`
	Period  string `json:"period,omitempty"`
	Limit   int64  `json:"limit"`
	Soft    bool   `json:"soft"`
	Spent   int64  `json:"spent"`
	Held    int64  `json:"held"`
	Overrun int64  `json:"overrun"`
	Left    int64  `json:"left"`
	Start   string `json:"start,omitempty"` // of the period
}

// The answers and bodies about what runs.
type (
	policyList struct {
		Policies []PolicySet `json:"policies"`
	}
	providerList struct {
		Providers []Provider `json:"providers"`
	}
	ruleList struct {
		Rules []DetectorRule `json:"rules"`
	}
	settingList struct {
		Settings []Setting `json:"settings"`
	}
	budgetList struct {
		Budgets []Budget `json:"budgets"`
	}
	findingList struct {
		Findings []ScanFinding `json:"findings"`
	}
	scanAsked struct {
		Text   *string `json:"text"`
		Tenant string  `json:"tenant,omitempty"`
		Place  string  `json:"place,omitempty" jsonschema:"enum=prompt,enum=document,enum=answer"`
	}
	testAsked struct {
		Model string `json:"model,omitempty"`
	}
)

// engineOperations are what can be seen and done about what runs.
func (s *Server) engineOperations() []operation {
	list := []operation{
		{pattern: "GET /v1/policies", id: "listPolicies", summary: "Which policies are in force, and what came of reading them", role: Viewer, serve: s.policies, params: []param{ifNoneMatch}, status: 200, answer: policyList{}},
		{pattern: "POST /v1/policies/reload", id: "reloadPolicies", summary: "Read the policies again", role: Operator, changes: true, state: s.policyState, serve: s.reload, status: 200, answer: policyList{}},
		{pattern: "GET /v1/policies/divergences", id: "listDivergences", summary: "What the candidate policies would have decided otherwise", role: Viewer, serve: s.divergences, params: divergenceParams(), status: 200, answer: divergenceView{}, also: []int{400}},
		{pattern: "GET /v1/providers", id: "listProviders", summary: "Providers, their breakers, and whether their credentials are set", role: Viewer, serve: s.providers, params: []param{ifNoneMatch}, status: 200, answer: providerList{}},
		{pattern: "GET /v1/providers/{name}", id: "getProvider", summary: "One provider", role: Viewer, serve: s.provider, params: []param{ifNoneMatch}, status: 200, answer: Provider{}, also: []int{404}},
		{pattern: "POST /v1/providers/{name}/test", id: "testProvider", summary: "Ask a provider for one token", role: Operator, serve: s.testProvider, body: testAsked{}, status: 200, answer: ProviderTest{}, also: []int{404, 413, 422}},
		{pattern: "PUT /v1/providers/{name}/credential", id: "putProviderCredential", summary: "Write the platform's credential for a provider", role: Admin, changes: true, state: s.providerState, serve: s.putProviderCredential, params: []param{ifMatch}, body: credentialValue{}, status: 204, also: []int{404, 409, 412, 413, 422}},
		{pattern: "DELETE /v1/providers/{name}/credential", id: "dropProviderCredential", summary: "Take the platform's credential for a provider out of the store", role: Admin, changes: true, state: s.providerState, serve: s.dropProviderCredential, params: []param{ifMatch}, status: 204, also: []int{404, 409, 412}},
		{pattern: "GET /v1/detectors", id: "listDetectors", summary: "What detectors look for", role: Viewer, scoped: true, serve: s.rules, params: []param{ifNoneMatch}, status: 200, answer: ruleList{}},
		{pattern: "POST /v1/detectors/scan", id: "scanText", summary: "Try the detectors on a text; it is kept nowhere", role: Viewer, scoped: true, serve: s.scan, body: scanAsked{}, status: 200, answer: findingList{}, also: []int{400, 404, 413, 422}},
	}
	list = append(list, s.catalogueOperations()...)
	if s.parts.Access == nil {
		return list
	}
	return append(list,
		operation{pattern: "GET /v1/tenants/{id}/settings", id: "listSettings", summary: "A tenant's settings as they are in force, and where each came from", role: Viewer, scoped: true, serve: s.settings, params: []param{ifNoneMatch}, status: 200, answer: settingList{}, also: []int{404}},
		operation{pattern: "GET /v1/tenants/{id}/budgets", id: "listBudgets", summary: "A tenant's budgets as they stand", role: Viewer, scoped: true, serve: s.budgets, params: []param{ifNoneMatch}, status: 200, answer: budgetList{}, also: []int{404}},
	)
}

func (s *Server) policies(w http.ResponseWriter, r *http.Request) error {
	return answered(w, r, policyList{s.parts.Engine.Policies()})
}

func (s *Server) policyState(*http.Request, http.Header) (any, string, error) {
	return s.parts.Engine.Policies(), "", nil
}

func (s *Server) reload(w http.ResponseWriter, r *http.Request) error {
	s.parts.Engine.ReloadPolicies(r.Context())
	return answered(w, r, policyList{s.parts.Engine.Policies()})
}

func (s *Server) providers(w http.ResponseWriter, r *http.Request) error {
	return answered(w, r, providerList{s.parts.Engine.Providers()})
}

// named is the provider that a path names.
func (s *Server) named(r *http.Request) (Provider, bool) {
	list := s.parts.Engine.Providers()
	i := slices.IndexFunc(list, func(p Provider) bool { return p.Name == r.PathValue("name") })
	if i < 0 {
		return Provider{}, false
	}
	return list[i], true
}

func (s *Server) provider(w http.ResponseWriter, r *http.Request) error {
	p, ok := s.named(r)
	if !ok {
		return ErrNoProvider
	}
	return answered(w, r, p)
}

func (s *Server) providerState(r *http.Request, _ http.Header) (any, string, error) {
	if p, ok := s.named(r); ok {
		return p, "", nil
	}
	return nil, "", nil
}

// testBound is how long a provider may take to answer a test: less than the server waits for an answer to be written.
const testBound = 20 * time.Second

func (s *Server) testProvider(w http.ResponseWriter, r *http.Request) error {
	b, err := document(r)
	if err != nil {
		return err
	}
	var in testAsked
	if len(b) > 0 {
		if err := strict(b, &in); err != nil {
			return err
		}
	}
	p, ok := s.named(r)
	if !ok {
		return ErrNoProvider
	}
	ctx, cancel := context.WithTimeout(r.Context(), testBound)
	defer cancel()
	out, err := s.parts.Engine.TestProvider(ctx, p.Name, in.Model)
	if err != nil {
		return errRequest(err.Error())
	}
	return answered(w, r, out)
}

func (s *Server) putProviderCredential(w http.ResponseWriter, r *http.Request) error {
	b, err := document(r)
	if err != nil {
		return err
	}
	var in credentialValue
	if err := strict(b, &in); err != nil {
		return errRequest("the body must be {\"value\": the credential} and nothing else") // what it is may not be told
	}
	if v := strings.TrimSpace(in.Value); v == "" || v != in.Value || strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c > '~' }) {
		return errRequest("a credential has at least one character, all of them ASCII that shows")
	}
	if _, ok := s.named(r); !ok {
		return ErrNoProvider
	}
	return done(w, s.parts.Engine.SetCredential(r.Context(), r.PathValue("name"), in.Value))
}

func (s *Server) dropProviderCredential(w http.ResponseWriter, r *http.Request) error {
	if _, ok := s.named(r); !ok {
		return ErrNoProvider
	}
	return done(w, s.parts.Engine.DropCredential(r.Context(), r.PathValue("name")))
}

func (s *Server) rules(w http.ResponseWriter, r *http.Request) error {
	return answered(w, r, ruleList{s.parts.Engine.Rules()})
}

// scan tries a text. Neither it nor what was found is written anywhere.
func (s *Server) scan(w http.ResponseWriter, r *http.Request) error {
	b, err := document(r)
	if err != nil {
		return err
	}
	var in scanAsked
	if err := strict(b, &in); err != nil || in.Text == nil {
		return errRequest("the body must be {\"text\": ..., \"tenant\": ..., \"place\": ...}") // the text may not be told
	}
	place := Place(in.Place)
	if place == "" {
		place = PlacePrompt
	}
	if !slices.Contains(Places(), place) {
		return errRequest("place: want prompt, document or answer")
	}
	of, err := within(r, in.Tenant)
	if err != nil {
		return err
	}
	found, err := s.parts.Engine.Scan(of, *in.Text, place)
	if err != nil {
		return err
	}
	return answered(w, r, findingList{found})
}

func (s *Server) settings(w http.ResponseWriter, r *http.Request) error {
	t, err := s.parts.Access.seen(r)
	if err != nil {
		return err
	}
	list, err := s.parts.Engine.Settings(t)
	if err != nil {
		return err
	}
	return answered(w, r, settingList{list})
}

func (s *Server) budgets(w http.ResponseWriter, r *http.Request) error {
	t, err := s.parts.Access.seen(r)
	if err != nil {
		return err
	}
	list, err := s.parts.Engine.Budgets(r.Context(), t)
	if err != nil {
		return err
	}
	return answered(w, r, budgetList{list})
}
