package tenant_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/policy/tenant"
)

var dialects = []string{"dvara", "rivaro", "korad", "dosai", "olava", "other"}

func mint(t testing.TB, prefix string) string {
	t.Helper()
	plain, err := tenant.Mint(prefix, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestMintedKeysHaveTheirForm(t *testing.T) {
	want := map[string]string{"dvara": "gw_", "rivaro": "detect_live_", "korad": "sk-bf-", "dosai": "dos_sk_", "olava": "olv_sk_", "other": "weir_"}
	for _, d := range dialects {
		prefix := tenant.PrefixFor(d)
		if prefix != want[d] {
			t.Errorf("%s: prefix %q, want %q", d, prefix, want[d])
		}
		plain := mint(t, prefix)
		if err := tenant.CheckForm(plain); err != nil || !tenant.LooksLikeKey(plain) || len(plain) != len(prefix)+40 {
			t.Errorf("%s: %v", d, err)
		}
		if v := tenant.VisiblePrefix(plain); !strings.HasPrefix(plain, v) || len(v) != len(prefix)+8 {
			t.Errorf("%s: visible %q", d, v)
		}
	}
	for _, bad := range []string{"", "sk-", "gw", "gw_x"} {
		if _, err := tenant.Mint(bad, rand.Reader); err == nil {
			t.Errorf("minted with the prefix %q", bad)
		}
	}
	if _, err := tenant.Mint("gw_", strings.NewReader("short")); err == nil {
		t.Error("minted without enough random")
	}
}

// The form is what is printed on people's pages: it must not drift.
func TestTheFormOfAKeyIsFixed(t *testing.T) {
	plain, err := tenant.Mint("gw_", bytes.NewReader([]byte("0123456789abcdef")))
	if err != nil || plain != "gw_3031323334353637383961626364656691010c5e" {
		t.Fatalf("%s, %v", plain, err)
	}
}

// Every single typing error is told from an unknown key, and no error repeats what was typed.
func TestATypingErrorIsMalformed(t *testing.T) {
	plain := mint(t, "gw_")
	bad := []string{"", "gw_", plain[:len(plain)-1], plain + "0", strings.ToUpper(plain), " " + plain, plain + "\n", "sk-" + plain[3:]}
	for i := 3; i < len(plain); i++ {
		for _, c := range "0f" {
			if s := plain[:i] + string(c) + plain[i+1:]; s != plain {
				bad = append(bad, s)
			}
		}
	}
	for _, s := range bad {
		err := tenant.CheckForm(s)
		if !errors.Is(err, tenant.ErrMalformed) {
			t.Fatalf("%q: %v", s, err)
		}
		if len(s) > 10 && strings.Contains(err.Error(), s[3:10]) {
			t.Fatalf("the error repeats the key: %v", err)
		}
	}
}

func TestPresent(t *testing.T) {
	k1, k2 := mint(t, "gw_"), mint(t, "detect_live_")
	type h = map[string][]string
	for name, c := range map[string]struct {
		headers h
		key     string
		own     string
		err     error
	}{
		"none":                          {h{}, "", "", tenant.ErrMissing},
		"blank":                         {h{"authorization": {"  "}}, "", "", tenant.ErrMissing},
		"scheme alone":                  {h{"authorization": {"Bearer"}}, "", "", tenant.ErrMissing},
		"bearer":                        {h{"authorization": {"Bearer " + k1}}, k1, "", nil},
		"scheme in any case":            {h{"authorization": {"bEARER   " + k1}}, k1, "", nil},
		"api key":                       {h{"x-api-key": {k1}}, k1, "", nil},
		"detection key":                 {h{"x-detection-key": {k2}}, k2, "", nil},
		"virtual key":                   {h{"x-bf-vk": {k1}}, k1, "", nil},
		"the same in two places":        {h{"authorization": {"Bearer " + k1}, "x-api-key": {k1}}, k1, "", nil},
		"the same in one twice":         {h{"x-api-key": {k1, k1}}, k1, "", nil},
		"two keys":                      {h{"authorization": {"Bearer " + k1}, "x-api-key": {k2}}, k1, "", tenant.ErrConflict},
		"two keys in one":               {h{"authorization": {"Bearer " + k1, "Bearer " + k2}}, k1, "", tenant.ErrConflict},
		"two in their own headers":      {h{"x-detection-key": {k2}, "x-bf-vk": {k1}}, k2, "", tenant.ErrConflict},
		"own provider key beside":       {h{"x-detection-key": {k2}, "authorization": {"Bearer sk-live-1"}}, k2, "authorization", nil},
		"own provider keys beside":      {h{"x-bf-vk": {k1}, "authorization": {"Basic dTpw"}, "x-api-key": {"sk-ant-1"}}, k1, "authorization x-api-key", nil},
		"nobody's key beside":           {h{"x-api-key": {k1}, "authorization": {"Bearer sk-live-1"}}, k1, "", nil},
		"no scheme":                     {h{"authorization": {k1}}, "gw_", "", tenant.ErrMalformed},
		"wrong scheme":                  {h{"authorization": {"Basic dTpw"}}, "", "", tenant.ErrMalformed},
		"a key under a wrong scheme":    {h{"authorization": {"Basic " + k1}}, "gw_", "", tenant.ErrMalformed},
		"a blank at the end":            {h{"authorization": {"Bearer " + k1 + " "}}, "gw_", "", tenant.ErrMalformed},
		"a blank at an API key's end":   {h{"x-api-key": {k1 + " "}}, "gw_", "", tenant.ErrMalformed},
		"blank inside":                  {h{"authorization": {"Bearer " + k1 + " x"}}, "gw_", "", tenant.ErrMalformed},
		"two joined by a comma":         {h{"authorization": {"Bearer " + k1 + ", Bearer " + k2}}, "gw_", "", tenant.ErrMalformed},
		"control character":             {h{"x-api-key": {k1 + "\x01"}}, "gw_", "", tenant.ErrMalformed},
		"beyond ASCII":                  {h{"x-api-key": {k1 + "é"}}, "gw_", "", tenant.ErrMalformed},
		"another's key":                 {h{"authorization": {"Bearer sk-live-1"}}, "sk-live-1", "authorization", nil},
		"another's key in Weir's place": {h{"x-detection-key": {"sk-typo"}, "authorization": {"Bearer sk-live-1"}}, "sk-typo", "authorization", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tenant.Find(func(name string) []string { return c.headers[name] })
			if !errors.Is(err, c.err) || got.Key != c.key || strings.Join(got.Own, " ") != c.own {
				t.Fatalf("%+v, %v; want %q, own %q, %v", got, err, c.key, c.own, c.err)
			}
			key, err := tenant.Present(func(name string) []string { return c.headers[name] })
			if key != got.Key || !errors.Is(err, c.err) {
				t.Fatalf("Present says %q, %v", key, err)
			}
		})
	}
}

// Whatever a client sends: no panic, never two keys taken for one, and nothing that is not a visible token.
func FuzzPresent(f *testing.F) {
	f.Add("Bearer gw_0", "gw_1", "", "")
	f.Add("Basic x", "", "detect_live_", " \t")
	f.Add("Bearer sk-1", "sk-2", "detect_live_00", "sk-bf-1")
	f.Fuzz(func(t *testing.T, auth, api, detection, vk string) {
		in := map[string]string{"authorization": auth, "x-api-key": api, "x-detection-key": detection, "x-bf-vk": vk}
		got, err := tenant.Find(func(name string) []string { return []string{in[name]} })
		if err == nil && got.Key == "" {
			t.Fatal("neither a key nor an error")
		}
		if strings.ContainsAny(got.Key, " \t\r\n\x00") {
			t.Fatalf("%q is no token", got.Key)
		}
		for _, name := range got.Own {
			if tenant.LooksLikeKey(strings.TrimPrefix(in[name], "Bearer ")) {
				t.Fatalf("a key of Weir's in %s is taken for one of the provider's", name)
			}
		}
	})
}

func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		allow, deny, model string
		want               bool
	}{
		{"", "", "anything", true}, {"gpt-4o", "", "gpt-4o", true}, {"gpt-4o", "", "gpt-4o-mini", false},
		{"gpt-*", "", "gpt-4o-mini", true}, {"gpt-*", "gpt-*-mini", "gpt-4o-mini", false}, {"*", "gpt-4o", "gpt-4o", false},
		{"", "gpt-4o", "claude", true}, {"gpt-?o", "", "gpt-4o", true}, {"gpt-?o", "", "gpt-o", false}, {"*/*:free", "", "a/b/c:free", true},
		{"GPT-4o", "", "gpt-4o", false}, {"a*b*c", "", "aXbXbc", true}, {"a*b*c", "", "aXbXcd", false}, {"*", "", "", true}, {"?", "", "", false},
	} {
		split := func(s string) []string {
			if s == "" {
				return nil
			}
			return strings.Split(s, ",")
		}
		p := tenant.Permit{Allow: split(c.allow), Deny: split(c.deny)}
		if got := p.Allows(c.model); got != c.want {
			t.Errorf("allow %q, deny %q: %q is %v, want %v", c.allow, c.deny, c.model, got, c.want)
		}
	}
}

// plain is the textbook's glob, slow and evident.
func plainGlob(p, s string) bool {
	switch {
	case p == "":
		return s == ""
	case p[0] == '*':
		return plainGlob(p[1:], s) || s != "" && plainGlob(p, s[1:])
	default:
		return s != "" && (p[0] == '?' || p[0] == s[0]) && plainGlob(p[1:], s[1:])
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("a*b?c", "aXXbYc")
	f.Add("**a", "aaa")
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > 12 || len(s) > 24 {
			return
		}
		if got, want := (tenant.Permit{Allow: []string{p}}).Allows(s), plainGlob(p, s); got != want {
			t.Fatalf("%q on %q: %v, want %v", p, s, got, want)
		}
	})
}

// K3: expiry at its very boundary, and revocation before anything else.
func TestResolve(t *testing.T) {
	now := time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	plain := map[string]string{}
	var keys []tenant.Key
	add := func(id string, change func(*tenant.Key)) {
		plain[id] = mint(t, "gw_")
		k := tenant.Key{ID: id, Tenant: "acme", Hash: tenant.HashOf(plain[id])}
		change(&k)
		keys = append(keys, k)
	}
	add("good", func(*tenant.Key) {})
	add("later", func(k *tenant.Key) { k.ExpiresAt = now.Add(time.Millisecond) })
	add("expired", func(k *tenant.Key) { k.ExpiresAt = now })
	add("revoked", func(k *tenant.Key) { k.RevokedAt = now.Add(time.Hour) })
	add("both", func(k *tenant.Key) { k.RevokedAt, k.ExpiresAt = now, now })
	s, err := tenant.NewSnapshot([]tenant.Tenant{acme()}, keys)
	if err != nil {
		t.Fatal(err)
	}
	plain["unknown"], plain["malformed"] = mint(t, "gw_"), "gw_typo"
	for id, want := range map[string]error{
		"good": nil, "later": nil, "expired": tenant.ErrExpired, "revoked": tenant.ErrRevoked, "both": tenant.ErrRevoked,
		"unknown": tenant.ErrUnknown, "malformed": tenant.ErrMalformed,
	} {
		who, k, err := s.Resolve(plain[id], now)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
		nobody := id == "unknown" || id == "malformed"
		if nobody != (who == nil) || nobody != (k == nil) || !nobody && (who.ID != "acme" || k.ID != id) {
			t.Errorf("%s: tenant %v, key %v", id, who, k)
		}
	}
	good := plain["good"]
	if n := testing.AllocsPerRun(100, func() { _, _, _ = s.Resolve(good, now) }); n > 4 {
		t.Errorf("%v allocations for one look-up", n)
	}
}

func TestNewSnapshotNamesEveryFault(t *testing.T) {
	good := func(id string) tenant.Key {
		return tenant.Key{ID: id, Tenant: "acme", Hash: [32]byte{byte(len(id)), 1}}
	}
	for want, c := range map[string]func(*tenant.Tenant, *[]tenant.Key){
		`id: want 1 to`:                  func(x *tenant.Tenant, _ *[]tenant.Key) { x.ID = "a/b" },
		`status: "asleep"`:               func(x *tenant.Tenant, _ *[]tenant.Key) { x.Status = "asleep" },
		`suspended_reason: "" is none`:   func(x *tenant.Tenant, _ *[]tenant.Key) { x.Status = tenant.Suspended },
		`suspended_reason: is set`:       func(x *tenant.Tenant, _ *[]tenant.Key) { x.SuspendedReason = "abuse" },
		`secret: 3 bytes`:                func(x *tenant.Tenant, _ *[]tenant.Key) { x.Secret = []byte("abc") },
		`budgets[0].limit_micro_usd: -1`: func(x *tenant.Tenant, _ *[]tenant.Key) { x.Budgets = []tenant.Budget{{Limit: -1, Period: "day"}} },
		`budgets[0].period: "eon"`:       func(x *tenant.Tenant, _ *[]tenant.Key) { x.Budgets = []tenant.Budget{{Period: "eon"}} },
		`budgets[1]: a second one`:       func(x *tenant.Tenant, _ *[]tenant.Key) { x.Budgets = []tenant.Budget{{Period: "day"}, {Period: "day"}} },
		`rates[0].window: 0s`:            func(x *tenant.Tenant, _ *[]tenant.Key) { x.Rates = []tenant.Rate{{Unit: "tokens"}} },
		`rates[0].unit: "cows"`:          func(x *tenant.Tenant, _ *[]tenant.Key) { x.Rates = []tenant.Rate{{Unit: "cows", Window: time.Second}} },
		`model pattern "[a]"`:            func(x *tenant.Tenant, _ *[]tenant.Key) { x.Models.Deny = []string{"[a]"} },
		`pii.request: "erase"`:           func(x *tenant.Tenant, _ *[]tenant.Key) { x.Settings.PII.Request = "erase" },
		`pii.types.EMAIL: "erase"`: func(x *tenant.Tenant, _ *[]tenant.Key) {
			x.Settings.PII.Types = map[string]tenant.Action{"EMAIL": "erase"}
		},
		`guardrails.threshold: 1.5`:            func(x *tenant.Tenant, _ *[]tenant.Key) { x.Settings.Guardrails.Threshold = 1.5 },
		`limits.messages: -1`:                  func(x *tenant.Tenant, _ *[]tenant.Key) { x.Settings.Limits.Messages = -1 },
		`failure.weather`:                      func(x *tenant.Tenant, _ *[]tenant.Key) { x.Settings.Failure = map[string]string{"weather": "deny"} },
		`modes.a: "loud"`:                      func(x *tenant.Tenant, _ *[]tenant.Key) { x.Settings.Modes = map[string]string{"a": "loud"} },
		`key "k": there is no tenant "nobody"`: func(_ *tenant.Tenant, k *[]tenant.Key) { (*k)[0].Tenant = "nobody" },
		`key "k": hash: is missing`:            func(_ *tenant.Tenant, k *[]tenant.Key) { (*k)[0].Hash = [32]byte{} },
		`key "k": the id is there twice`:       func(_ *tenant.Tenant, k *[]tenant.Key) { *k = append(*k, good("k")) },
		`key "kk": has the hash of key "k"`:    func(_ *tenant.Tenant, k *[]tenant.Key) { kk := good("kk"); kk.Hash = (*k)[0].Hash; *k = append(*k, kk) },
		`prefix: holds a whole key`: func(_ *tenant.Tenant, k *[]tenant.Key) {
			(*k)[0].Prefix = "gw_3031323334353637383961626364656691010c5e"
		},
	} {
		x, keys := acme(), []tenant.Key{good("k")}
		c(&x, &keys)
		s, err := tenant.NewSnapshot([]tenant.Tenant{x}, keys)
		if err == nil || s != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
	if _, err := tenant.NewSnapshot([]tenant.Tenant{acme(), acme()}, nil); err == nil || !strings.Contains(err.Error(), `tenant "acme": the id is there twice`) {
		t.Errorf("%v", err)
	}
}

func TestSettingsAsPoliciesReadThem(t *testing.T) {
	x := acme()
	x.Settings = tenant.Settings{Secrets: tenant.DirectionActions{Request: tenant.Log}}
	s, err := tenant.NewSnapshot([]tenant.Tenant{x}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := s.Tenant("acme")
	const want = `{"pii":{"request":"redact","response":"log","types":{"LOCATION":"log","ORGANIZATION":"log","PERSON":"log"},"reversible":false},"secrets":{"request":"log","response":"redact"},` +
		`"guardrails":{"request":"block","response":"log","threshold":0,"categories":{"content":"log"}},` +
		`"limits":{"input_tokens":0,"messages":0,"message_length":0,"output_tokens":0},"modes":{},` +
		`"failure":{"detector":"deny","policy":"deny","store":"deny"},"labels":{},"blocked_request":"refuse"}`
	if !ok || string(got.SettingsJSON()) != want {
		t.Fatalf("got %s\nwant %s", got.SettingsJSON(), want)
	}
	if n := testing.AllocsPerRun(10, func() { _ = got.SettingsJSON() }); n != 0 {
		t.Errorf("%v allocations to read what was made once", n)
	}
	if alone := (&tenant.Tenant{Settings: x.Settings}).SettingsJSON(); string(alone) != want {
		t.Errorf("outside of a snapshot: %s", alone)
	}
}

func BenchmarkResolve(b *testing.B) {
	var keys []tenant.Key
	last := ""
	for i := range 10_000 {
		last = mint(b, "gw_")
		keys = append(keys, tenant.Key{ID: fmt.Sprint("k", i), Tenant: "acme", Hash: tenant.HashOf(last)})
	}
	s, err := tenant.NewSnapshot([]tenant.Tenant{acme()}, keys)
	if err != nil {
		b.Fatal(err)
	}
	at := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Resolve(last, at); err != nil {
			b.Fatal(err)
		}
	}
}

// A flood of unknown keys leaves nothing behind: a look-up allocates what its error and hash need, whatever was asked
// before, and asks no store.
func TestUnknownKeysLeaveNothingBehind(t *testing.T) {
	s, err := tenant.NewSnapshot(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	unknown := mint(t, "gw_")
	now := time.Now()
	if _, _, err := s.Resolve(unknown, now); !errors.Is(err, tenant.ErrUnknown) {
		t.Fatal(err)
	}
	const most = 4
	if n := testing.AllocsPerRun(100, func() { _, _, _ = s.Resolve(unknown, now) }); n > most {
		t.Errorf("%v allocations, want at most %d", n, most)
	}
}
