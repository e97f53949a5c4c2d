package demo

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"weir/cmd/extproc/demo/provider"
	"weir/cmd/extproc/process"
	"weir/policy/tenant"
)

// cast is who plays in the demo: tenants with their keys, a credential for the provider, a token for the trail.
type cast struct {
	dir        string
	places     places
	credential string
	token      string
	secret     string // that several Weirs derive others from
	redis      string // host:port of what they share; empty: nobody shares
	store      string // file of the store; empty: in dir
	tenants    []player
}

// places are where the parts of a demo listen, host:port each.
type places struct {
	weir, admin, envoy string
	provider           string // as Envoy reaches it
}

// player is a tenant and its key.
type player struct {
	id, dialect, key string
	extra            string // YAML of its own
}

// vendors are real providers that are there when their key is.
var vendors = []struct{ name, env, model, price string }{
	{"openai", "OPENAI_API_KEY", "gpt-4o-mini", `{input: "0.15", output: "0.60"}`},
	{"anthropic", "ANTHROPIC_API_KEY", "claude-haiku-4-5", `{input: "1.00", output: "5.00"}`},
}

// The files that hold the secrets.
const (
	providerSecret = "provider.secret"
	adminSecret    = "admin.secret"
	storeSecret    = "store.secret"
)

// newCast makes keys and secrets.
func newCast(dir string, at places) (*cast, error) {
	c := &cast{dir: dir, places: at, credential: "demo-" + rand.Text(), token: rand.Text(), secret: rand.Text() + rand.Text()}
	for _, d := range process.Dialects() {
		c.tenants = append(c.tenants, player{id: "demo-" + d, dialect: d})
	}
	c.tenants = append(c.tenants,
		player{id: "strict", dialect: "dvara", extra: "    settings: {pii: {request: block}}\n"},
		player{id: "guarded", dialect: "dvara", extra: "    settings: {secrets: {response: block}}\n"},
		player{id: "poor", dialect: "dvara", extra: "    budgets: [{limit: \"0.000001\", period: month}]\n"},
		player{id: "hasty", dialect: "dvara", extra: "    rates: [{limit: 1/min}]\n"},
		player{id: "narrow", dialect: "rivaro", extra: "    models: {allow: [echo]}\n"},
		player{id: "gone", dialect: "dvara", extra: "    status: suspended\n    suspended_reason: trial_ended\n"},
	)
	for i := range c.tenants {
		k, err := tenant.Mint(tenant.PrefixFor(c.tenants[i].dialect), rand.Reader)
		if err != nil {
			return nil, err
		}
		c.tenants[i].key = k
	}
	return c, nil
}

// writeSecrets writes the secrets the configuration refers to.
func (c *cast) writeSecrets() error {
	for name, secret := range map[string]string{providerSecret: c.credential, adminSecret: c.token, storeSecret: c.secret} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(secret), 0o600); err != nil {
			return fmt.Errorf("writing a secret: %w", err)
		}
	}
	return nil
}

// key is the key of a tenant.
func (c *cast) key(id string) string {
	for _, t := range c.tenants {
		if t.id == id {
			return t.key
		}
	}
	return ""
}

// yaml is the demo's configuration. It is a file like any other, and can be kept as a start.
func (c *cast) yaml() []byte {
	var b strings.Builder
	path := func(name string) string { return fmt.Sprintf("%q", filepath.Join(c.dir, name)) }
	fmt.Fprintf(&b, "listen: %q\n", c.places.weir)
	fmt.Fprintf(&b, "admin: {listen: %q, token: {file: %s}}\n", c.places.admin, path(adminSecret))
	fmt.Fprintf(&b, "store: %s\n", c.storeYAML())
	fmt.Fprintf(&b, "envoy: {listen: %q, secrets: %s}\n", c.places.envoy, path("secrets"))
	fmt.Fprintf(&b, "limits: {body: 1MiB}\ndefaults: {dialect: dvara}\nproviders:\n")
	fmt.Fprintf(&b, "  - {name: demo, kind: openai-compatible, base_url: \"http://%s\", credential: {file: %s}}\n", c.places.provider, path(providerSecret))
	for _, v := range vendors {
		fmt.Fprintf(&b, "  - {name: %s, kind: %s, credential: {env: %s}}\n", v.name, v.name, v.env)
	}
	b.WriteString("models:\n")
	for _, m := range provider.Models() {
		fmt.Fprintf(&b, "  - {name: %s, provider: demo, price: {input: \"1.00\", output: \"2.00\"}}\n", m[0])
	}
	for _, v := range vendors {
		fmt.Fprintf(&b, "  - {name: %s, provider: %s, price: %s}\n", v.model, v.name, v.price)
	}
	b.WriteString("tenants:\n")
	for _, t := range c.tenants {
		h := tenant.HashOf(t.key)
		fmt.Fprintf(&b, "  - id: %s\n    dialect: %s\n%s    keys: [{id: key-%s, prefix: %s, sha256: %s}]\n",
			t.id, t.dialect, t.extra, t.id, tenant.VisiblePrefix(t.key), hex.EncodeToString(h[:]))
	}
	return []byte(b.String())
}

// storeYAML says where use, keys and records are kept.
func (c *cast) storeYAML() string {
	file := c.store
	if file == "" {
		file = filepath.Join(c.dir, "weir.db")
	}
	if c.redis == "" {
		return fmt.Sprintf("{path: %q}", file)
	}
	return fmt.Sprintf("{path: %q, secret: {file: %q}, redis: {addresses: [%q]}}", file, filepath.Join(c.dir, storeSecret), c.redis)
}

// invite prints what to try, at the addresses of Envoy and of the operator's side.
func (c *cast) invite(w io.Writer, listen, admin string) {
	fmt.Fprintln(w, "\nKeys, a tenant for each dialect:")
	for _, t := range c.tenants {
		if strings.HasPrefix(t.id, "demo-") {
			fmt.Fprintf(w, "  %-10s %s\n", t.dialect, t.key)
		}
	}
	key := c.key("demo-dvara")
	fmt.Fprintf(w, "\nTry:\n  curl -s http://%s/v1/chat/completions -H 'authorization: Bearer %s' -H 'content-type: application/json' \\\n    -d '{\"model\":\"echo\",\"messages\":[{\"role\":\"user\",\"content\":\"write to jane.doe@example.com\"}]}'\n", listen, key)
	fmt.Fprintf(w, "\n  from openai import OpenAI\n  client = OpenAI(base_url=\"http://%s/v1\", api_key=\"%s\")\n  print(client.chat.completions.create(model=\"echo\", messages=[{\"role\": \"user\", \"content\": \"hello\"}]).choices[0].message.content)\n", listen, key)
	fmt.Fprintf(w, "\n  curl -s http://%s/v1/trail/TRACE-ID -H 'authorization: Bearer %s'\n", admin, c.token)
	for _, v := range vendors {
		if os.Getenv(v.env) != "" {
			fmt.Fprintf(w, "\n%s is set: model %s goes to the real vendor.\n", v.env, v.model)
		}
	}
}
