package filter_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter"
	"weir/policy/ledger"
	"weir/policy/provider"
	"weir/policy/tenant"
)

const chat = `{"model":"echo","user":"mallory","metadata":{"tags":"rich","tenant":"other"},"messages":[{"role":"user","content":"hi"}]}`

// with gives a request's headers what Envoy would say beside them: the peer, its certificate, and a token's claims.
func with(m *extprocv3.ProcessingRequest, peer, principal string, claims map[string]any) *extprocv3.ProcessingRequest {
	at, err := structpb.NewStruct(map[string]any{"source.address": peer, "connection.uri_san_peer_certificate": principal})
	if err != nil {
		panic(err)
	}
	m.Attributes = map[string]*structpb.Struct{"envoy.filters.http.ext_proc": at}
	if claims != nil {
		s, err := structpb.NewStruct(map[string]any{"another": map[string]any{"iss": "nobody", "sub": "root"}, "actor": claims})
		if err != nil {
			panic(err)
		}
		m.MetadataContext = &corev3.Metadata{FilterMetadata: map[string]*structpb.Struct{"envoy.filters.http.jwt_authn": s}}
	}
	return m
}

// removed are the headers that Envoy is told to take out of a request.
func removed(t *testing.T, h *house, messages ...*extprocv3.ProcessingRequest) (names []string, told *told) {
	t.Helper()
	e := &envoy{in: messages, after: context.Canceled}
	err := h.server.Process(e)
	for _, m := range e.out {
		names = append(names, m.GetRequestHeaders().GetResponse().GetHeaderMutation().GetRemoveHeaders()...)
		names = append(names, m.GetRequestBody().GetResponse().GetHeaderMutation().GetRemoveHeaders()...)
	}
	return names, read(e.out, err)
}

// limited is a tenant whose actors, tags and addresses have limits.
func limited(t *tenant.Tenant) {
	hour := func(n int64) []tenant.Rate {
		return []tenant.Rate{{Limit: n, Window: time.Hour, Unit: "requests"}}
	}
	t.Actors = tenant.Actors{
		Budgets: []tenant.Budget{{Limit: 7, Period: "day"}}, Rates: hour(3),
		Named: []tenant.Actor{{ID: "ann", Budgets: []tenant.Budget{{Limit: 9_000_000, Period: "day"}}}},
	}
	t.Tags = []tenant.Tag{{Name: "rich", Budgets: []tenant.Budget{{Limit: 5, Period: "month"}}}, {Name: "team", Rates: hour(4)}}
	t.Address = hour(2)
}

// Who an exchange is charged to: what Envoy has verified, never what the body says. S3: `user`, `metadata` and tags in
// the body choose no budget, and a new id each time escapes none. B7: an unknown actor has the default limits at once.
func TestWhoPays(t *testing.T) {
	jwt := filter.Identity{Claim: filter.Claim{Header: "x-actor-token", Issuer: "me", Actor: "sub", Tags: "groups"}}
	header := filter.Identity{Header: filter.TrustedHeader{Name: "x-user", From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	both := jwt
	both.Principal, both.Header = true, filter.TrustedHeader{Name: "x-user"}
	for name, c := range map[string]struct {
		who       filter.Identity
		headers   []string
		peer      string
		principal string
		claims    map[string]any
		actor     string
		code      string // of a refusal
		accounts  string // of actors and tags
	}{
		"nobody":                     {who: jwt, accounts: "actor/acme/-/day actor/acme/-/requests/1h0m0s"},
		"a claim":                    {who: jwt, claims: map[string]any{"iss": "me", "sub": "bob"}, actor: "bob", accounts: "actor/acme/bob/day actor/acme/bob/requests/1h0m0s"},
		"a claim with tags":          {who: jwt, claims: map[string]any{"iss": "me", "sub": "ann", "groups": []any{"team", "no such", 5, "rich"}}, actor: "ann", accounts: "actor/acme/ann/day tag/acme/rich/month tag/acme/team/requests/1h0m0s"},
		"tags as text":               {who: jwt, claims: map[string]any{"iss": "me", "sub": "ann", "groups": "team"}, actor: "ann", accounts: "actor/acme/ann/day tag/acme/team/requests/1h0m0s"},
		"a slash in the id":          {who: jwt, claims: map[string]any{"iss": "me", "sub": "ann/day"}, actor: "ann/day", accounts: "actor/acme/ann%2Fday/day actor/acme/ann%2Fday/requests/1h0m0s"},
		"another issuer":             {who: jwt, headers: []string{"x-actor-token", "t"}, claims: map[string]any{"iss": "you", "sub": "bob"}, code: "actor_unverified"},
		"a token nobody verified":    {who: jwt, headers: []string{"x-actor-token", "forged"}, code: "actor_unverified"},
		"a token without the claim":  {who: jwt, claims: map[string]any{"iss": "me"}, code: "actor_unverified"},
		"a claim that is no name":    {who: jwt, claims: map[string]any{"iss": "me", "sub": "a b"}, code: "actor_unverified"},
		"a header nobody declared":   {who: jwt, headers: []string{"x-user", "root", "x-weir-actor", "root"}, accounts: "actor/acme/-/day actor/acme/-/requests/1h0m0s"},
		"a certificate":              {who: both, principal: "spiffe://x/bob", actor: "spiffe://x/bob", accounts: "actor/acme/spiffe:%2F%2Fx%2Fbob/day actor/acme/spiffe:%2F%2Fx%2Fbob/requests/1h0m0s"},
		"a claim before the rest":    {who: both, principal: "p", headers: []string{"x-user", "h"}, claims: map[string]any{"iss": "me", "sub": "ann"}, actor: "ann", accounts: "actor/acme/ann/day"},
		"a certificate not asked":    {who: jwt, principal: "spiffe://x/bob", accounts: "actor/acme/-/day actor/acme/-/requests/1h0m0s"},
		"a trusted header":           {who: header, peer: "10.1.2.3:99", headers: []string{"x-user", "ann"}, actor: "ann", accounts: "actor/acme/ann/day"},
		"from a peer not believed":   {who: header, peer: "192.0.2.1:99", headers: []string{"x-user", "ann"}, accounts: "actor/acme/-/day actor/acme/-/requests/1h0m0s"},
		"from nowhere":               {who: header, headers: []string{"x-user", "ann"}, accounts: "actor/acme/-/day actor/acme/-/requests/1h0m0s"},
		"a trusted header doubled":   {who: header, peer: "10.1.2.3:99", headers: []string{"x-user", "ann", "x-user", "bob"}, code: "actor_unverified"},
		"a trusted header, two in 1": {who: header, peer: "10.1.2.3:99", headers: []string{"x-user", "ann, bob"}, code: "actor_unverified"},
		"an odd case":                {who: header, peer: "10.1.2.3:99", headers: []string{"X-User", "ann"}, actor: "ann", accounts: "actor/acme/ann/day"},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, "openai", limited)
			h.snap.Identity = c.who
			got := h.play(t, with(h.ask(c.headers...), c.peer, c.principal, c.claims), requestBody(chat))
			rec := h.trail[0]
			if rec.Code != c.code || rec.Actor != c.actor {
				t.Fatalf("code %q, actor %q; want %q, %q (%v)", rec.Code, rec.Actor, c.code, c.actor, got.immediate)
			}
			if c.code != "" {
				if len(h.holds) > 0 {
					t.Error("something was held")
				}
				return
			}
			if ids := accounts(h.holds[rec.Exchange]); ids != c.accounts {
				t.Errorf("charged to %s, want %s", ids, c.accounts)
			}
			facts := strings.Replace(string(rec.Facts), `"user":"mallory"`, "", 1) // the label that policies see
			for _, text := range []string{"mallory", "other"} {
				if strings.Contains(facts, text) {
					t.Errorf("the facts hold %s", text)
				}
			}
		})
	}
}

// accounts are what of a hold belongs to actors and tags.
func accounts(h ledger.Hold) string {
	var ids []string
	for _, b := range h.Budgets {
		ids = append(ids, b.ID)
	}
	for _, r := range h.Rates {
		ids = append(ids, r.ID)
	}
	ids = slices.DeleteFunc(ids, func(s string) bool { return !strings.HasPrefix(s, "actor/") && !strings.HasPrefix(s, "tag/") })
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func TestAnActorIsRequired(t *testing.T) {
	h := build(t, "rivaro", func(t *tenant.Tenant) { t.Actors.Required = true })
	h.snap.Identity.Principal = true
	if got := h.play(t, h.ask(), requestBody(chat)); got.immediate.GetStatus().GetCode() != 401 || h.trail[0].Code != "actor_unverified" {
		t.Errorf("%v", got.immediate)
	}
	if got := h.play(t, with(h.ask(), "", "bob", nil), requestBody(chat)); got.immediate != nil || got.err == nil {
		t.Errorf("%v, %v", got.immediate, got.err)
	}
}

// The address is the peer's; what x-forwarded-for says is not believed.
func TestRatesOfAnAddress(t *testing.T) {
	h := build(t, "openai", limited)
	h.play(t, with(h.ask("x-forwarded-for", "203.0.113.9"), "[2001:db8::1]:443", "", nil), requestBody(chat))
	hold := h.holds[h.trail[0].Exchange]
	at := slices.IndexFunc(hold.Rates, func(r ledger.Rate) bool { return r.Scope == "address" })
	if at < 0 || hold.Rates[at].ID != "address/acme/2001:db8::1/requests/1h0m0s" || hold.Rates[at].Limit != 2 {
		t.Errorf("rates %+v", hold.Rates)
	}
}

// A key that takes another's place goes on with its account, so rotation gives no second budget.
func TestARotatedKeyKeepsItsAccount(t *testing.T) {
	h := build(t, "openai", nil)
	plain, err := tenant.Mint("gw_", strings.NewReader(strings.Repeat("n", 64)))
	if err != nil {
		t.Fatal(err)
	}
	acme, _ := h.snap.Tenants.Tenant("acme")
	h.snap.Tenants, err = tenant.NewSnapshot([]tenant.Tenant{*acme}, []tenant.Key{{
		ID: "k2", Tenant: "acme", Account: "k1", Hash: tenant.HashOf(plain), Budgets: []tenant.Budget{{Limit: 5, Period: "total"}},
		Tags: []string{"x"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.key = plain
	h.play(t, h.ask(), requestBody(chat))
	hold := h.holds[h.trail[0].Exchange]
	if len(hold.Budgets) != 1 || hold.Budgets[0].ID != "key/k1/total" {
		t.Errorf("budgets %+v", hold.Budgets)
	}
	if !strings.Contains(string(h.trail[0].Facts), `"tags":["x"]`) {
		t.Errorf("facts %s", h.trail[0].Facts)
	}
}

func TestQuarantine(t *testing.T) {
	h := build(t, "rivaro", nil)
	h.snap.Identity.Principal = true
	acme, _ := h.snap.Tenants.Tenant("acme")
	var err error
	key := h.snap.Tenants.Keys("acme")[0]
	h.snap.Tenants, err = tenant.NewSnapshot([]tenant.Tenant{*acme}, []tenant.Key{*key}, tenant.Quarantine{Tenant: "acme", Actor: "bob"}, tenant.Quarantine{Tenant: "other", Actor: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	for actor, code := range map[string]string{"bob": "actor_quarantined", "ann": "", "": "", "bob/": ""} {
		h.trail = nil
		h.play(t, with(h.ask(), "", actor, nil), requestBody(chat))
		if h.trail[0].Code != code {
			t.Errorf("%q: %q, want %q", actor, h.trail[0].Code, code)
		}
	}
}

// S1: whatever could be taken for Weir's own word, or names the caller, goes no further, however it is written.
func TestNothingOfTheCallersIdentityGoesOn(t *testing.T) {
	h := build(t, "openai", nil)
	h.snap.Identity = filter.Identity{
		Claim:  filter.Claim{Header: "x-actor-token", Issuer: "me", Actor: "sub"},
		Header: filter.TrustedHeader{Name: "x-user", From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
	}
	gone := []string{
		"x-weir-route", "x-weir-tenant", "X-Weir-Cost", "x_weir_policy", "X_WEIR-key", "x-weir-actor", "authorization", "x-api-key", "X_Api_Key",
		"x-user", "x_user", "X-User", "x-actor-token",
	}
	var headers []string
	for _, name := range gone {
		value := "1"
		switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
		case "authorization":
			value = "Bearer " + h.key
		case "x-api-key":
			value = h.key
		}
		headers = append(headers, name, value, name, value)
	}
	headers = append(headers, "x-kept", "1", "x-weird", "1", "user-agent", "x")
	names, _ := removed(t, h, with(h.ask(headers...), "", "", map[string]any{"iss": "me", "sub": "bob"}), requestBody(chat))
	for _, name := range gone {
		if !slices.Contains(names, name) {
			t.Errorf("%s goes on", name)
		}
	}
	for _, name := range []string{"x-kept", "x-weird", "user-agent"} {
		if slices.Contains(names, name) {
			t.Errorf("%s is lost", name)
		}
	}
}

// The caller's own credential reaches the provider that is called with it, and nobody else. S4: no header or member of
// the body can name another host for it.
func TestTheCallersOwnCredential(t *testing.T) {
	const own = "Bearer sk-own"
	for name, c := range map[string]struct {
		kind    string
		caller  bool
		headers []string
		code    string
		gone    string // of the credentials
	}{
		"goes to its provider":          {"openai", true, []string{"x-detection-key", "KEY", "authorization", own}, "", "x-detection-key"},
		"only where it belongs":         {"openai", true, []string{"x-bf-vk", "KEY", "authorization", own, "x-api-key", "sk-ant"}, "", "x-api-key x-bf-vk"},
		"Anthropic's own header":        {"anthropic", true, []string{"x-bf-vk", "KEY", "x-api-key", "sk-ant"}, "", "x-bf-vk"},
		"not to one that has its own":   {"openai", false, []string{"x-bf-vk", "KEY", "authorization", own}, "", "authorization x-bf-vk"},
		"is missing":                    {"openai", true, []string{"x-bf-vk", "KEY"}, "credential_required", ""},
		"stands in another's header":    {"openai", true, []string{"x-bf-vk", "KEY", "x-api-key", "sk-ant"}, "credential_required", ""},
		"Weir's key is none":            {"openai", true, []string{"authorization", "Bearer KEY"}, "credential_required", ""},
		"Weir's key twice is none":      {"openai", true, []string{"x-bf-vk", "KEY", "authorization", "Bearer KEY"}, "credential_required", ""},
		"a host of the client's choice": {"openai", true, []string{"x-bf-vk", "KEY", "authorization", own, "x-weir-route", "order-evil", "x-api-base", "http://evil"}, "", "x-bf-vk x-weir-route"},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, "rivaro", nil)
			var err error
			h.snap.Catalogue, err = provider.NewCatalogue(
				[]provider.Provider{{Name: "up", Kind: c.kind, BaseURL: "http://127.0.0.1:1", Caller: c.caller}},
				[]provider.Model{{Name: "echo", Provider: "up"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			pairs := []string{":method", "POST", ":path", "/v1/chat/completions", ":authority", "gateway.test", "content-type", "application/json"}
			for _, s := range c.headers {
				pairs = append(pairs, strings.Replace(s, "KEY", h.key, 1))
			}
			names, got := removed(t, h, &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestHeaders{
				RequestHeaders: &extprocv3.HttpHeaders{Headers: headerMap(pairs...)},
			}}, requestBody(strings.Replace(chat, `"user"`, `"api_base":"http://evil","user"`, 1)))
			if h.trail[0].Code != c.code {
				t.Fatalf("%q, want %q: %s", h.trail[0].Code, c.code, got.body)
			}
			if c.code != "" {
				if len(h.holds) > 0 {
					t.Error("something was held")
				}
				return
			}
			names = slices.DeleteFunc(names, func(s string) bool {
				return slices.Contains([]string{"accept-encoding", "content-encoding", "content-length", "expect"}, s)
			})
			slices.Sort(names)
			if gone := strings.Join(names, " "); gone != c.gone {
				t.Errorf("removed %q, want %q", gone, c.gone)
			}
			if !strings.HasPrefix(got.request["x-weir-route"], "order-up-") {
				t.Errorf("route %q", got.request["x-weir-route"])
			}
		})
	}
}

// A key is required but where a host says otherwise, and a key that is there counts, whatever is wrong with it.
func TestKeylessHosts(t *testing.T) {
	for name, c := range map[string]struct {
		host    string
		headers []string
		code    string
	}{
		"no key":                 {"open.test", nil, ""},
		"another's credential":   {"open.test:8080", []string{"authorization", "Bearer sk-own"}, ""},
		"a key that is good":     {"open.test", []string{"authorization", "Bearer KEY"}, ""},
		"a key that is mistyped": {"open.test", []string{"authorization", "Bearer KEYx"}, "key_malformed"},
		"a key in its own place": {"open.test", []string{"x-detection-key", "typo"}, "key_malformed"},
		"another host":           {"closed.test", nil, "key_missing"},
		"another's there":        {"closed.test", []string{"authorization", "Bearer sk-own"}, "key_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, "openai", nil)
			h.snap.Hosts = []filter.Host{{Name: "open.test", Keyless: "acme"}, {Name: "*", Dialect: "rivaro"}}
			pairs := []string{":method", "POST", ":path", "/v1/chat/completions", ":authority", c.host, "content-type", "application/json"}
			for _, s := range c.headers {
				pairs = append(pairs, strings.Replace(s, "KEY", h.key, 1))
			}
			h.play(t, &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestHeaders{
				RequestHeaders: &extprocv3.HttpHeaders{Headers: headerMap(pairs...)},
			}}, requestBody(chat))
			rec := h.trail[0]
			if rec.Code != c.code || c.code == "" && (rec.Tenant != "acme" || len(h.holds) != 1) {
				t.Errorf("code %q, tenant %q, want %q", rec.Code, rec.Tenant, c.code)
			}
		})
	}
}

// Every kind of limit of every owner is in the one hold, and a tenant's own never takes the place of the operator's.
func TestAllLimitsAreInOneHold(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	anchor := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	h := build(t, "olava", func(t *tenant.Tenant) {
		t.Zone, t.Concurrency, t.PerCall, t.CountRefused = berlin, 3, 900_000, true
		t.Budgets = []tenant.Budget{
			{Limit: 50_000_000, Period: "month", Anchor: anchor, Partial: true}, {Limit: 40_000_000, Period: "month", Soft: true},
			{Kind: tenant.KindQuota, Limit: 10, Period: "month"}, {Kind: tenant.KindFree, Limit: 5, Period: "total"},
		}
		t.Rates = []tenant.Rate{{Limit: 5, Window: time.Second, Unit: "requests"}, {Limit: 50_000, Window: time.Minute, Unit: "tokens"}}
		t.Ceiling = tenant.Ceiling{Budgets: []tenant.Budget{{Limit: 60_000_000, Period: "month"}}, Concurrency: 9, PerCall: 2_000_000}
		t.Actors = tenant.Actors{Concurrency: 2}
	})
	h.snap.Identity.Principal = true
	long := strings.Repeat("a/", 100)
	h.play(t, with(h.ask(), "", long, nil), requestBody(chat))
	hold := h.holds[h.trail[0].Exchange]
	var got []string
	for _, b := range hold.Budgets {
		if len(b.ID) > 256 {
			t.Errorf("%s is too long for an account", b.ID)
		}
		got = append(got, b.Scope+" "+b.Kind.String()+" "+b.Period)
		if b.Kind == ledger.Cap && b.Zone != berlin || b.Partial && !b.Anchor.Equal(anchor) {
			t.Errorf("%+v", b)
		}
	}
	want := "operator cap month, operator concurrency , operator call , tenant cap month, tenant cap month, tenant quota month, " +
		"tenant free total, tenant concurrency , tenant call , actor concurrency "
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("budgets\n%s, want\n%s", s, want)
	}
	for _, r := range hold.Rates {
		if r.Tries != (r.Unit == "requests") {
			t.Errorf("%+v", r)
		}
	}
}

// K3: what stops a tenant, its actor or its key stops them on every path, local answers included, before anything else is
// looked at; and a limit that is lowered is the one the next exchange is held to.
func TestEveryPathChecksTheStopFirst(t *testing.T) {
	for _, path := range []string{"/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings", "/v1/completions", "/v1/models", "/v1/models/echo"} {
		for code, stop := range map[string]func(*tenant.Tenant, *tenant.Key){
			"tenant_suspended": func(t *tenant.Tenant, _ *tenant.Key) { t.Status, t.SuspendedReason = tenant.Suspended, "abuse" },
			"key_revoked":      func(_ *tenant.Tenant, k *tenant.Key) { k.RevokedAt = time.Unix(1, 0) },
			"key_expired":      func(_ *tenant.Tenant, k *tenant.Key) { k.ExpiresAt = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) },
			"actor_unverified": func(t *tenant.Tenant, _ *tenant.Key) { t.Actors.Required = true },
		} {
			h := build(t, "dvara", nil)
			acme, _ := h.snap.Tenants.Tenant("acme")
			who, key := *acme, *h.snap.Tenants.Keys("acme")[0]
			stop(&who, &key)
			var err error
			if h.snap.Tenants, err = tenant.NewSnapshot([]tenant.Tenant{who}, []tenant.Key{key}); err != nil {
				t.Fatal(err)
			}
			method := "POST"
			if strings.HasPrefix(path, "/v1/models") {
				method = "GET"
			}
			h.play(t, h.ask(":method", method, ":path", path, "content-type", "text/plain"))
			if got := h.trail[0].Code; got != code {
				t.Errorf("%s: %q, want %q", path, got, code)
			}
		}
	}
	h := build(t, "openai", nil)
	for _, limit := range []int64{9, 3} {
		acme, _ := h.snap.Tenants.Tenant("acme")
		who := *acme
		who.Budgets = []tenant.Budget{{Limit: limit, Period: "day"}}
		var err error
		if h.snap.Tenants, err = tenant.NewSnapshot([]tenant.Tenant{who}, []tenant.Key{*h.snap.Tenants.Keys("acme")[0]}); err != nil {
			t.Fatal(err)
		}
		h.trail = nil
		h.play(t, h.ask(), requestBody(chat))
		if b := h.holds[h.trail[0].Exchange].Budgets; len(b) != 1 || b[0].Limit != limit || b[0].ID != "tenant/acme/day" {
			t.Errorf("budgets %+v, want the limit %d on the same account", b, limit)
		}
	}
}
