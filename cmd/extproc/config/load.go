package config

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"weir/filter"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// Config is a checked configuration, ready to be made into parts.
type Config struct {
	Path        string // empty: none was read, all is default
	Listen      string
	AdminListen string
	AdminToken  Reference
	StorePath   string
	PoliciesDir string
	Envoy       Envoy
	Limits      filter.Limits
	Dialect     string
	Hosts       []filter.Host
	Providers   []provider.Provider
	Models      []provider.Model
	Tenants     []tenant.Tenant
	Keys        []tenant.Key
	secrets     []Reference // of Tenants, by index
}

// The defaults of what a file leaves out.
const (
	DefaultListen      = "127.0.0.1:18080"
	DefaultAdminListen = "127.0.0.1:9911"
	DefaultStorePath   = "weir.db"
	DefaultEnvoyListen = "127.0.0.1:10000"
	DefaultSecretsDir  = "weir-secrets"
	DefaultDialect     = "openai"
)

// maxFile bounds a configuration file, bytes.
const maxFile = 16 << 20

// Load reads and checks a file; an empty path is a file that says nothing. dialects are the names a tenant may choose
// from. What is wrong is an *Error with every problem in it.
func Load(path string, dialects []string) (*Config, error) {
	if path == "" {
		return Parse("", nil, dialects)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, b, dialects)
}

// Parse is Load for bytes that have been read.
func Parse(path string, b []byte, dialects []string) (*Config, error) {
	c := &checker{file: path}
	if len(b) > maxFile {
		c.add("", fmt.Sprintf("%d bytes", len(b)), fmt.Sprintf("at most %d bytes", maxFile), "")
		return nil, c.err()
	}
	doc, err := parser.ParseBytes(b, 0)
	if err != nil {
		c.syntax(err)
		return nil, c.err()
	}
	c.doc = doc
	var f File
	dec := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict())
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		c.syntax(err)
		return nil, c.err()
	}
	out := c.build(&f, dialects)
	out.Path = path
	if err := c.err(); err != nil {
		return nil, err
	}
	return out, nil
}

// unknownField is how the decoder names a member the file's form does not have.
var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// syntax turns what the YAML library says into a problem.
func (c *checker) syntax(err error) {
	p := Problem{File: c.file, Line: 1, Column: 1, Want: "valid YAML of this file's form"}
	var y yaml.Error
	if errors.As(err, &y) {
		if t := y.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
		p.Hint = y.GetMessage()
		if m := unknownField.FindStringSubmatch(y.GetMessage()); m != nil {
			p.Field, p.Found, p.Want, p.Hint = m[1], "a field that does not exist", "a known field", nearest(m[1], fieldNames(reflect.TypeFor[File]()))
			if plaintext[m[1]] {
				p.Want, p.Hint = "no secret in plain text", "use env: NAME or file: PATH; keys are declared by sha256"
			}
		}
	}
	c.problems = append(c.problems, p)
}

// plaintext are names people give to secrets.
var plaintext = map[string]bool{"key": true, "api_key": true, "value": true, "plaintext": true, "password": true, "token": true}

// fieldNames lists every field of the form, for hints.
func fieldNames(t reflect.Type) []string {
	var out []string
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		return fieldNames(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			out = append(append(out, name), fieldNames(t.Field(i).Type)...)
		}
	}
	return out
}

func (c *checker) build(f *File, dialects []string) *Config {
	out := &Config{
		Listen:      or(f.Listen, DefaultListen),
		AdminListen: or(f.Admin.Listen, DefaultAdminListen),
		AdminToken:  f.Admin.Token,
		StorePath:   or(f.Store.Path, DefaultStorePath),
		PoliciesDir: f.Policies.Dir,
		Envoy: Envoy{
			Listen: or(f.Envoy.Listen, DefaultEnvoyListen), Admin: f.Envoy.Admin, Secrets: or(f.Envoy.Secrets, DefaultSecretsDir),
		},
		Dialect: or(f.Defaults.Dialect, DefaultDialect),
	}
	c.dialect("defaults.dialect", out.Dialect, dialects)
	c.reference("admin.token", f.Admin.Token, true)
	out.Limits = c.limits(f.Limits)
	for i, h := range f.Hosts {
		c.dialect(fmt.Sprintf("hosts[%d].dialect", i), h.Dialect, dialects)
		if h.Name == "" {
			c.add(fmt.Sprintf("hosts[%d].name", i), "nothing", "a host name, or *", "")
		}
		out.Hosts = append(out.Hosts, filter.Host{Name: h.Name, Prefix: h.Prefix, Dialect: h.Dialect})
	}
	c.providers(f, out)
	for i := range f.Tenants {
		c.tenant(fmt.Sprintf("tenants[%d]", i), &f.Tenants[i], out, dialects)
	}
	c.whole(out)
	return out
}

// whole lets the parts check themselves once every field is read.
func (c *checker) whole(out *Config) {
	if len(c.problems) > 0 {
		return
	}
	if _, err := provider.NewCatalogue(out.Providers, out.Models, func(provider.Credential) bool { return true }); err != nil {
		c.add("providers", "", "providers and models that fit together", err.Error())
	}
	tenants := append([]tenant.Tenant(nil), out.Tenants...)
	for i := range tenants {
		tenants[i].Secret = make([]byte, sha256.Size)
	}
	if _, err := tenant.NewSnapshot(tenants, out.Keys); err != nil {
		c.add("tenants", "", "tenants and keys that fit together", err.Error())
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (c *checker) dialect(field, name string, known []string) {
	for _, k := range known {
		if k == name {
			return
		}
	}
	c.add(field, fmt.Sprintf("%q", name), "the name of a dialect", nearest(name, known))
}

func (c *checker) reference(field string, r Reference, optional bool) {
	if r.Env != "" && r.File != "" {
		c.add(field, "env and file", "one of them", "")
	}
	if !optional && r == (Reference{}) {
		c.add(field, "nothing", "env: NAME or file: PATH", "")
	}
}

func (c *checker) limits(l Limits) filter.Limits {
	size := func(field, s string) int64 {
		if s == "" {
			return 0
		}
		n, err := bytesOf(s)
		if err != nil {
			c.add("limits."+field, fmt.Sprintf("%q", s), "a size like 512KiB or 32MiB", "")
		}
		return n
	}
	wait := func(field, s string) time.Duration {
		if s == "" {
			return 0
		}
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 || d > 24*time.Hour {
			c.add("limits."+field, fmt.Sprintf("%q", s), "a duration like 50ms, 5s or 2m", "")
		}
		return d
	}
	if l.Concurrent < 0 {
		c.add("limits.concurrent", fmt.Sprint(l.Concurrent), "a whole number of at least 1", "")
	}
	return filter.Limits{
		BodyBytes: size("body", l.Body), AnswerBytes: size("answer", l.Answer), HeldBytes: size("held", l.Held),
		EventBytes: size("event", l.Event), FirstEvent: wait("first_event", l.FirstEvent), Decision: wait("decision", l.Decision),
		Store: wait("store", l.Store), Close: wait("close", l.Close), ConcurrentTotal: l.Concurrent,
	}
}

// Secret reads what a reference names.
func (r Reference) Secret() (string, error) {
	return provider.Secret(provider.Credential{Env: r.Env, File: r.File})
}

// Seal gives every tenant its secret: the one its reference names, else one derived from the master secret, which is
// kept beside the store.
func (c *Config) Seal(master []byte) error {
	for i := range c.Tenants {
		r := c.secrets[i]
		if r == (Reference{}) {
			mac := hmac.New(sha256.New, master)
			mac.Write([]byte("tenant:" + c.Tenants[i].ID))
			c.Tenants[i].Secret = mac.Sum(nil)
			continue
		}
		s, err := r.Secret()
		if err != nil {
			return fmt.Errorf("secret of tenant %s: %w", c.Tenants[i].ID, err)
		}
		sum := sha256.Sum256([]byte(s))
		c.Tenants[i].Secret = sum[:]
	}
	return nil
}

// hash reads the SHA-256 of a key.
func hash(s string) (h [32]byte, ok bool) {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "sha256:"))
	if err != nil || len(b) != len(h) {
		return h, false
	}
	return [32]byte(b), true
}
