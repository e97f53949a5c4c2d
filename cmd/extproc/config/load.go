package config

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"weir/admin"
	"weir/filter"
	"weir/policy"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// Config is a checked configuration, ready to be made into parts.
type Config struct {
	Path        string // empty: none was read, all is default
	Listen      string
	Transport   CheckedTransport
	AdminListen string
	AdminToken  Reference
	AdminTokens []admin.Token
	AdminOIDC   *admin.OIDCTerms // nil: there is no issuer
	AdminRate   float64          // requests a second; 0: the default
	// AdminSecrets are what documents of providers may name of this host.
	AdminSecrets AdminSecrets
	StorePath    string
	StoreSecret  Reference
	KMS          *KMS          // opens the secret; nil: it is StoreSecret, or beside the store
	Retention    time.Duration // of records in the trail whose tenant says nothing; 0: for ever
	Trail        CheckedTrail
	OTLP         *CheckedOTLP // nil: there is no receiver
	Redis        *Redis       // nil: rates, budgets, keys and tenants are in the file
	PoliciesDir  string
	// CandidateDir are policies beside those in force.
	CandidateDir string
	PersistDir   string
	Bundles      []CheckedBundle
	// Authz is about ext_authz; its Path is set where Dir is.
	Authz Authz
	// PolicyHeaders are the request headers that policies see, in lower case.
	PolicyHeaders []string
	Envoy         Envoy
	Limits        filter.Limits
	Dialect       string
	Hosts         []filter.Host
	Identity      filter.Identity
	Token         Token // as Envoy must verify it
	Providers     []provider.Provider
	Models        []provider.Model
	Detectors     []CheckedDetector
	Webhooks      []CheckedWebhook
	Breaker       provider.BreakerSettings
	Orders        [][]string    // of providers, as Envoy must know them
	Attempt       time.Duration // 0: Envoy's default
	Drain         time.Duration // after a stop was asked for
	DrainNotice   time.Duration
	Mesh          *filter.Mesh // nil: Weir routes
	XDS           bool         // serve Envoys that have no control plane; set by the command line
	Tenants       []tenant.Tenant
	Keys          []tenant.Key
	secrets       []Reference // of Tenants, by index
	stated        []Stated    // by Tenants, by index
	dialects      []string
	above         tenant.Ceiling
	master        []byte
	file          *Config // without what the store adds; nil: it adds nothing
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

// DefaultDrain is how long exchanges under way may go on after a stop was asked for.
const DefaultDrain = 30 * time.Second

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
		return nil, &Error{Problems: []Problem{{File: path, Found: reason(err), Want: "a file that can be read"}}}
	}
	return Parse(path, b, dialects)
}

// reason is why a file could not be read, without its path.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// Parse is Load for bytes that have been read.
func Parse(path string, b []byte, dialects []string) (*Config, error) {
	c := newChecker(path)
	if len(b) > maxFile {
		c.add("", fmt.Sprintf("%d bytes", len(b)), fmt.Sprintf("at most %d bytes", maxFile), "")
		return nil, c.err()
	}
	f, ok := read[File](c, b)
	if !ok {
		return nil, c.err()
	}
	out := c.build(f, dialects)
	out.Path, out.dialects = path, dialects
	if err := c.err(); err != nil {
		return nil, err
	}
	return out, nil
}

// read makes a form of its bytes. It is false where a value of the wrong kind keeps it from being checked any further.
// The YAML library panics on some broken files, so a panic is one more way of saying that a file is broken.
func read[T any](c *checker, b []byte) (f *T, ok bool) {
	defer func() {
		if recover() != nil {
			c.syntax(errors.New("the YAML reader gave up"))
			f, ok = nil, false
		}
	}()
	doc, err := parser.ParseBytes(b, 0)
	if err != nil {
		c.syntax(err)
		return nil, false
	}
	c.doc = doc
	shape := form{checker: c}
	for i, d := range doc.Docs {
		if i > 0 && d.Body != nil {
			p := shape.problem(d.Body, "")
			p.Found, p.Want = "a second document", "one document"
			c.problems = append(c.problems, p)
			continue
		}
		shape.check(d.Body, reflect.TypeFor[T](), "")
	}
	if shape.misfits > 0 {
		return nil, false
	}
	var strict []yaml.DecodeOption
	if len(c.problems) == 0 { // else members that do not exist would keep the rest from being checked
		strict = append(strict, yaml.Strict())
	}
	f = new(T)
	if err := yaml.NewDecoder(bytes.NewReader(b), strict...).Decode(f); err != nil && !errors.Is(err, io.EOF) {
		c.syntax(err)
		return nil, false
	}
	return f, true
}

// syntax turns what the YAML library says into a problem.
func (c *checker) syntax(err error) {
	p := Problem{File: c.file, Line: 1, Column: 1, Want: "valid YAML of this file's form"}
	var y yaml.Error
	if errors.As(err, &y) {
		if t := y.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
		p.Hint = y.GetMessage()
	}
	c.problems = append(c.problems, p)
}

func (c *checker) build(f *File, dialects []string) *Config {
	out := &Config{
		Listen:      or(f.Listen, DefaultListen),
		AdminListen: or(f.Admin.Listen, DefaultAdminListen),
		AdminToken:  f.Admin.Token,
		StorePath:   or(f.Store.Path, DefaultStorePath),
		StoreSecret: f.Store.Secret, KMS: f.Store.KMS,
		Retention:   c.days("trail.retention_days", f.Trail.RetentionDays),
		Redis:       f.Store.Redis,
		PoliciesDir: f.Policies.Dir, PolicyHeaders: c.policyHeaders(f.Policies.Headers),
		Envoy: Envoy{
			Listen: or(f.Envoy.Listen, DefaultEnvoyListen), Admin: f.Envoy.Admin, Secrets: or(f.Envoy.Secrets, DefaultSecretsDir), TLS: f.Envoy.TLS,
		},
		Dialect: or(f.Defaults.Dialect, DefaultDialect),
		Authz:   f.Authz,
	}
	if out.Authz.Dir == "" && (out.Authz.Path != "" || out.Authz.HeadersOnly) {
		c.add("authz.dir", "nothing", "a directory, since path and headers_only are about its policies", "")
	}
	out.Authz.Path = or(out.Authz.Path, policy.AuthorizerPath)
	out.CandidateDir, out.PersistDir = f.Policies.Candidate, f.Policies.Persist
	out.Bundles = c.policies(f.Policies)
	c.dialect("defaults.dialect", out.Dialect, dialects)
	c.reference("admin.token", f.Admin.Token, true)
	out.AdminTokens = c.adminTokens(f.Admin.Tokens)
	out.AdminOIDC, out.AdminRate, out.AdminSecrets = c.adminOIDC(f.Admin.OIDC), c.adminRate(f.Admin.Rate), c.adminSecrets(f.Admin.Secrets)
	c.reference("store.secret", f.Store.Secret, true)
	c.kms(f.Store)
	c.redis(f.Store.Redis)
	out.Trail, out.OTLP = c.trail(f), c.otlp(f.Telemetry.OTLP)
	out.Limits, out.Attempt = c.limits(f.Limits), c.wait("limits.attempt", f.Limits.Attempt)
	out.Drain, out.DrainNotice = cmp.Or(c.wait("limits.drain", f.Limits.Drain), DefaultDrain), c.wait("limits.drain_notice", f.Limits.DrainNotice)
	out.Transport = c.transport(f.Transport, out.Listen)
	c.envoyTLS(f.Envoy.TLS, out.Transport)
	c.above = c.ceiling(f.Ceiling)
	out.above = c.above
	out.Hosts = c.hosts(f, dialects)
	out.Identity, out.Token = c.identity(f.Identity), f.Identity.Token
	c.providers(f, out)
	out.Breaker = c.breaker(f.Breaker)
	out.Detectors = c.services(f.Detectors)
	out.Webhooks = c.webhooks(f.Webhooks)
	for i := range f.Tenants {
		c.tenant(fmt.Sprintf("tenants[%d]", i), &f.Tenants[i], out, dialects)
	}
	c.whole(out)
	return out
}

func (c *checker) hosts(f *File, dialects []string) []filter.Host {
	var out []filter.Host
	for i, h := range f.Hosts {
		at := fmt.Sprintf("hosts[%d]", i)
		if h.Dialect != "" || h.Keyless == "" {
			c.dialect(at+".dialect", h.Dialect, dialects)
		}
		if h.Name == "" {
			c.add(at+".name", "nothing", "a host name, or *", "")
		}
		if h.Keyless != "" {
			c.declaredTenant(at+".keyless", h.Keyless, f.Tenants)
		}
		out = append(out, filter.Host{Name: h.Name, Prefix: h.Prefix, Dialect: h.Dialect, Keyless: h.Keyless})
	}
	return out
}

// declaredTenant wants the id of a tenant in the same file: what a stored one pays for may not be decided here.
func (c *checker) declaredTenant(field, id string, tenants []Tenant) {
	var ids []string
	for i := range tenants {
		ids = append(ids, tenants[i].ID)
	}
	if !slices.Contains(ids, id) {
		c.add(field, fmt.Sprintf("%q", id), "the id of a tenant of this file", nearest(id, ids))
	}
}

// whole lets the parts check themselves once every field is read. What only they can see is reported where the tenant
// stands.
func (c *checker) whole(out *Config) {
	if len(c.problems) > 0 {
		return
	}
	catalogue, err := provider.NewCatalogue(out.Providers, out.Models, func(provider.Credential) bool { return true })
	if err != nil {
		c.unfit(out, err)
		return
	}
	out.Orders = catalogue.Orders()
	keys := map[string][]tenant.Key{}
	for _, k := range out.Keys {
		keys[k.Tenant] = append(keys[k.Tenant], k)
	}
	for i, t := range out.Tenants {
		c.fits(fmt.Sprintf("tenants[%d]", i), t, keys[t.ID])
	}
}

// fits lets the room of tenants look at one.
func (c *checker) fits(field string, t tenant.Tenant, keys []tenant.Key) {
	t.Secret = make([]byte, sha256.Size)
	if _, err := tenant.NewSnapshot([]tenant.Tenant{t}, keys); err != nil {
		c.add(field, "", "a tenant whose parts can be meant", strings.ReplaceAll(err.Error(), "\n", "; "))
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
	size := func(field, s string) int64 { return c.size("limits."+field, s) }
	wait := func(field, s string) time.Duration { return c.wait("limits."+field, s) }
	if l.Concurrent < 0 {
		c.add("limits.concurrent", fmt.Sprint(l.Concurrent), "a whole number of at least 1", "")
	}
	return filter.Limits{
		BodyBytes: size("body", l.Body), AnswerBytes: size("answer", l.Answer), HeldBytes: size("held", l.Held),
		HeldFor: wait("held_for", l.HeldFor), HeldThen: filter.HeldRule(l.HeldThen), HeldBroken: filter.HeldRule(l.HeldBroken),
		EventBytes: size("event", l.Event), FirstEvent: wait("first_event", l.FirstEvent),
		BetweenEvents: wait("between_events", l.BetweenEvents), WholeAnswer: wait("whole_answer", l.WholeAnswer), Decision: wait("decision", l.Decision),
		Store: wait("store", l.Store), Close: wait("close", l.Close), ConcurrentTotal: l.Concurrent, InFlightBytes: size("in_flight", l.InFlight),
	}
}

// size reads a size; nothing is 0.
func (c *checker) size(field, s string) int64 {
	if s == "" {
		return 0
	}
	n, err := bytesOf(s)
	if err != nil {
		c.add(field, fmt.Sprintf("%q", s), "a size like 512KiB or 32MiB", "")
	}
	return n
}

// wait reads a duration; nothing is 0.
func (c *checker) wait(field, s string) time.Duration {
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > 24*time.Hour {
		c.add(field, fmt.Sprintf("%q", s), "a duration like 50ms, 5s or 2m", "")
	}
	return d
}

// Secret reads what a reference names.
func (r Reference) Secret() (string, error) {
	return provider.Secret(provider.Credential{Env: r.Env, File: r.File})
}

// Seal gives every tenant its secret: the one its reference names, else one derived from the master secret, which is
// kept beside the store. Tenants that the store keeps are sealed with it, too.
func (c *Config) Seal(master []byte) error {
	c.master = master
	for i := range c.Tenants {
		r := c.secrets[i]
		if r == (Reference{}) {
			c.Tenants[i].Secret = derived(master, c.Tenants[i].ID)
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

func derived(master []byte, tenant string) []byte {
	mac := hmac.New(sha256.New, master)
	mac.Write([]byte("tenant:" + tenant))
	return mac.Sum(nil)
}

// hash reads the SHA-256 of a key.
func hash(s string) (h [32]byte, ok bool) {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "sha256:"))
	if err != nil || len(b) != len(h) {
		return h, false
	}
	return [32]byte(b), true
}
