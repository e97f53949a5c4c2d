package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
	"weir/policy/provider"
	"weir/policy/tenant"
)

const besides = `
admin: {secrets: {env: ["TEAM_*"], dirs: [/run/secrets]}}
envoy: {secrets: SECRETS}
providers: [{name: demo, kind: vllm, base_url: "http://demo.example"}]
models: [{name: echo, provider: demo, price: {input: "1", output: "2"}}]
tenants: [{id: acme, dialect: openai}]
`

func beside(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Parse("weir.yaml", []byte(besides), []string{"openai"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the store adds to providers and models is read as the file is, and fits beside it or is refused whole.
func TestKept(t *testing.T) {
	for name, c := range map[string]struct {
		kept config.Kept
		says string // empty: it fits
	}{
		"nothing":    {},
		"a provider": {config.Kept{Providers: map[string]string{"more": `{"kind":"openai"}`}}, ""},
		"a model":    {config.Kept{Models: map[string]string{"b": `{"provider":"demo","aliases":["c"],"price":{"input":1,"output":"2.5"}}`}}, ""},
		"both": {config.Kept{
			Providers: map[string]string{"more": `{"kind":"openai"}`},
			Models:    map[string]string{"gpt-4o": `{"provider":"more","fallbacks":["echo"]}`, "org/m": `{"provider":"more"}`},
		}, ""},
		"declared provider":  {config.Kept{Providers: map[string]string{"demo": `{"kind":"vllm"}`}}, "declared in the file and kept in the store"},
		"declared model":     {config.Kept{Models: map[string]string{"echo": `{"provider":"demo"}`}}, "declared in the file and kept in the store"},
		"alias of the file":  {config.Kept{Models: map[string]string{"b": `{"provider":"demo","aliases":["echo"]}`}}, `alias "echo"`},
		"no provider":        {config.Kept{Models: map[string]string{"b": `{"provider":"dmo"}`}}, `provider: found "dmo", want the name of a provider`},
		"no fallback":        {config.Kept{Models: map[string]string{"b": `{"provider":"demo","fallbacks":["x"]}`}}, `fallback "x" is not declared`},
		"another name":       {config.Kept{Providers: map[string]string{"more": `{"name":"less","kind":"vllm"}`}}, `name: found "less"`},
		"another model":      {config.Kept{Models: map[string]string{"b": `{"name":"c","provider":"demo"}`}}, `name: found "c"`},
		"a blank":            {config.Kept{Models: map[string]string{"a b": `{"provider":"demo"}`}}, "characters of ASCII"},
		"no kind":            {config.Kept{Providers: map[string]string{"more": `{"kind":"opnai"}`}}, `kind: found "opnai", want a kind of provider`},
		"no form":            {config.Kept{Providers: map[string]string{"more": `{"kind":["x"]}`}}, "kind: found a list, want text"},
		"no field":           {config.Kept{Models: map[string]string{"b": `{"provider":"demo","prices":{}}`}}, "prices: found a field that does not exist"},
		"no base URL":        {config.Kept{Providers: map[string]string{"more": `{"kind":"azure"}`}}, "base_url: found nothing"},
		"no name":            {config.Kept{Providers: map[string]string{"a/b": `{"kind":"vllm"}`}}, `the name "a/b" must be`},
		"metadata":           {config.Kept{Providers: map[string]string{"more": `{"kind":"vllm","base_url":"http://169.254.169.254"}`}}, "link-local"},
		"metadata in octal":  {config.Kept{Providers: map[string]string{"more": `{"kind":"vllm","base_url":"http://0251.0376.43518/latest"}`}}, "link-local"},
		"metadata meant":     {config.Kept{Providers: map[string]string{"more": `{"kind":"vllm","base_url":"http://169.254.169.254","allow_link_local":true}`}}, "allow_link_local: found true"},
		"metadata as issuer": {config.Kept{Providers: map[string]string{"more": `{"kind":"openai","credential_from":{"vault":{"address":"http://169.254.169.254","token":{"env":"TEAM_T"},"path":"a","field":"b"}}}`}}, "credential_from.vault.address"},
		"a variable":         {config.Kept{Providers: map[string]string{"more": `{"kind":"openai","credential":{"env":"TEAM_KEY"}}`}}, ""},
		"another variable":   {config.Kept{Providers: map[string]string{"more": `{"kind":"openai","credential":{"env":"AWS_SECRET"}}`}}, "credential: found what this host keeps"},
		"a file":             {config.Kept{Providers: map[string]string{"more": `{"kind":"openai","credential":{"file":"/run/secrets/a/b"}}`}}, ""},
		"another file":       {config.Kept{Providers: map[string]string{"more": `{"kind":"openai","credential":{"file":"/run/secrets/../passwd"}}`}}, "credential: found what this host keeps"},
		"a file that issues": {config.Kept{Providers: map[string]string{"more": `{"kind":"vertex","base_url":"https://a.example","credential_from":{"google":{"key":{"file":"/etc/key"}}}}`}}, "credential_from.google.key"},
		"plain text":         {config.Kept{Providers: map[string]string{"more": `{"kind":"openai","credential":{"value":"sk-x"}}`}}, "no secret in plain text"},
		"no object":          {config.Kept{Providers: map[string]string{"more": `[]`}}, "want a mapping"},
	} {
		made, err := beside(t).With(c.kept)
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.says == "" && (len(made.Providers) != 1+len(c.kept.Providers) || len(made.Models) != 1+len(c.kept.Models)):
			t.Errorf("%s: %v %v", name, made.Providers, made.Models)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "sk-x")):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// With stands on the file, whatever was added before, and orders of what is added are known.
func TestKeptStandsOnTheFile(t *testing.T) {
	file := beside(t)
	one, err := file.With(config.Kept{Providers: map[string]string{"more": `{"kind":"openai"}`}, Models: map[string]string{"m": `{"provider":"more","fallbacks":["echo"]}`}})
	if err != nil {
		t.Fatal(err)
	}
	if len(one.Orders) != 2 || one.File() != file {
		t.Errorf("%v", one.Orders)
	}
	if two, err := one.With(config.Kept{}); err != nil || two != file {
		t.Errorf("%v, %v", two, err)
	}
	many := config.Kept{Models: map[string]string{}}
	for i := range config.MaxKeptModels + 1 {
		many.Models[fmt.Sprint("m", i)] = `{"provider":"demo"}`
	}
	if _, err := file.With(many); !errors.Is(err, tenant.ErrFull) {
		t.Errorf("%v", err)
	}
}

// A provider of the store never takes what its vendor's tools call the credential in this host's environment; where one is
// sealed it is read from a file of its own.
func TestCredentialsOfKept(t *testing.T) {
	c := beside(t)
	file := config.KeptCredential("SECRETS", "more")
	for _, w := range []struct {
		document string
		sealed   bool
		want     provider.Credential
		sealable bool
	}{
		{`{"kind":"openai"}`, false, provider.Credential{File: file}, true},
		{`{"kind":"vllm"}`, false, provider.Credential{}, true},
		{`{"kind":"vllm"}`, true, provider.Credential{File: file}, true},
		{`{"kind":"openai","credential":{"env":"TEAM_A"}}`, true, provider.Credential{Env: "TEAM_A"}, false},
		{`{"kind":"openai","caller_credential":true}`, false, provider.Credential{}, false},
	} {
		p, err := c.Provider("more", []byte(w.document), w.sealed)
		if err != nil || p.Credential != w.want || c.Sealable(p) != w.sealable {
			t.Errorf("%s: %+v, %v, %v", w.document, p.Credential, c.Sealable(p), err)
		}
	}
}

// Rows say what differs, and read back to the same.
func TestRowsOfKept(t *testing.T) {
	has := config.Kept{Providers: map[string]string{"a": "1", "b": "2"}, Models: map[string]string{"m": "3"}, Sealed: map[string]string{"a": "4"}}
	next := has.Clone()
	next.Providers["b"], next.Models["n"] = "5", "6"
	delete(next.Sealed, "a")
	rows := next.Rows(has)
	want := []tenant.Row{{Kind: tenant.RowProvider, ID: "b", Doc: "5"}, {Kind: tenant.RowModel, ID: "n", Doc: "6"}, {Kind: tenant.RowCredential, ID: "a"}}
	if len(rows) != len(want) {
		t.Fatalf("%v", rows)
	}
	for i := range want {
		if rows[i] != want[i] {
			t.Errorf("%v, want %v", rows[i], want[i])
		}
	}
	if k := config.KeptOf([]tenant.Row{{Kind: "key", ID: "x", Doc: "y"}, want[0], want[1]}); k.Providers["b"] != "5" || k.Models["n"] != "6" || len(k.Sealed) != 0 {
		t.Errorf("%v", k)
	}
}
